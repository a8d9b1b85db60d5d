// The ports between one service's events and the next service: log, publisher and streams.
//
// A relay hands the events of its service to a Publisher in commit order. A consumer reads them
// from an EventLog by position. Events that do not come that way are fetched from a StreamReader,
// which asks the service itself. Delivery may repeat events and may leave some out; their numbers
// make up for both. In one process all three stand on the service's own store (in_process_topic.h),
// so nothing is copied.
//
// Threads: every method may be called from any thread, but only one reader may follow a log,
// because the log may drop what this reader has read (kafka_partition.h). A second reader asks for
// logs of its own. Blocking: each method blocks for one read of the log or the service. Errors of
// every method: UNAVAILABLE (cannot be reached, try again), INTERNAL, DATA_LOSS (a record that
// cannot be read).
#ifndef PATHWAYS_SERVICES_FOLLOW_BUS_BUS_H_
#define PATHWAYS_SERVICES_FOLLOW_BUS_BUS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/engine/store/event_store.h"

namespace pathways::follow {

// An event that the bus will never take as it is.
struct RefusedEvent {
  std::string stream;
  int64_t number = 0;
  std::string reason;  // Upper-case code.
};

// Takes events for publication. Used by the relay alone.
class Publisher {
 public:
  virtual ~Publisher() = default;
  // Publishes events in the order given. OK: every event was acknowledged, except those that were
  // refused for good and the later ones of their streams in `events`. These are not published, and
  // the first one of each such stream is returned. After an error any of the events may have been
  // published; the relay sends them again.
  virtual absl::StatusOr<std::vector<RefusedEvent>> Publish(
      const std::vector<engine::EventRow>& events) = 0;
};

// What a service compares of its topic with its store: everything that came since the last time, or
// the last record of each partition. The latter is enough where the same session of the store has
// compared before.
enum class TopicCheck { kWhole, kEnds };

// The published events of one service, or one partition of them, in order of position.
class EventLog {
 public:
  virtual ~EventLog() = default;
  // Name of the partition. Empty: the log has none.
  virtual std::string Partition() const { return ""; }
  // Id of the log that positions count. Another incarnation is another log, and is read from its
  // start.
  virtual std::string Incarnation() = 0;
  // Events after a position, at most `limit`, without sealed columns. Does not wait for more. A row
  // with an empty stream is a record that is no event of this service; only its position counts.
  virtual absl::StatusOr<std::vector<engine::EventRow>> ReadAfter(int64_t position, int limit) = 0;
  // Position of the last event that exists. If it is below a position that was read, the log lost
  // its tail.
  virtual absl::StatusOr<int64_t> Head() = 0;
};

// The logs of one service that this process reads.
class EventLogs {
 public:
  virtual ~EventLogs() = default;
  // In one process there is one log. On Kafka there is one for each partition that this process was
  // given, and these may change at any time. A log that was taken away stays valid and is empty.
  virtual std::vector<std::shared_ptr<EventLog>> Logs() = 0;
  // Adds a function that is called when there may be more to read; it must not block. Call before
  // the first event is published.
  virtual void OnPublish(std::function<void()> wake) = 0;
};

// Key of a log's position in a consumer's store: `name`, or `name/partition`.
std::string PositionKeyOf(const std::string& name, const EventLog& log);

// Facts about single streams, asked from the service that owns them.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  // Events of one stream from a number on, at most `limit`, without sealed columns.
  virtual absl::StatusOr<std::vector<engine::EventRow>> ReadStream(absl::string_view stream,
                                                                   int64_t from, int limit) = 0;
  // (stream, version) in order of stream id after `after`, at most `limit`.
  virtual absl::StatusOr<std::vector<engine::StreamHead>> ReadHeads(absl::string_view after,
                                                                    int limit) = 0;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_BUS_BUS_H_
