#include "services/host/ledger_start.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/ids.h"
#include "services/base/status_macros.h"
#include "services/follow/submit.h"
#include "services/type/ledger.h"

namespace pathways::host {
namespace {

absl::Status ApplyFirst(ServiceCore& core, const LedgerStart& start) {
  type::v1::LedgerCommand command;
  type::v1::ApplyVersionCommand& apply = *command.mutable_begin();
  apply.set_version(start.version);
  apply.set_content(start.content);
  apply.set_sha256(base::Sha256Hex(apply.content()));
  apply.set_principal(type::kStartPrincipal);
  apply.set_reason_code(start.reason_code);
  std::vector<engine::Command> commands;
  commands.push_back({start.stream,
                      start.command(command),
                      engine::RequestOrigin{"", "", "service/start", "BeginLedger"},
                      {}});
  return follow::SubmitAll(core.engine(), std::move(commands));
}

}  // namespace

absl::StatusOr<type::v1::LedgerState> BeginLedger(ServiceCore& core, const LedgerStart& start,
                                                  base::Logger& log) {
  ASSIGN_OR_RETURN(type::v1::LedgerState ledger, start.read());
  if (ledger.versions().empty()) {
    if (!core.can_write()) return ledger;
    RETURN_IF_ERROR(ApplyFirst(core, start));
    ASSIGN_OR_RETURN(ledger, start.read());
  }
  const type::v1::LedgerVersion& in_force = ledger.versions(ledger.versions_size() - 1);
  log.Info(absl::StrCat(start.setting, "_in_force"),
           {{"version", in_force.version()}, {"number", in_force.number()}});
  if (in_force.version() != start.version) {
    log.Warning(absl::StrCat(start.setting, "_setting_not_in_force"),
                {{"setting", start.version}, {"in_force", in_force.version()}});
  }
  return ledger;
}

}  // namespace pathways::host
