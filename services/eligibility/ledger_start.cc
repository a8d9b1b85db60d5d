#include "services/eligibility/ledger_start.h"

#include "pathways/eligibility/v1/state.pb.h"
#include "services/base/serialize.h"
#include "services/eligibility/domain/ledger.h"
#include "services/host/ledger_start.h"

namespace pathways::eligibility {

absl::Status BeginLedger(host::ServiceCore& core, const v1::PolicyPack& pack, base::Logger& log) {
  host::LedgerStart start;
  start.stream = kPolicyLedger;
  start.setting = "policies";
  start.version = pack.version();
  start.content = base::SerializeDeterministic(pack);
  start.reason_code = kFirstPolicy;
  start.command = host::LedgerCommandOf<v1::EligibilityCommand>;
  start.read = [&core] {
    return host::ReadLedger<v1::EligibilityState>(core.domain(), core.store(), kPolicyLedger);
  };
  return host::BeginLedger(core, start, log).status();
}

}  // namespace pathways::eligibility
