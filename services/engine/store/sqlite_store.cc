#include "services/engine/store/sqlite_store.h"

#include <chrono>
#include <limits>

#include "absl/strings/str_cat.h"
#include "services/base/ids.h"
#include "services/base/status_macros.h"
#include "services/engine/store/migrations.h"
#include "services/engine/store/sqlite_batch.h"
#include "services/engine/store/sqlite_rows.h"

namespace pathways::engine {
namespace {

// How long a writer waits for its place. Longer than any commit; shorter than a client's patience.
constexpr std::chrono::seconds kWriterWaitMax{5};

// Connections kept open for readers. More readers at once open more, which are closed again.
constexpr size_t kReadersKept = 3;

// synchronous=FULL: without it a commit that was answered can be gone after a power cut. The caches
// are small because each connection has its own and a laptop runs three services; the writer's
// holds what a full batch changes, up to 4 MiB, and the inner pages of every index: of a smaller
// one SQLite writes pages to the WAL before the commit and reads them again. Fewer, larger
// checkpoints: each writes pages that the next commit changes again, and syncs twice; the WAL then
// stays under 16 MiB. secure_delete: what is erased is written over.
constexpr char kPragmas[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192; PRAGMA "
    "temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000; PRAGMA secure_delete=ON;";

EventRow EventOf(const SqliteStatement& row, bool with_sealed) {
  EventRow event;
  event.position = row.ColumnInt(0);
  event.stream = row.ColumnBytes(1);
  event.number = row.ColumnInt(2);
  event.ce_id = row.ColumnBytes(3);
  event.type = row.ColumnBytes(4);
  event.time = absl::FromUnixMicros(row.ColumnInt(5));
  event.cause.ParseFromString(row.ColumnBytes(6));
  event.trace = base::Trace::Parse(row.ColumnBytes(7));
  event.data = row.ColumnBytes(8);
  if (with_sealed) event.sealed = row.ColumnBytes(9);
  return event;
}

}  // namespace

// A reading connection, given back when destroyed.
class SqliteStore::Reader {
 public:
  Reader(SqliteStore& store, std::unique_ptr<SqliteConnection> connection)
      : store_(&store), connection_(std::move(connection)) {}
  Reader(Reader&&) = default;
  ~Reader() {
    if (connection_) store_->ReleaseReader(std::move(connection_));
  }
  SqliteConnection* operator->() { return connection_.get(); }
  SqliteConnection& operator*() { return *connection_; }

