// Wakes the thread of a background loop, and says when it has to end.
//
// Consumer, puller, relay, projector and timer loop each own one. The waiting times of all of them
// stand here, so that they are alike.
#ifndef PATHWAYS_SERVICES_BASE_SIGNAL_H_
#define PATHWAYS_SERVICES_BASE_SIGNAL_H_

#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"

namespace pathways::base {

// How long an idle thread waits that must see what other processes commit, which wakes nobody here.
inline constexpr absl::Duration kIdleWait = absl::Milliseconds(500);
// How long an idle thread waits whose work this process announces.
inline constexpr absl::Duration kAnnouncedWait = absl::Seconds(2);
// How long a loop rests after a round that found little. Without it each commit is followed by a
// round of its own in every loop behind it, and at a third of the load two processors are busy with
// rounds of one event.
inline constexpr absl::Duration kRest = absl::Milliseconds(5);
// How long to wait after an error, so that a full disk is not asked in a tight loop.
inline constexpr absl::Duration kErrorWait = absl::Seconds(1);

// Thread-safe; a wake that comes before the wait is not lost.
class Signal {
 public:
  void Notify();
  // Ends the wait for good.
  void Stop();
  // True until Stop. Waits for Notify, at most `limit`.
  bool Wait(absl::Duration limit);
  // True until Stop, which it waits for, at most `time`. What is notified meanwhile is kept: a loop
  // that rests after each round takes more in one, and costs less under load.
  bool Rest(absl::Duration time);
  bool stopped();

 private:
  std::mutex mutex_;  // Guards both flags.
  std::condition_variable changed_;
  std::condition_variable ended_;  // Of its own: a rest is not to be woken by every notice.
  bool notified_ = false;
  bool stopped_ = false;
};

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_SIGNAL_H_
