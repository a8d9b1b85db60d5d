// Brings the events of one upstream into a service's engine.
//
// A Consumer reads the upstream's logs, each in position order from where the service's own store
// says it is, turns each event into a command and submits it; effect and position are committed
// together by the engine. Where an event stands on what another upstream told, the Consumer gives
// that one's a moment to be applied first. What does not come that way is the Puller's (puller.h).
// It has one thread, started by the constructor and stopped by Stop or the destructor, and reads
// the upstream only through its published columns.
#ifndef PATHWAYS_SERVICES_RUNTIME_CONSUMER_H_
#define PATHWAYS_SERVICES_RUNTIME_CONSUMER_H_

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/runtime/bus/bus.h"
#include "services/runtime/domain.h"
#include "services/runtime/engine.h"
#include "services/runtime/known_positions.h"
#include "services/runtime/report.h"
#include "services/runtime/signal.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

struct ConsumerParts {
  std::string upstream;  // Name of the upstream service
  EventLogs& logs;       // and its published events.
  const Domain& domain;  // Of the consuming service,
  EventStore& store;     // its store
  Engine& engine;        // and its engine. All must outlive the consumer.
  Report report;         // Hears of errors. DATA_LOSS: the upstream lost what was applied.
  // How long events wait for what they require of other upstreams.
  std::chrono::milliseconds required_wait{300};
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

 private:
  void Run();
  // Handles one page of every log. The number of records handled.
  absl::StatusOr<size_t> ReadPages();
  // Adds the commands of one page of a log, and the position after it.
  absl::Status ReadPage(EventLog& log, std::vector<Command>& commands,
                        std::map<std::string, Position>& read);
  absl::StatusOr<size_t> HandlePages();
  // Waits until what the events require of other upstreams is applied, or for a moment. Submitted
  // before, each would be marked as behind and be fetched once more.
  absl::Status AwaitRequired(const std::vector<Command>& commands);

  const ConsumerParts parts_;
  KnownPositions positions_;
  Reporter reporter_;
  Signal signal_;
  Signal committed_;
  std::chrono::steady_clock::time_point next_wait_;  // Of AwaitRequired.
  std::thread thread_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_CONSUMER_H_
