// The domains of the three services, for commands that fold what a database holds.
#ifndef PATHWAYS_SERVICES_EMBEDDED_DOMAINS_H_
#define PATHWAYS_SERVICES_EMBEDDED_DOMAINS_H_

#include <memory>
#include <string>

#include "services/engine/domain.h"

namespace pathways::embedded {

// `service` is intake, eligibility or referral. Without rules and routes, which have no part in
// what follows from events: it decides nothing.
std::unique_ptr<engine::Domain> DomainOf(const std::string& service);

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_DOMAINS_H_
