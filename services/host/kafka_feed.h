// What a service's relay writes to the dashboards' feed, as records of Kafka.
//
// The domain says what an event tells (services/*/domain/feed.h); this adds the pseudonym of the
// case and the record's own id, both from the key of the month of the event, and cuts even the
// time of the record to the hour. So an event that is sent again gives the same bytes, as long as
// its month has a key; an event of a month without one is not told, and that is logged, as the feed
// must never hold back what cases wait for. The key file is read again every minute, so a key that
// is dropped from it leaves the process too. Knows no librdkafka.
#ifndef PATHWAYS_SERVICES_HOST_KAFKA_FEED_H_
#define PATHWAYS_SERVICES_HOST_KAFKA_FEED_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "services/base/log.h"
#include "services/engine/store/event_store.h"
#include "services/follow/bus/feed_message.h"
#include "services/host/keys_feed.h"

namespace pathways::host {

// Used by one thread at a time.
class KafkaFeed {
 public:
  // How often the key file is read again.
  static constexpr absl::Duration kReadEvery = absl::Minutes(1);

  // Reads the keys; errors as FeedKeys::Load. `clock` and `log` must outlive it.
  static absl::StatusOr<std::unique_ptr<KafkaFeed>> Open(std::string key_file,
                                                         follow::TellFeed tell,
                                                         const base::Clock& clock,
                                                         base::Logger& log);

  // Blocks for the disk when the file is to be read again.
  std::vector<follow::FeedMessage> MessagesOf(const engine::EventRow& event);

 private:
  KafkaFeed(std::string key_file, follow::TellFeed tell, const base::Clock& clock,
            base::Logger& log)
      : key_file_(std::move(key_file)), tell_(std::move(tell)), clock_(clock), log_(log) {}
  absl::Status Read(absl::Time now);
  void ReadAgain(absl::Time now);

  const std::string key_file_;
  const follow::TellFeed tell_;
  const base::Clock& clock_;
  base::Logger& log_;
  FeedKeys keys_;
  absl::Time read_at_;
  std::string missed_month_;  // Logged since the last reading.
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_KAFKA_FEED_H_
