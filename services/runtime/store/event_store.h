// The event store: the one place where a service keeps anything.
//
// A store holds the streams of one service: events, the state folded from them, indexes and timers
// (folded too), what was applied from upstream, positions, projections, keys and the audit trail.
// The engine is its only writer of events; it writes one batch in one transaction (Begin, Read,
// Commit). Everybody else reads: the relay and watchers by position, which is commit order, the
// puller by stream, lists by index. The interface knows no service and no message type: states and
// events are bytes.
//
// Threads: every method may be called from any thread; a Batch belongs to the thread that began it,
// and while it lives other writers wait. Reads never wait for a writer. Blocking: reads block for
// one disk read, Commit until the batch is durable. Errors of every method: UNAVAILABLE (busy, disk
// full or read-only: nothing was written, try again), INTERNAL (the store is damaged or misused),
// DATA_LOSS (a row that cannot be read).
#ifndef PATHWAYS_SERVICES_RUNTIME_STORE_EVENT_STORE_H_
#define PATHWAYS_SERVICES_RUNTIME_STORE_EVENT_STORE_H_

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
#include "services/type/stream.h"

namespace pathways::runtime {

// State of one stream, as bytes. `sealed` never leaves the service.
struct StoredState {
  std::string open;
  std::string sealed;
  bool operator==(const StoredState&) const = default;
};

// What a stream has applied of one upstream. Truth: not rebuilt from own events.
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

// A stream whose events from a number on the bus does not take. Until they are released they reach
// other services by ReadStream only.
struct WithheldRow {
  std::string stream;
  int64_t number = 0;  // First event that is not published.
  std::string reason;  // Upper-case code.
  absl::Time since;    // Filled when read.
};

// The right to publish a store's log, as one process was given it. Whoever leads next is given
// another one. A value, so that what was begun under one lease cannot be written under the next.
struct Lease {
  int64_t epoch = 0;  // 0: none.
  bool operator==(const Lease&) const = default;
};

// The one of every store that only one process has.
inline constexpr Lease kOnlyLease{1};
// ABORTED when it is another one.
absl::Status CheckOnlyLease(const Lease& lease);

struct StreamHead {
  std::string stream;
  int64_t version = 0;
};

// Which event of a service.
struct EventKey {
  std::string stream;
  int64_t number = 0;
};

// How a batch holds the stream that governs all others (domain.h) until it ends. Those that share
// it do not wait for each other; whoever changes it waits for them, and they for it.
enum class Hold { kNone, kShared, kAlone };

// What a batch wants to know. What it names is locked, unless the store has one writer: the
// governing stream, then streams, then positions, each sorted. A remembered request never changes
// and is not locked (ADR 20).
struct BatchRead {
  std::vector<std::string> requests;
  std::vector<std::string> streams;
  std::vector<std::string> upstreams;  // Whose positions are wanted.
  std::string governing;               // Id of that stream. Empty: none.
  Hold hold = Hold::kNone;             // How it is held. A store has at most one such stream.
};

struct BatchData {
  absl::Time now;  // The store's clock, as Now.
  std::map<std::string, RequestRow> requests;
  std::map<std::string, StreamRow>
      streams;  // Only streams that exist or have applied, behind or parked rows.
  std::map<std::string, Position> positions;
  int64_t governing_version = 0;  // Of the governing stream. 0: none was named, or it is empty.
};

// One stream's change within a batch.
struct StreamWrite {
  std::string stream;
  int64_t expected_version = 0;  // Version that was read.
  StreamRow row;                 // After the batch. `applied`, `behind` hold all entries.
  bool state_changed = false;    // Events were appended: state, version and indexes are written.
  std::vector<EventRow> events;
  type::Folded removed;  // Index entries and timers that are gone, and timers that are dropped,
  type::Folded added;    // and those that are new. What is removed and added too is there after it.
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

// One write transaction. Destroyed without Commit: rolled back.
class Batch {
 public:
  virtual ~Batch() = default;
  // Reads what the batch decides on. Once per batch.
  virtual absl::StatusOr<BatchData> Read(const BatchRead& wanted) = 0;
  // Writes and makes durable. Fills `position` of every event. ABORTED: a version, a unique entry
  // or a projection's value is not what was read; nothing is written, read again and decide again.
  virtual absl::Status Commit(BatchWrite& write) = 0;
};

class EventStore {
 public:
  virtual ~EventStore() = default;

  // Waits for the writer's place, at most a few seconds (then UNAVAILABLE).
  virtual absl::StatusOr<std::unique_ptr<Batch>> Begin() = 0;

  // The clock that batches are decided by, read now. Where processes share the store it is the
  // database's: theirs may differ.
  virtual absl::StatusOr<absl::Time> Now() = 0;

  // Random id of this store: a restored or new store has another log.
  virtual std::string Incarnation() const = 0;

