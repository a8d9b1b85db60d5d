// The event store: the one place where a service keeps anything.
//
// A store holds the streams of one service: events, the state folded from them, indexes and timers
// (folded too), what was applied from upstream, positions, projections, keys and the audit trail.
// The engine is its only writer of events. It writes one batch in one transaction (Begin, Read,
// Commit). Everybody else reads: the relay and the watches by position, which is commit order; the
// puller by stream; lists by index. The interface knows no service and no message type: states and
// events are bytes.
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
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pathways/type/v1/cause.pb.h"
#include "services/base/trace.h"
#include "services/type/stream.h"

namespace pathways::engine {

// State of one stream, as bytes. `sealed` never leaves the service.
struct StoredState {
  std::string open;
  std::string sealed;
  bool operator==(const StoredState&) const = default;
};

// What a stream has applied of one upstream. It is truth: it cannot be rebuilt from the service's
// own events.
struct Applied {
  int64_t number = 0;        // Last number applied.
  std::string fingerprints;  // 4 bytes per applied number, in order.
  bool operator==(const Applied&) const = default;
};

// One stream with everything a decision needs.
struct StreamRow {
  int64_t version = 0;  // Number of the last event. 0: the stream does not exist.
  StoredState state;
  int evolve_version = 0;
  absl::Time last_event_time = absl::InfinitePast();
  std::string parked_reason;               // Empty: not parked.
  std::map<std::string, Applied> applied;  // By upstream.
  std::map<std::string, int64_t> behind;   // By upstream: number known to exist but not applied.
};

// One event as stored.
struct EventRow {
  std::string stream;
  int64_t number = 0;    // In its stream, from 1 without holes.
  int64_t position = 0;  // In the service's log; grows in commit order. 0 before it is stored.
  std::string ce_id;
  std::string type;
  absl::Time time;
  type::v1::Cause cause;
  base::Trace trace;  // Of the command that made it. Read by everybody, and no part of the data.
  std::string data;
  std::string sealed;  // Empty when read for publication.
};

// A remembered request: what was accepted under a request id.
struct RequestRow {
  std::string stream;
  int64_t number = 0;       // Version of the stream after the request.
  std::string fingerprint;  // Keyed hash of the request.
};

// How far a consumer has read a log.
struct Position {
  std::string incarnation;  // Id of the log that is counted.
  int64_t position = 0;
};

// A projection's row, for example the status of a case.
struct ProjectionRow {
  std::string name;
  std::string key;
  std::string value;
  std::string before;  // The value that this one was made from. Empty: there was none.
};

// A person's data key, wrapped by the master key.
struct KeyRow {
  std::string stream;
  std::string person_id;
  std::string wrapped;
};

// One line of the audit trail. No personal data.
struct AuditRow {
  std::string principal;
  std::string method;
  std::string stream;
  int64_t number = 0;  // Version of the stream after the call.
};

struct TimerRow {
  std::string stream;
  std::string kind;
  int64_t due_unix_seconds = 0;
};

struct BehindRow {
  std::string stream;
  std::string upstream;
  int64_t number = 0;   // Number known to exist.
  int64_t applied = 0;  // Last number applied. Filled when read.
  absl::Time since;     // Filled when read.
};

struct ParkedRow {
  std::string stream;
  std::string upstream;  // Empty: a request or a timer.
  int64_t number = 0;
  std::string reason;  // Upper-case code.
  absl::Time since;
};

// A stream with an event that the bus refuses for good. From that event on its events are not
// published. Until it is released, other services get them by ReadStream only.
struct WithheldRow {
  std::string stream;
  int64_t number = 0;  // First event that is not published.
  std::string reason;  // Upper-case code.
  absl::Time since;    // Filled when read.
};

// The right to publish a store's log, as it was given to one process. Whoever leads next gets
// another lease. It is a value that each write presents, so that work that was begun under one
// lease cannot be written under the next one.
struct Lease {
  int64_t epoch = 0;  // 0: none.
  bool operator==(const Lease&) const = default;
};

// The lease of a store that only one process can open.
inline constexpr Lease kOnlyLease{1};
// ABORTED when the lease is not that one.
absl::Status CheckOnlyLease(const Lease& lease);

struct StreamHead {
  std::string stream;
  int64_t version = 0;
};

// A stream and the evolve version that made its state.
struct FoldRow {
  std::string stream;
  int evolve_version = 0;
};

// Names one event of a service.
struct EventKey {
  std::string stream;
  int64_t number = 0;
};

// How a batch locks the governing stream (domain.h) until the batch ends. Batches that share it do
// not wait for each other. A batch that holds it alone, to change it, waits for all of them, and
// they wait for it.
enum class Hold { kNone, kShared, kAlone };

// What a batch wants to know. Where a store can have several writers, everything that is named here
// is locked: first the governing stream, then streams, then positions, each kind sorted. Remembered
// requests are not locked, because they never change (ADR 20).
struct BatchRead {
  std::vector<std::string> requests;
  std::vector<std::string> streams;
  std::vector<std::string> upstreams;  // Whose positions are wanted.
  std::string governing;               // Id of the governing stream. Empty: there is none.
  Hold hold = Hold::kNone;             // How that stream is locked. A store has at most one.
};

struct BatchData {
  absl::Time now;  // By the store's clock, as in Now.
  std::map<std::string, RequestRow> requests;
  std::map<std::string, StreamRow>
      streams;  // Only those that exist or have rows in `applied`, `behind` or `parked`.
  std::map<std::string, Position> positions;
  int64_t governing_version = 0;  // Of the governing stream. 0: it is empty, or none was named.
};

// One stream's change within a batch.
struct StreamWrite {
  std::string stream;
  int64_t expected_version = 0;  // Version that was read.
  StreamRow row;                 // After the batch. `applied`, `behind` hold all entries.
  bool state_changed = false;    // Events were appended: state, version and indexes are written.
  std::vector<EventRow> events;
  // Index entries and timers that the state has lost, and timers that are dropped.
  type::Folded removed;
  type::Folded added;  // Those that are new. What is both removed and added is there afterwards.
  // What is stored was made by another Fold: every index entry and timer of the stream goes, then
  // `added` is there. `removed` is not looked at.
  bool replaces_folded = false;
};

// Everything one batch writes.
struct BatchWrite {
  std::vector<StreamWrite> streams;
  std::map<std::string, RequestRow> requests;
  std::map<std::string, Position> positions;
  std::vector<ParkedRow> parked;
  std::vector<KeyRow> keys;
  std::vector<AuditRow> audit;
  std::vector<ProjectionRow> projections;  // One for each name and key.
};

// One write transaction. When it is destroyed without Commit it is rolled back.
class Batch {
 public:
  virtual ~Batch() = default;
  // Reads what the batch is decided on. Called once per batch.
  virtual absl::StatusOr<BatchData> Read(const BatchRead& wanted) = 0;
  // Writes the batch and makes it durable. Fills `position` of every event. ABORTED: a version, a
  // unique entry or the value of a projection is not what was read. Then nothing was written, and
  // the caller has to read and decide again.
  virtual absl::Status Commit(BatchWrite& write) = 0;
};

class EventStore {
 public:
  virtual ~EventStore() = default;

