#include "services/follow/log_page.h"

#include "services/base/status_macros.h"
#include "services/follow/lost_tail.h"

namespace pathways::follow {

absl::StatusOr<LogPage> ReadLogPage(EventLog& log, const std::string& name,
                                    KnownPositions& positions, int limit) {
  LogPage page;
  page.key = PositionKeyOf(name, log);
  ASSIGN_OR_RETURN(page.before, positions.Read(page.key));
  const std::string incarnation = log.Incarnation();
  if (page.before.incarnation != incarnation) page.before = {incarnation, 0};
  ASSIGN_OR_RETURN(page.events, log.ReadAfter(page.before.position, limit));
  if (!page.events.empty()) return page;
  ASSIGN_OR_RETURN(const int64_t head, log.Head());
  if (head < page.before.position) return LostTail("the upstream's log lost its tail");
  return page;
}

}  // namespace pathways::follow
