// Submits the timers of a service when they are due.
//
// One thread looks for due timers, has the service's adapter make a command of each, and submits
// them; the engine drops a timer that the state no longer has, so looking twice does no harm. One
// clock says what is due and what time it is: the store's, to the second. A timer may come late by
// the interval, never early. What cannot fire stays, and keeps no other: each look goes on behind
// it.
//
// A timer may be due coarsely, by its month for example, and what it is for lie somewhere later.
// Then the adapter answers until when there is nothing to do, and the loop asks it again at that
// time. It remembers so in memory only: nothing is written, and after a restart it asks once more.
// Timers that wait so are passed over by one read of the store in a while, not by one in each look;
// hence one that is set when it is due already may come late by ten minutes where others wait.
#ifndef PATHWAYS_SERVICES_RUNTIME_TIMER_LOOP_H_
#define PATHWAYS_SERVICES_RUNTIME_TIMER_LOOP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/runtime/engine.h"
#include "services/runtime/report.h"
#include "services/runtime/signal.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

// The timers that wait for a later time, and those at the beginning of the store's order that need
// not even be read for a while. For one thread at a time.
class WaitingTimers {
 public:
  // Begins a look. The row behind which it reads: empty for all.
  TimerRow Begin(absl::Time now);
  // True when the timer is not to be asked yet.
  bool Holds(const TimerRow& timer, absl::Time now);
  void Hold(const TimerRow& timer, absl::Time until);
  // Tells that the timer that comes next in the order is one that waits. Not to be called any more
  // in a look that has found one that does not.
  void Skip(const TimerRow& timer);

 private:
  using Key = std::tuple<int64_t, std::string, std::string>;  // Due, stream, kind: the order.
  static Key KeyOf(const TimerRow& timer) {
    return {timer.due_unix_seconds, timer.stream, timer.kind};
  }

  std::map<Key, absl::Time> until_;
  TimerRow skip_to_;
  absl::Time skip_until_ = absl::InfinitePast();
  absl::Time begun_ = absl::InfinitePast();  // When the last look began.
};

class TimerLoop {
 public:
  // The command that a due timer is, and the version of the stream it was made from; or only the
  // time before which it is none.
  struct Due {
    std::string payload;
    int64_t version = 0;
    std::optional<absl::Time> not_before = std::nullopt;
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
  // Submits what is due of a page and waits for it. Adds how many to `fired`.
  absl::Status Fire(const std::vector<TimerRow>& page, absl::Time now, size_t& fired);

  EventStore& store_;
  Engine& engine_;
  const DueOf due_of_;
  const absl::Duration every_;
  std::mutex look_mutex_;  // One look at a time.
  WaitingTimers waiting_;
  Reporter reporter_;
  Signal signal_;
  std::thread thread_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_TIMER_LOOP_H_
