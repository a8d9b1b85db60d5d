// The program `intake`: registers cases and shows where they stand.
#include <memory>

#include "services/intake/domain_adapter.h"
#include "services/intake/rpc_assembly.h"
#include "services/runtime/rpc/service_program.h"

int main(int argc, char** argv) {
  using pathways::runtime::Settings;
  pathways::runtime::ServiceProgram program;
  program.name = "intake";
  program.description = "Registers people and families, and shows the status of their cases.";
  program.projected = {"eligibility", "referral"};
  program.make_domain = [](Settings&) {
    return std::make_unique<pathways::intake::IntakeDomain>();
  };
  program.assemble = [](const pathways::runtime::AssemblyParts& parts) {
    return std::make_unique<pathways::intake::IntakeAssembly>(parts);
  };
  program.tell_feed = pathways::intake::TellFeed;
  return pathways::runtime::RunService(argc, argv, program);
}
