// The commands for what services stand on: migrate, and topics create, check and rebuild.
//
// They are run by a person or a job, before the services but for rebuild. Addresses come by flag or
// by the same environment variables as those of the services; passwords only by libpq's own means.
#ifndef PATHWAYS_SERVICES_EMBEDDED_INFRASTRUCTURE_COMMANDS_H_
#define PATHWAYS_SERVICES_EMBEDDED_INFRASTRUCTURE_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/status.h"
#include "services/cli/command.h"

namespace pathways::embedded {

// Says on the terminal what went wrong, if anything, and gives the exit code.
cli::ExitCode FinishOnInfrastructure(const cli::Terminal& terminal, const absl::Status& status);

// The options --service and --database, both required. The texts must outlive the command.
void AddDatabaseOptions(CLI::App& command, std::string& service, std::string& database);

// Registers the commands; lifetimes as for AddClientCommands.
void AddInfrastructureCommands(CLI::App& app, const cli::Terminal& terminal, int& exit_code);

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_INFRASTRUCTURE_COMMANDS_H_
