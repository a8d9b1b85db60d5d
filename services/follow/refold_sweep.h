// Folds again what another release folded, and nobody touches.
//
// A state, its index entries and its timers are made by one version of Evolve and Fold. The first
// command of a newer release, or of an older one after a way back, makes them anew for its stream;
// this does it for all others. Its thread pages through the states of other versions and submits
// for each a command that the engine takes like any other: under the stream's lock, in a
// transaction, and only if nobody has done it meanwhile. What is left to do is in the store, so a
// pass that was cut short is simply begun again. It gives way to live work (give_way.h). A stream
// with an event that this release does not know is left as it is, and counted. Where several
// processes share a store, the one that publishes its log does this too.
#ifndef PATHWAYS_SERVICES_FOLLOW_REFOLD_SWEEP_H_
#define PATHWAYS_SERVICES_FOLLOW_REFOLD_SWEEP_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/drive.h"
#include "services/base/signal.h"
#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/engine/store/event_store.h"
#include "services/follow/give_way.h"
#include "services/follow/report.h"

namespace pathways::follow {

struct RefoldSweepOptions {
  // How often it is looked for states of another version after a pass. While two releases share a
  // store they fold each other's states.
  absl::Duration every = absl::Minutes(5);
  int64_t per_second = 500;  // Streams folded in a second, at most. 0: no bound.
  size_t queue_short = 32;   // Commands waiting, at most, when a page is submitted.
  // Streams of one page. A batch reads the history of each, so live work in it waits for all.
  size_t page = 16;
};

class RefoldSweep {
 public:
  // What became of the streams of one pass.
  struct Pass {
    int64_t folded = 0;
    int64_t left = 0;  // They cannot be folded by this release.
  };

  // All must outlive the sweep.
  RefoldSweep(const engine::Domain& domain, engine::EventStore& store, engine::Engine& engine,
              RefoldSweepOptions options, Report report);
  ~RefoldSweep();
  // Starts the thread. Once.
  void Start();
  void Stop();

  // Looks at all states once. FAILED_PRECONDITION: another process does this. UNAVAILABLE: the
  // store, or the engine stops. Others: the first stream that could not be written, when all were
  // tried.
  absl::StatusOr<Pass> SweepOnce();

  // Looks at all states when it is time, and reports. What the thread does; only for one that goes
  // by steps.
  absl::Status Step();

  // How many streams the last whole pass has left. Any thread.
  int64_t left() const { return left_; }

 private:
  void Run();
  // One page. UNAVAILABLE as above; the fault of one stream goes to `first_error`.
  absl::Status SubmitPage(const std::vector<std::string>& streams, Pass& pass,
                          absl::Status& first_error);

  const engine::Domain& domain_;
  engine::EventStore& store_;
  engine::Engine& engine_;
  const RefoldSweepOptions options_;
  Reporter reporter_;
  base::Signal signal_;
  GiveWay give_way_;
  std::chrono::steady_clock::time_point next_ = base::SteadyNow();  // Used by the thread alone.
  std::atomic<int64_t> left_ = 0;
  std::thread thread_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_REFOLD_SWEEP_H_
