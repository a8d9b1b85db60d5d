// The commands about screening: screen, screening get, policy list and policy show.
//
// A screening says what the published conditions give, never a decision; its notice is shown below
// every table.
#ifndef PATHWAYS_SERVICES_CLI_POLICY_COMMANDS_H_
#define PATHWAYS_SERVICES_CLI_POLICY_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::cli {

// Adds `screen`, `screening` and `policy` to the program.
void AddPolicyCommands(CLI::App& app, const CommandContextPtr& context);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_POLICY_COMMANDS_H_
