#include "services/engine/store/postgres_rows.h"

#include <set>
#include <utility>

#include "services/base/faults.h"
#include "services/base/status_macros.h"
#include "services/engine/store/applied_bytes.h"

namespace pathways::engine {
namespace {

PostgresStatement Statement(const char* sql, PostgresArray first, PostgresArray second) {
  return {sql, {std::move(first).Take(), std::move(second).Take()}};
}

PostgresStatement Statement(const char* sql, PostgresArray first, PostgresArray second,
                            PostgresArray third) {
  return {sql, {std::move(first).Take(), std::move(second).Take(), std::move(third).Take()}};
}

PostgresStatement Statement(const char* sql, PostgresArray first, PostgresArray second,
                            PostgresArray third, PostgresArray fourth) {
  return {sql,
          {std::move(first).Take(), std::move(second).Take(), std::move(third).Take(),
           std::move(fourth).Take()}};
}

constexpr char kStates[] =
    "SELECT id, version, state, sealed, evolve_version, time, applied FROM streams "
    "WHERE id = ANY ($1::bytea[]) ORDER BY id";
constexpr char kLockedStates[] =
    "SELECT id, version, state, sealed, evolve_version, time, applied FROM streams "
    "WHERE id = ANY ($1::bytea[]) ORDER BY id FOR UPDATE";

absl::Status TakeStates(const PostgresResult& result, std::map<std::string, StreamRow>& rows,
                        std::set<std::string>* there) {
  for (int i = 0; i < result.rows(); ++i) {
    if (there != nullptr) there->insert(result.Bytes(i, 0));
    std::map<std::string, Applied> applied;
    const bool is_read = ParseApplied(result.Bytes(i, 6), applied);
    if (!is_read) return absl::DataLossError("a stream's applied numbers cannot be read");
    if (PATHWAYS_MUTANT("no_number_checks")) applied.clear();
    if (result.Int(i, 1) == 0 && applied.empty()) continue;
    StreamRow& row = rows[result.Bytes(i, 0)];
    row.applied = std::move(applied);
    if (result.Int(i, 1) == 0) continue;  // It has marks and no event.
    row.version = result.Int(i, 1);
    row.state.open = result.Bytes(i, 2);
    row.state.sealed = result.Bytes(i, 3);
    row.evolve_version = static_cast<int>(result.Int(i, 4));
    row.last_event_time = absl::FromUnixMicros(result.Int(i, 5));
  }
  return absl::OkStatus();
}

// What each stream waits for.
void ReadBehind(const std::string& ids, std::map<std::string, StreamRow>& rows,
                PostgresSteps& steps) {
  steps.push_back(
      {{"SELECT stream, upstream, number FROM behind WHERE stream = ANY ($1::bytea[])", {ids}},
       [&rows](const PostgresResult& result) {
         for (int i = 0; i < result.rows(); ++i) {
           rows[result.Bytes(i, 0)].behind[result.Bytes(i, 1)] = result.Int(i, 2);
         }
       }});
}

}  // namespace

absl::Status RunSteps(PostgresConnection& connection, const PostgresSteps& steps,
                      PostgresDeadline deadline, const std::function<void()>& sent) {
  std::vector<PostgresStatement> statements;
  statements.reserve(steps.size());
  for (const PostgresStep& step : steps) statements.push_back(step.statement);
  ASSIGN_OR_RETURN(const std::vector<PostgresResult> results,
                   connection.Run(statements, deadline, sent));
  if (results.size() != steps.size()) {
    return absl::InternalError("PostgreSQL answered another number of results");
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].take) steps[i].take(results[i]);
    if (steps[i].try_take) RETURN_IF_ERROR(steps[i].try_take(results[i]));
  }
  return absl::OkStatus();
}

PostgresStep Plain(const char* sql) { return {{sql, {}}, nullptr}; }

