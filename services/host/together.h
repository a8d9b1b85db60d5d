// The host of several services in one process, on SQLite and a bus inside the process.
//
// Takes any of the services: all three are `pathways serve`, two are a field post. Each has a file
// in the data folder, and an in-process topic over it that the others follow; one gRPC server
// stands before all of them. Whom a service follows and is not among them it does not hear of.
// Everything starts in the order in which it stands here, and stops in the reverse. The host of one
// service on PostgreSQL and Kafka is alone.h.
#ifndef PATHWAYS_SERVICES_HOST_TOGETHER_H_
#define PATHWAYS_SERVICES_HOST_TOGETHER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "services/base/log.h"
#include "services/host/host_settings.h"
#include "services/host/metrics.h"
#include "services/host/service.h"
#include "services/host/settings.h"

namespace pathways::host {

// What a process is to run, and on what.
struct TogetherPlan {
  std::vector<Service> services;
  std::string data_folder;  // <service>.db of each. Locked by whoever starts it.
  HostSettings host;        // With token file and master key file.
  // As the services; the error where the files that its settings name are at fault.
  std::vector<absl::StatusOr<std::unique_ptr<engine::Domain>>> domains;
};

// Every setting of a process with these services.
std::vector<Setting> TogetherSettingsTable(const std::vector<Service>& services);
// Reads all settings, also the services' own. Where they are not set, token file and master key are
// the data folder's own. INVALID_ARGUMENT with one line for each fault of a setting.
absl::StatusOr<TogetherPlan> ReadPlan(std::vector<Service> services, Settings& settings);

// Files within a data folder.
std::string MasterKeyFile(const std::string& data_folder);
std::string TokensFile(const std::string& data_folder);

class Together {
 public:
  // Starts everything; serves when it returns. `clock`, `log` and `metrics` must outlive it.
  // INVALID_ARGUMENT and others with one line for each fault of the files that are read, or
  // UNAVAILABLE (a store or the port).
  static absl::StatusOr<std::unique_ptr<Together>> Start(TogetherPlan plan,
                                                         const base::Clock& clock,
                                                         base::Logger& log, Metrics& metrics);
  ~Together();

  int port() const;
  // The methods of all services.
  const std::vector<Api>& apis() const;
  // True while every service can write and the port is reached.
  bool IsReady() const;
  // False: nobody can reach the port any more.
  bool IsAlive() const;

  // True when everything committed was followed by the other services and is shown.
  bool IsSettled() const;

  // Refuses new calls, lets running ones end within `drain`, then stops the rest. Idempotent. Each
  // call that was answered OK is durable.
  void Stop(absl::Duration drain);

 private:
  struct Parts;

  explicit Together(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_TOGETHER_H_
