// Who drives the engine and the loops beside it, and by which clock they rest.
//
// In a service each has a thread of its own and rests by the machine's steady clock. A simulation
// has no threads: it calls the steps of all of them in an order that comes of a seed, and sets the
// time by hand, so that what it finds can be played again. What waits in a step waits for nobody
// else, for nobody else runs: a wait in a step ends at once.
#ifndef PATHWAYS_SERVICES_BASE_DRIVE_H_
#define PATHWAYS_SERVICES_BASE_DRIVE_H_

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace pathways::base {

enum class Drive {
  kThread,  // A thread of its own, from the constructor on, unless there is a Start.
  kSteps,   // None: whoever holds it calls its steps, one at a time.
};

using SteadyTime = std::chrono::steady_clock::time_point;

#ifdef PATHWAYS_FAULTS
// Of this thread: the steady clock stands at `time` until it is set again.
void SetSteadyNow(SteadyTime time);
// The machine's, or what was set.
SteadyTime SteadyNow();
// Of this thread: the time that SystemClock (clock.h) tells, until it is set again.
void SetSystemNow(absl::Time time);
absl::Time SystemNow();
#else
inline SteadyTime SteadyNow() { return std::chrono::steady_clock::now(); }
inline absl::Time SystemNow() { return absl::Now(); }
#endif

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_DRIVE_H_