std::string TextArray(const std::vector<std::string>& values) {
  PostgresArray array = PostgresArray::OfText();
  for (const std::string& value : values) array.Add(value);
  return std::move(array).Take();
}

std::string BytesArray(const std::vector<std::string>& values) {
  PostgresArray array = PostgresArray::OfBytes();
  for (const std::string& value : values) array.Add(value);
  return std::move(array).Take();
}

void ReadStreams(const std::vector<std::string>& streams, std::set<std::string>* locked,
                 std::map<std::string, StreamRow>& rows, PostgresSteps& steps) {
  if (streams.empty()) return;
  const std::string ids = BytesArray(streams);
  const bool lock = locked != nullptr && !PATHWAYS_MUTANT("postgres.no_row_locks");
  steps.push_back(
      {{lock ? kLockedStates : kStates, {ids}},
       nullptr,
       [&rows, locked](const PostgresResult& result) { return TakeStates(result, rows, locked); }});
  if (!PATHWAYS_MUTANT("no_number_checks")) ReadBehind(ids, rows, steps);
  steps.push_back({{"SELECT stream, reason FROM parked WHERE stream = ANY ($1::bytea[])", {ids}},
                   [&rows](const PostgresResult& result) {
                     for (int i = 0; i < result.rows(); ++i) {
                       rows[result.Bytes(i, 0)].parked_reason = result.Bytes(i, 1);
                     }
                   }});
}

void HoldRules(const std::string& stream, Hold hold, int64_t& version, PostgresSteps& steps) {
  if (stream.empty()) return;
  if (PATHWAYS_MUTANT("postgres.no_rules_lock")) hold = Hold::kNone;
  // An advisory lock and not that of the row: sharing a row's lock writes to the row each time.
  if (hold == Hold::kShared) steps.push_back(Plain("SELECT pg_advisory_xact_lock_shared(23)"));
  if (hold == Hold::kAlone) steps.push_back(Plain("SELECT pg_advisory_xact_lock(23)"));
  // A statement of its own, so that it sees what was committed by whoever held the lock.
  steps.push_back({{"SELECT version FROM streams WHERE id = $1::bytea", {stream}},
                   [&version](const PostgresResult& result) {
                     if (result.rows() == 1) version = result.Int(0, 0);
                   }});
}

void ReadRequests(const std::vector<std::string>& keys, std::map<std::string, RequestRow>& rows,
                  PostgresSteps& steps) {
  if (keys.empty()) return;
  steps.push_back(
      {{"SELECT key, stream, number, fingerprint FROM requests WHERE key = ANY ($1::bytea[])",
        {BytesArray(keys)}},
       [&rows](const PostgresResult& result) {
         for (int i = 0; i < result.rows(); ++i) {
           rows[result.Bytes(i, 0)] = {result.Bytes(i, 1), result.Int(i, 2), result.Bytes(i, 3)};
         }
       }});
}

void ReadPositions(const std::vector<std::string>& upstreams, bool lock,
                   std::map<std::string, Position>& rows, PostgresSteps& steps) {
  if (upstreams.empty()) return;
  if (PATHWAYS_MUTANT("postgres.no_row_locks")) lock = false;
  steps.push_back(
      {{lock ? "SELECT upstream, incarnation, position FROM positions WHERE upstream = ANY "
               "($1::text[]) ORDER BY upstream FOR UPDATE"
             : "SELECT upstream, incarnation, position FROM positions WHERE upstream = ANY "
               "($1::text[])",
        {TextArray(upstreams)}},
       [&rows](const PostgresResult& result) {
         for (int i = 0; i < result.rows(); ++i) {
           rows[result.Bytes(i, 0)] = {result.Bytes(i, 1), result.Int(i, 2)};
         }
       }});
}

void ReadNow(absl::Time& now, PostgresSteps& steps) {
  steps.push_back(
      {{"SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", {}},
       [&now](const PostgresResult& result) { now = absl::FromUnixMicros(result.Int(0, 0)); }});
}

