// Submits the timers of a service when they are due.
//
// One thread looks for due timers, has the service's adapter make a command of each, and submits
// them; the engine drops a timer that the state no longer has, so looking twice does no harm. Times
// are those of the clock given, to the second; a timer may come late by the interval, never early.
#ifndef PATHWAYS_SERVICES_RUNTIME_TIMER_LOOP_H_
#define PATHWAYS_SERVICES_RUNTIME_TIMER_LOOP_H_

#include <atomic>
#include <functional>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/runtime/clock.h"
#include "services/runtime/engine.h"
#include "services/runtime/report.h"
#include "services/runtime/signal.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

class TimerLoop {
 public:
  // The command that a due timer is, and the version of the stream it was made from.
  struct Due {
    std::string payload;
    int64_t version = 0;
  };
  // Makes it. An error leaves the timer for the next look.
  using DueOf = std::function<absl::StatusOr<Due>(const TimerRow& timer)>;

  // All must outlive the loop.
  TimerLoop(EventStore& store, Engine& engine, const Clock& clock, DueOf due_of,
            absl::Duration every, Report report);
  ~TimerLoop();
  void Notify() { signal_.Notify(); }
  void Stop();

  // Submits what is due now and waits for it. The number submitted.
  absl::StatusOr<size_t> FireDue();

 private:
  void Run();

  EventStore& store_;
  Engine& engine_;
  const Clock& clock_;
  const DueOf due_of_;
  const absl::Duration every_;
  std::atomic<int> unusable_ = 0;  // Timers of the last look that could not be made commands.
  Reporter reporter_;
  Signal signal_;
  std::thread thread_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_TIMER_LOOP_H_
