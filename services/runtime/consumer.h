// Brings the events of one upstream into a service's engine.
//
// A Consumer reads the upstream's logs, each in position order from where the service's own store
// says it is, turns each event into a command and submits it; effect and position are committed
// together by the engine. Where an event stands on what another upstream told, the Consumer gives
// that one's a moment to be applied first. A Puller mends what did not come that way: it fetches
// streams that are behind, event by event, and sweeps the upstream's heads now and then, so that a
// lost or skipped record is found without anybody noticing. Each has one thread, started by the
// constructor and stopped by Stop or the destructor, and reads the upstream only through its
// published columns.
#ifndef PATHWAYS_SERVICES_RUNTIME_CONSUMER_H_
#define PATHWAYS_SERVICES_RUNTIME_CONSUMER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
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

// The command that an upstream event is. An event that cannot be understood becomes a command that
// parks its stream; an event of the upstream's own stream (type/stream.h) one for no stream.
Command CommandOf(const Domain& domain, const std::string& upstream, const EventRow& event);

// Submits commands in order and waits for all answers. The first error, if any.
absl::Status SubmitAll(Engine& engine, std::vector<Command> commands);

struct ConsumerParts {
  std::string upstream;   // Name of the upstream service,
  EventLogs& logs;        // its published events,
  StreamReader& streams;  // and its streams as it holds them.
  const Domain& domain;   // Of the consuming service,
  EventStore& store;      // its store
  Engine& engine;         // and its engine. All must outlive the consumer.
  Report report;          // Hears of errors. DATA_LOSS: the upstream lost what was applied.
  // How long events wait for what they require of other upstreams.
  std::chrono::milliseconds required_wait{300};
  // Hears how many cases a sweep found without an event that the bus did not bring.
  std::function<void(int64_t cases)> found_missing = nullptr;
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

class Puller {
 public:
  // Sweeps the heads at the start and then every `sweep_every`.
  Puller(ConsumerParts parts, absl::Duration sweep_every);
  ~Puller();
  void Notify() { signal_.Notify(); }
  void Stop();

  // Fetches what the rows of `behind` name. True when something was applied.
  absl::StatusOr<bool> PullOnce();
  // Looks at the suspects again, and compares the upstream's heads with what was applied: what is
  // missing makes new suspects. DATA_LOSS, once all was compared, when a head is below what was
  // applied: the upstream lost its tail. Thread-safe.
  absl::Status Sweep();

 private:
  // A case that lacked something when it was looked at. It may just be on its way, so nothing is
  // fetched and nobody is alarmed before a second look.
  struct Suspect {
    int64_t applied = 0;
    int64_t known = 0;  // Number that exists upstream.
  };

  void Run();
  // Marks the suspects that have not moved since the last look, and tells of those of which nothing
  // else says why.
  absl::Status LookAgain();
  absl::Status LookAgainWhenDue();
  // Fetches rows of this upstream from `next` on, as many as are submitted together, and moves
  // `next` behind them. Together, because after a burst many cases are behind at once, each by an
  // event or two.
  absl::StatusOr<bool> PullSome(const std::vector<BehindRow>& rows,
                                std::vector<BehindRow>::const_iterator& next);
  // Adds the streams of this service after `after` and up to `last` (empty: to the end) that are
  // not in `versions`, as 0.
  absl::Status AddOwnStreams(std::string after, const std::string& last,
                             std::map<std::string, int64_t>& versions);
  // Notes what is missing of some upstream versions. True: one is below what was applied.
  absl::StatusOr<bool> ComparePage(const std::map<std::string, int64_t>& versions);

  const ConsumerParts parts_;
  const absl::Duration sweep_every_;
  Reporter reporter_;
  Signal signal_;
  std::mutex mutex_;                         // Guards the next two; held for a whole look.
  std::map<std::string, Suspect> suspects_;  // By stream.
  std::chrono::steady_clock::time_point look_again_;
  std::thread thread_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_CONSUMER_H_
