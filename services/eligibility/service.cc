#include "services/eligibility/service.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "services/eligibility/domain_adapter.h"
#include "services/eligibility/ledger_start.h"
#include "services/eligibility/methods.h"
#include "services/eligibility/policy_file.h"
#include "services/eligibility/rescreening_bound.h"
#include "services/follow/new_rules_sweep.h"
#include "services/follow/timer_loop.h"

namespace pathways::eligibility {
namespace {

// What the functions of one value share.
struct Shared {
  std::shared_ptr<const Rules> rules;  // What an empty ledger begins with.
  int64_t rescreen_per_second = 0;
  std::shared_ptr<follow::NewRulesSweep> sweep;
};

absl::StatusOr<std::unique_ptr<engine::Domain>> MakeDomain(Shared& shared,
                                                           host::Settings& settings) {
  shared.rescreen_per_second = settings.Integer("rescreen-per-second", 0, 1'000'000);
  const std::string folder = settings.Folder("policies", host::Presence::kRequired);
  if (folder.empty()) return std::unique_ptr<engine::Domain>();  // Noted in the settings.
  ASSIGN_OR_RETURN(shared.rules, LoadRules(folder));
  return std::make_unique<EligibilityDomain>(shared.rules);
}

host::Loop ScreenAgain(Shared& shared, const host::ServiceParts& parts) {
  host::ServiceCore& core = parts.core;
  shared.sweep = std::make_shared<follow::NewRulesSweep>(
      core.domain(), core.store(), core.engine(),
      follow::NewRulesSweepOptions{.every = parts.sweep_every,
                                   .per_second = shared.rescreen_per_second,
                                   .bound =
                                       [bound = RescreeningBound(core)](
                                           int64_t version, const std::vector<std::string>& next) {
                                         return bound->Next(version, next);
                                       }},
      core.ReportSweepTo("rescreening"));
  shared.sweep->Start();
  return {[sweep = shared.sweep] { sweep->Stop(); }};
}

// A screening holds until a day; then it is made again.
host::Loop ScreenWhenDue(const host::ServiceParts& parts) {
  host::ServiceCore& core = parts.core;
  auto timers = std::make_shared<follow::TimerLoop>(
      core.store(), core.engine(),
      [again = core.domain().StreamOfRules().command](const engine::TimerRow&, absl::Time) {
        return follow::TimerLoop::Due{again, 0};
      },
      parts.timers_every, core.ReportTo("timers", ""));
  return {[timers] { timers->Stop(); }};
}

}  // namespace

host::Service EligibilityService() {
  const auto shared = std::make_shared<Shared>();
  host::Service service;
  service.name = "eligibility";
  service.description = "Screens every case against every pathway. It never decides a status.";
  service.settings = {
      {"policies", "Folder of the policy pack that an empty policy ledger begins with", ""},
      {"rescreen-per-second", "Cases screened again in a second when policies change; 0: no bound",
       "0"}};
  service.follows = {"intake"};
  service.domain = [shared](host::Settings& settings) { return MakeDomain(*shared, settings); };
  service.prepare = [shared](host::ServiceCore& core, base::Logger& log) {
    return BeginLedger(core, shared->rules->pack(), log);
  };
  service.loops = [shared](const host::ServiceParts& parts) {
    return std::vector<host::Loop>{ScreenWhenDue(parts), ScreenAgain(*shared, parts)};
  };
  service.methods = [shared](const host::ServiceParts& parts) {
    return std::vector<host::Api>{
        EligibilityApi({parts.core.engine(), parts.core.domain(), parts.core.store(), parts.keyring,
                        parts.clock, [sweep = shared->sweep] { sweep->Notify(); }})};
  };
  service.without_progress = WaitingForInformation;
  service.feed = TellFeed;
  return service;
}

}  // namespace pathways::eligibility
