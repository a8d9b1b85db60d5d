#include "services/engine/store/postgres_store.h"

#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/engine/store/migrations.h"
#include "services/engine/store/postgres_batch.h"
#include "services/engine/store/postgres_index.h"
#include "services/type/problem.h"

namespace pathways::engine {
namespace {

constexpr char kBegin[] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
constexpr char kCommit[] = "COMMIT";
constexpr char kRollback[] = "ROLLBACK";
constexpr int kAttemptsMax = 3;  // Of a change that another transaction has come before.

// Number of the last migration, 0 for an empty database.
absl::StatusOr<int64_t> SchemaOf(PostgresConnection& connection, PostgresDeadline deadline) {
  ASSIGN_OR_RETURN(
      const std::vector<PostgresResult> made,
      connection.Run({{"SELECT (to_regclass('store') IS NOT NULL)::int::bigint", {}}}, deadline));
  if (made[0].Int(0, 0) == 0) return 0;
  ASSIGN_OR_RETURN(
      const std::vector<PostgresResult> schema,
      connection.Run({{"SELECT value::bigint FROM store WHERE name = 'schema'", {}}}, deadline));
  return schema[0].rows() == 1 ? schema[0].Int(0, 0) : 0;
}

absl::StatusOr<int64_t> ApplyMigrations(PostgresConnection& connection, PostgresDeadline deadline) {
  // Held by the transaction, so that it ends with it whatever happens to this process.
  RETURN_IF_ERROR(connection.Execute("SELECT pg_advisory_xact_lock(21)", deadline));
  ASSIGN_OR_RETURN(int64_t schema, SchemaOf(connection, deadline));
  const std::vector<const char*> migrations = PostgresMigrations();
  const auto newest = static_cast<int64_t>(migrations.size());
  if (schema > newest) {
    return absl::FailedPreconditionError("the store was migrated by a newer release");
  }
  for (; schema < newest; ++schema) {
    RETURN_IF_ERROR(connection.Execute(migrations[static_cast<size_t>(schema)], deadline));
    ASSIGN_OR_RETURN(
        const std::vector<PostgresResult> written,
        connection.Run({{"INSERT INTO store (name, value) VALUES ('schema', $1::bigint::text) ON "
                         "CONFLICT (name) DO UPDATE SET value = excluded.value",
                         {PostgresInt(schema + 1)}}},
                       deadline));
  }
  return schema;
}

EventRow EventOf(const PostgresResult& result, int row, bool with_sealed) {
  EventRow event;
  event.position = result.Int(row, 0);
  event.stream = result.Bytes(row, 1);
  event.number = result.Int(row, 2);
  event.ce_id = result.Bytes(row, 3);
  event.type = result.Bytes(row, 4);
  event.time = absl::FromUnixMicros(result.Int(row, 5));
  event.cause.ParseFromString(result.Bytes(row, 6));
  event.trace = base::Trace::Parse(result.Bytes(row, 7));
  event.data = result.Bytes(row, 8);
  if (with_sealed) event.sealed = result.Bytes(row, 9);
  return event;
}

// A step that makes one value of each row.
template <typename Row, typename Make>
PostgresStep Each(const char* sql, std::vector<std::string> parameters, std::vector<Row>& rows,
                  Make make) {
  return {{sql, std::move(parameters)}, [&rows, make](const PostgresResult& result) {
            for (int i = 0; i < result.rows(); ++i) rows.push_back(make(result, i));
          }};
}

}  // namespace

absl::StatusOr<int64_t> MigratePostgres(const PostgresOptions& options) {
  const PostgresDeadline deadline = PostgresDeadlineIn(options.operation_max);
  PostgresPool pool(options, 1);
  ASSIGN_OR_RETURN(PostgresLease lease, pool.Acquire(deadline));
  RETURN_IF_ERROR(lease->Execute(kBegin, deadline));
  const absl::StatusOr<int64_t> schema = ApplyMigrations(*lease, deadline);
  RETURN_IF_ERROR(schema.status());  // The connection closes, and what was done is rolled back.
  RETURN_IF_ERROR(lease->Execute(kCommit, deadline));
  return schema;
}

PostgresStore::PostgresStore(PostgresStoreOptions options)
    : options_(std::move(options)),
      readers_(options_.postgres, options_.readers_max),
      writer_(options_.postgres, 1,
              [this](PostgresConnection& connection, PostgresDeadline deadline) {
                return CheckTail(connection, deadline);
              }),
      leader_(options_.postgres) {}

PostgresStore::~PostgresStore() = default;

absl::StatusOr<std::unique_ptr<PostgresStore>> PostgresStore::Open(PostgresStoreOptions options) {
  std::unique_ptr<PostgresStore> store(new PostgresStore(std::move(options)));
  RETURN_IF_ERROR(store->Initialise());
  return store;
}

absl::Status PostgresStore::Initialise() {
  const PostgresDeadline deadline = Deadline();
  ASSIGN_OR_RETURN(PostgresLease lease, readers_.Acquire(deadline));
  ASSIGN_OR_RETURN(const int64_t schema, SchemaOf(*lease, deadline));
  const auto newest = static_cast<int64_t>(PostgresMigrations().size());
  if (schema < newest) {
    return absl::FailedPreconditionError(absl::StrCat("the store's schema is number ", schema,
                                                      " and this release needs ", newest,
                                                      ": run 'pathways migrate'"));
  }
  if (schema > newest) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store's schema is number ", schema, " and this release knows ", newest,
                     ": run the release whose 'pathways migrate' made it"));
  }
  PostgresSteps steps = {Plain("SELECT value FROM store WHERE name = 'incarnation'")};
  steps[0].take = [this](const PostgresResult& result) {
    if (result.rows() == 1) incarnation_ = result.Bytes(0, 0);
  };
  RETURN_IF_ERROR(RunSteps(*lease, steps, deadline));
  if (incarnation_.empty()) return absl::DataLossError("the store has no incarnation");
  return absl::OkStatus();
}

