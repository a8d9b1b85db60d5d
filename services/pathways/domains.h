// The domains of the three services, for commands that fold what a database holds.
#ifndef PATHWAYS_SERVICES_PATHWAYS_DOMAINS_H_
#define PATHWAYS_SERVICES_PATHWAYS_DOMAINS_H_

#include <memory>
#include <string>

#include "services/runtime/domain.h"

namespace pathways::cli {

// `service` is intake, eligibility or referral. Without rules and routes, which have no part in
// what follows from events: it decides nothing.
std::unique_ptr<runtime::Domain> DomainOf(const std::string& service);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_PATHWAYS_DOMAINS_H_
