// What an outcome demands of a person: conditions joined by `all`, taken apart into masks of bits.
//
// An outcome is one large `all`, whose parts need not be nodes of their own: an `all` or
// `ask_unless` within it is taken apart too, and so is `not any`. What remains are bits that have
// to be set and bits that must not be; only the nodes that a mask still names have to be computed.
// A determination looks at the conditions themselves (program.h), and comes to the same.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DEMANDS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DEMANDS_H_

#include <cstdint>
#include <vector>

#include "services/eligibility/domain/evaluate.h"
#include "services/eligibility/domain/program.h"

namespace pathways::eligibility {

// Of one word: false where a bit of the `fail` masks is set; true only where every bit of the
// `need` masks is.
struct Demand {
  uint16_t word = 0;
  uint64_t need_yes = 0;
  uint64_t need_no = 0;
  uint64_t fail_yes = 0;
  uint64_t fail_no = 0;
};

// Demands that `place` be true.
void AddDemands(const Program& program, const Place& place, std::vector<Demand>& demands);

// The nodes that have to be computed for demands, each after those it looks at.
std::vector<uint16_t> NodesFor(const Program& program, const std::vector<Demand>& demands);

// Whether all of them hold; false where one fails.
inline Truth Judge(const Demand* begin, const Demand* end, const Bits& bits) {
  uint64_t failed = 0;
  uint64_t missing = 0;
  for (const Demand* demand = begin; demand != end; ++demand) {
    const uint64_t yes = bits.yes[demand->word];
    const uint64_t no = bits.no[demand->word];
    failed |= (yes & demand->fail_yes) | (no & demand->fail_no);
    missing |= (demand->need_yes & ~yes) | (demand->need_no & ~no);
  }
  return TruthOfAll(failed, missing);
}

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DEMANDS_H_
