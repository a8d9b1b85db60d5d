// What an explanation of a determination stands on: what was assumed, and what would alter it.
//
// Worked out from the determination, the rules and the facts that it was made of, whenever somebody
// asks, and never stored or part of screening. It holds ids, codes and days and no words, and names
// no answer that a person gave: what can follow from it, explanation.proto says. Pure.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_GROUNDS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_GROUNDS_H_

#include <optional>
#include <vector>

#include "pathways/eligibility/v1/explanation.pb.h"
#include "services/eligibility/domain/changes.h"
#include "services/eligibility/domain/rules.h"

namespace pathways::eligibility {

struct Grounds {
  v1::Assumptions assumes;  // Without the fact catalogue, and without sentences.
  std::vector<v1::OutcomeTurn> turns;
  std::optional<v1::TimeTurn> time_turn;
};

// Most combinations of answers that are tried for all determinations of a case together, but never
// fewer than some hundreds for each (turns.h).
inline constexpr int kTrialsOfCaseMax = 400'000;

// For each of the determinations, which `rules` made of `facts`, all on the same days. `facts` of
// nobody: they are not at hand, and only what they do not tell is filled in.
std::vector<Grounds> GroundsOf(const Rules& rules, const type::v1::CaseFacts& facts,
                               const Determinations& determinations);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_GROUNDS_H_
