#include "services/host/running_service.h"

#include <set>
#include <string>
#include <utility>

#include "services/base/status_macros.h"

namespace pathways::host {

absl::StatusOr<std::unique_ptr<RunningService>> RunningService::Start(
    const Service& service, std::unique_ptr<engine::EventStore> store,
    std::unique_ptr<engine::Domain> domain, engine::EngineOptions options, base::Logger& log,
    Metrics& metrics) {
  ASSIGN_OR_RETURN(auto core, ServiceCore::Start(service.name, std::move(store), std::move(domain),
                                                 std::move(options), log, metrics));
  return std::unique_ptr<RunningService>(new RunningService(service, std::move(core)));
}

RunningService::~RunningService() {
  StopLoops(Loop::Stops::kWithCalls);
  StopLoops(Loop::Stops::kAfterCalls);
}

void RunningService::Connect(const Keyring& keyring, const base::Clock& clock,
                             std::vector<follow::ProjectionSource> projected,
                             const std::vector<Upstream>& followed, absl::Duration sweep_every,
                             absl::Duration timers_every) {
  const ServiceParts parts{*core_, keyring, clock, std::move(projected), sweep_every, timers_every};
  if (service_.loops) loops_ = service_.loops(parts);
  apis_ = service_.methods(parts);
  for (const Upstream& upstream : followed) core_->Follow(upstream, sweep_every);
  core_->KeepFolded(sweep_every);
}

OperatedService RunningService::Operated() {
  std::set<std::string> followed = core_->Followed();
  followed.insert(service_.projects.begin(), service_.projects.end());
  return {service_.name,
          &core_->domain(),
          &core_->store(),
          service_.without_progress,
          [this] { core_->Wake(); },
          std::move(followed),
          [this](const std::string& upstream) { return core_->AcknowledgeTailLoss(upstream); }};
}

void RunningService::StopLoops(Loop::Stops which) {
  for (const Loop& loop : loops_) {
    if (loop.stops == which) loop.stop();
  }
}

}  // namespace pathways::host
