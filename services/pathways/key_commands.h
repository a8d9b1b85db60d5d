// The commands that prepare keys and tokens: keys init and install, token add and show.
//
// They work on files of this machine and call no service. Every file they write is private to the
// user who runs them (services/runtime/private_file.h), as a serving process demands.
#ifndef PATHWAYS_SERVICES_PATHWAYS_KEY_COMMANDS_H_
#define PATHWAYS_SERVICES_PATHWAYS_KEY_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "services/pathways/command.h"

namespace pathways::cli {

// Registers the commands; lifetimes as for AddClientCommands.
void AddKeyCommands(CLI::App& app, const Terminal& terminal, int& exit_code);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_PATHWAYS_KEY_COMMANDS_H_
