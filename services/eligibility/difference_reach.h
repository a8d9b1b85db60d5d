// What each difference between two packs is of, how many cases it reaches, and what they will read.
//
// Puts together what differs (pack_differences.h) and what was counted (domain/policy_reach.h). A
// change of a calendar or of a fact is told by the criteria that look at it. Counts are told as
// domain/told_count.h says.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DIFFERENCE_REACH_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DIFFERENCE_REACH_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pathways/eligibility/v1/ledger.pb.h"
#include "services/eligibility/domain/policy_reach.h"
#include "services/eligibility/domain/rules.h"
#include "services/eligibility/domain/told_count.h"
#include "services/eligibility/explain.h"
#include "services/eligibility/pack_differences.h"

namespace pathways::eligibility {

// One entry for each difference between the packs of the two rules.
std::vector<ReachTargets> TargetsOf(const std::vector<PackDifference>& differences,
                                    const Rules& before, const Rules& after);

// Differences as the API tells them. Texts are put together once, however many differences have
// them.
class DifferenceWords {
 public:
  // `after`: the second pack, in whose words people will read. It must outlive this.
  explicit DifferenceWords(const Rules& after);

  // `cases`: all that were counted.
  v1::PolicyDifference Of(const PackDifference& difference, const ReachTargets& targets,
                          const Reach& reach, const ToldCount& cases);

 private:
  using Reads = google::protobuf::RepeatedPtrField<v1::ReadText>;

  const Reads& ReadsOf(const ReachMove& move);

  const v1::PolicyPack& pack_;
  std::vector<std::pair<std::string, Explainer>> explainers_;  // By language.
  std::map<std::string, Reads> reads_;                         // By the keys of the texts.
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DIFFERENCE_REACH_H_