 private:
  SqliteStore* store_;
  std::unique_ptr<SqliteConnection> connection_;
};

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path,
                                                               const base::Clock& clock) {
  std::unique_ptr<SqliteStore> store(new SqliteStore(clock, path));
  RETURN_IF_ERROR(store->Initialise());
  return store;
}

SqliteStore::~SqliteStore() = default;

absl::Status SqliteStore::Initialise() {
  ASSIGN_OR_RETURN(writer_, SqliteConnection::Open(path_, /*create=*/true));
  RETURN_IF_ERROR(writer_->Execute(kPragmas));
  RETURN_IF_ERROR(Migrate());
  SqliteStatement row = writer_->Prepare("SELECT value FROM store WHERE name = 'incarnation'");
  if (!row.Step()) {
    RETURN_IF_ERROR(row.status());
    return absl::DataLossError("the store has no incarnation");
  }
  incarnation_ = row.ColumnBytes(0);
  return absl::OkStatus();
}

absl::Status SqliteStore::Migrate() {
  int64_t version = 0;
  {
    SqliteStatement row = writer_->Prepare("PRAGMA user_version");
    if (row.Step()) version = row.ColumnInt(0);
    RETURN_IF_ERROR(row.status());
  }
  const std::vector<const char*> migrations = SqliteMigrations();
  const int64_t newest = static_cast<int64_t>(migrations.size());
  if (version > newest)
    return absl::FailedPreconditionError("the store was written by a newer release");
  for (; version < newest; ++version) {
    RETURN_IF_ERROR(InTransaction([&](SqliteConnection& db) -> absl::Status {
      RETURN_IF_ERROR(db.Execute(migrations[static_cast<size_t>(version)]));
      if (version == 0) {
        const std::string id = base::NewUuid();
        RETURN_IF_ERROR(
            db.Prepare("INSERT INTO store (name, value) VALUES ('incarnation', ?)").Text(id).Run());
      }
      const std::string set = absl::StrCat("PRAGMA user_version = ", version + 1);
      return db.Execute(set.c_str());
    }));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Batch>> SqliteStore::Begin() {
  std::unique_lock<std::timed_mutex> place(writer_mutex_, kWriterWaitMax);
  if (!place.owns_lock()) return absl::UnavailableError("the store is busy");
  RETURN_IF_ERROR(writer_->Execute("BEGIN IMMEDIATE"));
  return std::unique_ptr<Batch>(new SqliteBatch(*this, std::move(place), clock_.Now()));
}

absl::Status SqliteStore::InTransaction(
    const std::function<absl::Status(SqliteConnection&)>& write) {
  std::unique_lock<std::timed_mutex> place(writer_mutex_, kWriterWaitMax);
  if (!place.owns_lock()) return absl::UnavailableError("the store is busy");
  RETURN_IF_ERROR(writer_->Execute("BEGIN IMMEDIATE"));
  absl::Status status = write(*writer_);
  if (status.ok()) status = writer_->Execute("COMMIT");
  if (!status.ok()) writer_->Execute("ROLLBACK").IgnoreError();
  return status;
}

absl::StatusOr<SqliteStore::Reader> SqliteStore::AcquireReader() {
  {
    std::lock_guard<std::mutex> lock(readers_mutex_);
    if (!readers_.empty()) {
      std::unique_ptr<SqliteConnection> connection = std::move(readers_.back());
      readers_.pop_back();
      return Reader(*this, std::move(connection));
    }
  }
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection,
                   SqliteConnection::Open(path_, /*create=*/false));
  RETURN_IF_ERROR(connection->Execute("PRAGMA query_only=ON; PRAGMA cache_size=-1024;"));
  return Reader(*this, std::move(connection));
}

void SqliteStore::ReleaseReader(std::unique_ptr<SqliteConnection> connection) {
  std::lock_guard<std::mutex> lock(readers_mutex_);
  if (readers_.size() < kReadersKept) readers_.push_back(std::move(connection));
}

absl::StatusOr<StreamRow> SqliteStore::ReadState(absl::string_view stream) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  return ReadStreamRow(*db, stream);
}

absl::StatusOr<std::vector<EventRow>> SqliteStore::ReadStream(absl::string_view stream,
                                                              int64_t from, int limit,
                                                              bool with_sealed) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  SqliteStatement row = db->Prepare(
      "SELECT position, stream, number, ce_id, type, time, cause, trace, data, sealed FROM events "
      "WHERE stream = ? AND number >= ? ORDER BY number LIMIT ?");
  row.Text(stream).Int(from).Int(limit);
  std::vector<EventRow> events;
  while (row.Step()) events.push_back(EventOf(row, with_sealed));
  RETURN_IF_ERROR(row.status());
  return events;
}

absl::StatusOr<std::vector<EventRow>> SqliteStore::ReadEvents(const std::vector<EventKey>& keys) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  std::vector<EventRow> events;
  for (const EventKey& key : keys) {
    SqliteStatement row = db->Prepare(
        "SELECT position, stream, number, ce_id, type, time, cause, trace, data FROM events "
        "WHERE stream = ? AND number = ?");
    row.Text(key.stream).Int(key.number);
    if (row.Step()) events.push_back(EventOf(row, /*with_sealed=*/false));
    RETURN_IF_ERROR(row.status());
  }
  return events;
}

absl::StatusOr<std::vector<EventRow>> SqliteStore::ReadAfter(int64_t position, int limit) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  SqliteStatement row = db->Prepare(
      "SELECT position, stream, number, ce_id, type, time, cause, trace, data FROM events "
      "WHERE position > ? ORDER BY position LIMIT ?");
  row.Int(position).Int(limit);
  std::vector<EventRow> events;
  while (row.Step()) events.push_back(EventOf(row, /*with_sealed=*/false));
  RETURN_IF_ERROR(row.status());
  return events;
}

