// The commands that run a serving process, serve and demo, and play, which plays a day on others.
//
// main.cc adds them beside the client's commands. Each puts its exit code where the client's do
// (exit_codes.h).
#ifndef PATHWAYS_SERVICES_EMBEDDED_SERVER_COMMANDS_H_
#define PATHWAYS_SERVICES_EMBEDDED_SERVER_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::embedded {

// Registers the commands; `exit_code`, `app` and the streams must outlive each other as for
// AddClientCommands.
void AddServerCommands(CLI::App& app, const cli::Terminal& terminal, int& exit_code);

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_SERVER_COMMANDS_H_
