// The event store: the one place where a service keeps anything.
//
// The engine is its only writer of events. It writes one batch in one transaction (batch.h).
// Everybody else reads: the relay and the watches by position, which is commit order; the puller by
// stream; lists by index. A store is one object with several faces, one for each kind of user, and
// each user takes the narrowest that it can do with:
//
//   EventReader  what anybody may read: the services' own reads, watches, the stream API
//   EventWriter  begins a batch: whoever writes a position, a projection or a command
//   FollowStore  what following other services keeps: positions, numbers, parked streams, timers
//   RelayStore   what publishing the log keeps: the lease, the watermark, withheld streams
//   FoldStore    replaces what is folded or projected: after a release, after a restore
//   EventStore   all of them, for whoever owns the store
//
// Threads: every method may be called from any thread. A Batch belongs to the thread that began it,
// and while it lives other writers wait. Reads never wait for a writer. Blocking: a read blocks for
// one disk read, and Commit blocks until the batch is durable. Errors of every method: UNAVAILABLE
// (busy, disk full or read-only: nothing was written, try again), INTERNAL (the store is damaged or
// misused), DATA_LOSS (a row that cannot be read).
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_EVENT_STORE_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_EVENT_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/engine/store/batch.h"
#include "services/engine/store/rows.h"
#include "services/type/stream.h"

namespace pathways::engine {

class EventReader {
 public:
  virtual ~EventReader() = default;

  // The present time by the clock that batches are decided by. Where several processes share the
  // store it is the database's clock, because their own clocks may differ.
  virtual absl::StatusOr<absl::Time> Now() = 0;

  // Random id of this store's log. A store that was restored or made anew has another one.
  virtual std::string Incarnation() const = 0;

  virtual absl::StatusOr<StreamRow> ReadState(
      absl::string_view stream) = 0;  // version 0 when it does not exist.
  // Reads the states of several streams, in one read where that costs less. Streams that do not
  // exist may be left out.
  virtual absl::StatusOr<std::map<std::string, StreamRow>> ReadStates(
      const std::vector<std::string>& streams);
  // Events of one stream from a number on, at most `limit`. Only who folds a state again asks for
  // the sealed columns.
  virtual absl::StatusOr<std::vector<EventRow>> ReadStream(absl::string_view stream, int64_t from,
                                                           int limit, bool with_sealed) = 0;
  // The events of those that exist, in any order, without sealed columns. At most 1000 keys.
  virtual absl::StatusOr<std::vector<EventRow>> ReadEvents(const std::vector<EventKey>& keys) = 0;
  // Events after a position in commit order, at most `limit`, without sealed columns.
  virtual absl::StatusOr<std::vector<EventRow>> ReadAfter(int64_t position, int limit) = 0;
  virtual absl::StatusOr<int64_t> LastPosition() = 0;
  // (stream, version) in order of stream id after `after`.
  virtual absl::StatusOr<std::vector<StreamHead>> ReadHeads(absl::string_view after, int limit) = 0;
  // Entries of one list with key > `after` and starting with `prefix`, in order of key.
  virtual absl::StatusOr<std::vector<std::string>> ReadList(absl::string_view index,
                                                            absl::string_view prefix,
                                                            absl::string_view after, int limit) = 0;
  // What is remembered of a request, for those who look at a store from outside; decisions get it
  // with their batch.
  virtual absl::StatusOr<std::optional<RequestRow>> ReadRequest(absl::string_view key) = 0;
  virtual absl::StatusOr<std::vector<KeyRow>> ReadKeys(absl::string_view stream) = 0;
  virtual absl::StatusOr<std::map<std::string, std::string>> ReadProjections(
      absl::string_view name, const std::vector<std::string>& keys) = 0;
};

class EventWriter : public virtual EventReader {
 public:
  // Begins a transaction. Waits until no other writer is in the way, at most a few seconds; then
  // UNAVAILABLE.
  virtual absl::StatusOr<std::unique_ptr<Batch>> Begin() = 0;
};

class FollowStore : public virtual EventWriter {
 public:
  virtual absl::StatusOr<Position> ReadPosition(
      absl::string_view upstream) = 0;  // Empty incarnation: nothing was read yet.
  // The last number applied of one upstream, by stream. For sweeps.
  virtual absl::StatusOr<std::map<std::string, int64_t>> ReadApplied(
      absl::string_view upstream, const std::vector<std::string>& streams) = 0;
  // Rows of `behind`, those first that are behind for longest. Leaves out parked streams, which
  // could not apply what is pulled. `upstream` may be empty: then of all upstreams. Begins with the
  // row behind `after`; with the first row when `after` is empty.
  virtual absl::StatusOr<std::vector<BehindRow>> ReadBehindOf(absl::string_view upstream,
                                                              const BehindRow& after,
                                                              int limit) = 0;
  absl::StatusOr<std::vector<BehindRow>> ReadBehind(int limit) {
    return ReadBehindOf("", {}, limit);
  }
  // One transaction, durable when it returns. A row that is there keeps the higher number.
  virtual absl::Status MarkBehind(const std::vector<BehindRow>& rows) = 0;
  virtual absl::StatusOr<std::vector<ParkedRow>> ReadParked(int limit) = 0;
  // One transaction, durable when it returns. NOT_FOUND when the stream is not parked.
  virtual absl::Status ClearParked(absl::string_view stream) = 0;
  // Timers that are due at or before `now`, of streams that are not parked, in order of due time,
  // stream and kind. Begins with the row behind `after`; with the first row when `after` is empty.
  virtual absl::StatusOr<std::vector<TimerRow>> ReadDueTimers(absl::Time now, const TimerRow& after,
                                                              int limit) = 0;
};

// Each write is one transaction and appends no event. A crash of a database server may lose the
// last of them; then the relay sends again what it had sent.
class RelayStore : public virtual EventReader {
 public:
  virtual absl::StatusOr<int64_t> ReadWatermark() = 0;
  // Streams that are withheld from publication, in order of stream id.
  virtual absl::StatusOr<std::vector<WithheldRow>> ReadWithheld(int limit) = 0;

