// What intake does with its fact catalogue before it serves.
#ifndef PATHWAYS_SERVICES_INTAKE_FACT_LEDGER_START_H_
#define PATHWAYS_SERVICES_INTAKE_FACT_LEDGER_START_H_

#include "absl/status/status.h"
#include "services/base/log.h"
#include "services/host/service_core.h"
#include "services/intake/facts_in_force.h"

namespace pathways::intake {

// Begins an empty ledger with `facts`, unless the process cannot write, and puts what is in force
// into `in_force`. Before the service serves.
absl::Status BeginFactLedger(host::ServiceCore& core, const type::Facts& facts,
                             FactsInForce& in_force, base::Logger& log);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_FACT_LEDGER_START_H_
