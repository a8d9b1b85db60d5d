// What callers and operators see of a process: methods, health, gauges, and an orderly stop.
//
// Puts the methods of the services, with those that every process has (streams for other services,
// operations), behind one dispatcher; serves them over gRPC; tells the health of each name by
// whether its store can be written; samples the gauges; and stops everything in an order in which
// each call that was answered OK is durable. A second transport stands beside gRPC here, over the
// same dispatcher.
#ifndef PATHWAYS_SERVICES_HOST_SERVER_HOST_H_
#define PATHWAYS_SERVICES_HOST_SERVER_HOST_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "services/base/signal.h"
#include "services/host/authenticator.h"
#include "services/host/dispatcher.h"
#include "services/host/grpc/server.h"
#include "services/host/metrics.h"
#include "services/host/read_pool.h"
#include "services/host/running_service.h"

namespace pathways::host {

// What it stands on. All must outlive it.
struct ServerParts {
  const Authenticator& authenticator;
  const base::Clock& clock;
  Metrics& metrics;
  std::vector<RunningService*> services;  // Connected.
  int read_threads;                       // For people's reads.
  absl::Duration stuck_after;             // Without progress for so long a case counts as stuck.
  RpcServer* health_server;               // Tells the same health on a port of its own. Null: none.
};

class ServerHost {
 public:
  // Serves when it returns. Errors of RpcServer::Start.
  static absl::StatusOr<std::unique_ptr<ServerHost>> Start(const RpcOptions& options,
                                                           ServerParts parts);
  ~ServerHost();

  int port() const { return server_->port(); }
  const Dispatcher& dispatcher() const { return *dispatcher_; }
  // True while every service can write and the port is reached.
  bool IsReady() const;
  // False: its port is not reached any more, and the process is to end.
  bool IsAlive() const { return server_->is_reachable(); }
  // Refuses new calls, lets running ones end within `drain`, then stops loops and cores.
  // Idempotent.
  void Stop(absl::Duration drain);

 private:
  explicit ServerHost(ServerParts parts);

  // Tells the health of every name, on every server.
  void TellHealth(bool may_serve);
  void SetServing(const std::string& name, bool serving);
  void WatchHealth();
  void Sample();

  const ServerParts parts_;
  std::vector<OperatedService> operated_;
  ReadPool pool_;
  ReadPool service_pool_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::vector<std::unique_ptr<grpc::Service>> grpc_services_;
  std::unique_ptr<RpcServer> server_;
  base::Signal health_;
  std::thread health_thread_;
  bool stopped_ = false;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_SERVER_HOST_H_
