// What referral does with its routes before it serves.
#ifndef PATHWAYS_SERVICES_REFERRAL_ROUTES_START_H_
#define PATHWAYS_SERVICES_REFERRAL_ROUTES_START_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pathways/referral/v1/routes.pb.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/base/log.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"
#include "services/host/service_core.h"

namespace pathways::referral {

// Begins an empty ledger with `routes`, unless the process cannot write. Before the service serves.
absl::Status BeginRoutes(host::ServiceCore& core, const v1::AgencyRoutes& routes,
                         base::Logger& log);

// The ledger of routes. Errors of the store; DATA_LOSS when it cannot be read.
absl::StatusOr<type::v1::LedgerState> ReadRoutesLedger(const engine::Domain& domain,
                                                       engine::EventReader& store);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_ROUTES_START_H_
