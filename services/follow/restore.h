// Puts back into a store what it lost of its own events, from what was published of them.
//
// A database that was restored from a backup lacks what was committed after the backup, but the
// service's own topic still has it. A Restore is given every record of the topic and finds out
// which of them the store lacks. It refuses records that cannot be one history with the store, and
// appends the others as they were, with the same numbers, ids, times, causes and bytes. What the
// cause of an event tells is put back too: the applied number of the upstream, and the request that
// was answered. So nothing that was done is done a second time. States, lists and timers are folded
// from the events. What was never published cannot be restored: sealed columns, person keys, audit,
// and the rows of `parked` and `behind`. What an upstream can tell again of a sealed column
// (engine::SealedGap::told_by) is asked for: the stream is behind that upstream from its first
// event on. Knows no bus.
//
// The events that the store lacks are held in memory, some two kilobytes each. Not thread-safe.
// Nobody else may append to the store meanwhile. A restore may be interrupted at any time; a new
// Restore on the same store then does the rest.
#ifndef PATHWAYS_SERVICES_FOLLOW_RESTORE_H_
#define PATHWAYS_SERVICES_FOLLOW_RESTORE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"

namespace pathways::follow {

struct RestoreReport {
  int64_t read = 0;      // Records of the topic that are events of the service,
  int64_t foreign = 0;   // and records that are not.
  int64_t imported = 0;  // Events that the store lacked.
  int64_t streams = 0;   // Their streams.
  int64_t requests = 0;  // Request ids that are remembered again.
  // Applied numbers whose event no topic has any more. When an event with such a number comes, it
  // is taken to be the one that was applied.
  int64_t unknown_applied = 0;
  std::vector<std::string> identity_lost;  // Streams whose people must be asked for it again.
  int64_t told_again = 0;                  // Streams that take an upstream's events once more.
};

class Restore {
 public:
  // Both must outlive it. This process must lead the store's relay (LeadRelay), so that it may move
  // the watermark.
  Restore(const engine::Domain& domain, engine::EventStore& store)
      : domain_(domain), store_(store) {}

  // Takes some records of the service's own topic, at most 1000. Those of one stream come in the
  // order of the topic. A record with an empty stream is not an event. Errors are those of a read
  // of the store.
  absl::Status Take(const std::vector<engine::EventRow>& records);
  // To be called after the last record; writes nothing. FAILED_PRECONDITION: there are two events
  // under one number, or the topic misses a number after those that the store has. The message says
  // in how many streams, and names one.
  absl::Status Check() const;

  // The upstreams of which some numbers were applied without leading to an event. Their topics know
  // the ids of those numbers.
  std::vector<std::string> UpstreamsToAsk() const;
  // Takes records of an upstream's topic.
  void TakeUpstream(const std::string& upstream, const std::vector<engine::EventRow>& records);

  // Writes the events in the order of their times. FAILED_PRECONDITION: in the store an applied
  // number belongs to another event. INTERNAL: an event cannot follow the state. Other errors are
  // those of a commit.
  absl::StatusOr<RestoreReport> Apply();

 private:
  using Events = std::map<int64_t, engine::EventRow>;  // By number.
  using Ids = std::map<int64_t, std::string>;          // Fingerprints by number.

  // Whether an event of an upstream led to this event. A version of the rules stream does not
  // count: streams that have not noted it are decided by it again.
  bool HasUpstream(const engine::EventRow& event) const;
  // The last number of `upstream` that an event of the stream names as its cause. Adds the ids of
  // all numbers that are named.
  int64_t Named(const Events& events, const std::string& upstream, Ids& ids) const;
  absl::Status Write(const std::vector<const engine::EventRow*>& events);
  absl::Status Append(const engine::EventRow& event, engine::OpenStream& open,
                      engine::StreamWrite& write);
  absl::Status Mark(const engine::EventRow& event, engine::StreamRow& row);
  // Finds the upstreams that have to tell a stream again what its sealed columns held.
  absl::Status FindToldAgain();
  // Makes the stream behind those upstreams, from their first event on.
  void TakeAgain(engine::StreamWrite& write);
  // Moves the relay's watermark past the events that the topic has.
  absl::Status MoveWatermark();

  const engine::Domain& domain_;
  engine::EventStore& store_;
  RestoreReport report_;
  std::map<std::string, Events> missing_;  // By stream.
  std::set<std::string> conflicts_;        // Streams with two events under one number.
  std::set<int64_t> published_;            // Positions after the watermark that the topic has.
  std::map<std::string, std::map<std::string, Ids>> asked_;  // By upstream, by stream.
  std::set<std::string> identity_lost_;
  // By stream, by upstream: the last number that is known of it.
  std::map<std::string, std::map<std::string, int64_t>> told_again_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_RESTORE_H_
