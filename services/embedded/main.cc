// The program `pathways`: the command line of the pathways services.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "services/cli/commands.h"
#include "services/cli/spreadsheet_process.h"
#include "services/embedded/infrastructure_commands.h"
#include "services/embedded/key_commands.h"
#include "services/embedded/policy_check_command.h"
#include "services/embedded/restore_command.h"
#include "services/embedded/server_commands.h"
#include "services/embedded/store_commands.h"

int main(int argc, char** argv) {
  if (pathways::cli::IsSpreadsheetReader(argc, argv)) {
    return pathways::cli::RunSpreadsheetReader(argv);
  }
  CLI::App app(
      "Registers people and families, screens them against legal pathways, and refers them.",
      "pathways");
  app.set_version_flag("--version", PATHWAYS_VERSION);
  app.require_subcommand(1);
  const char* token = std::getenv("PATHWAYS_TOKEN");
  const pathways::cli::Terminal terminal{
      .out = std::cout,
      .err = std::cerr,
      .err_is_terminal = isatty(STDERR_FILENO) == 1,
      .out_columns = pathways::cli::ScreenColumns(STDOUT_FILENO, std::getenv("COLUMNS")),
      .token = token == nullptr ? "" : token};
  int exit_code = pathways::cli::kExitOk;
  pathways::cli::AddClientCommands(app, terminal, exit_code);
  pathways::embedded::AddInfrastructureCommands(app, terminal, exit_code);
  pathways::embedded::AddKeyCommands(app, terminal, exit_code);
  pathways::embedded::AddFactCheckCommand(app, terminal, exit_code);
  pathways::embedded::AddRouteCheckCommand(app, terminal, exit_code);
  pathways::embedded::AddPolicyCheckCommand(app, terminal, exit_code);
  pathways::embedded::AddPolicyDiffCommand(app, terminal, exit_code);
  pathways::embedded::AddRestoreCommand(app, terminal, exit_code);
  pathways::embedded::AddServerCommands(app, terminal, exit_code);
  pathways::embedded::AddStoreCommands(app, terminal, exit_code);
  return pathways::cli::ParseAndRun(app, argc, argv, terminal, exit_code);
}
