// Intake as a host runs it: its API, the status of cases, and the timers of age bands.
#ifndef PATHWAYS_SERVICES_INTAKE_SERVICE_H_
#define PATHWAYS_SERVICES_INTAKE_SERVICE_H_

#include "services/host/service.h"

namespace pathways::intake {

host::Service IntakeService();

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_SERVICE_H_
