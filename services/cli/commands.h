// All commands of the client, for the program `pathways`.
//
// main.cc makes a CLI::App, adds these and its own commands, and hands both to ParseAndRun. The
// commands write only to the streams they are given, so a test can run any of them as a user would.
// Nothing here reads the environment but PATHWAYS_ADDRESS, which CLI11 shows in the help.
#ifndef PATHWAYS_SERVICES_CLI_COMMANDS_H_
#define PATHWAYS_SERVICES_CLI_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::cli {

// Registers the commands. The one that runs puts an ExitCode into `exit_code`, which must outlive
// `app`, as must the streams.
void AddClientCommands(CLI::App& app, Terminal terminal, int& exit_code);

// Parses the arguments and runs what they name. Returns `exit_code` as the command left it, 0 after
// help or version, kExitUsage when the arguments are wrong.
int ParseAndRun(CLI::App& app, int argc, const char* const* argv, Terminal terminal,
                const int& exit_code);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_COMMANDS_H_
