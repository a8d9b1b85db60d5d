// What a service adds to its core: its APIs, and what runs beside the engine.
//
// Each service has one (services/<service>/rpc_assembly.h). The all-in-one process makes three of
// them, a service's own program one; neither knows what is inside.
#ifndef PATHWAYS_SERVICES_RUNTIME_RPC_ASSEMBLY_H_
#define PATHWAYS_SERVICES_RUNTIME_RPC_ASSEMBLY_H_

#include <grpcpp/impl/service_type.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/runtime/clock.h"
#include "services/runtime/keys.h"
#include "services/runtime/projector.h"
#include "services/runtime/rpc/edge.h"
#include "services/runtime/rpc/operations_service.h"
#include "services/runtime/service_core.h"

namespace pathways::runtime {

// What an assembly stands on. All must outlive it.
struct AssemblyParts {
  ServiceCore& core;
  const Edge& edge;
  const Keyring& keyring;
  const Clock& clock;
  std::vector<ProjectionSource> projected;  // Services whose events are only shown.
  absl::Duration sweep_every;
  absl::Duration timers_every;
};

class ServiceAssembly {
 public:
  virtual ~ServiceAssembly() = default;
  // The APIs, to be registered with a server. They live as long as the assembly.
  virtual std::vector<grpc::Service*> Rpcs() = 0;
  // Names under which their health is told.
  virtual std::vector<std::string> HealthNames() const = 0;
  // The service as operators see it.
  virtual OperatedService Operated() = 0;
  // Ends streams that would never end by themselves. Before the server stops.
  virtual void EndStreams() {}
  // Stops what runs beside the engine. Before the core stops. Idempotent.
  virtual void Stop() {}
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_RPC_ASSEMBLY_H_
