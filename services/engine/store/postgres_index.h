// The SQL of the PostgreSQL store's indexes: unique entries, lists and timers, which are folded
// from states, and what decisions look up in them.
//
// Every function adds statements to a list that later runs as one pipeline, as in postgres_rows.h;
// none of them waits. What a read writes to must live until the steps have run.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_INDEX_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_INDEX_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/engine/store/batch.h"
#include "services/engine/store/postgres_rows.h"
#include "services/type/stream.h"

namespace pathways::engine {

// Keys of a range, in order.
void ReadListKeys(const type::ListRange& range, std::vector<std::string>& keys,
                  PostgresSteps& steps);
// The stream that holds each entry; empty for one that nobody holds.
void ReadHolders(const std::vector<type::UniqueEntry>& entries,
                 std::map<type::UniqueEntry, std::string>& holders, PostgresSteps& steps);
// ABORTED when something is not as it is said here. Under the commit-order lock, behind the batch's
// own writes: nobody else's can come between this and COMMIT.
void CheckLookedUp(const LookedUp& looked_up, PostgresSteps& steps);

// Every index entry and timer of streams that are locked: only who holds a stream's lock changes
// them.
void ReadFoldedRows(const std::vector<std::string>& streams,
                    std::map<std::string, type::Folded>& rows, PostgresSteps& steps);
// Takes them all away. Of one stream: several batches that did it could wait for each other.
void RemoveAllFolded(const std::string& stream, PostgresSteps& steps);
// Unique entries of the whole batch: what one stream releases another may take. ABORTED at once
// when two streams take one entry, later when another stream holds it.
absl::Status WriteUniques(const std::vector<const StreamWrite*>& streams, PostgresSteps& steps);
// Removals of the whole batch, then additions, but for entries in order of commit.
void WriteLists(const std::vector<const StreamWrite*>& streams, PostgresSteps& steps);
// Adds the entries in order of commit. Their keys hold the positions of events, so the batch's
// events have to be stored before.
void AddPlacedLists(const std::vector<const StreamWrite*>& streams, PostgresSteps& steps);
void WriteTimers(const std::vector<const StreamWrite*>& streams, PostgresSteps& steps);

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_INDEX_H_
