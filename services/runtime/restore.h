// Puts back into a store what it lost of its own events, from what was published of them.
//
// A database that was restored from a backup lacks what was committed after it; the service's own
// topic still has it. A Restore is given every record of the topic, finds out which the store
// lacks, refuses what cannot be one history with it, and appends the rest as it was: same numbers,
// ids, times, causes and bytes. What an event says of its cause goes back with it - the applied
// number of the upstream, the request that was answered - so nothing that was answered is answered
// again. States, lists and timers are folded from the events. What was never published cannot come
// back: sealed columns, person keys, audit, parked and behind rows. Knows no bus.
//
// It keeps what the store lacks in memory: some two kilobytes an event. Not thread-safe, and alone
// on the store: nobody else may append meanwhile. It may be interrupted and begun again at any
// time; a new Restore on the same store then does the rest.
#ifndef PATHWAYS_SERVICES_RUNTIME_RESTORE_H_
#define PATHWAYS_SERVICES_RUNTIME_RESTORE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/runtime/domain.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

struct RestoreReport {
  int64_t read = 0;      // Records of the topic, without those that are no events,
  int64_t foreign = 0;   // and those.
  int64_t imported = 0;  // Events that the store lacked.
  int64_t streams = 0;   // Their streams.
  int64_t requests = 0;  // Request ids that are remembered again.
  // Applied numbers whose event no topic has any more: taken for the same when they come again.
  int64_t unknown_applied = 0;
  std::vector<std::string> identity_lost;  // Streams whose identity must be asked for again.
};

class Restore {
 public:
  // Both must outlive it. The store must be this process's to lead (LeadRelay), so that its
  // watermark can be moved.
  Restore(const Domain& domain, EventStore& store) : domain_(domain), store_(store) {}

  // Takes some records of the service's own topic; those of one stream in the order of the topic,
  // at most 1000. An empty stream: a record that is no event. Errors of a read of the store.
  absl::Status Take(const std::vector<EventRow>& records);
  // After the last record. FAILED_PRECONDITION: two events under one number, or a number missing in
  // the topic between what the store has and what the topic has; names how many streams, and one.
  // Nothing was written.
  absl::Status Check() const;

  // The upstreams of which numbers were applied without an event: their topics say by which ids.
  std::vector<std::string> UpstreamsToAsk() const;
  // Takes records of an upstream's topic.
  void TakeUpstream(const std::string& upstream, const std::vector<EventRow>& records);

  // Writes, in the order of the events' times. FAILED_PRECONDITION: an applied number is another
  // event's in the store. INTERNAL: an event does not follow the state. Errors of a commit.
  absl::StatusOr<RestoreReport> Apply();

 private:
  using Events = std::map<int64_t, EventRow>;  // By number.
  using Ids = std::map<int64_t, std::string>;  // Fingerprints by number.

  // Whether an upstream's event led to it. A version of the governing stream is none: streams that
  // do not note it are decided under it again.
  bool HasUpstream(const EventRow& event) const;
  // The last number of `upstream` that an event of the stream names, and the ids of those named.
  int64_t Named(const Events& events, const std::string& upstream, Ids& ids) const;
  absl::Status Write(const std::vector<const EventRow*>& events);
  absl::Status Append(const EventRow& event, OpenStream& open, StreamWrite& write);
  absl::Status Mark(const EventRow& event, StreamRow& row);
  // Moves the relay's watermark over what the topic has.
  absl::Status MoveWatermark();

  const Domain& domain_;
  EventStore& store_;
  RestoreReport report_;
  std::map<std::string, Events> missing_;  // By stream.
  std::set<std::string> conflicts_;        // Streams with two events under one number.
  std::set<int64_t> published_;            // Positions after the watermark that the topic has.
  std::map<std::string, std::map<std::string, Ids>> asked_;  // By upstream, by stream.
  std::set<std::string> identity_lost_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_RESTORE_H_