void MakeStreams(const std::vector<const StreamWrite*>& streams,
                 const std::set<std::string>& locked, PostgresSteps& steps) {
  PostgresArray ids = PostgresArray::OfBytes(), open = PostgresArray::OfBytes(),
                sealed = PostgresArray::OfBytes(), versions = PostgresArray::OfInts(),
                evolves = PostgresArray::OfInts(), times = PostgresArray::OfInts(),
                applied = PostgresArray::OfBytes();
  for (const StreamWrite* write : streams) {
    if (locked.contains(write->stream)) continue;
    const bool has_state = write->state_changed;
    ids.Add(write->stream);
    versions.Add(has_state ? write->row.version : 0);
    open.Add(has_state ? write->row.state.open : "");
    sealed.Add(has_state ? write->row.state.sealed : "");
    evolves.Add(int64_t{has_state ? write->row.evolve_version : 0});
    times.Add(has_state ? absl::ToUnixMicros(write->row.last_event_time) : 0);
    applied.Add(AppliedBytes(write->row.applied));
  }
  if (ids.size() == 0) return;
  // The first one that another transaction has made meanwhile raises a unique violation.
  steps.push_back(
      {{"INSERT INTO streams (id, version, state, sealed, evolve_version, time, applied) "
        "SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bytea[], "
        "$5::bigint[], $6::bigint[], $7::bytea[])",
        {std::move(ids).Take(), std::move(versions).Take(), std::move(open).Take(),
         std::move(sealed).Take(), std::move(evolves).Take(), std::move(times).Take(),
         std::move(applied).Take()}},
       nullptr});
}

void WriteStates(const std::vector<const StreamWrite*>& streams,
                 const std::set<std::string>& locked, PostgresSteps& steps) {
  PostgresArray ids = PostgresArray::OfBytes(), open = PostgresArray::OfBytes(),
                sealed = PostgresArray::OfBytes(), expected = PostgresArray::OfInts(),
                versions = PostgresArray::OfInts(), evolves = PostgresArray::OfInts(),
                times = PostgresArray::OfInts(), applied = PostgresArray::OfBytes();
  for (const StreamWrite* write : streams) {
    if (!write->state_changed || !locked.contains(write->stream)) continue;
    ids.Add(write->stream);
    expected.Add(write->expected_version);
    versions.Add(write->row.version);
    open.Add(write->row.state.open);
    sealed.Add(write->row.state.sealed);
    evolves.Add(int64_t{write->row.evolve_version});
    times.Add(absl::ToUnixMicros(write->row.last_event_time));
    applied.Add(AppliedBytes(write->row.applied));
  }
  if (ids.size() == 0) return;
  const std::string count = PostgresInt(ids.size());
  steps.push_back(
      {{"WITH changed AS (UPDATE streams SET version = new.version, state = new.state, "
        "sealed = new.sealed, evolve_version = new.evolve_version, time = new.time, "
        "applied = new.applied FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bytea[], "
        "$5::bytea[], $6::bigint[], $7::bigint[], $8::bytea[]) "
        "AS new (id, expected, version, state, sealed, evolve_version, time, applied) "
        "WHERE streams.id = new.id AND streams.version = new.expected RETURNING 1) "
        "SELECT refuse_unless((SELECT count(*) FROM changed) = $9::bigint)",
        {std::move(ids).Take(), std::move(expected).Take(), std::move(versions).Take(),
         std::move(open).Take(), std::move(sealed).Take(), std::move(evolves).Take(),
         std::move(times).Take(), std::move(applied).Take(), count}},
       nullptr});
}

