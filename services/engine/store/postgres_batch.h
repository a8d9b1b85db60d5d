// One write transaction of the PostgreSQL store: one round trip to read, one to write.
//
// Made by PostgresStore::Begin, which hands over the writer's place. Read begins the transaction
// and locks what it names: streams sorted, then positions. Commit sends all writes and COMMIT
// together: new requests sorted, unique entries sorted, new streams sorted, then the other rows,
// then the commit-order lock, what was looked up once more, the events and the audit trail. Every
// transaction takes its locks in this order, so replicas wait for each other but never in a circle;
// what went wrong all the same (a row is not what was read, a deadlock with a foreign session) is
// ABORTED.
//
// When the connection is lost after COMMIT may have left, the outcome is not guessed. Commit
// connects again and asks: the transaction's id, taken before anything was written, says whether
// it is still running, and its events, which carry ids minted for this batch alone, say whether it
// took effect - also on a standby that took over without it, where the transaction id may be
// another one's. Found: OK. Not found and no longer running: UNAVAILABLE, nothing was written. A
// batch without events is decided by the transaction id and its request rows. If it cannot be
// known in time the answer is UNAVAILABLE and says COMMIT_UNKNOWN; then a caller sends the same
// request id again and a consumer the same number, and the next decision finds what is there.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_BATCH_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_BATCH_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/engine/store/event_store.h"
#include "services/engine/store/postgres.h"
#include "services/engine/store/postgres_store.h"

namespace pathways::engine {

class PostgresBatch : public Batch {
 public:
  PostgresBatch(PostgresStore& store, PostgresLease lease)
      : store_(store), lease_(std::move(lease)) {}
  ~PostgresBatch() override;

  absl::StatusOr<BatchData> Read(const BatchRead& wanted) override;
  absl::Status Commit(BatchWrite& write) override;

 private:
  // Begins the transaction if need be, then locks and reads.
  absl::Status Lock(const BatchRead& wanted, BatchData& data);
  // Locks the streams that Read did not name.
  absl::Status LockOthers(const BatchWrite& write);
  // Makes what is stored of the streams that are folded anew what their writes remove.
  absl::Status ReadReplaced(BatchWrite& write);
  absl::Status CheckVersions(const BatchWrite& write) const;
  absl::Status Build(BatchWrite& write, PostgresSteps& steps);
  absl::Status Resolve(BatchWrite& write);

  PostgresStore& store_;
  PostgresLease lease_;
  bool begun_ = false;
  bool finished_ = false;
  absl::Time now_;
  int64_t transaction_ = 0;                // The database's 64-bit id of the transaction.
  std::map<std::string, StreamRow> read_;  // Streams as read, without states.
  std::set<std::string> locked_;           // Those of them that have a row.
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_BATCH_H_
