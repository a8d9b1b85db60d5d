// Lets live work go first: for a loop that submits pages of what nobody waits for.
//
// A page is let through only while few commands wait for the engine, but at least one every second,
// so that the loop ends under any load; a rate may bound it further. Not thread-safe.
#ifndef PATHWAYS_SERVICES_FOLLOW_GIVE_WAY_H_
#define PATHWAYS_SERVICES_FOLLOW_GIVE_WAY_H_

#include <chrono>
#include <cstdint>

#include "services/base/signal.h"
#include "services/engine/engine.h"

namespace pathways::follow {

class GiveWay {
 public:
  // At most `queue_short` commands wait when a page is let through, and at most `per_second`
  // commands are in a second; 0: no bound. Engine and signal must outlive this.
  GiveWay(engine::Engine& engine, base::Signal& signal, size_t queue_short, int64_t per_second)
      : engine_(engine), signal_(signal), queue_short_(queue_short), per_second_(per_second) {}

  // Waits until `count` more commands may be submitted, or the signal is stopped.
  void Wait(int64_t count);

 private:
  engine::Engine& engine_;
  base::Signal& signal_;
  const size_t queue_short_;
  const int64_t per_second_;
  std::chrono::steady_clock::time_point allowed_;  // When the rate allows the next page.
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_GIVE_WAY_H_
