// `pathways restore`: takes back from a service's topic what its database lost of its own events.
//
// Run after a backup was put back, with every process of that service stopped. It refuses to run
// beside one, may be interrupted and run again, and says what it brought back and what it could
// not. What it does with the events is services/follow/restore.h.
#ifndef PATHWAYS_SERVICES_EMBEDDED_RESTORE_COMMAND_H_
#define PATHWAYS_SERVICES_EMBEDDED_RESTORE_COMMAND_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::embedded {

// Registers the command; lifetimes as for AddClientCommands.
void AddRestoreCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code);

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_RESTORE_COMMAND_H_
