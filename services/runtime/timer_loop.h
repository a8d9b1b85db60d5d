// Submits the timers of a service when they are due.
//
// One thread looks for due timers page by page, has the service's adapter make a command of each,
// and submits them; the engine drops a timer that the state no longer has, so looking twice does no
// harm. One clock says what is due and what time it is: the store's, to the second. A timer may
// come late by the interval, never early. What cannot fire stays, and keeps no other: each look
// goes on behind it.
#ifndef PATHWAYS_SERVICES_RUNTIME_TIMER_LOOP_H_
#define PATHWAYS_SERVICES_RUNTIME_TIMER_LOOP_H_

#include <functional>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
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
  // Makes it, at a time of the store's clock. An error leaves the timer for the next look.
  using DueOf = std::function<absl::StatusOr<Due>(const TimerRow& timer, absl::Time now)>;

  // All must outlive the loop.
  TimerLoop(EventStore& store, Engine& engine, DueOf due_of, absl::Duration every, Report report);
  ~TimerLoop();
  void Notify() { signal_.Notify(); }
  void Stop();

  // Submits what is due now and waits for it. The number submitted; the first error, when all else
  // was submitted, unless the store cannot be read or written.
  absl::StatusOr<size_t> FireDue();

 private:
  void Run();
  // The same. `go_on` is asked after each full page; false ends the look.
  absl::StatusOr<size_t> Look(const std::function<bool()>& go_on);
  // Of one page. Adds to `fired`.
  absl::Status Fire(const std::vector<TimerRow>& page, absl::Time now, size_t& fired);

  EventStore& store_;
  Engine& engine_;
  const DueOf due_of_;
  const absl::Duration every_;
  Reporter reporter_;
  Signal signal_;
  std::thread thread_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_TIMER_LOOP_H_
