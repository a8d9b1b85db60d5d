// Intake put together: its API, the status of cases and the age-band timers.
//
// See services/runtime/rpc/assembly.h for who makes one.
#ifndef PATHWAYS_SERVICES_INTAKE_RPC_ASSEMBLY_H_
#define PATHWAYS_SERVICES_INTAKE_RPC_ASSEMBLY_H_

#include <string>
#include <vector>

#include "services/intake/rpc.h"
#include "services/intake/status_projection.h"
#include "services/runtime/projector.h"
#include "services/runtime/rpc/assembly.h"
#include "services/runtime/timer_loop.h"

namespace pathways::intake {

class IntakeAssembly : public runtime::ServiceAssembly {
 public:
  // `parts.projected` are eligibility and referral.
  explicit IntakeAssembly(const runtime::AssemblyParts& parts);

  std::vector<grpc::Service*> Rpcs() override { return {&rpc_}; }
  std::vector<std::string> HealthNames() const override;
  runtime::OperatedService Operated() override;
  void Stop() override;

 private:
  runtime::ServiceCore& core_;
  const StatusProjection status_;
  runtime::Projector projector_;
  runtime::TimerLoop timers_;
  IntakeRpc rpc_;
};

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_RPC_ASSEMBLY_H_
