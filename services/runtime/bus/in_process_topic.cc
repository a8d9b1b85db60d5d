#include "services/runtime/bus/in_process_topic.h"

#include "services/runtime/faults.h"
#include "services/runtime/status_macros.h"

namespace pathways::runtime {

absl::StatusOr<std::vector<RefusedEvent>> InProcessTopic::Publish(
    const std::vector<EventRow>& events) {
  if (events.empty()) return std::vector<RefusedEvent>{};
  if (events.back().position > published_) published_ = events.back().position;
  for (const std::function<void()>& wake : wakes_) wake();
  return std::vector<RefusedEvent>{};
}

absl::StatusOr<std::vector<EventRow>> InProcessTopic::ReadAfter(int64_t position, int limit) {
  const int64_t published = published_;
  ASSIGN_OR_RETURN(std::vector<EventRow> events, store_.ReadAfter(position, limit));
  while (!events.empty() && events.back().position > published) events.pop_back();
  // A bus that loses every third record.
  if (PATHWAYS_MUTANT("drop_records")) {
    std::erase_if(events, [](const EventRow& event) { return event.position % 3 == 0; });
  }
  return events;
}

}  // namespace pathways::runtime
