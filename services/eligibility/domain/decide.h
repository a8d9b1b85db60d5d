// Eligibility's whole behaviour, as pure functions.
//
// An event of intake changes the facts of a case, and new facts are screened against every pathway
// of the rules in force, as of the day of the command. Nothing here refuses anybody: DOES_NOT_MEET
// is a result with reasons. The rules are an input of Decide.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DECIDE_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DECIDE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "services/eligibility/domain/rules.h"
#include "services/type/stream.h"

namespace pathways::eligibility {

// Changes when Evolve or Fold would make other bytes of the same events.
inline constexpr int kEvolveVersion = 6;

// What cases are screened with: a version of the ledger.
struct PolicyInForce {
  const Rules& rules;  // Outlives whoever has this.
  int64_t number = 0;  // In the ledger. 0: the ledger is empty.
};

// List of every case that was ever screened; keys are case ids.
inline constexpr char kScreeningsIndex[] = "screenings";
// List of the open cases with a pathway that needs information, in order of their screening; keys
// are {microseconds since 1970, 20 digits}/{case id}.
inline constexpr char kNeedsInformationIndex[] = "needs-information";
// List of the cases whose outcome a version changed; keys are {its number, 10 digits}/{case id}.
inline constexpr char kPolicyChangesIndex[] = "policy-changes";
// Entries of one case in it, at most: those of the latest versions.
inline constexpr int kPolicyEffectsMax = 20;

// List of the open cases with a determination that only people can settle, in the order in which
// their screenings were committed; keys are case ids.
inline constexpr char kReviewsIndex[] = "reviews";

// Timer of the day until which a screening holds. It is due when that day begins at the desks.
inline constexpr char kHoldsUntilTimer[] = "holds-until";

// What facts are screened as on the day of `now`: the one place that asks the evaluator. Nothing is
// set but determinations and policy_number.
v1::CaseScreened ScreenFacts(const type::v1::CaseFacts& facts, const PolicyInForce& policy,
                             absl::Time now);

// What a case is screened as from its state: facts and settled reviews.
v1::CaseScreened ScreenState(const v1::EligibilityState& state, const PolicyInForce& policy,
                             absl::Time now);

// Facts that screening would misread: INTERNAL, with reason FACT_UNKNOWN for a code that this
// version does not know.
absl::Status CheckFacts(const type::v1::CaseFacts& facts);

// Decides one command with the policies in force. New facts give FactsRecorded; determinations that
// differ in substance (changes.h) from those told last, or other facts that go further with them
// (disclosure.h), give CaseScreened, and ScreeningConfirmed
// where only the day until which they hold is another one. While the facts of a case are lost
// (state.proto), intake's events put them together again and nothing is screened. Whatever is
// accepted was screened with these policies, so the case need not be screened with them again. An
// event that changes nothing gives no event; an event after the withdrawal gives none either.
// Errors: NOT_FOUND with reason CASE_NOT_FOUND (ScreenCase of a case that intake has not told of),
// FAILED_PRECONDITION with reason CASE_WITHDRAWN and UNAVAILABLE with reason FACTS_LOST
// (ScreenCase, reviews), those of TakeOpinion (review.h), ABORTED with reason ETAG_MISMATCH and
// FAILED_PRECONDITION with reason SCREENING_MOVED_ON (reviews of what is not as it was seen, or not
// by these policies), INTERNAL (an event that cannot follow, for example the age band of an unknown
// person or a case without one principal applicant; with reason FACT_UNKNOWN: a fact has a value
// that this version does not know).
absl::StatusOr<std::vector<v1::EligibilityEvent>> Decide(const v1::EligibilityState& state,
                                                         const v1::EligibilityCommand& command,
                                                         const PolicyInForce& policy,
                                                         const type::DecideContext& context);

// Applies one event. INTERNAL when the event cannot follow the state.
absl::Status Evolve(v1::EligibilityState& state, const v1::EligibilityEvent& event,
                    const type::EventContext& context);

// The lists and the timer above.
type::Folded Fold(const std::string& case_id, const v1::EligibilityState& state);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DECIDE_H_