PostgresDeadline PostgresStore::Deadline() const {
  return PostgresDeadlineIn(options_.postgres.operation_max);
}

absl::Status PostgresStore::Read(const PostgresSteps& steps) {
  const PostgresDeadline deadline = Deadline();
  ASSIGN_OR_RETURN(PostgresLease lease, readers_.Acquire(deadline));
  const absl::Status status = RunSteps(*lease, steps, deadline);
  if (!lease->lost() || std::chrono::steady_clock::now() >= deadline) return status;
  RETURN_IF_ERROR(lease.Reconnect(deadline));
  return RunSteps(*lease, steps, deadline);
}

absl::Status PostgresStore::Write(PostgresSteps steps) {
  const PostgresDeadline deadline = Deadline();
  ASSIGN_OR_RETURN(PostgresLease lease, writer_.Acquire(deadline));
  steps.insert(steps.begin(), Plain(kBegin));
  steps.push_back(Plain(kCommit));
  const absl::Status status = RunSteps(*lease, steps, deadline);
  if (!status.ok() && !lease->lost()) (void)lease->Run({{kRollback, {}}}, deadline);
  return status;
}

absl::Status PostgresStore::Change(const std::vector<std::string>& streams, const Build& build) {
  const PostgresDeadline deadline = Deadline();
  ASSIGN_OR_RETURN(PostgresLease lease, writer_.Acquire(deadline));
  for (int attempt = 1;; ++attempt) {
    const absl::Status status = TryChange(streams, build, *lease, deadline);
    if (!absl::IsAborted(status) || attempt == kAttemptsMax) return status;
  }
}

