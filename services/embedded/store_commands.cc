#include "services/embedded/store_commands.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "services/base/status_macros.h"
#include "services/embedded/domains.h"
#include "services/engine/engine.h"
#include "services/engine/store/postgres_store.h"
#include "services/engine/store/sqlite_store.h"
#include "services/follow/projector.h"
#include "services/host/data_lock.h"
#include "services/intake/status_projection.h"

namespace pathways::embedded {
namespace {

// One statement takes away the states of all cases.
constexpr absl::Duration kOperationMax = absl::Minutes(10);

// What is to be made again: a data folder, or one service's database on PostgreSQL.
struct Asked {
  std::string data;
  std::string service;
  std::string database;
};

absl::Status RebuildStore(const std::string& service, engine::EventStore& store,
                          std::ostream& out) {
  RETURN_IF_ERROR(engine::RebuildFolded(*DomainOf(service), store));
  out << service << ": states, indexes and timers made again\n";
  if (service != "intake") return absl::OkStatus();
  const intake::StatusProjection status;
  RETURN_IF_ERROR(
      store.DropProjection(status.Name(), {follow::PositionKey(status.Name(), "eligibility"),
                                           follow::PositionKey(status.Name(), "referral")}));
  out << service << ": status dropped; it is made again when the services run\n";
  return absl::OkStatus();
}

absl::Status Rebuild(const Asked& asked, std::ostream& out) {
  if (!asked.database.empty()) {
    engine::PostgresStoreOptions options;
    options.postgres.connection = asked.database;
    options.postgres.operation_max = kOperationMax;
    ASSIGN_OR_RETURN(const auto store, engine::PostgresStore::Open(std::move(options)));
    RETURN_IF_ERROR(store->HoldAlone());
    return RebuildStore(asked.service, *store, out);
  }
  ASSIGN_OR_RETURN(const host::DataLock lock, host::DataLock::Take(asked.data));
  const base::SystemClock clock;
  for (const char* service : {"intake", "eligibility", "referral"}) {
    const std::string path = absl::StrCat(asked.data, "/", service, ".db");
    const auto store = engine::SqliteStore::Open(path, clock);
    if (!store.ok()) {
      return absl::Status(store.status().code(),
                          absl::StrCat(path, ": ", std::string(store.status().message())));
    }
    RETURN_IF_ERROR(RebuildStore(service, **store, out));
  }
  return absl::OkStatus();
}

}  // namespace

void AddStoreCommands(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  CLI::App& rebuild = *app.add_subcommand(
      "rebuild", "Make states, indexes, timers and the status again from the events");
  auto asked = std::make_shared<Asked>();
  CLI::Option& data =
      *rebuild.add_option("--data", asked->data, "Data folder; nothing may be serving from it");
  CLI::Option& service =
      *rebuild.add_option("--service", asked->service, "intake, eligibility or referral")
           ->check(CLI::IsMember({"intake", "eligibility", "referral"}));
  CLI::Option& database = *rebuild.add_option("--database", asked->database,
                                              "PostgreSQL connection string of that service");
  service.needs(&database)->excludes(&data);
  database.needs(&service)->excludes(&data);
  rebuild.callback([asked, terminal, &exit_code] {
    if (asked->data.empty() && asked->database.empty()) {
      throw CLI::RequiredError("--data, or --service and --database");
    }
    const absl::Status status = Rebuild(*asked, terminal.out);
    exit_code = status.ok() ? cli::kExitOk : cli::kExitFailed;
    if (!status.ok()) terminal.err << "pathways: " << std::string(status.message()) << "\n";
  });
}

}  // namespace pathways::embedded
