// The command `rebuild`: makes again what follows from a data folder's own events.
//
// For the owner of a laptop who doubts an index, a timer or the status shown. It needs the folder
// for itself, changes no event, and gives the same bytes where nothing was wrong.
#ifndef PATHWAYS_SERVICES_EMBEDDED_STORE_COMMANDS_H_
#define PATHWAYS_SERVICES_EMBEDDED_STORE_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::embedded {

// Registers the command; lifetimes as for AddClientCommands.
void AddStoreCommands(CLI::App& app, const cli::Terminal& terminal, int& exit_code);

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_STORE_COMMANDS_H_
