// Watches of agencies: tells each agency of the changes of its referrals, in commit order.
//
// One reader serves all watches. Each page of the log is read once and decoded once; its changes
// are then given to every watch of the agency that they concern. Watches that stand at the end of
// the log are served first in each round. Those that are still behind it take turns, agency by
// agency, and a turn is one page: a watch that begins at the first change, or a thousand attempts
// of one agency, delay another agency by a page and no more.
//
// What was not sent yet waits in an outbox of the watch, which is bounded in bytes. A watch whose
// outbox is full is left out until its agency has read, and reads the log from where it was left.
// A resume token is the position of the change it came with, so an agency that comes back misses
// nothing; a token of another store (restored) begins at the first change again.
//
// No transport is known here: a transport gives a WatchSink, which takes one message at a time.
#ifndef PATHWAYS_SERVICES_REFERRAL_WATCH_H_
#define PATHWAYS_SERVICES_REFERRAL_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pathways/referral/v1/agency_service.pb.h"
#include "services/base/signal.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"

namespace pathways::referral {

// One message to an agency, shared by all watches that it goes to.
using WatchMessage = std::shared_ptr<const v1::WatchReferralsResponse>;

// The end of one watch that faces its agency. Implemented by a transport, and by tests.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  // Begins to send. True: it can take another at once. False: not before ReferralWatch::Ready is
  // called. Called by one thread at a time; must not block and must not call the watch.
  virtual bool Send(WatchMessage message) = 0;
  // The watch is over. Called once, and nothing is sent after it.
  virtual void End(const absl::Status& status) = 0;
};

class ReferralWatches;

// One watch. Thread-safe.
class ReferralWatch {
 public:
  // The sink can take the next message.
  void Ready();
  // Ends the watch; it keeps its place among the watches of its agency until it leaves
  // (ReferralWatches::Leave). Idempotent.
  void End(const absl::Status& status);

 private:
  friend class ReferralWatches;
  ReferralWatch(ReferralWatches& watches, std::string agency, int64_t position,
                std::shared_ptr<WatchSink> sink);

  // What the reader needs to know of the outbox.
  bool HasRoom();   // It takes another message.
  bool IsHungry();  // It is worth a read.
  // False: there is no room, and the message was not taken.
  bool Offer(const WatchMessage& message);
  // Sends what the sink takes. mutex_ is held.
  void Pump();

  ReferralWatches& watches_;
  const std::string agency_;
  const size_t outbox_bytes_max_;
  int64_t position_;       // Everything up to it was given to the outbox. The reader's alone.
  int64_t last_turn_ = 0;  // When a page was last read for it alone. The reader's alone.

  std::mutex mutex_;                 // Guards what follows.
  std::shared_ptr<WatchSink> sink_;  // Null once the watch has ended.
  std::deque<WatchMessage> outbox_;
  size_t outbox_bytes_ = 0;
  bool sink_ready_ = true;
};

class ReferralWatches {
 public:
  struct Limits {
    int watches_max = 256;              // Of all agencies together.
    int watches_of_agency_max = 16;     // Of one.
    int page_events = 256;              // Events of the log in one read.
    size_t outbox_bytes_max = 1 << 18;  // Of one watch; one message always fits.
  };

  // Domain and store must outlive the watches. Nothing is read before Start, or a Step of a test.
  ReferralWatches(const engine::Domain& domain, engine::EventReader& store)
      : ReferralWatches(domain, store, Limits()) {}
  ReferralWatches(const engine::Domain& domain, engine::EventReader& store, const Limits& limits);
  ~ReferralWatches();

  // Reads on a thread of its own from now on.
  void Start();

  // Begins a watch after a resume token. The caller must Leave when the sink's transport has ended.
  // INVALID_ARGUMENT: no such token. RESOURCE_EXHAUSTED with reason WATCHES_FULL: this agency, or
  // all together, have as many watches as they may. UNAVAILABLE with reason STOPPING after Stop.
  absl::StatusOr<std::shared_ptr<ReferralWatch>> Begin(const std::string& agency,
                                                       const std::string& resume_token,
                                                       std::shared_ptr<WatchSink> sink);
  // Gives the watch's place free.
  void Leave(const std::shared_ptr<ReferralWatch>& watch);

  // Something was committed, or a watch wants to read on. Never blocks.
  void Notify() { signal_.Notify(); }
  // One round: at most one page for those at the end of the log, and one for somebody behind.
  // True: there may be more to read now. For the own thread, or for a test that has not started it.
  bool Step();
  // Ends every watch with UNAVAILABLE and begins no other. Idempotent.
  void Stop();

 private:
  friend class ReferralWatch;  // Wakes the reader, and knows the limits.
  using Watches = std::vector<std::shared_ptr<ReferralWatch>>;
  struct Change;  // An event that tells an agency of a referral.

  void Run();
  Watches All();
  // The one of them whose turn it is. Not empty.
  ReferralWatch& InTurn(const Watches& waiting);
  // Reads the page after `position`, which is that of a watch, and gives it to all that stand
  // within it and have room. True: there may be more to read.
  bool Serve(const Watches& watches, int64_t position);
  // `concerned` are those among the candidates that the page, or an error, is about.
  absl::StatusOr<bool> ServePage(const Watches& candidates, int64_t position, Watches& concerned);
  // Gives a watch what it has room for of a page that ends at `end`.
  static void Give(const std::vector<Change>& changes, int64_t end, ReferralWatch& watch);
  // Watches beyond the end of the log, which was restored from an older copy, begin at the first
  // change: what their agencies have seen since is gone. True: there were some.
  absl::StatusOr<bool> Rewind(const Watches& watches);
  absl::StatusOr<std::vector<Change>> ChangesIn(const std::vector<engine::EventRow>& events,
                                                const Watches& concerned) const;
  absl::Status MakeMessages(std::vector<Change>& changes) const;

  const engine::Domain& domain_;
  engine::EventReader& store_;
  const Limits limits_;
  base::Signal signal_;
  int64_t turn_ = 0;                      // The reader's alone.
  std::map<std::string, int64_t> turns_;  // When each agency had its last. The reader's alone.

  std::mutex mutex_;  // Guards what follows.
  std::set<std::shared_ptr<ReferralWatch>> watches_;
  std::map<std::string, int> count_by_agency_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_WATCH_H_
