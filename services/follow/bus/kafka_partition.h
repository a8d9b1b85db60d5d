// One partition that this process was given: what was fetched of it and not yet handled.
//
// The subscription's thread adds events as they come; the consumer's thread reads pages by the
// position in its own store. A position is the offset of the last handled record plus one, which is
// the offset to fetch next, so 0 is the start. Rows stay until a later page shows that they were
// committed, so a failed commit fetches nothing again; a position before them - another database -
// is noticed and asked for. Thread-safe; nothing blocks. For one reader: of two with different
// positions each would make the other's rows be fetched anew, for ever.
#ifndef PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_PARTITION_H_
#define PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_PARTITION_H_

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/follow/bus/bus.h"

namespace pathways::follow {

class KafkaPartition : public EventLog {
 public:
  // Fetching is paused above these and begins again below half of them.
  struct Limits {
    size_t rows_max = 2048;
    size_t bytes_max = 8 << 20;
  };

  KafkaPartition(int32_t id, std::string incarnation, Limits limits)
      : id_(id), limits_(limits), incarnation_(std::move(incarnation)) {}

  // For the consumer.
  std::string Partition() const override { return std::to_string(id_); }
  std::string Incarnation() override;
  absl::StatusOr<std::vector<engine::EventRow>> ReadAfter(int64_t position, int limit) override;
  absl::StatusOr<int64_t> Head() override;

  // For the subscription.
  int32_t id() const { return id_; }
  // Takes a row unless it was read past already or fetching is to begin anew.
  void Add(engine::EventRow row);
  // The consumer's position asks for fetching to begin anew.
  bool MustRestart();
  // The offset to fetch next, where fetching begins now; none before the consumer told its
  // position.
  std::optional<int64_t> Restart();
  // Whether fetching should be paused now.
  bool ShouldPause(bool paused);
  // The consumer's position, which its store has; none before it told it.
  std::optional<int64_t> Position();
  void SetHead(int64_t head);
  // There is nothing before this offset any more: fetching is to begin anew there.
  void SkipTo(int64_t offset);
  // Another log is under the same name: it is read from the start.
  void Renew(const std::string& incarnation);
  // Was taken away: drops everything and is empty from now on.
  void Close();

 private:
  void DropUntil(int64_t position);

  const int32_t id_;
  const Limits limits_;
  std::mutex mutex_;  // Guards everything below.
  std::string incarnation_;
  std::deque<engine::EventRow> rows_;  // All records after begin_ that were fetched.
  size_t bytes_ = 0;
  int64_t begin_ = 0;        // Position of the consumer.
  int64_t asked_ = 0;        // Position that was last asked for, of whatever log.
  bool positioned_ = false;  // The consumer has told its position.
  bool restart_ = false;     // What comes before fetching begins anew is old.
  int64_t first_ = 0;        // First offset that exists, as far as known.
  int64_t head_ = 0;
  bool closed_ = false;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_PARTITION_H_
