// Options of the commands that speak to Kafka: where it is, and the services' settings of the same
// names for TLS and login.
#ifndef PATHWAYS_SERVICES_EMBEDDED_KAFKA_OPTIONS_H_
#define PATHWAYS_SERVICES_EMBEDDED_KAFKA_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "services/follow/bus/kafka.h"
#include "services/host/kafka_security.h"

namespace pathways::embedded {

struct KafkaOptions {
  std::string bootstrap;
  std::string prefix;
  host::KafkaSecurityFiles security;
};

// By flag or environment. `options` must outlive the command.
void AddKafkaOptions(CLI::App& command, KafkaOptions& options);

// The client's settings. INVALID_ARGUMENT: all that is wrong with options or files. Blocks for the
// disk.
absl::StatusOr<follow::KafkaSettings> KafkaSettingsOf(const KafkaOptions& options);

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_KAFKA_OPTIONS_H_