absl::Status PostgresStore::TryChange(const std::vector<std::string>& streams, const Build& build,
                                      PostgresConnection& connection, PostgresDeadline deadline) {
  Held held;
  PostgresSteps reads = {Plain(kBegin)};
  ReadStreams(streams, &held.locked, held.rows, reads);
  ReadNow(held.now, reads);
  absl::Status status = RunSteps(connection, reads, deadline);
  if (options_.clock != nullptr) held.now = options_.clock->Now();
  PostgresSteps writes;
  if (status.ok()) status = build(held, writes);
  if (status.ok()) {
    writes.push_back(Plain(kCommit));
    status = RunSteps(connection, writes, deadline);
  }
  if (!status.ok() && !connection.lost()) (void)connection.Run({{kRollback, {}}}, deadline);
  return status;
}

absl::StatusOr<std::unique_ptr<Batch>> PostgresStore::Begin() {
  absl::StatusOr<PostgresLease> lease = writer_.Acquire(Deadline());
  if (absl::IsDataLoss(lease.status())) {
    return type::Refuse(absl::StatusCode::kUnavailable, "TAIL_LOST",
                        "the service lost data and waits for its operator");
  }
  RETURN_IF_ERROR(lease.status());
  return std::unique_ptr<Batch>(new PostgresBatch(*this, *std::move(lease)));
}

void PostgresStore::OnCommit(std::function<void()> wake) {
  wake_ = std::move(wake);
  notices_ = std::make_unique<PostgresNotices>(options_.postgres, wake_);
}

void PostgresStore::Remember(const EventRow& last) {
  std::lock_guard<std::mutex> lock(mutex_);
  last_position_ = last.position;
  last_ce_id_ = last.ce_id;
}

absl::Status PostgresStore::CheckTail(PostgresConnection& connection, PostgresDeadline deadline) {
  std::vector<std::string> parameters;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (last_position_ == 0) return absl::OkStatus();
    parameters = {PostgresInt(last_position_), last_ce_id_};
  }
  int64_t found = 0;
  PostgresSteps steps = {{{"SELECT count(*) FROM events WHERE position = $1::bigint AND ce_id = "
                           "$2::bytea",
                           std::move(parameters)},
                          [&found](const PostgresResult& result) { found = result.Int(0, 0); }}};
  RETURN_IF_ERROR(RunSteps(connection, steps, deadline));
  if (found == 1) return absl::OkStatus();
  return absl::DataLossError("the server that answers now lacks what was committed");
}

absl::StatusOr<StreamRow> PostgresStore::ReadState(absl::string_view stream) {
  ASSIGN_OR_RETURN(auto rows, ReadStates({std::string(stream)}));
  return std::move(rows[std::string(stream)]);
}