absl::StatusOr<int64_t> SqliteStore::LastPosition() {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  SqliteStatement row = db->Prepare("SELECT coalesce(max(position), 0) FROM events");
  const int64_t position = row.Step() ? row.ColumnInt(0) : 0;
  RETURN_IF_ERROR(row.status());
  return position;
}

absl::StatusOr<std::vector<StreamHead>> SqliteStore::ReadHeads(absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  SqliteStatement row =
      db->Prepare("SELECT id, version FROM streams WHERE id > ? ORDER BY id LIMIT ?");
  row.Text(after).Int(limit);
  std::vector<StreamHead> heads;
  while (row.Step()) heads.push_back({row.ColumnBytes(0), row.ColumnInt(1)});
  RETURN_IF_ERROR(row.status());
  return heads;
}

absl::StatusOr<std::vector<FoldRow>> SqliteStore::ReadOtherFolds(int evolve_version,
                                                                 const FoldRow& after, int limit) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  // Two ranges of the index: as `<>` it would be read from end to end.
  SqliteStatement row = db->Prepare(
      "SELECT id, evolve_version FROM streams WHERE evolve_version < ?1 AND (evolve_version, id) > "
      "(?2, ?3) UNION ALL SELECT id, evolve_version FROM streams WHERE evolve_version > ?1 AND "
      "(evolve_version, id) > (?2, ?3) ORDER BY evolve_version, id LIMIT ?4");
  row.Int(evolve_version).Int(after.evolve_version).Text(after.stream).Int(limit);
  std::vector<FoldRow> rows;
  while (row.Step()) rows.push_back({row.ColumnBytes(0), static_cast<int>(row.ColumnInt(1))});
  RETURN_IF_ERROR(row.status());
  return rows;
}

absl::StatusOr<int64_t> SqliteStore::CountOtherFolds(int evolve_version) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  SqliteStatement row = db->Prepare(
      "SELECT (SELECT count(*) FROM streams WHERE evolve_version < ?1) + "
      "(SELECT count(*) FROM streams WHERE evolve_version > ?1)");
  const int64_t count = row.Int(evolve_version).Step() ? row.ColumnInt(0) : 0;
  RETURN_IF_ERROR(row.status());
  return count;
}

absl::StatusOr<std::vector<std::string>> SqliteStore::ReadList(absl::string_view index,
                                                               absl::string_view prefix,
                                                               absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  return ReadListKeys(*db, index, prefix, after, limit);
}

absl::StatusOr<std::optional<RequestRow>> SqliteStore::ReadRequest(absl::string_view key) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  return ReadRequestRow(*db, key);
}

absl::StatusOr<std::vector<KeyRow>> SqliteStore::ReadKeys(absl::string_view stream) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  SqliteStatement row =
      db->Prepare("SELECT person_id, wrapped FROM keys WHERE stream = ? ORDER BY person_id");
  row.Text(stream);
  std::vector<KeyRow> keys;
  while (row.Step()) keys.push_back({std::string(stream), row.ColumnBytes(0), row.ColumnBytes(1)});
  RETURN_IF_ERROR(row.status());
  return keys;
}

absl::StatusOr<std::vector<TimerRow>> SqliteStore::ReadDueTimers(absl::Time now,
                                                                 const TimerRow& after, int limit) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  SqliteStatement row = db->Prepare(
      "SELECT stream, kind, due FROM timers WHERE due <= ? "
      "AND (due, stream, kind) > (?, ?, ?) "
      "AND NOT EXISTS (SELECT 1 FROM parked WHERE parked.stream = timers.stream) ORDER BY due, "
      "stream, kind LIMIT ?");
  row.Int(absl::ToUnixSeconds(now));
  row.Int(after.stream.empty() ? std::numeric_limits<int64_t>::min() : after.due_unix_seconds);
  row.Text(after.stream).Text(after.kind).Int(limit);
  std::vector<TimerRow> timers;
  while (row.Step()) timers.push_back({row.ColumnBytes(0), row.ColumnBytes(1), row.ColumnInt(2)});
  RETURN_IF_ERROR(row.status());
  return timers;
}