void WriteApplied(const std::vector<const StreamWrite*>& streams,
                  const std::map<std::string, StreamRow>& before,
                  const std::set<std::string>& locked, PostgresSteps& steps) {
  PostgresArray ids = PostgresArray::OfBytes(), applied = PostgresArray::OfBytes();
  for (const StreamWrite* write : streams) {
    if (write->state_changed || !locked.contains(write->stream)) continue;
    const auto known = before.find(write->stream);
    if (known != before.end() && known->second.applied == write->row.applied) continue;
    ids.Add(write->stream);
    applied.Add(AppliedBytes(write->row.applied));
  }
  if (ids.size() == 0) return;
  steps.push_back({Statement("UPDATE streams SET applied = new.applied FROM unnest($1::bytea[], "
                             "$2::bytea[]) AS new (id, applied) WHERE streams.id = new.id",
                             std::move(ids), std::move(applied)),
                   nullptr});
}

void WriteBehind(const std::vector<const StreamWrite*>& streams,
                 const std::map<std::string, StreamRow>& before, absl::Time now,
                 PostgresSteps& steps) {
  PostgresArray gone = PostgresArray::OfBytes(), gone_upstreams = PostgresArray::OfText(),
                ids = PostgresArray::OfBytes(), upstreams = PostgresArray::OfText(),
                numbers = PostgresArray::OfInts(), since = PostgresArray::OfInts();
  for (const StreamWrite* write : streams) {
    const auto known = before.find(write->stream);
    const std::map<std::string, int64_t> stored =
        known == before.end() ? std::map<std::string, int64_t>() : known->second.behind;
    for (const auto& [upstream, number] : stored) {
      if (write->row.behind.contains(upstream)) continue;
      gone.Add(write->stream);
      gone_upstreams.Add(upstream);
    }
    for (const auto& [upstream, number] : write->row.behind) {
      const auto same = stored.find(upstream);
      if (same != stored.end() && same->second == number) continue;
      ids.Add(write->stream);
      upstreams.Add(upstream);
      numbers.Add(number);
      since.Add(absl::ToUnixMicros(now));
    }
  }
  if (gone.size() > 0) {
    steps.push_back(
        {Statement("DELETE FROM behind USING unnest($1::bytea[], $2::text[]) AS gone (stream, "
                   "upstream) WHERE behind.stream = gone.stream AND behind.upstream = "
                   "gone.upstream",
                   std::move(gone), std::move(gone_upstreams)),
         nullptr});
  }
  if (ids.size() == 0) return;
  steps.push_back(
      {Statement("INSERT INTO behind (stream, upstream, number, since) "
                 "SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::bigint[]) "
                 "ON CONFLICT (stream, upstream) DO UPDATE SET number = excluded.number",
                 std::move(ids), std::move(upstreams), std::move(numbers), std::move(since)),
       nullptr});
}

void RaiseBehind(const std::vector<BehindRow>& rows, absl::Time now, PostgresSteps& steps) {
  std::map<std::pair<std::string, std::string>, int64_t> highest;
  for (const BehindRow& row : rows) {
    int64_t& number = highest[{row.stream, row.upstream}];
    number = std::max(number, row.number);
  }
  if (highest.empty()) return;
  PostgresArray ids = PostgresArray::OfBytes(), upstreams = PostgresArray::OfText(),
                numbers = PostgresArray::OfInts(), since = PostgresArray::OfInts();
  for (const auto& [key, number] : highest) {
    ids.Add(key.first);
    upstreams.Add(key.second);
    numbers.Add(number);
    since.Add(absl::ToUnixMicros(now));
  }
  steps.push_back(
      {Statement("INSERT INTO behind (stream, upstream, number, since) "
                 "SELECT new.* FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::bigint[]) "
                 "AS new (stream, upstream, number, since) WHERE NOT EXISTS (SELECT 1 FROM applied "
                 "WHERE applied.stream = new.stream AND applied.upstream = new.upstream "
                 "AND applied.number >= new.number) "
                 "ON CONFLICT (stream, upstream) DO UPDATE SET number = greatest(behind.number, "
                 "excluded.number)",
                 std::move(ids), std::move(upstreams), std::move(numbers), std::move(since)),
       nullptr});
}

