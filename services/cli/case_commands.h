// The commands about cases: register, get, list, status, update and withdraw.
//
// `case update` either sends a case from a file, or reads the case, changes the fields named and
// sends it back with the version that was read, so that nobody else's change is lost. It never
// sends an identity that it read: a person whose identity is left out keeps the one on file.
#ifndef PATHWAYS_SERVICES_CLI_CASE_COMMANDS_H_
#define PATHWAYS_SERVICES_CLI_CASE_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::cli {

// Adds the commands to the group `case`.
void AddCaseCommands(CLI::App& group, const CommandContextPtr& context);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_CASE_COMMANDS_H_
