// Reads the next page of a log behind what a reader has handled.
//
// Consumer and projector both follow logs in this way. They read from the position in their own
// store, or from the start where that position counts another log. Where a log has nothing new they
// look whether it still reaches to the position. Knows nothing of what is made of the events.
#ifndef PATHWAYS_SERVICES_FOLLOW_LOG_PAGE_H_
#define PATHWAYS_SERVICES_FOLLOW_LOG_PAGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/engine/store/event_store.h"
#include "services/follow/bus/bus.h"
#include "services/follow/known_positions.h"

namespace pathways::follow {

struct LogPage {
  std::string key;                       // Of the position in the reader's store.
  engine::Position before;               // How far the reader has come, in the log as it is now.
  std::vector<engine::EventRow> events;  // The events after that, at most a page.
};

// The next page. `name` is the name of the reader's position; the log's partition is added to it.
// LostTail (lost_tail.h): the log ends before the position. Other errors are those of the log and
// the store.
absl::StatusOr<LogPage> ReadLogPage(EventLog& log, const std::string& name,
                                    KnownPositions& positions, int limit);

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_LOG_PAGE_H_
