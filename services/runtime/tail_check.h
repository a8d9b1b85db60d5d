// Compares a service's own topic with its own database: whether the database lost events.
//
// Only what is committed is published. So a record of the service's own topic whose event the
// database lacks, or has under another id, shows that the database was set back - by an older
// backup, or by a standby that took over too early. From then on every new event would take a
// number that already means something else elsewhere, so nothing may be decided or published any
// more. How far each partition was compared is kept in the database itself, with the id of the
// record there: a database that was set back has an older place and compares from it; a topic that
// was made anew has another record there and is compared from its start. A server that goes on
// under the same session was not set back: then the last record of each partition is enough, which
// shows that no other database is published to the topic.
//
// A topic that ends before a place has lost records, with a broker's page cache or because it was
// deleted. The database has them and followers fetch them; other readers cannot, so the log says
// once that they are to be published again.
#ifndef PATHWAYS_SERVICES_RUNTIME_TAIL_CHECK_H_
#define PATHWAYS_SERVICES_RUNTIME_TAIL_CHECK_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "services/runtime/bus/bus.h"
#include "services/runtime/bus/kafka_reader.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

class TailCheck {
 public:
  // `store` must outlive it; `service` is whose topic it is, for the message.
  TailCheck(std::string service, KafkaReaderOptions topic, EventStore& store, Logger& log)
      : service_(std::move(service)), topic_(std::move(topic)), store_(store), log_(log) {}

  // Compares what was published since the last time, or its ends. DATA_LOSS: it lost events; the
  // message names the command. UNAVAILABLE, PERMISSION_DENIED: it could not be compared. Blocks for
  // the reading; not thread-safe, but several processes may do it at once.
  absl::Status Run(TopicCheck check);

  // Makes a running and every later Run end with UNAVAILABLE: what was published while the service
  // was away may be millions of records. For shutting down; thread-safe.
  void Cancel() { cancelled_ = true; }

 private:
  // A place in a partition: the offset that comes next, and what lies before it.
  using Places = std::map<int32_t, Position>;

  absl::Status Open();
  // What is to be compared, and the places that say so.
  absl::StatusOr<std::vector<KafkaRange>> RangesAfter(TopicCheck check, Places& places);
  absl::Status Compare(const std::vector<KafkaRange>& ranges, Places& places);
  absl::Status ComparePage(const std::vector<EventRow>& page);
  // Once for each partition that ends before its place.
  void TellShortened(const KafkaRange& range, int64_t place);

  const std::string service_;
  const KafkaReaderOptions topic_;
  EventStore& store_;
  Logger& log_;
  std::atomic<bool> cancelled_ = false;
  std::unique_ptr<KafkaReader> reader_;
  std::map<int32_t, int64_t> compared_;  // Ends that this process has compared up to.
  std::set<int32_t> shortened_;          // Partitions that were told of.
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_TAIL_CHECK_H_
