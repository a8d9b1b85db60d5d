// The event store on PostgreSQL: one database per service, shared by all replicas of the service.
//
// One writer connection, so the batches of one replica follow each other; those of several
// replicas overlap up to the commit-order lock, which makes position order commit order
// (docs/adr/0020). Reads use a bounded pool of their own and never wait for a writer. Every call
// ends within `operation_max`, a Commit that has to look up its outcome within twice that: a lost
// server is looked for again with backoff until then, and the store works on by itself when it is
// back. One that comes back without the last event that this store has committed - a standby that
// took over too early, an older copy - is not written to: every batch is then UNAVAILABLE with the
// reason TAIL_LOST, for what was published would be decided once more under the same numbers.
// OnCommit also wakes after commits of other replicas, at most 20 ms later, and now and then
// without one (postgres_notices.h). One replica's relay leads (postgres_leader.h). Each of these
// two takes one more connection of every replica.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_STORE_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_STORE_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "services/base/clock.h"
#include "services/engine/store/event_store.h"
#include "services/engine/store/postgres.h"
#include "services/engine/store/postgres_leader.h"
#include "services/engine/store/postgres_notices.h"
#include "services/engine/store/postgres_rows.h"

namespace pathways::engine {

struct PostgresStoreOptions {
  PostgresOptions postgres;
  int readers_max = 4;  // Connections for reads, beside the one that writes.
  // Replaces the database's clock, so that a test sets the time. Must outlive the store.
  const base::Clock* clock = nullptr;
  // Called when a batch's COMMIT has left and no answer was looked at, so that a test can break
  // the connection there.
  std::function<void(int backend_pid, int socket)> commit_sent;
};

// Brings the schema up to date and returns its number. Safe when two start at once: the second one
// waits and finds nothing to do. FAILED_PRECONDITION: made by a newer release. UNAVAILABLE: cannot
// be reached, or another migration holds the lock for longer than `operation_max`.
absl::StatusOr<int64_t> MigratePostgres(const PostgresOptions& options);

class PostgresStore : public EventStore {
 public:
  // Never migrates. FAILED_PRECONDITION, which names `pathways migrate`, when the schema is not the
  // one of this release. INVALID_ARGUMENT: a connection string that must not be used
  // (postgres_conninfo.h). UNAVAILABLE: cannot be reached within `operation_max`.
  static absl::StatusOr<std::unique_ptr<PostgresStore>> Open(PostgresStoreOptions options);
  ~PostgresStore() override;

  absl::StatusOr<std::unique_ptr<Batch>> Begin() override;
  absl::StatusOr<absl::Time> Now() override;
  std::string Incarnation() const override { return incarnation_; }
  absl::StatusOr<StreamRow> ReadState(absl::string_view stream) override;
  absl::StatusOr<std::map<std::string, StreamRow>> ReadStates(
      const std::vector<std::string>& streams) override;
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
  absl::StatusOr<Lease> LeadRelay() override { return leader_.Lead(Deadline()); }
  bool IsRelayLeader() override { return leader_.leads(); }
  int64_t RelaySession() override { return leader_.session(); }
  void YieldRelay() override { leader_.Yield(); }
  // The writes outside the engine may be called again after UNAVAILABLE: each has the same effect
  // twice as once, but a ClearParked that was written and not answered is NOT_FOUND then.
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
  void OnCommit(std::function<void()> wake) override;

  // For commands that mend the database, not for services. Keeps every other process from
  // publishing and from writing events or the audit trail until this store is closed or its
  // connections are lost. FAILED_PRECONDITION: a process of the service runs.
  absl::Status HoldAlone();
  // Gives the store a new incarnation: what follows is another log.
  absl::Status BecomeAnother();
  // Sets the relay's watermark back and takes its place from whoever leads, so that the leader
  // reads it anew; what is withheld after it is tried again. May be called while the service runs.
  // FAILED_PRECONDITION: the watermark is not that far yet, so events would be left out.
  absl::Status SetBackWatermark(int64_t position);

 private:
  friend class PostgresBatch;
  // What was read of the streams that are to change.
  struct Held {
    std::set<std::string> locked;  // Those that have a row.
    std::map<std::string, StreamRow> rows;
    absl::Time now;
  };
  using Build = std::function<absl::Status(const Held& held, PostgresSteps& steps)>;

  explicit PostgresStore(PostgresStoreOptions options);

  absl::Status Initialise();
  PostgresDeadline Deadline() const;
  // Runs steps on a reading connection; once more when an old connection turns out to be lost.
  absl::Status Read(const PostgresSteps& steps);
  // Runs steps in one transaction and one round trip of the writer.
  absl::Status Write(PostgresSteps steps);
  // Locks streams, then writes what `build` makes of them, in one transaction of the writer; anew
  // when another transaction has made one of them meanwhile.
  absl::Status Change(const std::vector<std::string>& streams, const Build& build);
  absl::Status TryChange(const std::vector<std::string>& streams, const Build& build,
                         PostgresConnection& connection, PostgresDeadline deadline);
  // A batch has committed up to this event.
  void Remember(const EventRow& last);
  // DATA_LOSS: the server does not have the event that was remembered.
  absl::Status CheckTail(PostgresConnection& connection, PostgresDeadline deadline);

  const PostgresStoreOptions options_;
  PostgresPool readers_;
  PostgresPool writer_;  // Its only place is the writer's place.
  PostgresLeader leader_;
  std::string incarnation_;
  std::function<void()> wake_;
  std::mutex mutex_;           // Guards what follows.
  int64_t last_position_ = 0;  // Of the last event that this store has committed; 0: none yet.
  std::string last_ce_id_;
  std::unique_ptr<PostgresNotices> notices_;  // None before OnCommit. Last, for it calls wake_.
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_STORE_H_
