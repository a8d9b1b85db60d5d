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
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "services/eligibility/domain/rules.h"
#include "services/type/stream.h"

namespace pathways::eligibility {

// Changes when Evolve or Fold would make other bytes of the same events.
inline constexpr int kEvolveVersion = 1;

// List of every case that was ever screened; keys are case ids.
inline constexpr char kScreeningsIndex[] = "screenings";
// List of the open cases with a pathway that needs information, in order of their screening; keys
// are {microseconds since 1970, 20 digits}/{case id}.
inline constexpr char kNeedsInformationIndex[] = "needs-information";

// Decides one command with the rules in force. New facts give FactsRecorded; determinations that
// differ from those told last, also only in the version of the pack, give CaseScreened. An event
// that changes nothing gives no event; an event after the withdrawal gives none either. Errors:
// NOT_FOUND with reason CASE_NOT_FOUND (ScreenCase of a case that intake has not told of),
// FAILED_PRECONDITION with reason CASE_WITHDRAWN (ScreenCase), INTERNAL (an event that cannot
// follow, for example the age band of an unknown person or a case without one principal applicant).
absl::StatusOr<std::vector<v1::EligibilityEvent>> Decide(const v1::EligibilityState& state,
                                                         const v1::EligibilityCommand& command,
                                                         const Rules& rules,
                                                         const type::DecideContext& context);

// Applies one event. INTERNAL when the event cannot follow the state.
absl::Status Evolve(v1::EligibilityState& state, const v1::EligibilityEvent& event,
                    const type::EventContext& context);

// The two lists above.
type::Folded Fold(const std::string& case_id, const v1::EligibilityState& state);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_DECIDE_H_
