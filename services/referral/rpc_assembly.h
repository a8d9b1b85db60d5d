// Referral put together: the APIs of staff and agencies, and the watches.
//
// See services/runtime/rpc/assembly.h for who makes one.
#ifndef PATHWAYS_SERVICES_REFERRAL_RPC_ASSEMBLY_H_
#define PATHWAYS_SERVICES_REFERRAL_RPC_ASSEMBLY_H_

#include <string>
#include <vector>

#include "services/referral/rpc.h"
#include "services/referral/watch.h"
#include "services/runtime/rpc/assembly.h"

namespace pathways::referral {

class ReferralAssembly : public runtime::ServiceAssembly {
 public:
  explicit ReferralAssembly(const runtime::AssemblyParts& parts);

  std::vector<grpc::Service*> Rpcs() override { return {&staff_, &agencies_}; }
  std::vector<std::string> HealthNames() const override;
  runtime::OperatedService Operated() override;
  void EndStreams() override { watches_.Stop(); }
  void Stop() override { watches_.Stop(); }

 private:
  runtime::ServiceCore& core_;
  ReferralWatches watches_;
  ReferralRpc staff_;
  AgencyRpc agencies_;
};

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_RPC_ASSEMBLY_H_
