// The program of one service on PostgreSQL and Kafka.
//
// A service's main.cc says what differs: name, own settings, domain, whom it follows and its
// assembly. Everything else is here and the same for all: settings by flag and environment, the
// data base that is waited for, the topic that is followed and published to, the APIs of the other
// services for what a topic leaves out, health, metrics, and an orderly stop.
#ifndef PATHWAYS_SERVICES_RUNTIME_RPC_SERVICE_PROGRAM_H_
#define PATHWAYS_SERVICES_RUNTIME_RPC_SERVICE_PROGRAM_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/runtime/bus/kafka_feed.h"
#include "services/runtime/domain.h"
#include "services/runtime/rpc/assembly.h"
#include "services/runtime/settings.h"

namespace pathways::runtime {

struct ServiceProgram {
  std::string name;
  std::string description;             // One line, for --help.
  std::vector<Setting> settings;       // Its own, beside those of every service.
  std::vector<std::string> follows;    // Services whose events are commands here.
  std::vector<std::string> projected;  // Services whose events are only shown.
  // Reads what the own settings name; faults of settings are noted in them, faults of files are the
  // status. Called once.
  std::function<absl::StatusOr<std::unique_ptr<Domain>>(Settings& settings)> make_domain;
  // Writes what must be there before anybody is followed or served. May be empty.
  std::function<absl::Status(ServiceCore& core, Logger& log)> prepare;
  std::function<std::unique_ptr<ServiceAssembly>(const AssemblyParts& parts)> assemble;
  TellFeed tell_feed;  // What its events tell the dashboards.
};

// Runs until SIGTERM. The exit code: 0 after an orderly stop, 1 when it could not go on, 2 when
// settings or files are at fault.
int RunService(int argc, const char* const* argv, const ServiceProgram& program);

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_RPC_SERVICE_PROGRAM_H_
