#include "services/intake/service.h"

#include <memory>
#include <utility>
#include <vector>

#include "services/follow/projector.h"
#include "services/follow/timer_loop.h"
#include "services/intake/age_band.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/methods.h"
#include "services/intake/status_projection.h"

namespace pathways::intake {
namespace {

const StatusProjection kStatus;

host::Loop ShowStatus(const host::ServiceParts& parts) {
  std::vector<follow::ProjectionSource> sources = parts.projected;
  for (follow::ProjectionSource& source : sources) {
    source.report = parts.core.ReportTo("status", source.upstream);
  }
  auto projector =
      std::make_shared<follow::Projector>(parts.core.store(), kStatus, std::move(sources),
                                          parts.sweep_every, parts.core.ReportTo("status", ""));
  for (const follow::ProjectionSource& source : parts.projected) {
    source.logs.OnPublish([projector] { projector->Notify(); });
  }
  return {[projector] { projector->Stop(); }};
}

host::Loop ChangeAgeBands(const host::ServiceParts& parts) {
  auto timers = std::make_shared<follow::TimerLoop>(
      parts.core.store(), parts.core.engine(),
      [&core = parts.core, &keyring = parts.keyring](const engine::TimerRow& timer,
                                                     absl::Time now) {
        return ChangeAgeBand(core.domain(), core.store(), keyring, timer, now);
      },
      parts.timers_every, parts.core.ReportTo("timers", ""));
  return {[timers] { timers->Stop(); }};
}

}  // namespace

host::Service IntakeService() {
  host::Service service;
  service.name = "intake";
  service.description = "Registers people and families, and shows the status of their cases.";
  service.projects = {"eligibility", "referral"};
  service.projection = kStatusProjection;
  service.domain = [](host::Settings&) { return std::make_unique<IntakeDomain>(); };
  service.loops = [](const host::ServiceParts& parts) {
    return std::vector<host::Loop>{ChangeAgeBands(parts), ShowStatus(parts)};
  };
  service.methods = [](const host::ServiceParts& parts) {
    return std::vector<host::Api>{IntakeApi({parts.core.engine(), parts.core.domain(),
                                             parts.core.store(), parts.keyring, parts.clock})};
  };
  service.feed = TellFeed;
  return service;
}

}  // namespace pathways::intake
