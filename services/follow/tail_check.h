// Finds out whether a service's database lost events, by comparing it with the service's own topic.
//
// Only committed events are published. So a record of the topic whose event the database lacks, or
// has under another id, shows that the database was set back: by an older backup, or by a standby
// that took over too early. From then on every new event would take a number that already means
// something else at other services, so nothing may be decided or published any more.
//
// How far each partition was compared is kept in the database itself, with the id of the record at
// that place. A database that was set back has an older place, and is compared from there. A topic
// that was made anew has another record at the place, and is compared from its start. As long as a
// server goes on under the same session it was not set back. Then only the last record of each
// partition is compared, which shows that no other database publishes to the topic.
//
// A topic that ends before the place has lost records, with a broker's page cache or because it was
// deleted. The database has their events, and followers fetch them from there. Other readers
// cannot, so the log says once that they have to be published again.
#ifndef PATHWAYS_SERVICES_FOLLOW_TAIL_CHECK_H_
#define PATHWAYS_SERVICES_FOLLOW_TAIL_CHECK_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "services/engine/store/event_store.h"
#include "services/follow/bus/bus.h"
#include "services/follow/bus/kafka_reader.h"

namespace pathways::follow {

class TailCheck {
 public:
  // `store` must outlive it; `service` is whose topic it is, for the message.
  TailCheck(std::string service, KafkaReaderOptions topic, engine::FollowStore& store,
            base::Logger& log)
      : service_(std::move(service)), topic_(std::move(topic)), store_(store), log_(log) {}

  // Compares what was published since the last time, or only the ends. DATA_LOSS: the database lost
  // events; the message names the command to run. UNAVAILABLE, PERMISSION_DENIED: it could not be
  // compared. Blocks while it reads. Not thread-safe, but several processes may do it at once.
  absl::Status Run(TopicCheck check);

  // Makes a running and every later Run end with UNAVAILABLE. For shutting down, because there may
  // be millions of records to compare. Thread-safe.
  void Cancel() { cancelled_ = true; }

 private:
  // A place in a partition: the offset that comes next, and what lies before it.
  using Places = std::map<int32_t, engine::Position>;

  absl::Status Open();
  // What is to be compared, and the places from which it follows.
  absl::StatusOr<std::vector<KafkaRange>> RangesAfter(TopicCheck check, Places& places);
  absl::Status Compare(const std::vector<KafkaRange>& ranges, Places& places);
  absl::Status ComparePage(const std::vector<engine::EventRow>& page);
  // Logs, once for each partition, that it ends before its place.
  void TellShortened(const KafkaRange& range, int64_t place);

  const std::string service_;
  const KafkaReaderOptions topic_;
  engine::FollowStore& store_;
  base::Logger& log_;
  std::atomic<bool> cancelled_ = false;
  std::unique_ptr<KafkaReader> reader_;
  std::map<int32_t, int64_t> compared_;  // Ends that this process has compared up to.
  std::set<int32_t> shortened_;          // Partitions that were told of.
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_TAIL_CHECK_H_
