#include "tests/support/stores.h"

#include <cstdlib>

#include "services/eligibility/domain_adapter.h"
#include "services/eligibility/policy_file.h"
#include "services/engine/store/postgres_store.h"
#include "services/engine/store/sqlite.h"
#include "services/engine/store/sqlite_store.h"
#include "services/intake/domain_adapter.h"
#include "services/referral/domain_adapter.h"
#include "services/referral/routes_file.h"
#include "services/type/stream_id.h"

namespace pathways::testing_support {
namespace {

constexpr int kRowsMax = 100'000;

std::string PathOf(const std::string& data_folder, const std::string& service) {
  return data_folder + "/" + service + ".db";
}

std::unique_ptr<engine::EventStore> OpenFile(const std::string& data_folder,
                                             const std::string& service, const base::Clock& clock) {
  auto store = engine::SqliteStore::Open(PathOf(data_folder, service), clock);
  if (!store.ok()) std::abort();
  return *std::move(store);
}

std::unique_ptr<engine::EventStore> OpenDatabase(const Databases& databases,
                                                 const std::string& service) {
  engine::PostgresStoreOptions options;
  options.postgres.connection = service == "intake"        ? databases.intake
                                : service == "eligibility" ? databases.eligibility
                                                           : databases.referral;
  auto store = engine::PostgresStore::Open(std::move(options));
  if (!store.ok()) std::abort();
  return *std::move(store);
}

std::unique_ptr<engine::SqliteConnection> Connect(const std::string& data_folder,
                                                  const std::string& service) {
  auto connection = engine::SqliteConnection::Open(PathOf(data_folder, service), /*create=*/false);
  if (!connection.ok()) std::abort();
  return *std::move(connection);
}

std::vector<std::string> Rows(const std::string& data_folder, const std::string& service,
                              const std::vector<const char*>& queries) {
  const auto connection = Connect(data_folder, service);
  std::vector<std::string> rows;
  for (const char* query : queries) {
    engine::SqliteStatement row = connection->Prepare(query);
    while (row.Step()) rows.push_back(row.ColumnBytes(0));
    if (!row.status().ok()) std::abort();
  }
  return rows;
}

}  // namespace

Stores::Stores(const std::string& data_folder)
    : Stores([&](const std::string& service) { return OpenFile(data_folder, service, clock_); }) {}

Stores::Stores(const Databases& databases)
    : Stores([&](const std::string& service) { return OpenDatabase(databases, service); }) {
  for (StoreView& view : views_) view.is_restored = databases.restored.contains(view.name);
}

Stores::Stores(
    const std::function<std::unique_ptr<engine::EventStore>(const std::string& service)>& open) {
  const std::string source(PATHWAYS_SOURCE_DIR);
  views_[0] = {"intake", std::make_unique<intake::IntakeDomain>(), open("intake"), {}};
  views_[1] = {"eligibility",
               std::make_unique<eligibility::EligibilityDomain>(
                   *eligibility::LoadRules(source + "/policies/2023-07-28")),
               open("eligibility"),
               {"intake"}};
  views_[2] = {
      "referral",
      std::make_unique<referral::ReferralDomain>(std::make_shared<const referral::v1::AgencyRoutes>(
          *referral::LoadRoutes(source + "/samples/agencies.textproto"))),
      open("referral"),
      {"intake", "eligibility"}};
}

StoreView& Stores::Of(const std::string& name) {
  for (StoreView& view : views_) {
    if (view.name == name) return view;
  }
  std::abort();
}

bool Stores::HasApplied(StoreView& view, StoreView& upstream) {
  const auto heads = upstream.store->ReadHeads("", kRowsMax);
  if (!heads.ok()) return false;
  std::vector<std::string> streams;
  for (const engine::StreamHead& head : *heads) {
    if (type::IsCaseStream(head.stream)) streams.push_back(head.stream);
  }
  auto applied = view.store->ReadApplied(upstream.name, streams);
  if (!applied.ok()) return false;
  for (const engine::StreamHead& head : *heads) {
    if (!type::IsCaseStream(head.stream)) continue;
    if ((*applied)[head.stream] < head.version) return false;
  }
  return true;
}

bool Stores::HaveCaughtUp() {
  for (const auto& [service, key] : Positions()) {
    StoreView& upstream = Of(key.substr(key.find('/') + 1));
    const auto head = upstream.store->LastPosition();
    const auto read = Of(service).store->ReadPosition(key);
    if (!head.ok() || !read.ok() || read->position < *head) return false;
  }
  for (StoreView& view : views_) {
    for (const std::string& upstream : view.upstreams) {
      if (!HasApplied(view, Of(upstream))) return false;
    }
    const auto behind = view.store->ReadBehind(1);
    if (!behind.ok() || !behind->empty()) return false;
  }
  return true;
}

const std::vector<std::pair<std::string, std::string>>& Positions() {
  static const auto& positions = *new std::vector<std::pair<std::string, std::string>>{
      {"eligibility", "intake"},        {"referral", "intake"},        {"referral", "eligibility"},
      {"intake", "status/eligibility"}, {"intake", "status/referral"},
  };
  return positions;
}

void SetPosition(const std::string& data_folder, const std::string& service, const std::string& key,
                 const std::string& upstream, int64_t position) {
  std::string incarnation;
  {
    const auto log = Connect(data_folder, upstream);
    engine::SqliteStatement row =
        log->Prepare("SELECT value FROM store WHERE name = 'incarnation'");
    if (!row.Step()) std::abort();
    incarnation = row.ColumnBytes(0);
  }
  const auto connection = Connect(data_folder, service);
  const absl::Status written =
      connection
          ->Prepare(
              "INSERT OR REPLACE INTO positions (upstream, incarnation, position) VALUES (?, ?, ?)")
          .Text(key)
          .Text(incarnation)
          .Int(position)
          .Run();
  if (!written.ok()) std::abort();
}

std::vector<std::string> FoldedRows(const std::string& data_folder, const std::string& service) {
  return Rows(data_folder, service,
              {"SELECT id || '|' || version || '|' || hex(state) || '|' || hex(sealed) || '|' || "
               "evolve_version || '|' || time FROM streams ORDER BY id",
               "SELECT name || '|' || hex(key) || '|' || stream FROM unique_index ORDER BY 1",
               "SELECT name || '|' || hex(key) || '|' || stream FROM list_index ORDER BY 1",
               "SELECT stream || '|' || kind || '|' || due FROM timers ORDER BY 1"});
}

std::vector<std::string> AppliedRows(const std::string& data_folder, const std::string& service) {
  return Rows(data_folder, service,
              {"SELECT stream || '|' || upstream || '|' || number || '|' || hex(fingerprints) FROM "
               "applied ORDER BY 1",
               "SELECT stream || '|' || upstream || '|' || number FROM behind ORDER BY 1",
               "SELECT stream || '|' || reason FROM parked ORDER BY 1"});
}

std::vector<std::string> EventRows(const std::string& data_folder, const std::string& service) {
  return Rows(data_folder, service,
              {"SELECT position || '|' || stream || '|' || number || '|' || ce_id || '|' || type "
               "|| '|' || time || '|' || hex(cause) || '|' || hex(data) || '|' || hex(sealed) FROM "
               "events ORDER BY position"});
}

std::vector<std::string> ProjectionRows(const std::string& data_folder) {
  return Rows(data_folder, "intake",
              {"SELECT name || '|' || key || '|' || hex(value) FROM projections ORDER BY 1"});
}

}  // namespace pathways::testing_support
