// What may leave: from determinations to referrals. Internal to the domain.
//
// Release is asked after everything that could let something leave, and is idempotent: it makes
// what is missing. A screening never ends a referral; one that no longer meets the conditions is
// put on hold, for people to look at.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_RELEASE_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_RELEASE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/decision.h"

namespace pathways::referral {

// Notes what the case qualifies for, if that changed. `number` is the eligibility number. INTERNAL
// when a determination names nobody, or somebody who is not in the case.
absl::Status NoteDeterminations(Decision& decision, const eligibility::v1::CaseScreened& screened,
                                int64_t number);

// Puts live referrals on hold that no longer qualify, whose pathway is halted or that wait for a
// review, each with its reason, and takes that hold off those that may go on. A question that came
// up keeps a referral as it is: it neither holds nor takes off what the screening or a review holds
// (ADR 31). A hold that people set stays.
absl::Status UpdateHolds(Decision& decision);

// What a referral is made for: something of the case, or a new version of the routes.
enum class For { kCase, kRoutes };

// Submits a referral for every qualification that has a route and facts, where the case is not
// withdrawn, consent is given and nothing was referred before for the same pathway and people -
// unless that was withdrawn for lack of consent alone.
absl::Status Release(Decision& decision, const RoutesVersion& in_force, For why = For::kCase);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_RELEASE_H_
