// The commands of operators: cases stuck, parked list and redrive, withheld list, and tail-loss
// acknowledge.
//
// They show ids and codes only, so their output may be pasted into a ticket.
#ifndef PATHWAYS_SERVICES_CLI_OPERATIONS_COMMANDS_H_
#define PATHWAYS_SERVICES_CLI_OPERATIONS_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::cli {

// Adds `cases`, `parked`, `withheld` and `tail-loss` to the program.
void AddOperationsCommands(CLI::App& app, const CommandContextPtr& context);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_OPERATIONS_COMMANDS_H_
