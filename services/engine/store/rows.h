// The rows of a service's event store, as its users see them.
//
// A store holds the streams of one service: events, the state folded from them, indexes and timers
// (folded too), what was applied from upstream, positions, projections, keys and the audit trail.
// No row knows a service or a message type: states and events are bytes. What each row means in the
// databases is written at its columns (store/migrations).
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_ROWS_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_ROWS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "pathways/type/v1/cause.pb.h"
#include "services/base/trace.h"

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

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_ROWS_H_
