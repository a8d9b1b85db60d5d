// Options of the commands that speak to Kafka: where it is, and the services' settings of the same
// names for TLS and login.
#ifndef PATHWAYS_SERVICES_PATHWAYS_KAFKA_OPTIONS_H_
#define PATHWAYS_SERVICES_PATHWAYS_KAFKA_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "services/runtime/bus/kafka.h"
#include "services/runtime/bus/kafka_security.h"

namespace pathways::cli {

struct KafkaOptions {
  std::string bootstrap;
  std::string prefix;
  runtime::KafkaSecurityFiles security;
};

// By flag or environment. `options` must outlive the command.
void AddKafkaOptions(CLI::App& command, KafkaOptions& options);

// The client's settings. INVALID_ARGUMENT: all that is wrong with options or files. Blocks for the
// disk.
absl::StatusOr<runtime::KafkaSettings> KafkaSettingsOf(const KafkaOptions& options);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_PATHWAYS_KAFKA_OPTIONS_H_
