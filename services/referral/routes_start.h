// What referral does with its routes before it serves.
#ifndef PATHWAYS_SERVICES_REFERRAL_ROUTES_START_H_
#define PATHWAYS_SERVICES_REFERRAL_ROUTES_START_H_

#include "absl/status/status.h"
#include "pathways/referral/v1/routes.pb.h"
#include "services/base/log.h"
#include "services/host/service_core.h"

namespace pathways::referral {

// Begins an empty ledger with `routes`, unless the process cannot write. Before the service serves.
absl::Status BeginRoutes(host::ServiceCore& core, const v1::AgencyRoutes& routes,
                         base::Logger& log);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_ROUTES_START_H_