absl::StatusOr<std::vector<BehindRow>> SqliteStore::ReadBehindOf(absl::string_view upstream,
                                                                 const BehindRow& after,
                                                                 int limit) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  SqliteStatement row = db->Prepare(
      "SELECT behind.stream, behind.upstream, behind.number, coalesce(applied.number, 0), "
      "behind.since FROM behind "
      "LEFT JOIN applied ON applied.stream = behind.stream AND applied.upstream = behind.upstream "
      "WHERE NOT EXISTS (SELECT 1 FROM parked WHERE parked.stream = behind.stream) "
      "AND (?1 = '' OR behind.upstream = ?1) AND (?2 = '' OR (behind.since, behind.stream, "
      "behind.upstream) > (?3, ?2, ?4)) "
      "ORDER BY behind.since, behind.stream, behind.upstream LIMIT ?5");
  row.Text(upstream).Text(after.stream).Int(absl::ToUnixMicros(after.since));
  row.Text(after.upstream).Int(limit);
  std::vector<BehindRow> rows;
  while (row.Step()) {
    rows.push_back({row.ColumnBytes(0), row.ColumnBytes(1), row.ColumnInt(2), row.ColumnInt(3),
                    absl::FromUnixMicros(row.ColumnInt(4))});
  }
  RETURN_IF_ERROR(row.status());
  return rows;
}

absl::StatusOr<std::vector<ParkedRow>> SqliteStore::ReadParked(int limit) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  SqliteStatement row = db->Prepare(
      "SELECT stream, upstream, number, reason, since FROM parked ORDER BY since, stream LIMIT ?");
  row.Int(limit);
  std::vector<ParkedRow> rows;
  while (row.Step()) {
    rows.push_back({row.ColumnBytes(0), row.ColumnBytes(1), row.ColumnInt(2), row.ColumnBytes(3),
                    absl::FromUnixMicros(row.ColumnInt(4))});
  }
  RETURN_IF_ERROR(row.status());
  return rows;
}

absl::StatusOr<std::map<std::string, int64_t>> SqliteStore::ReadApplied(
    absl::string_view upstream, const std::vector<std::string>& streams) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  std::map<std::string, int64_t> numbers;
  for (const std::string& stream : streams) {
    SqliteStatement row =
        db->Prepare("SELECT number FROM applied WHERE stream = ? AND upstream = ?");
    if (row.Text(stream).Text(upstream).Step()) numbers[stream] = row.ColumnInt(0);
    RETURN_IF_ERROR(row.status());
  }
  return numbers;
}

absl::StatusOr<Position> SqliteStore::ReadPosition(absl::string_view upstream) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  ASSIGN_OR_RETURN(std::optional<Position> position, ReadPositionRow(*db, upstream));
  return position.value_or(Position{});
}

absl::StatusOr<std::map<std::string, std::string>> SqliteStore::ReadProjections(
    absl::string_view name, const std::vector<std::string>& keys) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  std::map<std::string, std::string> values;
  for (const std::string& key : keys) {
    SqliteStatement row = db->Prepare("SELECT value FROM projections WHERE name = ? AND key = ?");
    if (row.Text(name).Text(key).Step()) values[key] = row.ColumnBytes(0);
    RETURN_IF_ERROR(row.status());
  }
  return values;
}

absl::StatusOr<int64_t> SqliteStore::ReadWatermark() {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  SqliteStatement row = db->Prepare("SELECT watermark FROM relay WHERE id = 0");
  const int64_t watermark = row.Step() ? row.ColumnInt(0) : 0;
  RETURN_IF_ERROR(row.status());
  return watermark;
}

absl::Status SqliteStore::AdvanceWatermark(const Lease& lease, int64_t position) {
  RETURN_IF_ERROR(CheckOnlyLease(lease));
  return InTransaction([&](SqliteConnection& db) {
    return db
        .Prepare(
            "INSERT INTO relay (id, watermark) VALUES (0, ?) "
            "ON CONFLICT (id) DO UPDATE SET watermark = max(relay.watermark, "
            "excluded.watermark)")
        .Int(position)
        .Run();
  });
}

