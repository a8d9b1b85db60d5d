#include "services/pathways/store_commands.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/eligibility/domain_adapter.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/status_projection.h"
#include "services/referral/domain_adapter.h"
#include "services/runtime/clock.h"
#include "services/runtime/data_lock.h"
#include "services/runtime/engine.h"
#include "services/runtime/projector.h"
#include "services/runtime/status_macros.h"
#include "services/runtime/store/sqlite_store.h"

namespace pathways::cli {
namespace {

absl::Status Rebuild(const std::string& data, std::ostream& out) {
  ASSIGN_OR_RETURN(const runtime::DataLock lock, runtime::DataLock::Take(data));
  const runtime::SystemClock clock;
  // Neither pack nor routes have a part in what follows from events.
  const intake::IntakeDomain intake;
  const eligibility::EligibilityDomain eligibility({});
  const referral::ReferralDomain referral({});
  const std::vector<std::pair<std::string, const runtime::Domain*>> services = {
      {"intake", &intake}, {"eligibility", &eligibility}, {"referral", &referral}};
  for (const auto& [name, domain] : services) {
    ASSIGN_OR_RETURN(const auto store,
                     runtime::SqliteStore::Open(absl::StrCat(data, "/", name, ".db"), clock));
    RETURN_IF_ERROR(runtime::RebuildFolded(*domain, *store));
    out << name << ": states, indexes and timers made again\n";
    if (name != "intake") continue;
    const intake::StatusProjection status;
    RETURN_IF_ERROR(store->DropProjection(
        status.Name(),
        {runtime::PositionKey(status, "eligibility"), runtime::PositionKey(status, "referral")}));
    out << name << ": status dropped; it is made again when the services run\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddStoreCommands(CLI::App& app, const Terminal& terminal, int& exit_code) {
  CLI::App& rebuild = *app.add_subcommand(
      "rebuild", "Make states, indexes, timers and the status again from a data folder's events");
  auto data = std::make_shared<std::string>();
  rebuild.add_option("--data", *data, "Data folder; nothing may be serving from it")->required();
  rebuild.callback([data, terminal, &exit_code] {
    const absl::Status status = Rebuild(*data, terminal.out);
    exit_code = status.ok() ? kExitOk : kExitFailed;
    if (!status.ok()) terminal.err << "pathways: " << std::string(status.message()) << "\n";
  });
}

}  // namespace pathways::cli
