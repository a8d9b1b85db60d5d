#include "services/engine/store/sqlite_batch.h"

#include "absl/strings/str_cat.h"
#include "services/base/faults.h"
#include "services/base/status_macros.h"
#include "services/engine/store/sqlite_rows.h"

namespace pathways::engine {

SqliteBatch::~SqliteBatch() {
  // A rollback that fails leaves nothing behind either: SQLite rolls back by itself on such errors.
  if (!finished_) store_.writer_->Execute("ROLLBACK").IgnoreError();
}

absl::StatusOr<BatchData> SqliteBatch::Read(const BatchRead& wanted) {
  SqliteConnection& db = *store_.writer_;
  BatchData data;
  data.now = now_;
  for (const std::string& key : wanted.requests) {
    ASSIGN_OR_RETURN(std::optional<RequestRow> row, ReadRequestRow(db, key));
    if (row) data.requests.emplace(key, *std::move(row));
  }
  for (const std::string& stream : wanted.streams) {
    ASSIGN_OR_RETURN(StreamRow row, ReadStreamRow(db, stream));
    const bool known = row.version > 0 || !row.applied.empty() || !row.behind.empty() ||
                       !row.parked_reason.empty();
    StreamRow& kept = read_[stream];
    kept.version = row.version;
    kept.applied = row.applied;
    kept.behind = row.behind;
    if (known) data.streams.emplace(stream, std::move(row));
  }
  for (const std::string& upstream : wanted.upstreams) {
    ASSIGN_OR_RETURN(std::optional<Position> row, ReadPositionRow(db, upstream));
    if (row) data.positions.emplace(upstream, *std::move(row));
  }
  for (const type::UniqueEntry& entry : wanted.uniques) {
    ASSIGN_OR_RETURN(data.holders[entry], ReadHolder(db, entry));
  }
  for (const type::ListRange& range : wanted.lists) {
    ASSIGN_OR_RETURN(data.lists[range],
                     ReadListKeys(db, range.index, range.prefix, range.after, range.limit));
  }
  if (!wanted.rules_stream.empty()) {
    SqliteStatement row = db.Prepare("SELECT version FROM streams WHERE id = ?");
    if (row.Text(wanted.rules_stream).Step()) data.rules_version = row.ColumnInt(0);
    RETURN_IF_ERROR(row.status());
  }
  return data;
}

absl::Status SqliteBatch::Commit(BatchWrite& write) {
  // All removals first: a unique entry may pass from one stream of the batch to another.
  for (const StreamWrite& stream : write.streams) {
    RETURN_IF_ERROR(CheckVersion(stream));
    RETURN_IF_ERROR(stream.replaces_folded
                        ? RemoveAllFolded(*store_.writer_, stream.stream)
                        : RemoveFolded(*store_.writer_, stream.stream, stream.removed));
  }
  bool appended = false;
  for (StreamWrite& stream : write.streams) {
    RETURN_IF_ERROR(WriteStream(stream));
    appended |= !stream.events.empty();
  }
  RETURN_IF_ERROR(WriteTruth(write));
  RETURN_IF_ERROR(WriteRest(write));
  PATHWAYS_CRASH_POINT("store.before_commit");
  RETURN_IF_ERROR(store_.writer_->Execute("COMMIT"));
  finished_ = true;
  PATHWAYS_CRASH_POINT("store.after_commit");
  place_.unlock();
  if (appended && store_.wake_) store_.wake_();
  return absl::OkStatus();
}

absl::Status SqliteBatch::WriteStream(StreamWrite& write) {
  SqliteConnection& db = *store_.writer_;
  int64_t number = write.expected_version;
  for (EventRow& event : write.events) {
    if (event.number != ++number) return absl::InternalError("events of a batch have a hole");
    RETURN_IF_ERROR(InsertEvent(event));
  }
  // After the events, whose positions are in the keys of some list entries.
  RETURN_IF_ERROR(AddFolded(db, write.stream, write.added));
  if (write.state_changed) RETURN_IF_ERROR(WriteState(db, write.stream, write.row));
  return WriteMarks(write);
}

absl::Status SqliteBatch::CheckVersion(const StreamWrite& write) {
  // What this transaction has read stands: it is the only writer.
  if (const auto read = read_.find(write.stream);
      read != read_.end() && read->second.version == write.expected_version) {
    return absl::OkStatus();
  }
  SqliteStatement row = store_.writer_->Prepare("SELECT version FROM streams WHERE id = ?");
  const int64_t version = row.Text(write.stream).Step() ? row.ColumnInt(0) : 0;
  RETURN_IF_ERROR(row.status());
  if (version == write.expected_version) return absl::OkStatus();
  return absl::AbortedError("a stream is not at the version that was read");
}

absl::Status SqliteBatch::InsertEvent(EventRow& event) {
  SqliteConnection& db = *store_.writer_;
  const std::string cause = event.cause.SerializeAsString();
  const std::string trace = event.trace.Format();
  RETURN_IF_ERROR(
      db.Prepare("INSERT INTO events (stream, number, ce_id, type, time, cause, trace, data, "
                 "sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .Text(event.stream)
          .Int(event.number)
          .Text(event.ce_id)
          .Text(event.type)
          .Int(absl::ToUnixMicros(event.time))
          .Blob(cause)
          .Text(trace)
          .Blob(event.data)
          .Blob(event.sealed)
          .Run());
  event.position = db.LastInsertRowId();
  return absl::OkStatus();
}

absl::Status SqliteBatch::WriteMarks(const StreamWrite& write) {
  SqliteConnection& db = *store_.writer_;
  auto read = read_.find(write.stream);
  if (read == read_.end()) {
    ASSIGN_OR_RETURN(StreamRow stored, ReadStreamRow(db, write.stream));
    read = read_.emplace(write.stream, std::move(stored)).first;
  }
  RETURN_IF_ERROR(ReplaceApplied(db, write.stream, read->second, write.row));
  return ReplaceBehind(db, write.stream, read->second, write.row, now_);
}

absl::Status SqliteBatch::WriteTruth(const BatchWrite& write) {
  SqliteConnection& db = *store_.writer_;
  for (const auto& [key, request] : write.requests) {
    RETURN_IF_ERROR(
        db.Prepare("INSERT INTO requests (key, stream, number, fingerprint) VALUES (?, ?, ?, ?)")
            .Blob(key)
            .Text(request.stream)
            .Int(request.number)
            .Blob(request.fingerprint)
            .Run());
  }
  for (const SealedErasure& erasure : write.erased_sealed) {
    RETURN_IF_ERROR(EraseSealed(db, erasure));
  }
  for (const KeyName& key : write.erased_keys) RETURN_IF_ERROR(EraseKey(db, key));
  for (const KeyRow& key : write.keys) {
    RETURN_IF_ERROR(
        db.Prepare("INSERT OR REPLACE INTO keys (stream, person_id, wrapped) VALUES (?, ?, ?)")
            .Text(key.stream)
            .Text(key.person_id)
            .Blob(key.wrapped)
            .Run());
  }
  for (const auto& [upstream, position] : write.positions) {
    RETURN_IF_ERROR(WritePosition(db, upstream, position));
  }
  return absl::OkStatus();
}

absl::Status SqliteBatch::WriteRest(const BatchWrite& write) {
  SqliteConnection& db = *store_.writer_;
  for (const ParkedRow& parked : write.parked) {
    RETURN_IF_ERROR(db.Prepare("INSERT OR REPLACE INTO parked (stream, upstream, number, reason, "
                               "since) VALUES (?, ?, ?, ?, ?)")
                        .Text(parked.stream)
                        .Text(parked.upstream)
                        .Int(parked.number)
                        .Text(parked.reason)
                        .Int(absl::ToUnixMicros(now_))
                        .Run());
  }
  for (const AuditRow& audit : write.audit) {
    RETURN_IF_ERROR(
        db.Prepare(
              "INSERT INTO audit (time, principal, method, stream, number) VALUES (?, ?, ?, ?, ?)")
            .Int(absl::ToUnixMicros(now_))
            .Text(audit.principal)
            .Text(audit.method)
            .Text(audit.stream)
            .Int(audit.number)
            .Run());
  }
  for (const ProjectionRow& row : write.projections) RETURN_IF_ERROR(WriteProjection(db, row));
  return absl::OkStatus();
}

}  // namespace pathways::engine