absl::StatusOr<std::map<std::string, StreamRow>> PostgresStore::ReadStates(
    const std::vector<std::string>& streams) {
  const std::set<std::string> sorted(streams.begin(), streams.end());
  std::map<std::string, StreamRow> rows;
  // One snapshot: state and marks of one moment.
  PostgresSteps steps = {Plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")};
  ReadStreams({sorted.begin(), sorted.end()}, /*locked=*/nullptr, rows, steps);
  steps.push_back(Plain(kCommit));
  RETURN_IF_ERROR(Read(steps));
  return rows;
}

absl::StatusOr<std::vector<EventRow>> PostgresStore::ReadStream(absl::string_view stream,
                                                                int64_t from, int limit,
                                                                bool with_sealed) {
  std::vector<EventRow> events;
  RETURN_IF_ERROR(Read({Each(
      "SELECT position, stream, number, ce_id, type, time, cause, trace, data, "
      "CASE WHEN $4::bigint = 1 THEN sealed ELSE '' END FROM events "
      "WHERE stream = $1::bytea AND number >= $2::bigint ORDER BY number LIMIT $3::bigint",
      {std::string(stream), PostgresInt(from), PostgresInt(limit), PostgresInt(with_sealed)},
      events, [](const PostgresResult& result, int i) { return EventOf(result, i, true); })}));
  return events;
}

absl::StatusOr<std::vector<EventRow>> PostgresStore::ReadEvents(const std::vector<EventKey>& keys) {
  PostgresArray streams = PostgresArray::OfBytes(), numbers = PostgresArray::OfInts();
  for (const EventKey& key : keys) {
    streams.Add(key.stream);
    numbers.Add(key.number);
  }
  std::vector<EventRow> events;
  RETURN_IF_ERROR(Read(
      {Each("SELECT position, events.stream, events.number, ce_id, type, time, cause, trace, data "
            "FROM unnest($1::bytea[], $2::bigint[]) AS wanted (stream, number) JOIN events ON "
            "events.stream = wanted.stream AND events.number = wanted.number",
            {std::move(streams).Take(), std::move(numbers).Take()}, events,
            [](const PostgresResult& result, int i) { return EventOf(result, i, false); })}));
  return events;
}

absl::StatusOr<std::vector<EventRow>> PostgresStore::ReadAfter(int64_t position, int limit) {
  std::vector<EventRow> events;
  RETURN_IF_ERROR(Read(
      {Each("SELECT position, stream, number, ce_id, type, time, cause, trace, data FROM events "
            "WHERE position > $1::bigint ORDER BY position LIMIT $2::bigint",
            {PostgresInt(position), PostgresInt(limit)}, events,
            [](const PostgresResult& result, int i) { return EventOf(result, i, false); })}));
  return events;
}

absl::StatusOr<int64_t> PostgresStore::LastPosition() {
  int64_t position = 0;
  PostgresSteps steps = {Plain("SELECT coalesce(max(position), 0) FROM events")};
  steps[0].take = [&](const PostgresResult& result) { position = result.Int(0, 0); };
  RETURN_IF_ERROR(Read(steps));
  return position;
}

absl::StatusOr<std::vector<StreamHead>> PostgresStore::ReadHeads(absl::string_view after,
                                                                 int limit) {
  std::vector<StreamHead> heads;
  RETURN_IF_ERROR(Read({Each(
      "SELECT id, version FROM streams WHERE id > $1::bytea AND version > 0 ORDER BY id LIMIT "
      "$2::bigint",
      {std::string(after), PostgresInt(limit)}, heads, [](const PostgresResult& result, int i) {
        return StreamHead{result.Bytes(i, 0), result.Int(i, 1)};
      })}));
  return heads;
}

absl::StatusOr<std::vector<FoldRow>> PostgresStore::ReadOtherFolds(int evolve_version,
                                                                   const FoldRow& after,
                                                                   int limit) {
  std::vector<FoldRow> rows;
  // Two ranges of the index, each to its limit: as `<>` it would be read from end to end. A stream
  // that has marks and no event has version 0.
  RETURN_IF_ERROR(Read({Each(
      "(SELECT id, evolve_version FROM streams WHERE evolve_version > 0 AND evolve_version < "
      "$1::bigint AND (evolve_version, id) > ($2::bigint, $3::bytea) ORDER BY evolve_version, id "
      "LIMIT $4::bigint) UNION ALL (SELECT id, evolve_version FROM streams WHERE evolve_version > "
      "$1::bigint AND (evolve_version, id) > ($2::bigint, $3::bytea) ORDER BY evolve_version, id "
      "LIMIT $4::bigint) ORDER BY evolve_version, id LIMIT $4::bigint",
      {PostgresInt(evolve_version), PostgresInt(after.evolve_version), after.stream,
       PostgresInt(limit)},
      rows, [](const PostgresResult& result, int i) {
        return FoldRow{result.Bytes(i, 0), static_cast<int>(result.Int(i, 1))};
      })}));
  return rows;
}

absl::StatusOr<int64_t> PostgresStore::CountOtherFolds(int evolve_version) {
  int64_t count = 0;
  RETURN_IF_ERROR(
      Read({{{"SELECT (SELECT count(*) FROM streams WHERE evolve_version > 0 AND evolve_version < "
              "$1::bigint) + (SELECT count(*) FROM streams WHERE evolve_version > $1::bigint)",
              {PostgresInt(evolve_version)}},
             [&count](const PostgresResult& result) { count = result.Int(0, 0); }}}));
  return count;
}

absl::StatusOr<std::vector<std::string>> PostgresStore::ReadList(absl::string_view index,
                                                                 absl::string_view prefix,
                                                                 absl::string_view after,
                                                                 int limit) {
  std::vector<std::string> keys;
  PostgresSteps steps;
  ReadListKeys({std::string(index), std::string(prefix), std::string(after), limit}, keys, steps);
  RETURN_IF_ERROR(Read(steps));
  return keys;
}

absl::StatusOr<std::optional<RequestRow>> PostgresStore::ReadRequest(absl::string_view key) {
  std::map<std::string, RequestRow> rows;
  PostgresSteps steps;
  ReadRequests({std::string(key)}, rows, steps);
  RETURN_IF_ERROR(Read(steps));
  if (rows.empty()) return std::optional<RequestRow>();
  return std::optional<RequestRow>(std::move(rows.begin()->second));
}

absl::StatusOr<std::vector<KeyRow>> PostgresStore::ReadKeys(absl::string_view stream) {
  std::vector<KeyRow> keys;
  RETURN_IF_ERROR(Read({Each(
      "SELECT stream, person_id, wrapped FROM keys WHERE stream = $1::bytea ORDER BY person_id",
      {std::string(stream)}, keys, [](const PostgresResult& result, int i) {
        return KeyRow{result.Bytes(i, 0), result.Bytes(i, 1), result.Bytes(i, 2)};
      })}));
  return keys;
}

absl::StatusOr<absl::Time> PostgresStore::Now() {
  if (options_.clock != nullptr) return options_.clock->Now();
  absl::Time now;
  PostgresSteps steps;
  ReadNow(now, steps);
  RETURN_IF_ERROR(Read(steps));
  return now;
}

absl::StatusOr<std::vector<TimerRow>> PostgresStore::ReadDueTimers(absl::Time now,
                                                                   const TimerRow& after,
                                                                   int limit) {
  std::vector<TimerRow> timers;
  const int64_t after_due =
      after.stream.empty() ? std::numeric_limits<int64_t>::min() : after.due_unix_seconds;
  RETURN_IF_ERROR(Read({Each(
      "SELECT stream, kind, due FROM timers WHERE due <= $1::bigint AND NOT EXISTS (SELECT 1 FROM "
      "parked WHERE parked.stream = timers.stream) AND (due, stream, kind) > ($3::bigint, "
      "$4::bytea, $5::text) ORDER BY due, stream, kind LIMIT $2::bigint",
      {PostgresInt(absl::ToUnixSeconds(now)), PostgresInt(limit), PostgresInt(after_due),
       after.stream, after.kind},
      timers, [](const PostgresResult& result, int i) {
        return TimerRow{result.Bytes(i, 0), result.Bytes(i, 1), result.Int(i, 2)};
      })}));
  return timers;
}

absl::StatusOr<std::vector<BehindRow>> PostgresStore::ReadBehindOf(absl::string_view upstream,
                                                                   const BehindRow& after,
                                                                   int limit) {
  std::vector<BehindRow> rows;
  RETURN_IF_ERROR(Read(
      {Each("SELECT behind.stream, behind.upstream, behind.number, coalesce(applied.number, 0), "
            "behind.since FROM behind LEFT JOIN applied ON applied.stream = behind.stream "
            "AND applied.upstream = behind.upstream WHERE NOT EXISTS (SELECT 1 FROM parked WHERE "
            "parked.stream = behind.stream) AND ($2::text = '' OR behind.upstream = $2::text) "
            "AND ($3::bytea = '' OR (behind.since, behind.stream, behind.upstream) > "
            "($4::bigint, $3::bytea, $5::text)) "
            "ORDER BY behind.since, behind.stream, behind.upstream LIMIT $1::bigint",
            {PostgresInt(limit), std::string(upstream), after.stream,
             PostgresInt(absl::ToUnixMicros(after.since)), after.upstream},
            rows, [](const PostgresResult& result, int i) {
              return BehindRow{result.Bytes(i, 0), result.Bytes(i, 1), result.Int(i, 2),
                               result.Int(i, 3), absl::FromUnixMicros(result.Int(i, 4))};
            })}));
  return rows;
}

absl::StatusOr<std::vector<ParkedRow>> PostgresStore::ReadParked(int limit) {
  std::vector<ParkedRow> rows;
  RETURN_IF_ERROR(Read(
      {Each("SELECT stream, upstream, number, reason, since FROM parked ORDER BY since, stream "
            "LIMIT $1::bigint",
            {PostgresInt(limit)}, rows, [](const PostgresResult& result, int i) {
              return ParkedRow{result.Bytes(i, 0), result.Bytes(i, 1), result.Int(i, 2),
                               result.Bytes(i, 3), absl::FromUnixMicros(result.Int(i, 4))};
            })}));
  return rows;
}

absl::StatusOr<std::map<std::string, int64_t>> PostgresStore::ReadApplied(
    absl::string_view upstream, const std::vector<std::string>& streams) {
  std::map<std::string, int64_t> numbers;
  PostgresStep step{
      {"SELECT stream, number FROM applied WHERE upstream = $1::text AND stream = ANY "
       "($2::bytea[])",
       {std::string(upstream), BytesArray(streams)}},
      [&numbers](const PostgresResult& result) {
        for (int i = 0; i < result.rows(); ++i) {
          numbers[result.Bytes(i, 0)] = result.Int(i, 1);
        }
      }};
  RETURN_IF_ERROR(Read({std::move(step)}));
  return numbers;
}

absl::StatusOr<Position> PostgresStore::ReadPosition(absl::string_view upstream) {
  std::map<std::string, Position> rows;
  PostgresSteps steps;
  ReadPositions({std::string(upstream)}, /*lock=*/false, rows, steps);
  RETURN_IF_ERROR(Read(steps));
  return rows[std::string(upstream)];
}

absl::StatusOr<std::map<std::string, std::string>> PostgresStore::ReadProjections(
    absl::string_view name, const std::vector<std::string>& keys) {
  std::map<std::string, std::string> values;
  // One look into the index for each key, written so that no other plan is left: as a join or with
  // `key = ANY`, one made while the table was small looks up the name alone, and compares every row
  // of the projection with every key. OFFSET 0 keeps the subquery from becoming a join.
  PostgresStep step{{"SELECT held.key, held.value FROM unnest($2::bytea[]) AS wanted (key), "
                     "LATERAL (SELECT key, value FROM projections WHERE name = $1::text AND "
                     "projections.key = wanted.key OFFSET 0) AS held",
                     {std::string(name), BytesArray(keys)}},
                    [&values](const PostgresResult& result) {
                      for (int i = 0; i < result.rows(); ++i) {
                        values[result.Bytes(i, 0)] = result.Bytes(i, 1);
                      }
                    }};
  RETURN_IF_ERROR(Read({std::move(step)}));
  return values;
}

absl::StatusOr<int64_t> PostgresStore::ReadWatermark() {
  int64_t watermark = 0;
  PostgresSteps steps = {Plain("SELECT watermark FROM relay WHERE id = 0")};
  steps[0].take = [&](const PostgresResult& result) {
    if (result.rows() == 1) watermark = result.Int(0, 0);
  };
  RETURN_IF_ERROR(Read(steps));
  return watermark;
}

absl::Status PostgresStore::AdvanceWatermark(const Lease& lease, int64_t position) {
  return leader_.Write(
      lease,
      {{{"UPDATE relay SET watermark = greatest(watermark, $1::bigint) WHERE id = 0",
         {PostgresInt(position)}},
        nullptr}},
      Deadline());
}

absl::StatusOr<std::vector<WithheldRow>> PostgresStore::ReadWithheld(int limit) {
  std::vector<WithheldRow> rows;
  RETURN_IF_ERROR(Read(
      {Each("SELECT stream, number, reason, since FROM withheld ORDER BY stream LIMIT $1::bigint",
            {PostgresInt(limit)}, rows, [](const PostgresResult& result, int i) {
              return WithheldRow{result.Bytes(i, 0), result.Int(i, 1), result.Bytes(i, 2),
                                 absl::FromUnixMicros(result.Int(i, 3))};
            })}));
  return rows;
}

absl::Status PostgresStore::ProbeWrite() {
  // Rows below the size from which the server compresses them, so that all of it needs room. Rows
  // of a probe that was cut off are written over. Both transactions must be durable: what is rolled
  // back never reaches the log's disk.
  RETURN_IF_ERROR(
      Write({Plain("INSERT INTO store (name, value) SELECT 'probe ' || i, repeat('x', 1900) "
                   "FROM generate_series(1, 128) AS i ON CONFLICT (name) DO UPDATE SET value = "
                   "excluded.value")}));
  return Write({Plain("DELETE FROM store WHERE starts_with(name, 'probe ')")});
}

absl::Status PostgresStore::Withhold(const Lease& lease, const std::vector<WithheldRow>& rows) {
  absl::Time now;
  if (options_.clock != nullptr) {
    now = options_.clock->Now();
  } else {
    PostgresSteps steps;
    ReadNow(now, steps);
    RETURN_IF_ERROR(Read(steps));
  }
  PostgresSteps steps;
  WriteWithheld(rows, now, steps);
  return leader_.Write(lease, steps, Deadline());
}

absl::Status PostgresStore::Release(const Lease& lease, absl::string_view stream) {
  return leader_.Write(
      lease, {{{"DELETE FROM withheld WHERE stream = $1::bytea", {std::string(stream)}}, nullptr}},
      Deadline());
}

absl::Status PostgresStore::MarkBehind(const std::vector<BehindRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::set<std::string> streams;
  for (const BehindRow& row : rows) streams.insert(row.stream);
  // With the streams' rows, made or locked: a batch replaces the marks that it has read as a whole.
  std::vector<StreamWrite> marked;
  for (const std::string& stream : streams) marked.emplace_back().stream = stream;
  std::vector<const StreamWrite*> writes;
  for (const StreamWrite& write : marked) writes.push_back(&write);
  return Change({streams.begin(), streams.end()}, [&](const Held& held, PostgresSteps& steps) {
    MakeStreams(writes, held.locked, steps);
    RaiseBehind(rows, held.now, steps);
    return absl::OkStatus();
  });
}

absl::Status PostgresStore::ClearParked(absl::string_view stream) {
  int64_t cleared = 0;
  RETURN_IF_ERROR(Write({{{"DELETE FROM parked WHERE stream = $1::bytea", {std::string(stream)}},
                          [&](const PostgresResult& result) { cleared = result.changed(); }}}));
  return cleared == 1 ? absl::OkStatus() : absl::NotFoundError("the stream is not parked");
}

absl::Status PostgresStore::DropProjection(absl::string_view name,
                                           const std::vector<std::string>& upstreams) {
  return Write(
      {{{"DELETE FROM projections WHERE name = $1::text", {std::string(name)}}, nullptr},
       {{"DELETE FROM positions USING unnest($1::text[]) AS dropped (name) WHERE upstream = "
         "dropped.name OR starts_with(upstream, dropped.name || '/')",
         {TextArray(upstreams)}},
        nullptr}});
}

absl::Status PostgresStore::DropFolded() {
  // The table lock lets batches of other replicas finish and keeps new ones waiting; row by row
  // this would take their locks in another order than they do.
  // What was applied stays: it is truth, and only stands in the same row.
  return Write(
      {Plain("LOCK TABLE streams IN EXCLUSIVE MODE"),
       Plain("UPDATE streams SET version = 0, state = '', sealed = '', evolve_version = 0, "
             "time = 0"),
       Plain("DELETE FROM unique_index"), Plain("DELETE FROM list_index"),
       Plain("DELETE FROM timers")});
}

absl::Status PostgresStore::RestoreFolded(absl::string_view stream, const StreamRow& row,
                                          const type::Folded& folded) {
  StreamWrite write;
  write.stream = std::string(stream);
  write.row = row;
  write.state_changed = true;
  write.added = folded;
  return Change({write.stream}, [&](const Held& held, PostgresSteps& steps) -> absl::Status {
    const auto stored = held.rows.find(write.stream);
    const bool is_there = stored != held.rows.end();
    write.expected_version = is_there ? stored->second.version : 0;
    write.row.applied = is_there ? stored->second.applied : std::map<std::string, Applied>();
    RemoveAllFolded(write.stream, steps);
    RETURN_IF_ERROR(WriteUniques({&write}, steps));
    MakeStreams({&write}, held.locked, steps);
    WriteStates({&write}, held.locked, steps);
    WriteLists({&write}, steps);
    AddPlacedLists({&write}, steps);
    WriteTimers({&write}, steps);
    return absl::OkStatus();
  });
}

absl::Status PostgresStore::HoldAlone() {
  const absl::Status leads = leader_.LeadForGood(Deadline());
  if (absl::IsFailedPrecondition(leads)) {
    return absl::FailedPreconditionError(
        "a process of the service is running on this database: stop all of them first");
  }
  RETURN_IF_ERROR(leads);
  const PostgresDeadline deadline = Deadline();
  ASSIGN_OR_RETURN(PostgresLease lease, writer_.Acquire(deadline));
  // Whoever appends takes this lock for its transaction. Held by the session of the one connection
  // that writes, it lets this store's own batches through and nobody else's.
  return RunSteps(*lease, {Plain("SELECT pg_advisory_lock(20)")}, deadline);
}

absl::Status PostgresStore::BecomeAnother() {
  PostgresSteps steps = {
      Plain("UPDATE store SET value = gen_random_uuid()::text WHERE name = 'incarnation' "
            "RETURNING value")};
  steps[0].take = [this](const PostgresResult& result) {
    if (result.rows() == 1) incarnation_ = result.Bytes(0, 0);
  };
  const PostgresDeadline deadline = Deadline();
  ASSIGN_OR_RETURN(PostgresLease lease, writer_.Acquire(deadline));
  return RunSteps(*lease, steps, deadline);
}

absl::Status PostgresStore::SetBackWatermark(int64_t position) {
  const absl::Status written =
      Write({Plain("INSERT INTO relay (id, watermark, epoch) VALUES (0, 0, 0) ON CONFLICT (id) "
                   "DO NOTHING"),
             {{"SELECT refuse_unless((SELECT watermark FROM relay WHERE id = 0 FOR UPDATE) >= "
               "$1::bigint)",
               {PostgresInt(position)}},
              nullptr},
             // The epoch: whoever leads holds a batch that would move the watermark on again.
             {{"UPDATE relay SET watermark = $1::bigint, epoch = epoch + 1 WHERE id = 0",
               {PostgresInt(position)}},
              nullptr},
             // What was refused first after the position comes by the usual way again. Passed over
             // it would leave out what its stream has before it.
             {{"DELETE FROM withheld USING events WHERE events.stream = withheld.stream AND "
               "events.number = withheld.number AND events.position > $1::bigint",
               {PostgresInt(position)}},
              nullptr}});
  if (!absl::IsAborted(written)) return written;
  return absl::FailedPreconditionError(
      "the relay has not come to that position yet; it can only be set back");
}

}  // namespace pathways::engine
