// How far a version of the policies is brought to the cases on file (host/ledger_bound.h).
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_RESCREENING_BOUND_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_RESCREENING_BOUND_H_

#include <memory>

#include "services/host/ledger_bound.h"
#include "services/host/service_core.h"

namespace pathways::eligibility {

// Counts what a version did in the list of the cases that it changed, and what it would do to the
// next ones by deciding them as the engine will, on the day of the store's clock, without storing
// it. `core` must outlive the bound.
std::shared_ptr<host::LedgerBound> RescreeningBound(host::ServiceCore& core);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_RESCREENING_BOUND_H_
