// Referral's whole behaviour, as pure functions.
//
// A determination that meets a pathway's published conditions becomes one live referral to the
// agency that takes the pathway; the agency answers, the staff correct or withdraw. Only an agency
// ends a referral it has accepted. Events of intake and eligibility may come in any order between
// the two: consent and withdrawal are noted from the one, what qualifies and with which facts from
// the other. What may leave is decided here, at the moment of release, from what is known then; an
// agency is given those facts alone that its pathway looks at and that its entry permits.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_DECIDE_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_DECIDE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pathways/referral/v1/events.pb.h"
#include "pathways/referral/v1/routes.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/type/stream.h"

namespace pathways::referral {

// Changes when Evolve or Fold would make other bytes of the same events.
inline constexpr int kEvolveVersion = 4;

// The routes that a case is decided by, and their number in the ledger. 0: the ledger is empty.
struct RoutesVersion {
  const v1::AgencyRoutes& routes;
  int64_t number = 0;
};

// Decides one command of a case by these routes. An action is checked by
// ValidateAction before. Errors of an action: NOT_FOUND with reason REFERRAL_NOT_FOUND (no such
// referral, or another agency's: the same words), FAILED_PRECONDITION with reason REFERRAL_STATE,
// REFERRAL_ON_HOLD, SYSTEM_HOLD (a hold of the system is not taken off by people) or
// CASE_WITHDRAWN, ABORTED with reason ETAG_MISMATCH, INVALID_ARGUMENT with
// reason INVALID_REFERRAL_ACTION (an agency's action without agency, or the other way round).
// Repeating an action whose effect stands gives no event, and so does an event of upstream after
// the withdrawal. INTERNAL: broken invariant, or a kind of event that this release does not know.
absl::StatusOr<std::vector<v1::ReferralEvent>> Decide(const v1::ReferralCaseState& state,
                                                      const v1::ReferralCommand& command,
                                                      const RoutesVersion& routes,
                                                      const type::DecideContext& context);

// Applies one event. INTERNAL when the event cannot follow the state.
absl::Status Evolve(v1::ReferralCaseState& state, const v1::ReferralEvent& event,
                    const type::EventContext& context);

// Lists "referrals", "agency/{agency}", "waiting" and "brought-by-routes";
// services/referral/domain/keys.h says their keys.
type::Folded Fold(const std::string& case_id, const v1::ReferralCaseState& state);

// True while the referral can still change.
bool IsLive(v1::ReferralState state);

// True while the referral's agency may read the people and all else of it: it lives, the people
// consent, and the case stands. Afterwards the agency reads number and state, also of what it ended
// itself: what it needs for its own work it has read by then. An agency that was asked to let go,
// or refused to, reads no more either once consent or the case are gone.
bool IsOpenToAgency(const v1::ReferralCaseState& state, const v1::Referral& referral);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_DECIDE_H_