void WritePositions(const std::map<std::string, Position>& positions, PostgresSteps& steps) {
  if (positions.empty()) return;
  PostgresArray upstreams = PostgresArray::OfText(), incarnations = PostgresArray::OfText(),
                numbers = PostgresArray::OfInts();
  for (const auto& [upstream, position] : positions) {
    upstreams.Add(upstream);
    incarnations.Add(position.incarnation);
    numbers.Add(position.position);
  }
  steps.push_back(
      {Statement("INSERT INTO positions (upstream, incarnation, position) "
                 "SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) "
                 "ON CONFLICT (upstream) DO UPDATE SET incarnation = excluded.incarnation, "
                 "position = excluded.position WHERE positions.incarnation <> "
                 "excluded.incarnation OR positions.position < excluded.position",
                 std::move(upstreams), std::move(incarnations), std::move(numbers)),
       nullptr});
}

void WriteRequests(const std::map<std::string, RequestRow>& requests, PostgresSteps& steps) {
  if (requests.empty()) return;
  PostgresArray keys = PostgresArray::OfBytes(), streams = PostgresArray::OfBytes(),
                numbers = PostgresArray::OfInts(), fingerprints = PostgresArray::OfBytes();
  for (const auto& [key, request] : requests) {
    keys.Add(key);
    streams.Add(request.stream);
    numbers.Add(request.number);
    fingerprints.Add(request.fingerprint);
  }
  steps.push_back(
      {Statement("INSERT INTO requests (key, stream, number, fingerprint) "
                 "SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bytea[])",
                 std::move(keys), std::move(streams), std::move(numbers), std::move(fingerprints)),
       nullptr});
}

void WriteParked(const std::vector<ParkedRow>& rows, absl::Time now, PostgresSteps& steps) {
  std::map<std::string, const ParkedRow*> last;
  for (const ParkedRow& row : rows) last[row.stream] = &row;
  if (last.empty()) return;
  PostgresArray ids = PostgresArray::OfBytes(), upstreams = PostgresArray::OfText(),
                numbers = PostgresArray::OfInts(), reasons = PostgresArray::OfText();
  for (const auto& [stream, row] : last) {
    ids.Add(stream);
    upstreams.Add(row->upstream);
    numbers.Add(row->number);
    reasons.Add(row->reason);
  }
  steps.push_back(
      {{"INSERT INTO parked (stream, upstream, number, reason, since) "
        "SELECT new.*, $5::bigint FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::text[]) "
        "AS new ON CONFLICT (stream) DO UPDATE SET upstream = excluded.upstream, "
        "number = excluded.number, reason = excluded.reason, since = excluded.since",
        {std::move(ids).Take(), std::move(upstreams).Take(), std::move(numbers).Take(),
         std::move(reasons).Take(), PostgresInt(absl::ToUnixMicros(now))}},
       nullptr});
}

void WriteWithheld(const std::vector<WithheldRow>& rows, absl::Time now, PostgresSteps& steps) {
  std::map<std::string, const WithheldRow*> first;
  for (const WithheldRow& row : rows) first.emplace(row.stream, &row);
  if (first.empty()) return;
  PostgresArray ids = PostgresArray::OfBytes(), numbers = PostgresArray::OfInts(),
                reasons = PostgresArray::OfText();
  for (const auto& [stream, row] : first) {
    ids.Add(stream);
    numbers.Add(row->number);
    reasons.Add(row->reason);
  }
  steps.push_back({{"INSERT INTO withheld (stream, number, reason, since) "
                    "SELECT new.*, $4::bigint FROM unnest($1::bytea[], $2::bigint[], $3::text[]) "
                    "AS new ON CONFLICT (stream) DO NOTHING",
                    {std::move(ids).Take(), std::move(numbers).Take(), std::move(reasons).Take(),
                     PostgresInt(absl::ToUnixMicros(now))}},
                   nullptr});
}

