// The contract between a pure domain and the engine that runs it.
//
// A domain of a service is three functions over generated messages: Decide (what happens), Evolve
// (what it makes of the state) and Fold (which index entries and timers the state has). They see
// the world only through DecideContext. Domain files include this header and nothing of the
// runtime; the runtime includes it too, so both sides agree.
#ifndef PATHWAYS_SERVICES_TYPE_STREAM_H_
#define PATHWAYS_SERVICES_TYPE_STREAM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pathways::type {

// Begins the id of every stream that is no case but a service's own, for example its policy ledger.
// Such a stream is published like every other one; who follows the service passes over it.
inline constexpr char kServiceStreamPrefix[] = "service/";

inline bool IsServiceStream(absl::string_view stream) {
  return absl::StartsWith(stream, kServiceStreamPrefix);
}

// What a decision may know beside state and command. Two equal contexts give two equal decisions.
struct DecideContext {
  std::string stream;   // Stream id, which is the case id.
  int64_t version = 0;  // Number of the last event of the stream. 0: the stream does not exist.
  absl::Time now;       // The store's clock, never before the stream's last event.
};

// What Evolve may know beside state and event.
struct EventContext {
  std::string stream;
  int64_t number = 0;  // Number of the event.
  absl::Time time;     // When it was committed.
};

// One entry of a list index. Entries are read in order of key; the stream id must end the key.
struct ListEntry {
  std::string index;
  std::string key;
  bool operator==(const ListEntry&) const = default;
  auto operator<=>(const ListEntry&) const = default;
};

// One entry of a unique index: no two streams may hold the same.
struct UniqueEntry {
  std::string index;
  std::string key;
  bool operator==(const UniqueEntry&) const = default;
  auto operator<=>(const UniqueEntry&) const = default;
};

// One timer of a stream; at most one per kind.
struct TimerEntry {
  std::string kind;
  int64_t due_unix_seconds = 0;
  bool operator==(const TimerEntry&) const = default;
  auto operator<=>(const TimerEntry&) const = default;
};

// Everything that follows from a state alone.
struct Folded {
  std::vector<ListEntry> lists;
  std::vector<UniqueEntry> uniques;
  std::vector<TimerEntry> timers;
};

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_STREAM_H_