  // Begins a transaction. Waits until no other writer is in the way, at most a few seconds; then
  // UNAVAILABLE.
  virtual absl::StatusOr<std::unique_ptr<Batch>> Begin() = 0;

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
  // Streams whose state was made by another evolve version than this one, from the row behind
  // `after` on, in order of that version and then of stream id; from the first after an empty row.
  // Cheap when there are none.
  virtual absl::StatusOr<std::vector<FoldRow>> ReadOtherFolds(int evolve_version,
                                                              const FoldRow& after, int limit) = 0;
  // How many there are.
  virtual absl::StatusOr<int64_t> CountOtherFolds(int evolve_version) = 0;
  // Entries of one list with key > `after` and starting with `prefix`, in order of key.
  virtual absl::StatusOr<std::vector<std::string>> ReadList(absl::string_view index,
                                                            absl::string_view prefix,
                                                            absl::string_view after, int limit) = 0;
  virtual absl::StatusOr<std::optional<RequestRow>> ReadRequest(absl::string_view key) = 0;
  virtual absl::StatusOr<std::vector<KeyRow>> ReadKeys(absl::string_view stream) = 0;
  // Timers that are due at or before `now`, of streams that are not parked, in order of due time,
  // stream and kind. Begins with the row behind `after`; with the first row when `after` is empty.
  virtual absl::StatusOr<std::vector<TimerRow>> ReadDueTimers(absl::Time now, const TimerRow& after,
                                                              int limit) = 0;
  // Rows of `behind`, those first that are behind for longest. Leaves out parked streams, which
  // could not apply what is pulled. `upstream` may be empty: then of all upstreams. Begins with the
  // row behind `after`; with the first row when `after` is empty.
  virtual absl::StatusOr<std::vector<BehindRow>> ReadBehindOf(absl::string_view upstream,
                                                              const BehindRow& after,
                                                              int limit) = 0;
  absl::StatusOr<std::vector<BehindRow>> ReadBehind(int limit) {
    return ReadBehindOf("", {}, limit);
  }
  virtual absl::StatusOr<std::vector<ParkedRow>> ReadParked(int limit) = 0;
  // The last number applied of one upstream, by stream. For sweeps.
  virtual absl::StatusOr<std::map<std::string, int64_t>> ReadApplied(
      absl::string_view upstream, const std::vector<std::string>& streams) = 0;
  virtual absl::StatusOr<Position> ReadPosition(
      absl::string_view upstream) = 0;  // Empty incarnation: nothing was read yet.
  virtual absl::StatusOr<std::map<std::string, std::string>> ReadProjections(
      absl::string_view name, const std::vector<std::string>& keys) = 0;
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

