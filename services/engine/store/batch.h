// One write transaction of an event store: what it reads and locks, and what it writes.
//
// The engine writes one batch of commands in one transaction (EventWriter::Begin, Read, Commit).
// Followers use a batch of their own for positions and projections.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_BATCH_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_BATCH_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/engine/store/rows.h"
#include "services/type/stream.h"

namespace pathways::engine {

// How a batch locks the rules stream (domain.h) until the batch ends. Batches that share it do
// not wait for each other. A batch that holds it alone, to change it, waits for all of them, and
// they wait for it.
enum class Hold { kNone, kShared, kAlone };

// What a batch wants to know. Where a store can have several writers, everything that is named here
// is locked: first the rules stream, then streams, then positions, each kind sorted. Remembered
// requests are not locked, because they never change (ADR 20).
struct BatchRead {
  std::vector<std::string> requests;
  std::vector<std::string> streams;
  std::vector<std::string> upstreams;      // Whose positions are wanted.
  std::vector<type::UniqueEntry> uniques;  // Whose holders are wanted. Not locked: see LookedUp.
  std::vector<type::ListRange> lists;      // Not locked either.
  std::string rules_stream;                // Id of the rules stream. Empty: there is none.
  Hold hold = Hold::kNone;                 // How that stream is locked. A store has at most one.
};

struct BatchData {
  absl::Time now;  // By the store's clock, as in Now.
  std::map<std::string, RequestRow> requests;
  std::map<std::string, StreamRow>
      streams;  // Only those that exist or have rows in `applied`, `behind` or `parked`.
  std::map<std::string, Position> positions;
  std::map<type::UniqueEntry, std::string> holders;  // Of each that was named; empty: nobody.
  std::map<type::ListRange, std::vector<std::string>> lists;  // Of each that was named.
  int64_t rules_version = 0;  // Of the rules stream. 0: it is empty, or none was named.
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

// A part of one list, all keys of it: those that start with `prefix` and come after `after`.
struct ListSpan {
  std::string index;
  std::string prefix;
  std::string after;
  std::string last;  // The last key that belongs to the part. Empty: it has no end.
  std::vector<std::string> keys;
};

// What the batch has looked up and not locked, as it must be once the batch's own changes are
// written. Else another writer was there between Read and Commit.
struct LookedUp {
  std::map<type::UniqueEntry, std::string> holders;  // Empty: nobody.
  std::vector<ListSpan> lists;
  std::vector<std::string> missing;  // Streams that do not exist.

  bool empty() const { return holders.empty() && lists.empty() && missing.empty(); }
};

// Names the data key of a person.
struct KeyName {
  std::string stream;
  std::string person_id;
  auto operator<=>(const KeyName&) const = default;
};

// The sealed column of a stream's events becomes empty, up to and with this number.
struct SealedErasure {
  std::string stream;
  int64_t through = 0;
};

// Everything one batch writes.
struct BatchWrite {
  std::vector<StreamWrite> streams;
  std::map<std::string, RequestRow> requests;
  std::map<std::string, Position> positions;
  std::vector<ParkedRow> parked;
  std::vector<KeyName> erased_keys;  // Gone before `keys` are written.
  std::vector<KeyRow> keys;
  std::vector<SealedErasure> erased_sealed;  // Of events that are stored.
  std::vector<AuditRow> audit;
  std::vector<ProjectionRow> projections;  // One for each name and key.
  LookedUp looked_up;
};

// One write transaction. When it is destroyed without Commit it is rolled back.
class Batch {
 public:
  virtual ~Batch() = default;
  // Reads what the batch is decided on. Called once per batch.
  virtual absl::StatusOr<BatchData> Read(const BatchRead& wanted) = 0;
  // Writes the batch and makes it durable. Fills `position` of every event. ABORTED: a version, a
  // unique entry, the value of a projection or what was looked up is not what was read. Then
  // nothing was written, and the caller has to read and decide again.
  virtual absl::Status Commit(BatchWrite& write) = 0;
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_BATCH_H_
