// The commands that prepare what services stand on: migrate, and topics create and check.
//
// They are run before the services, by a person or a job. Addresses come by flag or by the same
// environment variables as those of the services; passwords only by libpq's own means.
#ifndef PATHWAYS_SERVICES_PATHWAYS_INFRASTRUCTURE_COMMANDS_H_
#define PATHWAYS_SERVICES_PATHWAYS_INFRASTRUCTURE_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "services/pathways/command.h"

namespace pathways::cli {

// Registers the commands; lifetimes as for AddClientCommands.
void AddInfrastructureCommands(CLI::App& app, const Terminal& terminal, int& exit_code);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_PATHWAYS_INFRASTRUCTURE_COMMANDS_H_
