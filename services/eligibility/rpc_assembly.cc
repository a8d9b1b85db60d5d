#include "services/eligibility/rpc_assembly.h"

namespace pathways::eligibility {

EligibilityAssembly::EligibilityAssembly(const runtime::AssemblyParts& parts,
                                         int64_t rescreen_per_second)
    : core_(parts.core),
      sweep_(core_.domain(), core_.store(), core_.engine(),
             {.every = parts.sweep_every, .per_second = rescreen_per_second},
             core_.ReportTo("rescreening", "")),
      timers_(
          core_.store(), core_.engine(),
          [again = core_.domain().Governing().command](const runtime::TimerRow&, absl::Time) {
            return runtime::TimerLoop::Due{again, 0};
          },
          parts.timers_every, core_.ReportTo("timers", "")),
      rpc_(RpcParts{parts.edge, core_.engine(), core_.store(), parts.keyring, parts.clock,
                    [this] { sweep_.Notify(); }}) {
  sweep_.Start();
}

std::vector<std::string> EligibilityAssembly::HealthNames() const {
  return {v1::EligibilityService::service_full_name()};
}

runtime::OperatedService EligibilityAssembly::Operated() {
  return {core_.name(), &core_.store(),
          [this](absl::Time before, int limit) {
            return WaitingForInformation(core_.store(), before, limit);
          },
          [this] { core_.Wake(); }};
}

void EligibilityAssembly::Stop() {
  timers_.Stop();
  sweep_.Stop();
}

}  // namespace pathways::eligibility
