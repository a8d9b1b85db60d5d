// The program `eligibility`: screens every case against every pathway.
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/eligibility/domain_adapter.h"
#include "services/eligibility/ledger_start.h"
#include "services/eligibility/policy_file.h"
#include "services/eligibility/rpc_assembly.h"
#include "services/runtime/rpc/service_program.h"
#include "services/runtime/status_macros.h"

namespace pathways::eligibility {
namespace {

using runtime::Domain;

absl::StatusOr<std::unique_ptr<Domain>> MakeDomain(runtime::Settings& settings,
                                                   std::shared_ptr<const Rules>& rules) {
  const std::string folder = settings.Folder("policies", runtime::Presence::kRequired);
  if (folder.empty()) return std::unique_ptr<Domain>();  // Noted in the settings.
  ASSIGN_OR_RETURN(rules, LoadRules(folder));
  return std::unique_ptr<Domain>(std::make_unique<EligibilityDomain>(rules));
}

int Run(int argc, const char* const* argv) {
  std::shared_ptr<const Rules> rules;
  runtime::ServiceProgram program;
  program.name = "eligibility";
  program.description = "Screens every case against every pathway. It never decides a status.";
  program.settings = {
      {"policies", "Folder of the policy pack that an empty policy ledger begins with", ""},
      {"rescreen-per-second", "Cases screened again in a second when policies change; 0: no bound",
       "0"}};
  program.follows = {"intake"};
  int64_t rescreen_per_second = 0;
  program.make_domain = [&](runtime::Settings& settings) {
    rescreen_per_second = settings.Integer("rescreen-per-second", 0, 1'000'000);
    return MakeDomain(settings, rules);
  };
  program.prepare = [&rules](runtime::ServiceCore& core, runtime::Logger& log) {
    return BeginLedger(core, rules->pack(), log);
  };
  program.assemble = [&](const runtime::AssemblyParts& parts) {
    return std::make_unique<EligibilityAssembly>(parts, rescreen_per_second);
  };
  program.tell_feed = TellFeed;
  return runtime::RunService(argc, argv, program);
}

}  // namespace
}  // namespace pathways::eligibility

int main(int argc, char** argv) { return pathways::eligibility::Run(argc, argv); }
