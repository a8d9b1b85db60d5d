// One write transaction of the SQLite store.
//
// Made by SqliteStore::Begin, which hands over the writer's place; gives it back when destroyed.
// BEGIN IMMEDIATE takes SQLite's own write lock at once, so that a read in the batch is never older
// than the batch. For the same reason what was looked up is still so at Commit.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_BATCH_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_BATCH_H_

#include <map>
#include <mutex>
#include <string>

#include "services/engine/store/event_store.h"
#include "services/engine/store/sqlite_store.h"

namespace pathways::engine {

class SqliteBatch : public Batch {
 public:
  // `place` is the held writer's place; the transaction has begun.
  SqliteBatch(SqliteStore& store, std::unique_lock<std::timed_mutex> place, absl::Time now)
      : store_(store), place_(std::move(place)), now_(now) {}
  ~SqliteBatch() override;

  absl::StatusOr<BatchData> Read(const BatchRead& wanted) override;
  absl::Status Commit(BatchWrite& write) override;

 private:
  absl::Status WriteStream(StreamWrite& write);
  absl::Status CheckVersion(const StreamWrite& write);
  absl::Status InsertEvent(EventRow& event);
  absl::Status WriteMarks(const StreamWrite& write);
  absl::Status WriteTruth(const BatchWrite& write);
  absl::Status WriteRest(const BatchWrite& write);

  SqliteStore& store_;
  std::unique_lock<std::timed_mutex> place_;
  const absl::Time now_;
  // Version and marks of the streams that were read: nobody else writes while this batch lives.
  std::map<std::string, StreamRow> read_;
  bool finished_ = false;
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_BATCH_H_
