#include "services/referral/routes_start.h"

#include "pathways/referral/v1/state.pb.h"
#include "services/base/serialize.h"
#include "services/host/ledger_start.h"
#include "services/referral/domain/routes.h"

namespace pathways::referral {

absl::Status BeginRoutes(host::ServiceCore& core, const v1::AgencyRoutes& routes,
                         base::Logger& log) {
  host::LedgerStart start;
  start.stream = kRoutesLedger;
  start.setting = "agencies";
  start.version = routes.version();
  start.content = base::SerializeDeterministic(routes);
  start.reason_code = kFirstRoutes;
  start.command = host::LedgerCommandOf<v1::ReferralCommand>;
  start.read = [&core] {
    return host::ReadLedger<v1::ReferralCaseState>(core.domain(), core.store(), kRoutesLedger);
  };
  return host::BeginLedger(core, start, log).status();
}

}  // namespace pathways::referral
