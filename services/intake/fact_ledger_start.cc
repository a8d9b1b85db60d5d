#include "services/intake/fact_ledger_start.h"

#include <string>
#include <utility>
#include <vector>

#include "pathways/intake/v1/state.pb.h"
#include "services/base/ids.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/follow/submit.h"
#include "services/intake/domain/fact_ledger.h"

namespace pathways::intake {
namespace {

absl::Status ApplyFirst(host::ServiceCore& core, const type::Facts& facts) {
  v1::IntakeCommand payload;
  type::v1::ApplyVersionCommand& apply = *payload.mutable_apply_facts();
  apply.set_version(facts.catalogue().version());
  apply.set_content(base::SerializeDeterministic(facts.catalogue()));
  apply.set_sha256(base::Sha256Hex(apply.content()));
  apply.set_first(true);
  apply.set_principal(type::kStartPrincipal);
  apply.set_reason_code(kFirstFacts);
  std::vector<engine::Command> commands;
  commands.push_back({type::kFactLedger,
                      base::SerializeDeterministic(payload),
                      engine::RequestOrigin{"", "", "service/intake", "BeginFactLedger"},
                      {}});
  return follow::SubmitAll(core.engine(), std::move(commands));
}

}  // namespace

absl::Status BeginFactLedger(host::ServiceCore& core, const type::Facts& facts,
                             FactsInForce& in_force, base::Logger& log) {
  ASSIGN_OR_RETURN(type::v1::LedgerState ledger, ReadFactLedger(core.domain(), core.store()));
  if (ledger.versions().empty()) {
    if (!core.can_write()) return absl::OkStatus();
    RETURN_IF_ERROR(ApplyFirst(core, facts));
    ASSIGN_OR_RETURN(ledger, ReadFactLedger(core.domain(), core.store()));
  }
  ASSIGN_OR_RETURN(FactsVersion version, FactsOf(ledger));
  const std::string& name = version.facts->catalogue().version();
  log.Info("facts_in_force", {{"version", name}, {"number", version.number}});
  if (name != facts.catalogue().version()) {
    log.Warning("facts_setting_not_in_force",
                {{"setting", facts.catalogue().version()}, {"in_force", name}});
  }
  in_force.Set(std::move(version));
  return absl::OkStatus();
}

}  // namespace pathways::intake
