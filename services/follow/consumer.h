// Brings the events of one upstream into a service's engine.
//
// A Consumer reads the upstream's logs, each in position order from where the service's own store
// says it is, turns each event into a command and submits it. The engine commits the effect and the
// position together. An event can require that an event of another upstream was applied; then the
// Consumer waits a moment for that. What the logs do not bring is fetched by the Puller (puller.h).
// A Consumer has one thread, which the constructor starts and Stop or the destructor ends. It reads
// the upstream only through its published columns.
#ifndef PATHWAYS_SERVICES_FOLLOW_CONSUMER_H_
#define PATHWAYS_SERVICES_FOLLOW_CONSUMER_H_

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/base/drive.h"
#include "services/base/signal.h"
#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/engine/store/event_store.h"
#include "services/follow/bus/bus.h"
#include "services/follow/known_positions.h"
#include "services/follow/report.h"

namespace pathways::follow {

struct ConsumerParts {
  std::string upstream;          // Name of the upstream service
  EventLogs& logs;               // and its published events.
  const engine::Domain& domain;  // Of the consuming service,
  engine::FollowStore& store;    // its store
  engine::Engine& engine;        // and its engine. All must outlive the consumer.
  Report report;  // Is told of errors. LostTail (lost_tail.h): the upstream lost what was applied.
  // How long events wait for those of other upstreams that they require.
  std::chrono::milliseconds required_wait{300};
  base::Drive drive = base::Drive::kThread;
};

class Consumer {
 public:
  explicit Consumer(ConsumerParts parts);
  ~Consumer();
  // There is something new upstream. Never blocks.
  void Notify() { signal_.Notify(); }
  // The service's own store changed. Never blocks.
  void NotifyCommit() { committed_.Notify(); }
  void Stop();

  // Handles one page of every log, and reports. The number of records handled. LostTail: it has
  // ended, and does nothing any more; after any other error it tries again. What the thread does;
  // only for one that goes by steps.
  absl::StatusOr<size_t> Step();

 private:
  void Run();
  // Handles one page of every log. Returns the number of records handled.
  absl::StatusOr<size_t> ReadPages();
  // Adds the commands of one page of a log, and the position after it.
  absl::Status ReadPage(EventLog& log, std::vector<engine::Command>& commands,
                        std::map<std::string, engine::Position>& read);
  // A log that cannot be read keeps no other; it is the error after the others were handled.
  absl::StatusOr<size_t> HandlePages();
  // Waits, but not for long, until everything that the commands require of other upstreams is
  // applied. A command that is submitted before that would be marked as behind, and its event would
  // be fetched a second time.
  absl::Status AwaitRequired(const std::vector<engine::Command>& commands);

  const ConsumerParts parts_;
  KnownPositions positions_;
  Reporter reporter_;
  base::Signal signal_;
  base::Signal committed_;
  std::chrono::steady_clock::time_point next_wait_;  // Of AwaitRequired.
  absl::Status ended_;                               // Not OK for good: the upstream lost its tail.
  std::thread thread_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_CONSUMER_H_
