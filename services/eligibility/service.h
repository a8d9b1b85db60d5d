// Eligibility as a host runs it: its API, the timers of screenings, and screening again when the
// policies change.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_SERVICE_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_SERVICE_H_

#include "services/host/service.h"

namespace pathways::eligibility {

host::Service EligibilityService();

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_SERVICE_H_
