// Counts over a caseload, as one officer is told them.
//
// A pack is whatever an officer writes, so what is counted may be any set of people, also one of
// them alone, and so may what lies between two counts. Each is therefore rounded down to a multiple
// of 5: no difference of two is a small number. Fewer than 5 are told as none, all but fewer than 5
// as all, and nothing is told of the parts of a small whole, so that neither a few people show nor
// that a few are not among them. What can still be learned is said in docs/adr/0058.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_TOLD_COUNT_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_TOLD_COUNT_H_

#include <cstdint>

namespace pathways::eligibility {

inline constexpr int64_t kCountStep = 5;

struct ToldCount {
  int64_t exact = 0;
  int64_t told = 0;  // 0: fewer than kCountStep, or a part of a small whole.
};

constexpr ToldCount Tell(int64_t count) { return {count, count - count % kCountStep}; }

// Of a count of some of those of `whole`.
constexpr ToldCount TellPart(int64_t count, const ToldCount& whole) {
  if (count < kCountStep || whole.told < 2 * kCountStep) return {count, 0};
  if (whole.exact - count < kCountStep) return {count, whole.told};
  return Tell(count);
}

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_TOLD_COUNT_H_
