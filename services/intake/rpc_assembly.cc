#include "services/intake/rpc_assembly.h"

#include "services/intake/age_band.h"

namespace pathways::intake {

IntakeAssembly::IntakeAssembly(const runtime::AssemblyParts& parts)
    : core_(parts.core),
      projector_(core_.store(), status_, parts.projected, parts.sweep_every,
                 core_.ReportTo("status", "")),
      timers_(
          core_.store(), core_.engine(),
          [&store = core_.store(), &keyring = parts.keyring](const runtime::TimerRow& timer,
                                                             absl::Time now) {
            return ChangeAgeBand(store, keyring, timer, now);
          },
          parts.timers_every, core_.ReportTo("timers", "")),
      rpc_(RpcParts{parts.edge, core_.engine(), core_.store(), parts.keyring, parts.clock}) {
  for (const runtime::ProjectionSource& source : parts.projected) {
    source.logs.OnPublish([this] { projector_.Notify(); });
  }
}

std::vector<std::string> IntakeAssembly::HealthNames() const {
  return {v1::IntakeService::service_full_name()};
}

runtime::OperatedService IntakeAssembly::Operated() {
  return {core_.name(), &core_.store(), {}, [this] { core_.Wake(); }};
}

void IntakeAssembly::Stop() {
  timers_.Stop();
  projector_.Stop();
}

}  // namespace pathways::intake
