// Decides every stream again when the rules stream has a new version.
//
// Its thread pages through the streams and compares the version that each has noted
// (Domain::StreamOfRules) with the present one. Streams that noted a lower version are submitted, a
// small page at a time. The notes are in the store, so a pass that was cut short by a stop is
// simply begun again, and no stream is decided twice by one version. It gives way to live
// work (give_way.h). Where several processes share a store, the sweep runs in the one that
// publishes the log.
#ifndef PATHWAYS_SERVICES_FOLLOW_NEW_RULES_SWEEP_H_
#define PATHWAYS_SERVICES_FOLLOW_NEW_RULES_SWEEP_H_

#include <cstdint>
#include <functional>
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

struct NewRulesSweepOptions {
  base::Drive drive = base::Drive::kThread;  // kSteps: Start is not to be called.
  // How often all streams are looked at although there is no new version; a new version is seen
  // within a second. This finds streams that missed a version because they were parked.
  absl::Duration every = absl::Minutes(5);
  int64_t per_second = 0;   // At most so many streams are submitted in a second. 0: no bound.
  size_t queue_short = 32;  // A page is submitted when at most so many commands wait.
  // How many of the next streams, from the first, may be decided by this version: 1 or more.
  // RESOURCE_EXHAUSTED: the first would take it beyond what it may do, and the sweep stops; it
  // looks again after `every`. Streams come in order of their ids, and a smaller one than before
  // begins another pass. Empty: no bound.
  std::function<absl::StatusOr<size_t>(int64_t version, const std::vector<std::string>& next)>
      bound = {};
};

class NewRulesSweep {
 public:
  // All must outlive the sweep. `domain` has a rules stream.
  NewRulesSweep(const engine::Domain& domain, engine::EventStore& store, engine::Engine& engine,
                NewRulesSweepOptions options, Report report);
  ~NewRulesSweep();
  // Starts the thread. Once.
  void Start();
  // There may be a new version. Never blocks.
  void Notify() { signal_.Notify(); }
  void Stop();

  // Looks at all streams once. Returns the number submitted. FAILED_PRECONDITION: another process
  // does this. ABORTED: a new version came while it ran. RESOURCE_EXHAUSTED: the bound was reached.
  // Other errors are those of the first stream that failed, or of the store. A stream that only
  // another release knows is no error: a process of that release decides it again.
  absl::StatusOr<int64_t> SweepOnce();

  // Looks at all streams when it is time or there is a new version, and reports. What the thread
  // does; only for one that goes by steps.
  absl::Status Step();

 private:
  void Run();
  absl::StatusOr<int64_t> VersionNow();
  // Those of these streams that have noted a lower version.
  absl::StatusOr<std::vector<std::string>> Behind(std::vector<std::string> streams,
                                                  int64_t version);
  // `submitted` grows by those that were.
  absl::Status SubmitSome(const std::vector<std::string>& streams,
                          const engine::NewRulesOrigin& origin, int64_t& submitted);
  // How many streams from `begin` on are submitted next.
  absl::StatusOr<size_t> PageAt(const std::vector<std::string>& streams, size_t begin,
                                const engine::NewRulesOrigin& origin);

  const engine::Domain& domain_;
  const engine::RulesStream& rules_stream_;
  engine::EventStore& store_;
  engine::Engine& engine_;
  const NewRulesSweepOptions options_;
  Reporter reporter_;
  base::Signal signal_;
  GiveWay give_way_;
  int64_t done_ = 0;  // Version under which every stream was found decided, or the bound reached.
  absl::Status last_pass_;                                          // What came of the last pass.
  std::chrono::steady_clock::time_point next_ = base::SteadyNow();  // When it looks anyway.
  std::thread thread_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_NEW_RULES_SWEEP_H_
