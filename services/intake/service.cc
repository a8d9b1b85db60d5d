#include "services/intake/service.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "services/follow/projector.h"
#include "services/follow/timer_loop.h"
#include "services/intake/age_band.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/fact_file.h"
#include "services/intake/fact_ledger_start.h"
#include "services/intake/methods.h"
#include "services/intake/status_projection.h"

namespace pathways::intake {
namespace {

const StatusProjection kStatus;

// What the functions of one value share.
struct Shared {
  std::shared_ptr<const type::Facts> facts;  // What an empty ledger begins with.
  std::shared_ptr<FactsInForce> in_force;
};

absl::StatusOr<std::unique_ptr<engine::Domain>> MakeDomain(Shared& shared,
                                                           host::Settings& settings) {
  const std::string folder = settings.Folder("facts", host::Presence::kRequired);
  if (folder.empty()) return std::unique_ptr<engine::Domain>();  // Noted in the settings.
  ASSIGN_OR_RETURN(shared.facts, LoadFacts(folder));
  shared.in_force = std::make_shared<FactsInForce>(shared.facts);
  return std::make_unique<IntakeDomain>(shared.in_force);
}

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
  const auto shared = std::make_shared<Shared>();
  host::Service service;
  service.name = "intake";
  service.description = "Registers people and families, and shows the status of their cases.";
  service.projects = {"eligibility", "referral"};
  service.projection = kStatusProjection;
  service.settings = {
      {"facts", "Folder of the fact catalogue that an empty ledger begins with", ""}};
  service.domain = [shared](host::Settings& settings) { return MakeDomain(*shared, settings); };
  service.prepare = [shared](host::ServiceCore& core, base::Logger& log) {
    return BeginFactLedger(core, *shared->facts, *shared->in_force, log);
  };
  service.loops = [](const host::ServiceParts& parts) {
    return std::vector<host::Loop>{ChangeAgeBands(parts), ShowStatus(parts)};
  };
  service.methods = [shared](const host::ServiceParts& parts) {
    return std::vector<host::Api>{
        IntakeApi({parts.core.engine(), parts.core.domain(), parts.core.store(), parts.keyring,
                   *shared->in_force, parts.clock})};
  };
  service.feed = TellFeed;
  return service;
}

}  // namespace pathways::intake
