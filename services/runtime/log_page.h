// Reads the next page of a log behind what a reader has handled.
//
// Consumer and projector both follow logs so: from the position in their own store, from the start
// where the log is another one than was counted, and with a look at the log's end where nothing
// comes. Knows nothing of what is made of the events.
#ifndef PATHWAYS_SERVICES_RUNTIME_LOG_PAGE_H_
#define PATHWAYS_SERVICES_RUNTIME_LOG_PAGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/runtime/bus/bus.h"
#include "services/runtime/known_positions.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

struct LogPage {
  std::string key;               // Of the position in the reader's store.
  Position before;               // What was handled, counted in the log that is there now.
  std::vector<EventRow> events;  // What follows, at most a page.
};

// The next page. `name` is that of the reader's positions of this service; the partition is added.
// DATA_LOSS: the log ends before the position, so it lost its tail. Other errors of log and store.
absl::StatusOr<LogPage> ReadLogPage(EventLog& log, const std::string& name,
                                    KnownPositions& positions, int limit);

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_LOG_PAGE_H_
