// Mends what the bus of one upstream did not bring to a service's engine.
//
// A Puller fetches streams that are behind, event by event, and sweeps the upstream's heads now and
// then, so that a lost or skipped record is found without anybody noticing. A stream that cannot be
// read keeps no other: it is tried again later and later, and parked when it could not be read ten
// times although the upstream answers for others. It has one thread, started by the constructor and
// stopped by Stop or the destructor, and reads the upstream only through its published columns.
#ifndef PATHWAYS_SERVICES_RUNTIME_PULLER_H_
#define PATHWAYS_SERVICES_RUNTIME_PULLER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/runtime/bus/bus.h"
#include "services/runtime/domain.h"
#include "services/runtime/engine.h"
#include "services/runtime/report.h"
#include "services/runtime/signal.h"
#include "services/runtime/store/event_store.h"
#include "services/runtime/unread_streams.h"

namespace pathways::runtime {

// Reason of a case that is parked because the upstream does not give its events.
inline constexpr char kStreamUnreadable[] = "STREAM_UNREADABLE";

struct PullerParts {
  std::string upstream;   // Name of the upstream service
  StreamReader& streams;  // and its streams as it holds them.
  const Domain& domain;   // Of the consuming service,
  EventStore& store;      // its store
  Engine& engine;         // and its engine. All must outlive the puller.
  Report report;          // Hears of errors. DATA_LOSS: the upstream lost what was applied.
  // Hears how many cases a sweep found without an event that the bus did not bring.
  std::function<void(int64_t cases)> found_missing = nullptr;
  // How long a stream that could not be read is left alone at first.
  std::chrono::milliseconds retry_first{1000};
};

class Puller {
 public:
  // Sweeps the heads at the start and then every `sweep_every`.
  Puller(PullerParts parts, absl::Duration sweep_every);
  ~Puller();
  void Notify() { signal_.Notify(); }
  void Stop();

  // Looks at the suspects again, and compares the upstream's heads with what was applied: what is
  // missing makes new suspects. DATA_LOSS, once all was compared, when the upstream was asked for
  // events that were applied and lacks them: it lost its tail. Never DATA_LOSS else. Thread-safe.
  absl::Status Sweep();

 private:
  // A case that lacked something when it was looked at. It may just be on its way, so nothing is
  // fetched and nobody is alarmed before a second look.
  struct Suspect {
    int64_t applied = 0;
    int64_t known = 0;  // Number that exists upstream.
  };
  // A row for which the upstream answered that it cannot be read.
  struct Unread {
    BehindRow row;
    absl::Status why;
  };
  // One way through the rows of `behind`.
  struct Round {
    bool applied = false;        // Something was.
    int unavailable_in_row = 0;  // Reads without an answer, one after the other.
    absl::Status down;           // Not OK: the upstream does not answer, and the round ends.
    std::vector<Unread> unread;
  };
  // One sweep.
  struct Comparison {
    std::map<std::string, int64_t> applied;  // By stream, of the page.
    int64_t lost = 0;                        // Cases that lost an event,
    std::string first_lost;                  // and the first of them.
    absl::Status first_error;                // One case that cannot be asked keeps no other.
  };

  void Run();
  // Fetches what the rows of `behind` name. True when something was applied.
  absl::StatusOr<bool> PullOnce();
  // Fetches rows of this upstream from `next` on, as many as are submitted together, and moves
  // `next` behind them. Together, because after a burst many cases are behind at once, each by an
  // event or two.
  absl::Status PullSome(const std::vector<BehindRow>& rows,
                        std::vector<BehindRow>::const_iterator& next, Round& round);
  // The commands of those rows. What could not be read is noted in `round`.
  std::vector<Command> ReadSome(const std::vector<BehindRow>& rows,
                                std::vector<BehindRow>::const_iterator& next,
                                std::map<std::string, int64_t>& before, Round& round);
  void NoteUnread(const BehindRow& row, const absl::Status& status, Round& round);
  // Counts the tries of what the upstream could not read, and parks what was tried often enough.
  absl::Status ParkUnread(const Round& round);
  // Whether the upstream reads a stream that is not among those it could not.
  bool UpstreamReads(const Round& round);
  // Marks the suspects that have not moved since the last look, and tells of those of which nothing
  // else says why.
  absl::Status LookAgain();
  absl::Status LookAgainWhenDue();
  // Notes what is missing and what is lost of one page.
  absl::Status Compare(const std::vector<StreamHead>& heads, Comparison& comparison);
  void NoteLost(const std::string& stream, int64_t applied, Comparison& comparison);

  const PullerParts parts_;
  const absl::Duration sweep_every_;
  Reporter reporter_;
  Signal signal_;
  UnreadStreams unread_;                     // Used by the thread alone,
  BehindRow resume_;                         // as is this: where the next round begins.
  std::mutex mutex_;                         // Guards the next two; held for a whole look.
  std::map<std::string, Suspect> suspects_;  // By stream.
  std::chrono::steady_clock::time_point look_again_;
  std::thread thread_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_PULLER_H_