void EraseKeys(const std::vector<KeyName>& keys, PostgresSteps& steps) {
  const std::set<KeyName> sorted(keys.begin(), keys.end());
  if (sorted.empty()) return;
  PostgresArray ids = PostgresArray::OfBytes(), people = PostgresArray::OfBytes();
  for (const KeyName& key : sorted) {
    ids.Add(key.stream);
    people.Add(key.person_id);
  }
  steps.push_back({Statement("DELETE FROM keys USING unnest($1::bytea[], $2::bytea[]) AS gone "
                             "(stream, person_id) WHERE keys.stream = gone.stream AND "
                             "keys.person_id = gone.person_id",
                             std::move(ids), std::move(people)),
                   nullptr});
}

void EraseSealed(const std::vector<SealedErasure>& erasures, PostgresSteps& steps) {
  std::map<std::string, int64_t> through;
  for (const SealedErasure& erasure : erasures) {
    int64_t& number = through[erasure.stream];
    number = std::max(number, erasure.through);
  }
  if (through.empty()) return;
  PostgresArray ids = PostgresArray::OfBytes(), numbers = PostgresArray::OfInts();
  for (const auto& [stream, number] : through) {
    ids.Add(stream);
    numbers.Add(number);
  }
  steps.push_back({Statement("UPDATE events SET sealed = '' FROM unnest($1::bytea[], $2::bigint[]) "
                             "AS gone (stream, through) WHERE events.stream = gone.stream AND "
                             "events.number <= gone.through AND events.sealed <> ''",
                             std::move(ids), std::move(numbers)),
                   nullptr});
}

void WriteKeys(const std::vector<KeyRow>& rows, PostgresSteps& steps) {
  std::map<std::pair<std::string, std::string>, const KeyRow*> last;
  for (const KeyRow& row : rows) last[{row.stream, row.person_id}] = &row;
  if (last.empty()) return;
  PostgresArray ids = PostgresArray::OfBytes(), people = PostgresArray::OfBytes(),
                wrapped = PostgresArray::OfBytes();
  for (const auto& [key, row] : last) {
    ids.Add(row->stream);
    people.Add(row->person_id);
    wrapped.Add(row->wrapped);
  }
  steps.push_back({Statement("INSERT INTO keys (stream, person_id, wrapped) SELECT * FROM "
                             "unnest($1::bytea[], $2::bytea[], $3::bytea[]) ON CONFLICT (stream, "
                             "person_id) DO UPDATE SET wrapped = excluded.wrapped",
                             std::move(ids), std::move(people), std::move(wrapped)),
                   nullptr});
}

void WriteAudit(const std::vector<AuditRow>& rows, absl::Time now, PostgresSteps& steps) {
  if (rows.empty()) return;
  PostgresArray principals = PostgresArray::OfText(), methods = PostgresArray::OfText(),
                ids = PostgresArray::OfBytes(), numbers = PostgresArray::OfInts();
  for (const AuditRow& row : rows) {
    principals.Add(row.principal);
    methods.Add(row.method);
    ids.Add(row.stream);
    numbers.Add(row.number);
  }
  steps.push_back(
      {{"INSERT INTO audit (time, principal, method, stream, number) "
        "SELECT $5::bigint, new.* FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[]) "
        "AS new",
        {std::move(principals).Take(), std::move(methods).Take(), std::move(ids).Take(),
         std::move(numbers).Take(), PostgresInt(absl::ToUnixMicros(now))}},
       nullptr});
}