  // Asks for the right to publish this store's log. Only the relay asks, before each batch. OK:
  // this process leads and may publish now. FAILED_PRECONDITION: another process leads; ask again
  // later. In a store that only one process can open, that process always leads. A leader whose
  // connection is cut is not told that it has lost the lead; the next process that asks gets it.
  //
  // Only the leader may call AdvanceWatermark, Withhold and Release. It passes the lease that it
  // had when it read the watermark and the withheld streams. ABORTED from one of them means that
  // this lease is not, or no longer, the present one. Then nothing was written, unless the
  // connection was lost at that very moment. The relay has to ask to lead again, and to read the
  // watermark again.
  virtual absl::StatusOr<Lease> LeadRelay() { return kOnlyLease; }
  // Whether this process led when the relay last asked. Asks nobody and gives no lease. It is for
  // work that one process should do, but that does no harm when several do it.
  virtual bool IsRelayLeader() { return true; }
  // A number that changes whenever the connection used by LeadRelay was made anew. After such a
  // change another server may answer, which may have fewer events.
  virtual int64_t RelaySession() { return 0; }
  // Gives up the lead, so that another process can have it at once.
  virtual void YieldRelay() {}

  virtual absl::Status AdvanceWatermark(const Lease& lease, int64_t position) = 0;  // Only forward.
  // Notes streams as withheld. A stream that is withheld already keeps its row.
  virtual absl::Status Withhold(const Lease& lease, const std::vector<WithheldRow>& rows) = 0;
  // Ends the withholding of a stream. Does nothing when it is not withheld.
  virtual absl::Status Release(const Lease& lease, absl::string_view stream) = 0;
};

// Each write is one transaction, and is durable when it returns.
class FoldStore : public virtual EventReader {
 public:
  // Streams whose state was made by another evolve version than this one, from the row behind
  // `after` on, in order of that version and then of stream id; from the first after an empty row.
  // Cheap when there are none.
  virtual absl::StatusOr<std::vector<FoldRow>> ReadOtherFolds(int evolve_version,
                                                              const FoldRow& after, int limit) = 0;
  // How many there are.
  virtual absl::StatusOr<int64_t> CountOtherFolds(int evolve_version) = 0;
  // Deletes every state, index entry and timer; RestoreFolded writes them again, one stream at a
  // time. Nothing else may write meanwhile.
  virtual absl::Status DropFolded() = 0;
  // Replaces the stream's state, index entries and timers.
  virtual absl::Status RestoreFolded(absl::string_view stream, const StreamRow& row,
                                     const type::Folded& folded) = 0;
  // Deletes a projection together with the positions of what it was made from, including those of
  // the upstreams' partitions. The projector then builds it again from the start.
  virtual absl::Status DropProjection(absl::string_view name,
                                      const std::vector<std::string>& upstreams) = 0;
};

class EventStore : public FollowStore, public RelayStore, public FoldStore {
 public:
  // Writes about as much as a large batch, durably, and deletes it again. OK: there is room to work
  // again.
  virtual absl::Status ProbeWrite() = 0;

  // Sets a function that is called after every commit that appended events, on the committing
  // thread. Where several processes share the store it is also called soon after a commit of
  // another process, on a thread of the store. It must not block. It may be called although nothing
  // new is there, and a call for another process's commit may be lost, so readers also have to look
  // by themselves now and then. Called once, before there is any writer.
  virtual void OnCommit(std::function<void()> wake) = 0;
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_EVENT_STORE_H_
