// The services of this program: all three.
#ifndef PATHWAYS_SERVICES_EMBEDDED_SERVICES_H_
#define PATHWAYS_SERVICES_EMBEDDED_SERVICES_H_

#include <vector>

#include "services/host/service.h"

namespace pathways::embedded {

// Anew for each start.
std::vector<host::Service> AllServices();

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_SERVICES_H_
