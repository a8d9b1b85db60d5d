// The contract between a pure domain and the engine that runs it.
//
// A domain of a service is three functions over generated messages: Decide (what happens), Evolve
// (what it makes of the state) and Fold (which index entries and timers the state has). They see
// the world only through DecideContext. Domain files include this header and nothing of the
// runtime; the runtime includes it too, so both sides agree.
#ifndef PATHWAYS_SERVICES_TYPE_STREAM_H_
#define PATHWAYS_SERVICES_TYPE_STREAM_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace pathways::type {

// Digits of the place that begins the stored key of an entry in order of commit.
inline constexpr int kPlaceDigits = 20;

// One entry of a list index. Entries are read in order of the stored key; the stream id must end
// the key.
struct ListEntry {
  std::string index;
  std::string key;
  // 0: `key` is stored as it is. Else the number of an event of the stream. What is stored is then
  // that event's position in the service's log in kPlaceDigits digits, "/" and `key`. The entries
  // are so in the order in which their events were committed, whatever the clock said, and an entry
  // that comes later never stands before one that a reader has seen. All entries of one list are of
  // the same form. As nobody knows a position before the commit, no decision can look up such a
  // list.
  int64_t event = 0;
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

// Most keys that a decision may look up in one range: all of them are compared under a lock.
inline constexpr int kRangeMax = 1000;

// Keys of one list that start with `prefix` and come after `after`, in order, at most `limit`.
struct ListRange {
  std::string index;
  std::string prefix;
  std::string after;
  int limit = 0;  // 1 to kRangeMax. Any other is a mistake of the service: INTERNAL.
  bool operator==(const ListRange&) const = default;
  auto operator<=>(const ListRange&) const = default;
};

// What a command needs to know beside its own stream. All of it is of the same service.
struct Lookup {
  std::vector<UniqueEntry> uniques;  // Who holds each?
  std::vector<ListRange> lists;
  std::vector<std::string>
      streams;  // Their states. Nobody changes them before the command is done.

  bool empty() const { return uniques.empty() && lists.empty() && streams.empty(); }
};

// Another stream, as the commands before this one have left it: its state as the service stores it.
struct OtherStream {
  int64_t version = 0;
  std::string state;
  std::string sealed;
};

// The answer to a Lookup. It holds when the decision is committed, or nothing is committed.
struct Found {
  std::map<UniqueEntry, std::string> holders;  // Of each that was asked for; empty: nobody.
  std::map<ListRange, std::vector<std::string>> lists;  // Keys, of each range that was asked for.
  std::map<std::string, OtherStream> streams;           // Those that exist.
};

// What a decision may know beside state and command. Two equal contexts give two equal decisions.
struct DecideContext {
  std::string stream;   // Stream id (stream_id.h).
  int64_t version = 0;  // Number of the last event of the stream. 0: the stream does not exist.
  absl::Time now;       // The store's clock, never before the stream's last event.
  Found found = {};     // What the command asked for.
};

// What Evolve may know beside state and event.
struct EventContext {
  std::string stream;
  int64_t number = 0;  // Number of the event.
  absl::Time time;     // When it was committed.
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
