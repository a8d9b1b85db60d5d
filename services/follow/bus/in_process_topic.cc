#include "services/follow/bus/in_process_topic.h"

#include "services/base/faults.h"
#include "services/base/status_macros.h"

namespace pathways::follow {

absl::StatusOr<std::vector<RefusedEvent>> InProcessTopic::Publish(
    const std::vector<engine::EventRow>& events) {
  if (events.empty()) return std::vector<RefusedEvent>{};
  if (events.back().position > published_) published_ = events.back().position;
  for (const std::function<void()>& wake : wakes_) wake();
  return std::vector<RefusedEvent>{};
}

absl::StatusOr<std::vector<engine::EventRow>> InProcessTopic::ReadAfter(int64_t position,
                                                                        int limit) {
  const int64_t published = published_;
  ASSIGN_OR_RETURN(std::vector<engine::EventRow> events, store_.ReadAfter(position, limit));
  while (!events.empty() && events.back().position > published) events.pop_back();
  // A bus that loses every third record.
  if (PATHWAYS_MUTANT("drop_records")) {
    std::erase_if(events, [](const engine::EventRow& event) { return event.position % 3 == 0; });
  }
  return events;
}

}  // namespace pathways::follow
