// The status of a case across all pathways, folded from what eligibility and referral published.
//
// A projection: it only informs, appends no event and is rebuilt from the upstream events. Each
// function touches the fields of its own upstream and no other, so the two may be interleaved in
// any way and give the same status. Events of one upstream come in order of their numbers.
#ifndef PATHWAYS_SERVICES_INTAKE_DOMAIN_STATUS_H_
#define PATHWAYS_SERVICES_INTAKE_DOMAIN_STATUS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/intake/v1/status.pb.h"
#include "pathways/referral/v1/events.pb.h"

namespace pathways::intake {

// Folds the event with `number` into the status. OK and unchanged when it was folded before;
// INTERNAL, and unchanged, when it cannot follow: a number left out, an unknown kind, an event of
// another case. When screening ends, no outcome is shown any more.
absl::Status ProjectEligibility(v1::CaseStatus& status,
                                const eligibility::v1::EligibilityEvent& event, int64_t number);

// Likewise; INTERNAL too for a change of an unknown referral.
absl::Status ProjectReferral(v1::CaseStatus& status, const referral::v1::ReferralEvent& event,
                             int64_t number);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_DOMAIN_STATUS_H_
