// The HTTP port for those who watch a program: /metrics, /healthz and /readyz.
//
// /healthz says 200 as long as the program can answer and nothing is broken that only a restart
// mends, so a failing dependency never makes an orchestrator kill it; /readyz says 200 or 503 as a
// function says, so that no traffic is sent where it would be refused. The port shows no personal
// data and asks nobody who they are: bind it where only the monitoring reaches it. A few threads
// answer one request per connection each within a short deadline, and only once the head of the
// request is there, so a slow or silent client holds neither the port nor the stop for long.
#ifndef PATHWAYS_SERVICES_HOST_METRICS_HTTP_H_
#define PATHWAYS_SERVICES_HOST_METRICS_HTTP_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "services/host/settings.h"

namespace pathways::host {

// The functions are called by several threads at once, until Stop returns.
struct MetricsHttpOptions {
  base::Address address;  // Port 0: any free port.
  std::function<std::string()> metrics;
  std::function<bool()> ready;
  std::function<bool()> alive = {};  // Empty: always.
};

class MetricsHttp {
 public:
  // Listens when it returns. UNAVAILABLE when the address cannot be bound: another process has it,
  // or it is none of this machine. Blocks while a host name is looked up.
  static absl::StatusOr<std::unique_ptr<MetricsHttp>> Start(MetricsHttpOptions options);

  // Stops.
  ~MetricsHttp();
  MetricsHttp(const MetricsHttp&) = delete;
  MetricsHttp& operator=(const MetricsHttp&) = delete;

  // The port that was bound.
  int port() const { return port_; }

  // Cuts open connections and waits for the threads, which takes as long as the functions that
  // they are in. Idempotent; not for two threads at once.
  void Stop();

 private:
  class Server;

  MetricsHttp(std::unique_ptr<Server> server, int port);

  const std::unique_ptr<Server> server_;
  const int port_;
  std::thread thread_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_METRICS_HTTP_H_
