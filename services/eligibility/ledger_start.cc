#include "services/eligibility/ledger_start.h"

#include <string>
#include <utility>
#include <vector>

#include "pathways/eligibility/v1/state.pb.h"
#include "services/base/ids.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/eligibility/domain/ledger.h"
#include "services/eligibility/methods.h"
#include "services/follow/submit.h"

namespace pathways::eligibility {
namespace {

absl::Status ApplyFirst(host::ServiceCore& core, const v1::PolicyPack& pack) {
  v1::EligibilityCommand payload;
  type::v1::ApplyVersionCommand& apply = *payload.mutable_apply_policy();
  apply.set_version(pack.version());
  apply.set_content(base::SerializeDeterministic(pack));
  apply.set_sha256(base::Sha256Hex(apply.content()));
  apply.set_first(true);
  apply.set_principal(type::kStartPrincipal);
  apply.set_reason_code(kFirstPolicy);
  std::vector<engine::Command> commands;
  commands.push_back({kPolicyLedger,
                      base::SerializeDeterministic(payload),
                      engine::RequestOrigin{"", "", "service/eligibility", "BeginLedger"},
                      {}});
  return follow::SubmitAll(core.engine(), std::move(commands));
}

}  // namespace

absl::Status BeginLedger(host::ServiceCore& core, const v1::PolicyPack& pack, base::Logger& log) {
  if (!core.can_write()) return absl::OkStatus();
  ASSIGN_OR_RETURN(type::v1::LedgerState ledger, ReadLedger(core.domain(), core.store()));
  if (ledger.versions().empty()) {
    RETURN_IF_ERROR(ApplyFirst(core, pack));
    ASSIGN_OR_RETURN(ledger, ReadLedger(core.domain(), core.store()));
  }
  const type::v1::LedgerVersion& in_force = ledger.versions(ledger.versions_size() - 1);
  log.Info("policies_in_force", {{"version", in_force.version()}, {"number", in_force.number()}});
  if (in_force.version() != pack.version()) {
    log.Warning("policies_setting_not_in_force",
                {{"setting", pack.version()}, {"in_force", in_force.version()}});
  }
  return absl::OkStatus();
}

}  // namespace pathways::eligibility
