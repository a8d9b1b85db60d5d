// The commands that prepare keys and tokens: keys init and install, token add and show.
//
// They work on files of this machine and call no service. Every file they write is private to the
// user who runs them (services/base/private_file.h), as a serving process demands.
#ifndef PATHWAYS_SERVICES_EMBEDDED_KEY_COMMANDS_H_
#define PATHWAYS_SERVICES_EMBEDDED_KEY_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::embedded {

// Registers the commands; lifetimes as for AddClientCommands.
void AddKeyCommands(CLI::App& app, const cli::Terminal& terminal, int& exit_code);

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_KEY_COMMANDS_H_
