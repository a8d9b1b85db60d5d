// The gRPC side of a process that runs one service or several: server, health, gauges, drain.
//
// Serves the APIs of its services with StreamService and OperationsService beside them, tells the
// health of each name by whether its store can be written, samples the gauges, and stops everything
// in an order in which each call that was answered OK is durable.
#ifndef PATHWAYS_SERVICES_RUNTIME_RPC_FRONT_H_
#define PATHWAYS_SERVICES_RUNTIME_RPC_FRONT_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/runtime/clock.h"
#include "services/runtime/metrics.h"
#include "services/runtime/rpc/assembly.h"
#include "services/runtime/rpc/edge.h"
#include "services/runtime/rpc/operations_service.h"
#include "services/runtime/rpc/server.h"
#include "services/runtime/rpc/stream_service.h"
#include "services/runtime/service_core.h"
#include "services/runtime/signal.h"

namespace pathways::runtime {

struct FrontService {
  ServiceCore* core;
  ServiceAssembly* assembly;
};

// What a front stands on. All must outlive it.
struct FrontParts {
  const Edge& edge;
  const Clock& clock;
  Metrics& metrics;
  std::vector<FrontService> services;
  absl::Duration stuck_after;  // Without progress for so long a case counts as stuck.
  RpcServer* health_server;    // Tells the same health on a port of its own. Null: none.
};

class Front {
 public:
  // Serves when it returns. Errors of RpcServer::Start.
  static absl::StatusOr<std::unique_ptr<Front>> Start(const RpcOptions& options, FrontParts parts);
  ~Front();

  int port() const { return server_->port(); }
  // True while every service can write and the port is reached.
  bool IsReady() const;
  // False: its port is not reached any more, and the process is to end.
  bool IsAlive() const { return server_->is_reachable(); }
  // Refuses new calls, lets running ones end within `drain`, then stops assemblies and cores.
  // Idempotent.
  void Stop(absl::Duration drain);

 private:
  explicit Front(FrontParts parts);

  // Tells the health of every name, on every server.
  void TellHealth(bool may_serve);
  void SetServing(const std::string& name, bool serving);
  void WatchHealth();
  void Sample();

  const FrontParts parts_;
  std::vector<OperatedService> operated_;
  std::unique_ptr<StreamRpc> streams_;
  std::unique_ptr<OperationsRpc> operations_;
  std::unique_ptr<RpcServer> server_;
  Signal health_;
  std::thread health_thread_;
  bool stopped_ = false;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_RPC_FRONT_H_
