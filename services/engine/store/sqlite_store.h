// The event store on SQLite: one file per service, for a laptop.
//
// WAL with synchronous=FULL, so a commit that returned is on the disk. There is one writer: a Batch
// and every other write take the writer's place, in the order they ask. Readers have their own
// connections and see the last commit. One process per file: the caller holds the lock on the data
// directory (services/host/data_lock.h).
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_STORE_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_STORE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "services/base/clock.h"
#include "services/engine/store/event_store.h"
#include "services/engine/store/sqlite.h"

namespace pathways::engine {

class SqliteStore : public EventStore {
 public:
  // Opens `path`, makes it when missing and brings its schema up to date. `clock` must outlive the
  // store. UNAVAILABLE: cannot be opened or written. FAILED_PRECONDITION: made by a newer release.
  // DATA_LOSS: not a database of ours.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& path,
                                                           const base::Clock& clock);
  ~SqliteStore() override;

  absl::StatusOr<std::unique_ptr<Batch>> Begin() override;
  absl::StatusOr<absl::Time> Now() override { return clock_.Now(); }
  std::string Incarnation() const override { return incarnation_; }
  absl::StatusOr<StreamRow> ReadState(absl::string_view stream) override;
  absl::StatusOr<std::vector<EventRow>> ReadStream(absl::string_view stream, int64_t from,
                                                   int limit, bool with_sealed) override;
  absl::StatusOr<std::vector<EventRow>> ReadEvents(const std::vector<EventKey>& keys) override;
  absl::StatusOr<std::vector<EventRow>> ReadAfter(int64_t position, int limit) override;
  absl::StatusOr<int64_t> LastPosition() override;
  absl::StatusOr<std::vector<StreamHead>> ReadHeads(absl::string_view after, int limit) override;
  absl::StatusOr<std::vector<FoldRow>> ReadOtherFolds(int evolve_version, const FoldRow& after,
                                                      int limit) override;
  absl::StatusOr<int64_t> CountOtherFolds(int evolve_version) override;
  absl::StatusOr<std::vector<std::string>> ReadList(absl::string_view index,
                                                    absl::string_view prefix,
                                                    absl::string_view after, int limit) override;
  absl::StatusOr<std::optional<RequestRow>> ReadRequest(absl::string_view key) override;
  absl::StatusOr<std::vector<KeyRow>> ReadKeys(absl::string_view stream) override;
  absl::StatusOr<std::vector<TimerRow>> ReadDueTimers(absl::Time now, const TimerRow& after,
                                                      int limit) override;
  absl::StatusOr<std::vector<BehindRow>> ReadBehindOf(absl::string_view upstream,
                                                      const BehindRow& after, int limit) override;
  absl::StatusOr<std::vector<ParkedRow>> ReadParked(int limit) override;
  absl::StatusOr<std::map<std::string, int64_t>> ReadApplied(
      absl::string_view upstream, const std::vector<std::string>& streams) override;
  absl::StatusOr<Position> ReadPosition(absl::string_view upstream) override;
  absl::StatusOr<std::map<std::string, std::string>> ReadProjections(
      absl::string_view name, const std::vector<std::string>& keys) override;
  absl::StatusOr<int64_t> ReadWatermark() override;
  absl::StatusOr<std::vector<WithheldRow>> ReadWithheld(int limit) override;
  absl::Status AdvanceWatermark(const Lease& lease, int64_t position) override;
  absl::Status ProbeWrite() override;
  absl::Status Withhold(const Lease& lease, const std::vector<WithheldRow>& rows) override;
  absl::Status Release(const Lease& lease, absl::string_view stream) override;
  absl::Status MarkBehind(const std::vector<BehindRow>& rows) override;
  absl::Status ClearParked(absl::string_view stream) override;
  absl::Status DropProjection(absl::string_view name,
                              const std::vector<std::string>& upstreams) override;
  absl::Status DropFolded() override;
  absl::Status RestoreFolded(absl::string_view stream, const StreamRow& row,
                             const type::Folded& folded) override;
  void OnCommit(std::function<void()> wake) override { wake_ = std::move(wake); }

 private:
  friend class SqliteBatch;
  class Reader;

  SqliteStore(const base::Clock& clock, std::string path) : clock_(clock), path_(std::move(path)) {}

  absl::Status Migrate();
  absl::Status Initialise();
  // A reading connection for the life of the Reader; opens another one when all are in use.
  absl::StatusOr<Reader> AcquireReader();
  void ReleaseReader(std::unique_ptr<SqliteConnection> connection);
  // Runs `write` in one transaction of the writer.
  absl::Status InTransaction(const std::function<absl::Status(SqliteConnection&)>& write);

  const base::Clock& clock_;
  const std::string path_;
  std::string incarnation_;
  std::function<void()> wake_;

  std::timed_mutex writer_mutex_;             // Guards writer_.
  std::unique_ptr<SqliteConnection> writer_;  // The only connection that writes.

  std::mutex readers_mutex_;                                // Guards readers_.
  std::vector<std::unique_ptr<SqliteConnection>> readers_;  // Connections not in use.
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_SQLITE_STORE_H_
