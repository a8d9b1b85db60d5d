// The program `pathways`: the command line of the pathways services.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "services/pathways/commands.h"
#include "services/pathways/infrastructure_commands.h"
#include "services/pathways/key_commands.h"
#include "services/pathways/policy_check_command.h"
#include "services/pathways/restore_command.h"
#include "services/pathways/server_commands.h"
#include "services/pathways/store_commands.h"

int main(int argc, char** argv) {
  CLI::App app(
      "Registers people and families, screens them against legal pathways, and refers them.",
      "pathways");
  app.set_version_flag("--version", PATHWAYS_VERSION);
  app.require_subcommand(1);
  const char* token = std::getenv("PATHWAYS_TOKEN");
  const pathways::cli::Terminal terminal{.out = std::cout,
                                         .err = std::cerr,
                                         .err_is_terminal = isatty(STDERR_FILENO) == 1,
                                         .token = token == nullptr ? "" : token};
  int exit_code = pathways::cli::kExitOk;
  pathways::cli::AddClientCommands(app, terminal, exit_code);
  pathways::cli::AddInfrastructureCommands(app, terminal, exit_code);
  pathways::cli::AddKeyCommands(app, terminal, exit_code);
  pathways::cli::AddPolicyCheckCommand(app, terminal, exit_code);
  pathways::cli::AddRestoreCommand(app, terminal, exit_code);
  pathways::cli::AddServerCommands(app, terminal, exit_code);
  pathways::cli::AddStoreCommands(app, terminal, exit_code);
  return pathways::cli::ParseAndRun(app, argc, argv, terminal, exit_code);
}
