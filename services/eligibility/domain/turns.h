// The smallest change that would alter the outcome of a determination.
//
// Which facts together would have to be others (or, where they are not known, be answered) for the
// outcome to be another one, and on which day time alone alters it. The answers tried are those
// that `policy check` proves a pack by (fact_cells.h), so the result is exact for them: of each
// other outcome the changes of the fewest facts, or that there is none. Several codes of one fact
// at a time are not among them. It gives the reason for an
// outcome and advises nobody. Never part of screening: it is worked out when a determination is
// explained. Pure.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_TURNS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_TURNS_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "pathways/eligibility/v1/explanation.pb.h"
#include "pathways/eligibility/v1/screening.pb.h"
#include "services/eligibility/domain/changes.h"
#include "services/eligibility/domain/fact_cells.h"
#include "services/eligibility/domain/rules.h"

namespace pathways::eligibility {

// Most combinations of answers that are tried for one determination, and again to tell what was
// found: each costs less than a microsecond, and counts once more for each person whom a criterion
// counts.
inline constexpr int kTrialsMax = 20'000;
// Most changes that are told for one outcome.
inline constexpr size_t kChangesTold = 5;

// Days on which a condition changes that are looked at for the day on which the outcome does.
inline constexpr int kDaysTried = 32;

// A fact that may be answered otherwise.
struct OpenFact {
  const type::v1::Fact* fact = nullptr;
  Fact number = 0;
  std::vector<FactCell> cells;
  std::vector<std::pair<uint64_t, uint64_t>> compared;  // Of a date: what each cell comes to.
};

// What is the same for all determinations of a case, and is worked out once.
struct SearchedCase {
  const RulesOfDay& rules;
  const type::v1::CaseFacts& facts;
  CaseRow row;
  MemberCounts counts;
  std::vector<OpenFact> open;  // In the order of asking.
};

class CaseTurns {
 public:
  // Both must outlive it.
  CaseTurns(const RulesOfDay& rules, const type::v1::CaseFacts& facts);

  // For each other outcome, in the order of the enum; without texts. `determination` was made of
  // the facts by the rules. Facts that are never recorded, or that are asked no more, stay as they
  // are. Empty where nothing is asked for the pathway, where its outcome is no longer that of the
  // rules (people reviewed it), and for a family without principal applicant.
  std::vector<v1::OutcomeTurn> Of(const v1::Determination& determination,
                                  int trials_max = kTrialsMax) const;

 private:
  SearchedCase case_;
};

// For each determination of a case, made as of this day, the first later day on which its outcome
// or status is another by the same facts, without texts. Nothing: none is found.
std::vector<std::optional<v1::TimeTurn>> TimeTurnsOf(const Rules& rules,
                                                     const type::v1::CaseFacts& facts, AsOf as_of,
                                                     const Determinations& determinations);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_TURNS_H_
