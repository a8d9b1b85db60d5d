#include "services/referral/rpc_assembly.h"

#include "services/referral/views.h"

namespace pathways::referral {

ReferralAssembly::ReferralAssembly(const runtime::AssemblyParts& parts)
    : core_(parts.core),
      watches_(core_.store()),
      staff_(RpcParts{parts.edge, core_.engine(), core_.store(), parts.keyring, watches_}),
      agencies_(RpcParts{parts.edge, core_.engine(), core_.store(), parts.keyring, watches_}) {
  core_.OnCommit([this] { watches_.Notify(); });
  watches_.Start();
}

std::vector<std::string> ReferralAssembly::HealthNames() const {
  return {v1::ReferralService::service_full_name(), v1::AgencyService::service_full_name()};
}

runtime::OperatedService ReferralAssembly::Operated() {
  return {core_.name(), &core_.store(),
          [this](absl::Time before, int limit) {
            return WaitingReferrals(core_.store(), before, limit);
          },
          [this] { core_.Wake(); }};
}

}  // namespace pathways::referral
