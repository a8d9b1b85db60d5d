// Walks through the heads of a service's streams, page by page in order of stream id.
//
// All that compare heads share this walk, for its order matters: what this service knows of its own
// streams is read before the other service is asked how far they go. What was applied is then never
// above a head that was read later, unless the other service lost it. Knows nothing of what is
// compared.
#ifndef PATHWAYS_SERVICES_RUNTIME_HEAD_SWEEP_H_
#define PATHWAYS_SERVICES_RUNTIME_HEAD_SWEEP_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/runtime/bus/bus.h"
#include "services/runtime/signal.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

struct HeadSweep {
  using ReadHeads =
      std::function<absl::StatusOr<std::vector<StreamHead>>(const std::string& after, int limit)>;
  // Whose heads are compared.
  ReadHeads theirs;
  // The streams of this service itself: those that `theirs` lacks are visited with version 0. Empty
  // function: only what `theirs` has is visited.
  ReadHeads ours;
  // Reads what this service knows of some streams: of its own ones before `theirs` is asked, and
  // then of those that only `theirs` has. What is read of a stream again replaces what was.
  std::function<absl::Status(const std::vector<std::string>& streams)> know;
  // Compares the streams of one page, all of which were given to `know`. ABORTED: the page is read
  // again, as when what was known has changed meanwhile. Another error ends the walk.
  std::function<absl::Status(const std::vector<StreamHead>& heads)> visit;
};

// Visits all heads, at most 1000 of each side at a time, passing over streams that are no case;
// ends early, with OK, when `signal` is stopped. Errors of the functions.
absl::Status SweepHeads(const HeadSweep& sweep, Signal& signal);

// Whether the upstream lacks an event that it once had: asked of the stream itself, after the
// number was read, so that the answer is a proof. Errors of the reader, but never DATA_LOSS: what
// cannot be read is not for that reason lost.
absl::StatusOr<bool> IsLost(StreamReader& streams, const std::string& stream, int64_t number);

// Reads heads of a store, or of another service. It must outlive the function.
HeadSweep::ReadHeads HeadsOf(EventStore& store);
HeadSweep::ReadHeads HeadsOf(StreamReader& streams);

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_HEAD_SWEEP_H_