  // The writes that do not go through the engine. None of them appends an event. Each is one
  // transaction, and is durable when it returns. Only the leader's three may be lost by a crash of
  // a database server.
  virtual absl::Status AdvanceWatermark(const Lease& lease, int64_t position) = 0;  // Only forward.
  // Writes about as much as a large batch, and rolls it back. OK: there is room to work again.
  virtual absl::Status ProbeWrite() = 0;
  // Notes streams as withheld. A stream that is withheld already keeps its row.
  virtual absl::Status Withhold(const Lease& lease, const std::vector<WithheldRow>& rows) = 0;
  // Ends the withholding of a stream. Does nothing when it is not withheld.
  virtual absl::Status Release(const Lease& lease, absl::string_view stream) = 0;
  virtual absl::Status MarkBehind(
      const std::vector<BehindRow>& rows) = 0;  // A row that is there keeps the higher number.
  virtual absl::Status ClearParked(
      absl::string_view stream) = 0;  // NOT_FOUND when it is not parked.
  // Deletes a projection together with the positions of what it was made from, including those of
  // the upstreams' partitions. The projector then builds it again from the start.
  virtual absl::Status DropProjection(absl::string_view name,
                                      const std::vector<std::string>& upstreams) = 0;
  // Deletes every state, index entry and timer; RestoreFolded writes them again, one stream at a
  // time.
  virtual absl::Status DropFolded() = 0;
  // Replaces the stream's state, index entries and timers.
  virtual absl::Status RestoreFolded(absl::string_view stream, const StreamRow& row,
                                     const type::Folded& folded) = 0;

  // Sets a function that is called after every commit that appended events, on the committing
  // thread. Where several processes share the store it is also called soon after a commit of
  // another process, on a thread of the store. It must not block. It may be called although nothing
  // new is there, and a call for another process's commit may be lost, so readers also have to look
  // by themselves now and then. Called once, before there is any writer.
  virtual void OnCommit(std::function<void()> wake) = 0;
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_EVENT_STORE_H_