// In two transactions, for only what is committed reaches the disk. A small write would fit where
// the next batch does not, and the service would say by turns that it can write and that it cannot.
absl::Status SqliteStore::ProbeWrite() {
  RETURN_IF_ERROR(InTransaction([](SqliteConnection& db) {
    return db.Execute(
        "INSERT OR REPLACE INTO store (name, value) VALUES ('probe', hex(zeroblob(131072)))");
  }));
  return InTransaction(
      [](SqliteConnection& db) { return db.Execute("DELETE FROM store WHERE name = 'probe'"); });
}

absl::StatusOr<std::vector<WithheldRow>> SqliteStore::ReadWithheld(int limit) {
  ASSIGN_OR_RETURN(Reader db, AcquireReader());
  std::vector<WithheldRow> rows;
  SqliteStatement row =
      db->Prepare("SELECT stream, number, reason, since FROM withheld ORDER BY stream LIMIT ?");
  row.Int(limit);
  while (row.Step()) {
    rows.push_back({row.ColumnBytes(0), row.ColumnInt(1), row.ColumnBytes(2),
                    absl::FromUnixMicros(row.ColumnInt(3))});
  }
  RETURN_IF_ERROR(row.status());
  return rows;
}

absl::Status SqliteStore::Withhold(const Lease& lease, const std::vector<WithheldRow>& rows) {
  RETURN_IF_ERROR(CheckOnlyLease(lease));
  return InTransaction([&](SqliteConnection& db) -> absl::Status {
    for (const WithheldRow& row : rows) {
      RETURN_IF_ERROR(db.Prepare("INSERT INTO withheld (stream, number, reason, since) "
                                 "VALUES (?, ?, ?, ?) ON CONFLICT (stream) DO NOTHING")
                          .Text(row.stream)
                          .Int(row.number)
                          .Text(row.reason)
                          .Int(absl::ToUnixMicros(clock_.Now()))
                          .Run());
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteStore::Release(const Lease& lease, absl::string_view stream) {
  RETURN_IF_ERROR(CheckOnlyLease(lease));
  return InTransaction([&](SqliteConnection& db) {
    return db.Prepare("DELETE FROM withheld WHERE stream = ?").Text(stream).Run();
  });
}

absl::Status SqliteStore::MarkBehind(const std::vector<BehindRow>& rows) {
  return InTransaction([&](SqliteConnection& db) -> absl::Status {
    for (const BehindRow& row : rows) {
      RETURN_IF_ERROR(RaiseBehind(db, row, clock_.Now()));
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteStore::ClearParked(absl::string_view stream) {
  return InTransaction([&](SqliteConnection& db) -> absl::Status {
    RETURN_IF_ERROR(db.Prepare("DELETE FROM parked WHERE stream = ?").Text(stream).Run());
    if (db.Changes() == 0) return absl::NotFoundError("the stream is not parked");
    return absl::OkStatus();
  });
}

absl::Status SqliteStore::DropProjection(absl::string_view name,
                                         const std::vector<std::string>& upstreams) {
  return InTransaction([&](SqliteConnection& db) -> absl::Status {
    RETURN_IF_ERROR(db.Prepare("DELETE FROM projections WHERE name = ?").Text(name).Run());
    for (const std::string& upstream : upstreams) {
      RETURN_IF_ERROR(db.Prepare("DELETE FROM positions WHERE upstream = ?1 OR "
                                 "substr(upstream, 1, length(?1) + 1) = ?1 || '/'")
                          .Text(upstream)
                          .Run());
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteStore::DropFolded() {
  return InTransaction([](SqliteConnection& db) {
    return db.Execute(
        "DELETE FROM streams; DELETE FROM unique_index; DELETE FROM list_index; DELETE FROM "
        "timers;");
  });
}

absl::Status SqliteStore::RestoreFolded(absl::string_view stream, const StreamRow& row,
                                        const type::Folded& folded) {
  return InTransaction([&](SqliteConnection& db) -> absl::Status {
    RETURN_IF_ERROR(WriteState(db, stream, row));
    RETURN_IF_ERROR(RemoveAllFolded(db, stream));
    return AddFolded(db, stream, folded);
  });
}

}  // namespace pathways::engine
