// The running program around the three services: settings, data lock, metrics port, stop.
//
// `serve` and `demo` both run one Serving. Its settings are one table, which the command line turns
// into flags and docs/operations.md explains.
#ifndef PATHWAYS_SERVICES_EMBEDDED_SERVING_H_
#define PATHWAYS_SERVICES_EMBEDDED_SERVING_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/base/clock.h"
#include "services/base/log.h"
#include "services/host/data_lock.h"
#include "services/host/grpc/grpc_log.h"
#include "services/host/metrics.h"
#include "services/host/metrics_http.h"
#include "services/host/settings.h"
#include "services/host/together.h"

namespace pathways::embedded {

// Every setting of a serving process.
std::vector<host::Setting> ServeSettingsTable();

// Reads flags and environment. INVALID_ARGUMENT with a line for each problem.
absl::StatusOr<host::TogetherPlan> ReadServeSettings(host::Settings& settings);

class Serving {
 public:
  // Takes the lock and starts everything. Errors of host::Together::Start, FAILED_PRECONDITION
  // (another process uses the folder), UNAVAILABLE (folder or a port).
  static absl::StatusOr<std::unique_ptr<Serving>> Start(host::TogetherPlan plan);
  ~Serving();

  // False: it has to be started again.
  bool IsAlive() const { return services_->IsAlive(); }
  host::Together& services() { return *services_; }
  base::Logger& log() { return log_; }
  const base::Clock& clock() const { return clock_; }
  int metrics_port() const { return http_->port(); }

  // Stops in the reverse order, within the drain time and some seconds; a watchdog sees to it.
  void Stop(const std::string& reason);

 private:
  explicit Serving(const host::HostSettings& host) : host_(host), log_(host.log_level, clock_) {}

  const host::HostSettings host_;
  const base::SystemClock clock_;
  base::Logger log_;
  const host::GrpcLog grpc_log_{log_, clock_};
  host::Metrics metrics_;
  std::optional<host::DataLock> lock_;
  std::unique_ptr<host::Together> services_;
  std::unique_ptr<host::MetricsHttp> http_;
};

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_SERVING_H_