void WriteProjections(const std::vector<ProjectionRow>& rows, PostgresSteps& steps) {
  if (rows.empty()) return;
  std::map<std::pair<std::string, std::string>, const ProjectionRow*> sorted;
  for (const ProjectionRow& row : rows) sorted[{row.name, row.key}] = &row;
  struct Columns {
    PostgresArray names = PostgresArray::OfText(), keys = PostgresArray::OfBytes(),
                  values = PostgresArray::OfBytes(), before = PostgresArray::OfBytes();
  };
  Columns made, changed;
  for (const auto& [key, row] : sorted) {
    Columns& columns = row->before.empty() ? made : changed;
    columns.names.Add(row->name);
    columns.keys.Add(row->key);
    columns.values.Add(row->value);
    columns.before.Add(row->before);
  }
  // The first one that there is already raises a unique violation.
  if (made.names.size() > 0) {
    steps.push_back({Statement("INSERT INTO projections (name, key, value) SELECT * FROM "
                               "unnest($1::text[], $2::bytea[], $3::bytea[])",
                               std::move(made.names), std::move(made.keys), std::move(made.values)),
                     nullptr});
  }
  if (changed.names.size() == 0) return;
  const std::string count = PostgresInt(changed.names.size());
  steps.push_back(
      {{"WITH changed AS (UPDATE projections SET value = new.value FROM unnest($1::text[], "
        "$2::bytea[], $3::bytea[], $4::bytea[]) AS new (name, key, value, before) WHERE "
        "projections.name = new.name AND projections.key = new.key AND projections.value = "
        "new.before RETURNING 1) SELECT refuse_unless((SELECT count(*) FROM changed) = $5::bigint)",
        {std::move(changed.names).Take(), std::move(changed.keys).Take(),
         std::move(changed.values).Take(), std::move(changed.before).Take(), count}},
       nullptr});
}

void HoldCommitOrder(PostgresSteps& steps) {
  // One number for the whole service: it has its own database, and this lock no other use there.
  if (PATHWAYS_MUTANT("postgres.no_commit_order_lock")) return;
  steps.push_back(Plain("SELECT pg_advisory_xact_lock(20)"));
}

void AppendEvents(const std::vector<EventRow*>& events, PostgresSteps& steps) {
  if (events.empty()) return;
  PostgresArray ids = PostgresArray::OfBytes(), numbers = PostgresArray::OfInts(),
                ce_ids = PostgresArray::OfBytes(), types = PostgresArray::OfText(),
                times = PostgresArray::OfInts(), causes = PostgresArray::OfBytes(),
                traces = PostgresArray::OfText(), data = PostgresArray::OfBytes(),
                sealed = PostgresArray::OfBytes();
  for (const EventRow* event : events) {
    ids.Add(event->stream);
    numbers.Add(event->number);
    ce_ids.Add(event->ce_id);
    types.Add(event->type);
    times.Add(absl::ToUnixMicros(event->time));
    causes.Add(event->cause.SerializeAsString());
    traces.Add(event->trace.Format());
    data.Add(event->data);
    sealed.Add(event->sealed);
  }
  // `place` keeps the batch's order: positions are given in the order of the sorted rows.
  steps.push_back(
      {{"INSERT INTO events (stream, number, ce_id, type, time, cause, trace, data, sealed) "
        "SELECT stream, number, ce_id, type, time, cause, trace, data, sealed FROM "
        "unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::text[], $5::bigint[], $6::bytea[], "
        "$7::text[], $8::bytea[], $9::bytea[]) WITH ORDINALITY AS new (stream, number, ce_id, "
        "type, time, cause, trace, data, sealed, place) ORDER BY place RETURNING position",
        {std::move(ids).Take(), std::move(numbers).Take(), std::move(ce_ids).Take(),
         std::move(types).Take(), std::move(times).Take(), std::move(causes).Take(),
         std::move(traces).Take(), std::move(data).Take(), std::move(sealed).Take()}},
       [events](const PostgresResult& result) {
         for (int i = 0; i < result.rows(); ++i) {
           events[static_cast<size_t>(i)]->position = result.Int(i, 0);
         }
       }});
}

}  // namespace pathways::engine
