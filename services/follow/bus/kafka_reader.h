// Reads a topic as it is now, from given offsets to its end, without a group and without following.
//
// For who has to know what a topic holds: a service that compares its own topic with its database,
// and the command that takes lost events back from it. The ends are asked for first and then read
// up to, so a topic that is written to meanwhile does not keep the reader. A record that is no
// event of the source becomes a row without a stream, as in a subscription. Not thread-safe.
#ifndef PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_READER_H_
#define PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/engine/store/event_store.h"
#include "services/follow/bus/kafka.h"

namespace pathways::follow {

struct KafkaReaderOptions {
  KafkaSettings kafka;
  std::string topic;
  std::string source;  // ce_source of the events.
  // How long the broker may say nothing.
  absl::Duration patience = absl::Seconds(10);
};

// Records of one partition: offsets from `begin` to before `end`.
struct KafkaRange {
  int32_t partition = 0;
  int64_t begin = 0;
  int64_t end = 0;
};

class KafkaReader : public KafkaOwner {
 public:
  // One record. `event.position` is its offset; an empty stream: no event of the source. An error
  // ends the reading and is what Read returns.
  using Take = std::function<absl::Status(int32_t partition, engine::EventRow event)>;

  // INVALID_ARGUMENT: wrong settings. Connects later.
  static absl::StatusOr<std::unique_ptr<KafkaReader>> Open(KafkaReaderOptions options,
                                                           base::Logger& log);

  // What every partition holds now. UNAVAILABLE, after the patience: no broker, no such topic;
  // PERMISSION_DENIED. Blocks at most for the patience, and as long again for each partition.
  absl::StatusOr<std::vector<KafkaRange>> Ranges();
  // Gives every record of the ranges to `take`, those of one partition in order. What the broker
  // has deleted meanwhile is left out. UNAVAILABLE: nothing came for as long as the patience.
  absl::Status Read(const std::vector<KafkaRange>& ranges, const Take& take);

 private:
  KafkaReader(KafkaReaderOptions options, base::Logger& log);
  // Asks once.
  absl::StatusOr<std::vector<KafkaRange>> AskRanges(absl::Duration patience);

  const KafkaReaderOptions options_;
  KafkaClient client_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_READER_H_
