// What the policy ledger begins with.
//
// The setting `policies` names the pack that an empty ledger begins with. Once there is a ledger it
// alone says what cases are screened by; where the setting names something else, that is logged, so
// that nobody takes the setting for what is in force.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_LEDGER_START_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_LEDGER_START_H_

#include "absl/status/status.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "services/base/log.h"
#include "services/host/service_core.h"

namespace pathways::eligibility {

// Applies `pack`, already checked, to a ledger that is empty. Before the core follows anybody or
// serves. Blocks until it is stored. Of several replicas that start at once one applies its pack,
// the others find it. Does nothing where the core takes no commands because its store lost data.
absl::Status BeginLedger(host::ServiceCore& core, const v1::PolicyPack& pack, base::Logger& log);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_LEDGER_START_H_
