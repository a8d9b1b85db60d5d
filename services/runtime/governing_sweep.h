// Decides every stream again when the stream that governs them has a new version.
//
// Its thread pages through the streams and compares the version that each notes (Domain::Governing)
// with the present one; those with a lower one it submits, a small page at a time. What is left to
// do is in the store, so a pass that was cut short by a stop is simply begun again, and no stream
// is decided twice under one version. It yields to live work: a page is submitted only while few
// commands wait, but at least one every second, so that it ends under any load; a rate may bound it
// further. Where several processes share a store, the one that publishes its log does this too.
#ifndef PATHWAYS_SERVICES_RUNTIME_GOVERNING_SWEEP_H_
#define PATHWAYS_SERVICES_RUNTIME_GOVERNING_SWEEP_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/runtime/domain.h"
#include "services/runtime/engine.h"
#include "services/runtime/report.h"
#include "services/runtime/signal.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

struct GoverningSweepOptions {
  // How often all streams are looked at without anybody's asking; a new version is seen within a
  // second. What a stream that was parked missed is found so.
  absl::Duration every = absl::Minutes(5);
  int64_t per_second = 0;   // Streams submitted in a second, at most. 0: no bound.
  size_t queue_short = 32;  // Commands waiting, at most, when a page is submitted.
};

class GoverningSweep {
 public:
  // All must outlive the sweep. `domain` has a governing stream.
  GoverningSweep(const Domain& domain, EventStore& store, Engine& engine,
                 GoverningSweepOptions options, Report report);
  ~GoverningSweep();
  // Starts the thread. Once.
  void Start();
  // There may be a new version. Never blocks.
  void Notify() { signal_.Notify(); }
  void Stop();

  // Looks at all streams once. The number submitted. FAILED_PRECONDITION: another process does
  // this. ABORTED: a new version came while it ran. Others: the first stream that failed, or the
  // store.
  absl::StatusOr<int64_t> SweepOnce();

 private:
  void Run();
  absl::StatusOr<int64_t> VersionNow();
  // Of these streams those that note a lower version.
  absl::StatusOr<std::vector<std::string>> Behind(std::vector<std::string> streams,
                                                  int64_t version);
  absl::Status SubmitSome(const std::vector<std::string>& streams, const GoverningOrigin& origin);
  // Waits until little live work waits and the rate allows `count` more.
  void Yield(int64_t count);

  const Domain& domain_;
  const GoverningStream& governing_;
  EventStore& store_;
  Engine& engine_;
  const GoverningSweepOptions options_;
  Reporter reporter_;
  Signal signal_;
  std::chrono::steady_clock::time_point allowed_;  // When the rate allows the next page.
  std::thread thread_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_GOVERNING_SWEEP_H_
