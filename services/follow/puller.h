// Fetches the events of one upstream that the bus did not bring to a service's engine.
//
// A Puller fetches the events of streams that are behind. Now and then it compares the upstream's
// heads with what was applied, so a record that was lost or left out is found even where nothing
// else points to it. A stream that cannot be read does not hold up the others: it is tried again
// after longer and longer pauses, and is parked when it could not be read ten times although the
// upstream answers for other streams. A Puller has one thread, which the constructor starts and
// Stop or the destructor ends. It reads the upstream only through its published columns.
#ifndef PATHWAYS_SERVICES_FOLLOW_PULLER_H_
#define PATHWAYS_SERVICES_FOLLOW_PULLER_H_

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
#include "services/base/drive.h"
#include "services/base/signal.h"
#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/engine/store/event_store.h"
#include "services/follow/bus/bus.h"
#include "services/follow/report.h"
#include "services/follow/unread_streams.h"

namespace pathways::follow {

// Reason of a case that is parked because the upstream does not give its events.
inline constexpr char kStreamUnreadable[] = "STREAM_UNREADABLE";

struct PullerParts {
  std::string upstream;          // Name of the upstream service
  StreamReader& streams;         // and its streams as it holds them.
  const engine::Domain& domain;  // Of the consuming service,
  engine::FollowStore& store;    // its store
  engine::Engine& engine;        // and its engine. All must outlive the puller.
  Report report;  // Is told of errors. LostTail (lost_tail.h): the upstream lost what was applied.
  // Is told in how many cases a sweep found that the bus had left out an event.
  std::function<void(int64_t cases)> found_missing = nullptr;
  // The pause after a stream could not be read for the first time.
  std::chrono::milliseconds retry_first{1000};
  base::Drive drive = base::Drive::kThread;
};

class Puller {
 public:
  // Sweeps the heads at the start and then every `sweep_every`.
  Puller(PullerParts parts, absl::Duration sweep_every);
  ~Puller();
  void Notify() { signal_.Notify(); }
  void Stop();

  // Looks at the suspects a second time, and then compares the upstream's heads with what was
  // applied; streams that miss something become suspects. LostTail, after everything was compared:
  // the upstream was asked for events that were applied here and lacks them. Thread-safe.
  absl::Status Sweep();

  // Sweeps when it is time, looks again at what was missing, pulls, and reports. Whether something
  // was applied. What the thread does; only for one that goes by steps.
  absl::StatusOr<bool> Step();

 private:
  // A case that missed an event when it was looked at. The event may still be on its way, so it is
  // not fetched, and no alarm is given, before a second look.
  struct Suspect {
    int64_t applied = 0;
    int64_t known = 0;    // Last number that exists upstream.
    bool is_told = true;  // False: found to be missing, and not told yet.
  };
  // A row of `behind` for whose stream the upstream answered that it cannot be read.
  struct Unread {
    engine::BehindRow row;
    absl::Status why;
  };
  // One pass over the rows of `behind`.
  struct Round {
    bool applied = false;        // Some event was applied.
    int unavailable_in_row = 0;  // Reads in a row that got no answer.
    absl::Status down;           // Not OK: the upstream does not answer, and the round ends.
    std::vector<Unread> unread;
  };
  // One sweep.
  struct Comparison {
    std::map<std::string, int64_t> applied;  // By stream, of the page.
    int64_t lost = 0;                        // Cases that lost an event,
    std::string first_lost;                  // and the first of them.
    absl::Status first_error;                // A case that cannot be asked holds up no other.
  };

  void Run();
  // Fetches what the rows of `behind` miss. True when something was applied.
  absl::StatusOr<bool> PullOnce();
  // Fetches the events for some rows of this upstream, from `next` on, submits them together, and
  // moves `next` behind those rows. They are submitted together because after a burst many cases
  // are behind at once, each by an event or two.
  absl::Status PullSome(const std::vector<engine::BehindRow>& rows,
                        std::vector<engine::BehindRow>::const_iterator& next, Round& round);
  // Reads the commands for those rows. Rows that could not be read are noted in `round`.
  std::vector<engine::Command> ReadSome(const std::vector<engine::BehindRow>& rows,
                                        std::vector<engine::BehindRow>::const_iterator& next,
                                        std::map<std::string, int64_t>& before, Round& round);
  void NoteUnread(const engine::BehindRow& row, const absl::Status& status, Round& round);
  // Counts the tries for streams that the upstream could not read, and parks those that were tried
  // often enough.
  absl::Status ParkUnread(const Round& round);
  // Whether the upstream can read some stream other than those that it could not.
  bool UpstreamReads(const Round& round);
  // Marks as behind the suspects that have not moved since the last look. Reports those for which
  // there is no other explanation.
  absl::Status LookAgain();
  absl::Status LookAgainWhenDue();
  // Notes which streams of one page miss events, and which of them the upstream has lost.
  absl::Status Compare(const std::vector<engine::StreamHead>& heads, Comparison& comparison);
  void NoteLost(const std::string& stream, int64_t applied, Comparison& comparison);

  const PullerParts parts_;
  const absl::Duration sweep_every_;
  Reporter reporter_;
  base::Signal signal_;
  UnreadStreams unread_;                     // Used by the thread alone,
  engine::BehindRow resume_;                 // as is this: where the next round begins.
  std::mutex mutex_;                         // Guards the next two; held for a whole look.
  std::map<std::string, Suspect> suspects_;  // By stream.
  std::chrono::steady_clock::time_point look_again_;
  // Monotonic: a clock that is set must not make the sweep come late. Used by the thread alone,
  std::chrono::steady_clock::time_point next_sweep_ = base::SteadyNow();
  absl::Status swept_;  // as is this.
  std::thread thread_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_PULLER_H_
