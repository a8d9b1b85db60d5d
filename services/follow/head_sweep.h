// Walks through the heads of a service's streams, page by page in order of stream id.
//
// Everything that compares heads uses this walk, because its order matters. What this service knows
// of its own streams is read before the other service is asked how far its streams go. So a number
// that was applied can be above a head that was read later only if the other service lost events.
// The walk knows nothing of what is compared.
#ifndef PATHWAYS_SERVICES_FOLLOW_HEAD_SWEEP_H_
#define PATHWAYS_SERVICES_FOLLOW_HEAD_SWEEP_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/base/signal.h"
#include "services/engine/store/event_store.h"
#include "services/follow/bus/bus.h"

namespace pathways::follow {

struct HeadSweep {
  // Which streams are compared; the others are left out.
  std::function<bool(const std::string& stream)> follows;
  using ReadHeads = std::function<absl::StatusOr<std::vector<engine::StreamHead>>(
      const std::string& after, int limit)>;
  // Whose heads are compared.
  ReadHeads theirs;
  // Heads of this service's own streams. A stream that `theirs` lacks is visited with version 0. An
  // empty function: only the streams that `theirs` has are visited.
  ReadHeads ours;
  // Reads what this service knows of some streams. It is called for the service's own streams
  // before `theirs` is asked, and then for those that only `theirs` has. What is read for a stream
  // a second time replaces what was read first.
  std::function<absl::Status(const std::vector<std::string>& streams)> know;
  // Compares the streams of one page, all of which were given to `know`. ABORTED: what was known
  // has changed meanwhile, and the page is read again. Any other error ends the walk.
  std::function<absl::Status(const std::vector<engine::StreamHead>& heads)> visit;
};

// Visits all heads, at most 1000 of each side at a time, and leaves out streams that are not
// followed. Ends early, with OK, when `signal` is stopped. Errors are those of the functions.
absl::Status SweepHeads(const HeadSweep& sweep, base::Signal& signal);

// Whether the upstream lacks an event that it once had. The upstream is asked for the event itself,
// after the number was read here, so a yes is a proof. Errors are those of the reader:
// an event that cannot be read is not lost for that reason.
absl::StatusOr<bool> IsLost(StreamReader& streams, const std::string& stream, int64_t number);

// Reads heads of a store, or of another service. It must outlive the function.
HeadSweep::ReadHeads HeadsOf(engine::EventReader& store);
HeadSweep::ReadHeads HeadsOf(StreamReader& streams);

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_HEAD_SWEEP_H_
