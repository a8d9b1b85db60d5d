// The bus within one process: one service's topic, read from the service's own durable events.
//
// Publishing copies nothing. It moves the head up to which consumers may read and wakes them; what
// they then read are the rows of the store. The topic is therefore as durable as the store, and
// after a restart it begins at the relay's watermark, from which the relay publishes again.
#ifndef PATHWAYS_SERVICES_FOLLOW_BUS_IN_PROCESS_TOPIC_H_
#define PATHWAYS_SERVICES_FOLLOW_BUS_IN_PROCESS_TOPIC_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/follow/bus/bus.h"

namespace pathways::follow {

class InProcessTopic : public Publisher, public EventLog, public EventLogs, public StreamReader {
 public:
  // `store` is that of the publishing service and must outlive the topic. `watermark` is the
  // relay's: up to there everything was published before.
  InProcessTopic(engine::EventReader& store, int64_t watermark)
      : store_(store), published_(watermark) {}

  absl::StatusOr<std::vector<RefusedEvent>> Publish(
      const std::vector<engine::EventRow>& events) override;

  std::string Incarnation() override { return store_.Incarnation(); }
  absl::StatusOr<std::vector<engine::EventRow>> ReadAfter(int64_t position, int limit) override;
  // The head of the store: consumers may have read past what this process has published so far.
  absl::StatusOr<int64_t> Head() override { return store_.LastPosition(); }
  // This topic itself, which has no partitions.
  std::vector<std::shared_ptr<EventLog>> Logs() override {
    return {{std::shared_ptr<void>(), this}};
  }
  void OnPublish(std::function<void()> wake) override { wakes_.push_back(std::move(wake)); }

  absl::StatusOr<std::vector<engine::EventRow>> ReadStream(absl::string_view stream, int64_t from,
                                                           int limit) override {
    return store_.ReadStream(stream, from, limit, /*with_sealed=*/false);
  }
  absl::StatusOr<std::vector<engine::StreamHead>> ReadHeads(absl::string_view after,
                                                            int limit) override {
    return store_.ReadHeads(after, limit);
  }

 private:
  engine::EventReader& store_;
  std::atomic<int64_t> published_;            // Last position that consumers may read.
  std::vector<std::function<void()>> wakes_;  // Fixed before the first event is published.
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_BUS_IN_PROCESS_TOPIC_H_
