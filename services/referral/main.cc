// The program `referral`: hands each case on to the agencies that take it.
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/referral/domain_adapter.h"
#include "services/referral/routes_file.h"
#include "services/referral/rpc_assembly.h"
#include "services/runtime/rpc/service_program.h"
#include "services/runtime/status_macros.h"

namespace pathways::referral {
namespace {

using runtime::Domain;

absl::StatusOr<std::unique_ptr<Domain>> MakeDomain(runtime::Settings& settings) {
  const std::string path = settings.File("agencies", runtime::Presence::kRequired);
  if (path.empty()) return std::unique_ptr<Domain>();  // Noted in the settings.
  ASSIGN_OR_RETURN(v1::AgencyRoutes routes, LoadRoutes(path));
  return std::unique_ptr<Domain>(std::make_unique<ReferralDomain>(std::move(routes)));
}

int Run(int argc, const char* const* argv) {
  runtime::ServiceProgram program;
  program.name = "referral";
  program.description = "Refers cases to the agencies that take them, and takes their answers.";
  program.settings = {{"agencies", "File that says which agency takes which pathway", ""}};
  program.follows = {"intake", "eligibility"};
  program.make_domain = [](runtime::Settings& settings) { return MakeDomain(settings); };
  program.assemble = [](const runtime::AssemblyParts& parts) {
    return std::make_unique<ReferralAssembly>(parts);
  };
  program.tell_feed = TellFeed;
  return runtime::RunService(argc, argv, program);
}

}  // namespace
}  // namespace pathways::referral

int main(int argc, char** argv) { return pathways::referral::Run(argc, argv); }
