// Submits the timers of a service when they are due.
//
// One thread looks for due timers, has the service's adapter make a command of each, and submits
// them. The engine drops a timer that the state no longer has, so looking twice does no harm. The
// store's clock, to the second, says both what is due and what time it is. A timer may fire late,
// by up to the interval, and never early. A timer that cannot fire stays in the list and does not
// hold up the others: each look goes on behind it.
//
// The due time of a timer may be coarse, for example the begin of a month, while the work is to be
// done on some later day. Then the adapter answers with a time before which there is nothing to do,
// and the loop asks it again at that time. The loop keeps this in memory only: nothing is written,
// and after a restart it asks once more. Timers that wait in this way are not read in each look,
// but once in ten minutes. So where such timers wait, a timer that is already due when it is set
// may fire up to ten minutes late.
#ifndef PATHWAYS_SERVICES_FOLLOW_TIMER_LOOP_H_
#define PATHWAYS_SERVICES_FOLLOW_TIMER_LOOP_H_

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
#include "services/base/drive.h"
#include "services/base/signal.h"
#include "services/engine/engine.h"
#include "services/engine/store/event_store.h"
#include "services/follow/report.h"
#include "services/type/stream.h"

namespace pathways::follow {

// Remembers the timers that wait for a later time, and up to which row of the store's order they
// are all waiting, so that these rows need not be read for a while. For one thread at a time.
class WaitingTimers {
 public:
  // Begins a look. Returns the row behind which it has to read; an empty row: it reads all.
  engine::TimerRow Begin(absl::Time now);
  // True when the adapter is not to be asked about the timer yet.
  bool Holds(const engine::TimerRow& timer, absl::Time now);
  void Hold(const engine::TimerRow& timer, absl::Time until);
  // Notes that the next timer in the order is one that waits. No longer called in a look once that
  // look has found a timer that does not wait.
  void Skip(const engine::TimerRow& timer);

 private:
  using Key = std::tuple<int64_t, std::string, std::string>;  // Due, stream, kind: the order.
  static Key KeyOf(const engine::TimerRow& timer) {
    return {timer.due_unix_seconds, timer.stream, timer.kind};
  }

  std::map<Key, absl::Time> until_;
  engine::TimerRow skip_to_;
  absl::Time skip_until_ = absl::InfinitePast();
  absl::Time begun_ = absl::InfinitePast();  // When the last look began.
};

class TimerLoop {
 public:
  // The command for a due timer, and the version of the stream that it was made from. Or only a
  // time, before which there is nothing to do.
  struct Due {
    std::string payload;
    int64_t version = 0;
    std::optional<absl::Time> not_before = std::nullopt;
    type::Lookup lookup = {};
  };
  // Makes the command. `now` is by the store's clock. An error leaves the timer for the next look.
  using DueOf = std::function<absl::StatusOr<Due>(const engine::TimerRow& timer, absl::Time now)>;

  // All must outlive the loop.
  TimerLoop(engine::FollowStore& store, engine::Engine& engine, DueOf due_of, absl::Duration every,
            Report report, base::Drive drive = base::Drive::kThread);
  ~TimerLoop();
  void Notify() { signal_.Notify(); }
  void Stop();

  // Submits what is due now and waits for the answers. Returns the number submitted, or the first
  // error. After an error it still submits the others, unless the store cannot be read or written.
  absl::StatusOr<size_t> FireDue();

  // The same, and reports. What the thread does; only for one that goes by steps.
  absl::StatusOr<size_t> Step();

 private:
  void Run();
  // Does what FireDue does. `go_on` is asked after each full page; false ends the look.
  absl::StatusOr<size_t> Look(const std::function<bool()>& go_on);
  // Submits what is due of a page and waits for the answers. Adds the number submitted to `fired`.
  absl::Status Fire(const std::vector<engine::TimerRow>& page, absl::Time now, size_t& fired);

  engine::FollowStore& store_;
  engine::Engine& engine_;
  const DueOf due_of_;
  const absl::Duration every_;
  std::mutex look_mutex_;  // One look at a time.
  WaitingTimers waiting_;
  Reporter reporter_;
  base::Signal signal_;
  std::thread thread_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_TIMER_LOOP_H_