  virtual absl::StatusOr<StreamRow> ReadState(
      absl::string_view stream) = 0;  // version 0 when it does not exist.
  // The same of several streams at once, in one read where that costs less; streams that do not
  // exist may be left out.
  virtual absl::StatusOr<std::map<std::string, StreamRow>> ReadStates(
      const std::vector<std::string>& streams);
  // Events of one stream from a number on, at most `limit`. With sealed columns only for folding
  // again.
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
  virtual absl::StatusOr<std::optional<RequestRow>> ReadRequest(absl::string_view key) = 0;
  virtual absl::StatusOr<std::vector<KeyRow>> ReadKeys(absl::string_view stream) = 0;
  // Timers due at or before `now`, earliest first, then by stream and kind, of streams that are not
  // parked. From the row behind `after` on; from the first after an empty row.
  virtual absl::StatusOr<std::vector<TimerRow>> ReadDueTimers(absl::Time now, const TimerRow& after,
                                                              int limit) = 0;
  // Longest behind first, of streams that are not parked: those would be pulled in vain. Of one
  // upstream, or of all when it is empty, from the row behind `after` on; from the first after an
  // empty row.
  virtual absl::StatusOr<std::vector<BehindRow>> ReadBehindOf(absl::string_view upstream,
                                                              const BehindRow& after,
                                                              int limit) = 0;
  absl::StatusOr<std::vector<BehindRow>> ReadBehind(int limit) {
    return ReadBehindOf("", {}, limit);
  }
  virtual absl::StatusOr<std::vector<ParkedRow>> ReadParked(int limit) = 0;
  // Last number applied per stream of one upstream, in order of stream id after `after`: for the
  // sweep.
  virtual absl::StatusOr<std::map<std::string, int64_t>> ReadApplied(
      absl::string_view upstream, const std::vector<std::string>& streams) = 0;
  virtual absl::StatusOr<Position> ReadPosition(
      absl::string_view upstream) = 0;  // Empty incarnation: never read.
  virtual absl::StatusOr<std::map<std::string, std::string>> ReadProjections(
      absl::string_view name, const std::vector<std::string>& keys) = 0;
  virtual absl::StatusOr<int64_t> ReadWatermark() = 0;
  // Streams that the relay passes over, in order of stream id.
  virtual absl::StatusOr<std::vector<WithheldRow>> ReadWithheld(int limit) = 0;

  // Asks for the right to publish this store's log; the relay alone asks, before each batch. OK:
  // this process leads, and may publish now. FAILED_PRECONDITION: another process leads, ask again
  // later. Whoever leads loses it without being told, when its connection is cut; then the next one
  // that asks leads. A store of one process always leads. AdvanceWatermark, Withhold and Release
  // are the leader's and take the lease under which it read what it writes on: ABORTED from them
  // means that it is not the present one (any more), and nothing was written unless just then the
  // connection was lost; ask again, and read the watermark again.
  virtual absl::StatusOr<Lease> LeadRelay() { return kOnlyLease; }
  // Whether this process led when the relay last asked. Asks nobody and gives no lease: for what
  // one process should do, but several may.
  virtual bool IsRelayLeader() { return true; }
  // Changes whenever the connection that LeadRelay asks over was made anew: then another server,
  // with fewer events, may answer.
  virtual int64_t RelaySession() { return 0; }
  // Gives the right up, so that another process can have it at once.
  virtual void YieldRelay() {}

  // Writes outside the engine. None of them appends an event. Each is one transaction, durable when
  // it returns; only the leader's may be taken back by a crash of a database server.
  virtual absl::Status AdvanceWatermark(const Lease& lease, int64_t position) = 0;  // Only forward.
  // Writes about as much as a large batch, and takes it back. OK: there is room to work again.
  virtual absl::Status ProbeWrite() = 0;
  // A stream that is withheld already keeps its row.
  virtual absl::Status Withhold(const Lease& lease, const std::vector<WithheldRow>& rows) = 0;
  // Nothing when it is not withheld.
  virtual absl::Status Release(const Lease& lease, absl::string_view stream) = 0;
  virtual absl::Status MarkBehind(
      const std::vector<BehindRow>& rows) = 0;  // Keeps the higher number.
  virtual absl::Status ClearParked(
      absl::string_view stream) = 0;  // NOT_FOUND when it is not parked.
  // Deletes a projection and the positions that fed it, those of an upstream's partitions too, so
  // that it is built again from upstream.
  virtual absl::Status DropProjection(absl::string_view name,
                                      const std::vector<std::string>& upstreams) = 0;
  // Deletes every state, index entry and timer; RestoreFolded writes them again, one stream at a
  // time.
  virtual absl::Status DropFolded() = 0;
  virtual absl::Status RestoreFolded(absl::string_view stream, const StreamRow& row,
                                     const type::Folded& folded) = 0;

  // Called after every commit that appended events, on the committing thread, and where processes
  // share the store soon after those of others, on a thread of the store; must not block. It can be
  // called for nothing, and for another process's commit it can fail to be: look now and then. Set
  // once, before any writer.
  virtual void OnCommit(std::function<void()> wake) = 0;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_STORE_EVENT_STORE_H_
