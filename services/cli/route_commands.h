// The commands on the routes: propose, proposal, confirm, list, history. What checks them without a
// service is in the program (services/embedded/policy_check_command.h).
#ifndef PATHWAYS_SERVICES_CLI_ROUTE_COMMANDS_H_
#define PATHWAYS_SERVICES_CLI_ROUTE_COMMANDS_H_

#include "services/cli/command.h"

namespace pathways::cli {

void AddRouteCommands(CLI::App& app, const CommandContextPtr& context);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_ROUTE_COMMANDS_H_
