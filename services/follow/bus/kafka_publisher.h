// Publishes a service's events to its Kafka topic, and beside each what the feed is told of it.
//
// One producer, idempotent and without gaps: when a record is given up, those behind it on its
// partition are not sent either, so the order of a case holds on the wire; the relay then sends the
// whole batch again, with a new producer. Only the delivery reports of the broker count. A record
// that the broker refuses is sent once more alone, because a broker refuses the batch it was part
// of; only what is refused alone is refused for good. A record of the feed that is refused so is
// left out, and logged: no case waits for dashboards. What the client may not do concerns every
// case alike, so that is an error of the whole batch, which ends when the right is granted.
#ifndef PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_PUBLISHER_H_
#define PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_PUBLISHER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/follow/bus/bus.h"
#include "services/follow/bus/feed_message.h"
#include "services/follow/bus/kafka.h"
#include "services/follow/bus/kafka_record.h"

namespace pathways::follow {

// What the feed is told of an event. Called by the publishing thread; an event that is sent again
// should give the same records.
using FeedOf = std::function<std::vector<FeedMessage>(const engine::EventRow&)>;

struct KafkaPublisherOptions {
  KafkaSettings kafka;
  std::string topic;
  KafkaEventSource source;
  std::string feed_topic;  // Empty: no feed.
  FeedOf feed;
  // How long the broker may take for one record. A publishing call takes at most twice as long and
  // five seconds more (a report can come that late), which must be below the relay's lease.
  absl::Duration delivery_timeout = absl::Seconds(10);
};

// Publish is called by one thread at a time. Errors: UNAVAILABLE (no broker, no acknowledgement in
// time, no such topic), PERMISSION_DENIED (forbidden until an operator grants it).
class KafkaPublisher : public Publisher, public KafkaOwner {
 public:
  // INVALID_ARGUMENT: wrong settings. Connects later.
  static absl::StatusOr<std::unique_ptr<KafkaPublisher>> Open(KafkaPublisherOptions options,
                                                              base::Logger& log);

  absl::StatusOr<std::vector<RefusedEvent>> Publish(
      const std::vector<engine::EventRow>& events) override;

  // Makes a running and every later Publish end with UNAVAILABLE. For shutting down; thread-safe.
  void Cancel() { cancelled_ = true; }
  // Producers made so far: more than one after a fatal error.
  int producers() const { return producers_; }

  // The report of one record. For the callback.
  void Delivered(size_t index, int code);

 private:
  struct Outgoing {
    const std::string* topic;
    KafkaRecord record;
    absl::Time time = absl::InfinitePast();  // Of the record; the past: when it is sent.
  };

  KafkaPublisher(KafkaPublisherOptions options, base::Logger& log);
  absl::Status NewClient();
  // Makes a client if there is none, and forgets the codes of the records before.
  absl::Status Begin();
  // The record of an event, and those of the feed.
  std::vector<Outgoing> OutgoingOf(const engine::EventRow& event) const;
  // Hands one record to the client, or says why not. What comes behind one that was not taken is
  // not sent, to keep the order.
  void Queue(const Outgoing& outgoing);
  int Produce(const Outgoing& outgoing, size_t index);
  // Waits for every report since Begin: the code of each record. After a failure there is no client
  // left.
  std::vector<int> Await();
  // Sends what failed, each event alone, in order. `counts` says how many records each event has.
  absl::StatusOr<std::vector<RefusedEvent>> SendAlone(const std::vector<engine::EventRow>& events,
                                                      const std::vector<size_t>& counts,
                                                      const std::vector<int>& codes);
  // Sends one event and what the feed is told of it, each record alone. Not empty: the event was
  // refused, with this code, and the feed is told nothing. A record of the feed that is refused is
  // left out.
  absl::StatusOr<std::string> SendOne(const engine::EventRow& event);

  const KafkaPublisherOptions options_;
  std::atomic<bool> cancelled_ = false;
  int producers_ = 0;
  int64_t feed_refused_ = 0;  // Records of the feed that were left out.
  std::vector<int> codes_;    // Of the records on their way, by index.
  size_t waiting_ = 0;        // Reports to come.
  bool failed_ = false;       // A record since Begin was not taken.
  KafkaClient client_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_PUBLISHER_H_
