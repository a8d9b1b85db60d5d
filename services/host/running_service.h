// One service of a process: its core, and what the Service value makes beside it.
//
// Both hosts make the same of a service, in the same order: core, what `prepare` writes, loops and
// methods, followers, relay. They differ in the store, and in the logs that come and go. The
// functions are called by one thread, in the order in which they stand here.
#ifndef PATHWAYS_SERVICES_HOST_RUNNING_SERVICE_H_
#define PATHWAYS_SERVICES_HOST_RUNNING_SERVICE_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "services/host/service.h"

namespace pathways::host {

class RunningService {
 public:
  // Starts the engine. `service`, `log` and `metrics` must outlive this. Errors of the store.
  static absl::StatusOr<std::unique_ptr<RunningService>> Start(
      const Service& service, std::unique_ptr<engine::EventStore> store,
      std::unique_ptr<engine::Domain> domain, engine::EngineOptions options, base::Logger& log,
      Metrics& metrics);
  ~RunningService();

  const Service& service() const { return service_; }
  ServiceCore& core() { return *core_; }

  // Starts the loops, makes the methods, follows the upstreams and keeps what is folded that of
  // this release from now on.
  void Connect(const Keyring& keyring, const base::Clock& clock,
               std::vector<follow::ProjectionSource> projected,
               const std::vector<Upstream>& followed, absl::Duration sweep_every,
               absl::Duration timers_every);

  // The methods, once connected.
  const std::vector<Api>& apis() const { return apis_; }
  OperatedService Operated();

  // Stops the loops of one kind. Idempotent.
  void StopLoops(Loop::Stops which);

 private:
  RunningService(const Service& service, std::unique_ptr<ServiceCore> core)
      : service_(service), core_(std::move(core)) {}

  const Service& service_;
  const std::unique_ptr<ServiceCore> core_;
  std::vector<Loop> loops_;
  std::vector<Api> apis_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_RUNNING_SERVICE_H_
