// Actions on one referral: of a caller, and of the system itself. Internal to the domain.
//
// Both take the same road: the machine says whether the state allows it, and what changes becomes
// one ReferralChanged. They differ in what is done about a refusal: a caller is told, the system
// goes on, for it acts on whatever is live.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_ACTIONS_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_ACTIONS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pathways/referral/v1/routes.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/referral/domain/decision.h"

namespace pathways::referral {

// A caller's action, already validated. Errors: those that Decide names for an action.
absl::Status Act(Decision& decision, const v1::ReferralActionCommand& command,
                 const v1::AgencyRoutes& routes);

// The system's action on one of the case's referrals; no event where the state forbids it or its
// effect stands already.
absl::Status ActAsSystem(Decision& decision, const std::string& referral_id,
                         v1::ReferralAction action, absl::string_view reason_code);

// Gives the agencies of live referrals the facts that they have been given and that are others now.
// A referral that was returned waits for the desk to send it again.
absl::Status SendCorrections(Decision& decision, const v1::AgencyRoutes& routes);

// Withdraws every referral not accepted yet, and asks for the withdrawal of the others.
absl::Status WithdrawAll(Decision& decision, absl::string_view reason_code);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_ACTIONS_H_
