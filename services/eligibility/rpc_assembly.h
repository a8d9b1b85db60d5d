// Eligibility put together: its API over its core.
//
// See services/runtime/rpc/assembly.h for who makes one.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_RPC_ASSEMBLY_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_RPC_ASSEMBLY_H_

#include <string>
#include <vector>

#include "services/eligibility/rpc.h"
#include "services/runtime/rpc/assembly.h"

namespace pathways::eligibility {

class EligibilityAssembly : public runtime::ServiceAssembly {
 public:
  // `rules` are those in force and must outlive the assembly.
  EligibilityAssembly(const runtime::AssemblyParts& parts, const Rules& rules)
      : core_(parts.core),
        rpc_(RpcParts{parts.edge, core_.engine(), core_.store(), parts.keyring, rules}) {}

  std::vector<grpc::Service*> Rpcs() override { return {&rpc_}; }
  std::vector<std::string> HealthNames() const override;
  runtime::OperatedService Operated() override;

 private:
  runtime::ServiceCore& core_;
  EligibilityRpc rpc_;
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_RPC_ASSEMBLY_H_
