// The running program around the three services: settings, data lock, metrics port, stop.
//
// `serve` and `demo` both run one Serving. Its settings are one table, which the command line turns
// into flags and docs/operations.md explains.
#ifndef PATHWAYS_SERVICES_PATHWAYS_SERVING_H_
#define PATHWAYS_SERVICES_PATHWAYS_SERVING_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/pathways/embedded.h"
#include "services/runtime/clock.h"
#include "services/runtime/data_lock.h"
#include "services/runtime/log.h"
#include "services/runtime/metrics.h"
#include "services/runtime/metrics_http.h"
#include "services/runtime/rpc/grpc_log.h"
#include "services/runtime/settings.h"

namespace pathways::cli {

// Every setting of a serving process.
std::vector<runtime::Setting> ServeSettingsTable();

struct ServeSettings {
  EmbeddedOptions embedded;
  runtime::Address metrics;
  absl::Duration drain;
  runtime::LogLevel log_level = runtime::LogLevel::kInfo;
};

// Reads flags and environment. INVALID_ARGUMENT with a line for each problem.
absl::StatusOr<ServeSettings> ReadServeSettings(runtime::Settings& settings);

// Files within a data folder.
std::string MasterKeyFile(const std::string& data_folder);
std::string TokensFile(const std::string& data_folder);

class Serving {
 public:
  // Takes the lock and starts everything. Errors of Embedded::Start, FAILED_PRECONDITION (another
  // process uses the folder), UNAVAILABLE (folder or a port).
  static absl::StatusOr<std::unique_ptr<Serving>> Start(const ServeSettings& settings);
  ~Serving();

  Embedded& embedded() { return *embedded_; }
  runtime::Logger& log() { return log_; }
  const runtime::Clock& clock() const { return clock_; }
  int metrics_port() const { return http_->port(); }

  // False: it has to be started again.
  bool IsAlive() const { return embedded_->IsAlive(); }
  // Stops in the reverse order, within the drain time and some seconds; a watchdog sees to it.
  void Stop(const std::string& reason);

 private:
  explicit Serving(const ServeSettings& settings)
      : settings_(settings), log_(settings.log_level, clock_) {}

  const ServeSettings settings_;
  const runtime::SystemClock clock_;
  runtime::Logger log_;
  const runtime::GrpcLog grpc_log_{log_, clock_};
  runtime::Metrics metrics_;
  std::optional<runtime::DataLock> lock_;
  std::unique_ptr<Embedded> embedded_;
  std::unique_ptr<runtime::MetricsHttp> http_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_PATHWAYS_SERVING_H_
