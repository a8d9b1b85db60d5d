#include "services/engine/store/sqlite_rows.h"

#include "services/base/status_macros.h"
#include "services/engine/store/key_range.h"

namespace pathways::engine {
namespace {

// The key as it is stored. An entry in order of commit needs its event to be stored.
absl::StatusOr<std::string> StoredKey(SqliteConnection& db, absl::string_view stream,
                                      const type::ListEntry& entry) {
  if (entry.event == 0) return entry.key;
  SqliteStatement row = db.Prepare("SELECT position FROM events WHERE stream = ? AND number = ?");
  const bool is_there = row.Text(stream).Int(entry.event).Step();
  RETURN_IF_ERROR(row.status());
  if (!is_there) return absl::InternalError("a list entry of an event that is not stored");
  return PlacedKey(row.ColumnInt(0), entry.key);
}

}  // namespace

absl::StatusOr<StreamRow> ReadStreamRow(SqliteConnection& db, absl::string_view stream) {
  StreamRow row;
  {
    SqliteStatement state =
        db.Prepare("SELECT version, state, sealed, evolve_version, time FROM streams WHERE id = ?");
    if (state.Text(stream).Step()) {
      row.version = state.ColumnInt(0);
      row.state.open = state.ColumnBytes(1);
      row.state.sealed = state.ColumnBytes(2);
      row.evolve_version = static_cast<int>(state.ColumnInt(3));
      row.last_event_time = absl::FromUnixMicros(state.ColumnInt(4));
    }
    RETURN_IF_ERROR(state.status());
  }
  SqliteStatement applied =
      db.Prepare("SELECT upstream, number, fingerprints FROM applied WHERE stream = ?");
  applied.Text(stream);
  while (applied.Step())
    row.applied[applied.ColumnBytes(0)] = {applied.ColumnInt(1), applied.ColumnBytes(2)};
  RETURN_IF_ERROR(applied.status());
  SqliteStatement behind = db.Prepare("SELECT upstream, number FROM behind WHERE stream = ?");
  behind.Text(stream);
  while (behind.Step()) row.behind[behind.ColumnBytes(0)] = behind.ColumnInt(1);
  RETURN_IF_ERROR(behind.status());
  SqliteStatement parked = db.Prepare("SELECT reason FROM parked WHERE stream = ?");
  if (parked.Text(stream).Step()) row.parked_reason = parked.ColumnBytes(0);
  RETURN_IF_ERROR(parked.status());
  return row;
}

absl::Status WriteState(SqliteConnection& db, absl::string_view stream, const StreamRow& row) {
  return db
      .Prepare(
          "INSERT INTO streams (id, version, state, sealed, evolve_version, time) VALUES (?, ?, ?, "
          "?, ?, ?) "
          "ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state, "
          "sealed = excluded.sealed, evolve_version = excluded.evolve_version, time = "
          "excluded.time")
      .Text(stream)
      .Int(row.version)
      .Blob(row.state.open)
      .Blob(row.state.sealed)
      .Int(row.evolve_version)
      .Int(absl::ToUnixMicros(row.last_event_time))
      .Run();
}

absl::Status AddFolded(SqliteConnection& db, absl::string_view stream, const type::Folded& folded) {
  for (const type::UniqueEntry& entry : folded.uniques) {
    RETURN_IF_ERROR(db.Prepare("INSERT INTO unique_index (name, key, stream) VALUES (?, ?, ?) "
                               "ON CONFLICT (name, key) DO UPDATE SET stream = excluded.stream "
                               "WHERE unique_index.stream = excluded.stream")
                        .Text(entry.index)
                        .Blob(entry.key)
                        .Text(stream)
                        .Run());
    if (db.Changes() == 0) return absl::AbortedError("a unique entry is held by another stream");
  }
  for (const type::ListEntry& entry : folded.lists) {
    ASSIGN_OR_RETURN(const std::string key, StoredKey(db, stream, entry));
    RETURN_IF_ERROR(
        db.Prepare("INSERT OR REPLACE INTO list_index (name, key, stream) VALUES (?, ?, ?)")
            .Text(entry.index)
            .Blob(key)
            .Text(stream)
            .Run());
  }
  for (const type::TimerEntry& entry : folded.timers) {
    RETURN_IF_ERROR(db.Prepare("INSERT OR REPLACE INTO timers (stream, kind, due) VALUES (?, ?, ?)")
                        .Text(stream)
                        .Text(entry.kind)
                        .Int(entry.due_unix_seconds)
                        .Run());
  }
  return absl::OkStatus();
}

absl::Status RemoveFolded(SqliteConnection& db, absl::string_view stream,
                          const type::Folded& folded) {
  for (const type::UniqueEntry& entry : folded.uniques) {
    RETURN_IF_ERROR(db.Prepare("DELETE FROM unique_index WHERE name = ? AND key = ? AND stream = ?")
                        .Text(entry.index)
                        .Blob(entry.key)
                        .Text(stream)
                        .Run());
  }
  for (const type::ListEntry& entry : folded.lists) {
    ASSIGN_OR_RETURN(const std::string key, StoredKey(db, stream, entry));
    RETURN_IF_ERROR(db.Prepare("DELETE FROM list_index WHERE name = ? AND key = ? AND stream = ?")
                        .Text(entry.index)
                        .Blob(key)
                        .Text(stream)
                        .Run());
  }
  for (const type::TimerEntry& entry : folded.timers) {
    RETURN_IF_ERROR(db.Prepare("DELETE FROM timers WHERE stream = ? AND kind = ? AND due = ?")
                        .Text(stream)
                        .Text(entry.kind)
                        .Int(entry.due_unix_seconds)
                        .Run());
  }
  return absl::OkStatus();
}

absl::Status RemoveAllFolded(SqliteConnection& db, absl::string_view stream) {
  for (const char* sql :
       {"DELETE FROM unique_index WHERE stream = ?", "DELETE FROM list_index WHERE stream = ?",
        "DELETE FROM timers WHERE stream = ?"}) {
    RETURN_IF_ERROR(db.Prepare(sql).Text(stream).Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadListKeys(SqliteConnection& db, absl::string_view index,
                                                      absl::string_view prefix,
                                                      absl::string_view after, int limit) {
  const std::string end = EndOfPrefix(prefix);
  // The second form is for a prefix that nothing is above, most often the empty one.
  SqliteStatement row = end.empty() ? db.Prepare(
                                          "SELECT key FROM list_index WHERE name = ? AND key >= ? "
                                          "AND key > ? ORDER BY key LIMIT ?")
                                    : db.Prepare(
                                          "SELECT key FROM list_index WHERE name = ? AND key >= ? "
                                          "AND key > ? AND key < ? ORDER BY key LIMIT ?");
  row.Text(index).Blob(prefix).Blob(after);
  if (!end.empty()) row.Blob(end);
  row.Int(limit);
  std::vector<std::string> keys;
  while (row.Step()) keys.push_back(row.ColumnBytes(0));
  RETURN_IF_ERROR(row.status());
  return keys;
}

absl::StatusOr<std::string> ReadHolder(SqliteConnection& db, const type::UniqueEntry& entry) {
  SqliteStatement row = db.Prepare("SELECT stream FROM unique_index WHERE name = ? AND key = ?");
  std::string stream;
  if (row.Text(entry.index).Blob(entry.key).Step()) stream = row.ColumnBytes(0);
  RETURN_IF_ERROR(row.status());
  return stream;
}

absl::Status EraseKey(SqliteConnection& db, const KeyName& key) {
  return db.Prepare("DELETE FROM keys WHERE stream = ? AND person_id = ?")
      .Text(key.stream)
      .Text(key.person_id)
      .Run();
}

absl::Status EraseSealed(SqliteConnection& db, const SealedErasure& erasure) {
  return db.Prepare("UPDATE events SET sealed = x'' WHERE stream = ? AND number <= ?")
      .Text(erasure.stream)
      .Int(erasure.through)
      .Run();
}

absl::StatusOr<std::optional<Position>> ReadPositionRow(SqliteConnection& db,
                                                        absl::string_view upstream) {
  SqliteStatement row =
      db.Prepare("SELECT incarnation, position FROM positions WHERE upstream = ?");
  std::optional<Position> position;
  if (row.Text(upstream).Step()) position = Position{row.ColumnBytes(0), row.ColumnInt(1)};
  RETURN_IF_ERROR(row.status());
  return position;
}

absl::Status WritePosition(SqliteConnection& db, absl::string_view upstream,
                           const Position& position) {
  return db
      .Prepare(
          "INSERT INTO positions (upstream, incarnation, position) VALUES (?, ?, ?) "
          "ON CONFLICT (upstream) DO UPDATE SET incarnation = excluded.incarnation, position = "
          "excluded.position "
          "WHERE positions.incarnation <> excluded.incarnation OR positions.position < "
          "excluded.position")
      .Text(upstream)
      .Text(position.incarnation)
      .Int(position.position)
      .Run();
}

absl::Status RaiseBehind(SqliteConnection& db, const BehindRow& row, absl::Time now) {
  return db
      .Prepare(
          "INSERT INTO behind (stream, upstream, number, since) SELECT ?1, ?2, ?3, ?4 "
          "WHERE NOT EXISTS (SELECT 1 FROM applied WHERE stream = ?1 AND upstream = ?2 AND number "
          ">= ?3) "
          "ON CONFLICT (stream, upstream) DO UPDATE SET number = max(behind.number, "
          "excluded.number)")
      .Text(row.stream)
      .Text(row.upstream)
      .Int(row.number)
      .Int(absl::ToUnixMicros(now))
      .Run();
}

absl::Status ReplaceBehind(SqliteConnection& db, absl::string_view stream, const StreamRow& before,
                           const StreamRow& after, absl::Time now) {
  for (const auto& [upstream, number] : before.behind) {
    if (after.behind.contains(upstream)) continue;
    RETURN_IF_ERROR(db.Prepare("DELETE FROM behind WHERE stream = ? AND upstream = ?")
                        .Text(stream)
                        .Text(upstream)
                        .Run());
  }
  for (const auto& [upstream, number] : after.behind) {
    RETURN_IF_ERROR(
        db.Prepare("INSERT INTO behind (stream, upstream, number, since) VALUES (?, ?, ?, ?) "
                   "ON CONFLICT (stream, upstream) DO UPDATE SET number = excluded.number")
            .Text(stream)
            .Text(upstream)
            .Int(number)
            .Int(absl::ToUnixMicros(now))
            .Run());
  }
  return absl::OkStatus();
}

absl::Status ReplaceApplied(SqliteConnection& db, absl::string_view stream, const StreamRow& before,
                            const StreamRow& after) {
  for (const auto& [upstream, applied] : before.applied) {
    if (after.applied.contains(upstream)) continue;
    RETURN_IF_ERROR(db.Prepare("DELETE FROM applied WHERE stream = ? AND upstream = ?")
                        .Text(stream)
                        .Text(upstream)
                        .Run());
  }
  for (const auto& [upstream, applied] : after.applied) {
    const auto stored = before.applied.find(upstream);
    if (stored != before.applied.end() && stored->second == applied) continue;
    RETURN_IF_ERROR(
        db.Prepare("INSERT OR REPLACE INTO applied (stream, upstream, number, fingerprints) "
                   "VALUES (?, ?, ?, ?)")
            .Text(stream)
            .Text(upstream)
            .Int(applied.number)
            .Blob(applied.fingerprints)
            .Run());
  }
  return absl::OkStatus();
}

absl::Status WriteProjection(SqliteConnection& db, const ProjectionRow& row) {
  SqliteStatement held = db.Prepare("SELECT value FROM projections WHERE name = ? AND key = ?");
  const bool is_there = held.Text(row.name).Text(row.key).Step();
  RETURN_IF_ERROR(held.status());
  if (row.before != (is_there ? held.ColumnBytes(0) : "")) {
    return absl::AbortedError("a projection has another value than was read");
  }
  return db
      .Prepare(
          "INSERT INTO projections (name, key, value) VALUES (?, ?, ?) "
          "ON CONFLICT (name, key) DO UPDATE SET value = excluded.value")
      .Text(row.name)
      .Text(row.key)
      .Blob(row.value)
      .Run();
}

absl::StatusOr<std::optional<RequestRow>> ReadRequestRow(SqliteConnection& db,
                                                         absl::string_view key) {
  SqliteStatement row =
      db.Prepare("SELECT stream, number, fingerprint FROM requests WHERE key = ?");
  std::optional<RequestRow> request;
  if (row.Blob(key).Step())
    request = RequestRow{row.ColumnBytes(0), row.ColumnInt(1), row.ColumnBytes(2)};
  RETURN_IF_ERROR(row.status());
  return request;
}

}  // namespace pathways::engine
