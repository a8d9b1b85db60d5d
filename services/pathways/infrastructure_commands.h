// The commands for what services stand on: migrate, and topics create, check and rebuild.
//
// They are run by a person or a job, before the services but for rebuild. Addresses come by flag or
// by the same environment variables as those of the services; passwords only by libpq's own means.
#ifndef PATHWAYS_SERVICES_PATHWAYS_INFRASTRUCTURE_COMMANDS_H_
#define PATHWAYS_SERVICES_PATHWAYS_INFRASTRUCTURE_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/pathways/command.h"
#include "services/runtime/bus/kafka.h"
#include "services/runtime/bus/kafka_security.h"

namespace pathways::cli {

// Says on the terminal what went wrong, if anything, and gives the exit code.
ExitCode FinishOnInfrastructure(const Terminal& terminal, const absl::Status& status);

// The options --service and --database, both required. The texts must outlive the command.
void AddDatabaseOptions(CLI::App& command, std::string& service, std::string& database);

// Where the topics are.
struct Cluster {
  std::string bootstrap;
  std::string prefix;
  runtime::KafkaSecurityFiles security;
};

// The options --kafka (required), --topic-prefix and those of TLS and login. `cluster` must outlive
// the command.
void AddClusterOptions(CLI::App& command, Cluster& cluster);

// The client's settings. INVALID_ARGUMENT: all that is wrong with options or files.
absl::StatusOr<runtime::KafkaSettings> KafkaSettingsOf(const Cluster& cluster);

// Registers the commands; lifetimes as for AddClientCommands.
void AddInfrastructureCommands(CLI::App& app, const Terminal& terminal, int& exit_code);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_PATHWAYS_INFRASTRUCTURE_COMMANDS_H_
