// Row-by-row SQL of the SQLite store that both its batch and its maintenance use.
//
// Every function runs on a connection the caller holds, inside the caller's transaction, and reads
// or writes exactly one kind of row.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_ROWS_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_ROWS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/engine/store/event_store.h"
#include "services/engine/store/sqlite.h"

namespace pathways::engine {

// A stream with everything beside it; version 0 when there is none.
absl::StatusOr<StreamRow> ReadStreamRow(SqliteConnection& db, absl::string_view stream);
absl::Status WriteState(SqliteConnection& db, absl::string_view stream, const StreamRow& row);
// ABORTED when a unique entry is held by another stream. The stream's events are stored already.
absl::Status AddFolded(SqliteConnection& db, absl::string_view stream, const type::Folded& folded);
// Of a stream every one.
absl::Status RemoveAllFolded(SqliteConnection& db, absl::string_view stream);
absl::Status RemoveFolded(SqliteConnection& db, absl::string_view stream,
                          const type::Folded& folded);
// Keys of a list as in EventReader::ReadList.
absl::StatusOr<std::vector<std::string>> ReadListKeys(SqliteConnection& db, absl::string_view index,
                                                      absl::string_view prefix,
                                                      absl::string_view after, int limit);
// The stream that holds a unique entry; empty when none does.
absl::StatusOr<std::string> ReadHolder(SqliteConnection& db, const type::UniqueEntry& entry);
absl::Status EraseKey(SqliteConnection& db, const KeyName& key);
absl::Status EraseSealed(SqliteConnection& db, const SealedErasure& erasure);
absl::StatusOr<std::optional<Position>> ReadPositionRow(SqliteConnection& db,
                                                        absl::string_view upstream);
// Only forward within one incarnation.
absl::Status WritePosition(SqliteConnection& db, absl::string_view upstream,
                           const Position& position);
// Keeps the higher number; nothing when that number is applied already.
absl::Status RaiseBehind(SqliteConnection& db, const BehindRow& row, absl::Time now);
// Make the stored marks of a stream those of `after`; `before` is what is stored.
absl::Status ReplaceBehind(SqliteConnection& db, absl::string_view stream, const StreamRow& before,
                           const StreamRow& after, absl::Time now);
absl::Status ReplaceApplied(SqliteConnection& db, absl::string_view stream, const StreamRow& before,
                            const StreamRow& after);
absl::Status WriteProjection(SqliteConnection& db, const ProjectionRow& row);
absl::StatusOr<std::optional<RequestRow>> ReadRequestRow(SqliteConnection& db,
                                                         absl::string_view key);

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_ROWS_H_
