// Eligibility put together: its API over its core, and what screens all cases again when the
// policies change or the day comes until which a screening holds.
//
// See services/runtime/rpc/assembly.h for who makes one.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_RPC_ASSEMBLY_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_RPC_ASSEMBLY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "services/eligibility/rpc.h"
#include "services/runtime/governing_sweep.h"
#include "services/runtime/rpc/assembly.h"
#include "services/runtime/timer_loop.h"

namespace pathways::eligibility {

class EligibilityAssembly : public runtime::ServiceAssembly {
 public:
  // `rescreen_per_second`: cases screened again in a second because the policies changed, at most;
  // 0: no bound. The ledger has begun (ledger_start.h).
  EligibilityAssembly(const runtime::AssemblyParts& parts, int64_t rescreen_per_second);

  std::vector<grpc::Service*> Rpcs() override { return {&rpc_}; }
  std::vector<std::string> HealthNames() const override;
  runtime::OperatedService Operated() override;
  void Stop() override;

 private:
  runtime::ServiceCore& core_;
  runtime::GoverningSweep sweep_;
  runtime::TimerLoop timers_;
  EligibilityRpc rpc_;
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_RPC_ASSEMBLY_H_
