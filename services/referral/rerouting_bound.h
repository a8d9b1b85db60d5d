// What routes would bring to the cases on file, and how far a version of them is brought there
// (host/ledger_bound.h).
#ifndef PATHWAYS_SERVICES_REFERRAL_REROUTING_BOUND_H_
#define PATHWAYS_SERVICES_REFERRAL_REROUTING_BOUND_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "pathways/referral/v1/routes.pb.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/engine/store/event_store.h"
#include "services/host/ledger_bound.h"
#include "services/host/service_core.h"

namespace pathways::referral {

// The referrals that the routes would bring to a case, by its own decision, without storing it.
// Routes put nothing on hold. DATA_LOSS when the case cannot be read; else the errors of Decide.
absl::StatusOr<type::v1::LedgerEffect> EffectOfRoutes(const v1::AgencyRoutes& routes,
                                                      const std::string& case_id,
                                                      const engine::StreamRow& row);

// Counts what a version brought in the list that has an entry for each referral of it. `core` must
// outlive the bound.
std::shared_ptr<host::LedgerBound> ReroutingBound(host::ServiceCore& core);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_REROUTING_BOUND_H_
