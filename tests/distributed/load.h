// Desks that register, change and withdraw cases, an agency that takes them, and two officers who
// move the three ledgers, while programs die.
//
// Every call is repeated under its request id until it is answered OK, each time at another
// replica, as a client does that does not know what became of it. The officers leave now and then
// before they are answered, and confirm once more what they have confirmed long ago. All people are
// synthetic.
#ifndef PATHWAYS_TESTS_DISTRIBUTED_LOAD_H_
#define PATHWAYS_TESTS_DISTRIBUTED_LOAD_H_

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/base/signal.h"
#include "tests/distributed/deployment.h"
#include "tests/support/history.h"
#include "tests/support/ledger_moves.h"

namespace pathways::testing_support {

struct LoadOptions {
  int desks = 4;
  absl::Duration pause;     // Between two cases of a desk.
  bool changes = true;      // Cases are updated and withdrawn, too.
  bool is_twofold = true;   // Every tenth call goes to two replicas at once.
  bool has_agency = false;  // One receives and accepts what it is sent.
  // Between two versions of the officers, who need a role of their own. Zero: there are none.
  absl::Duration officers_pause;
  std::string name = "load";  // Of the people, and in the request ids.
};

class Load {
 public:
  // Starts at once. Deployment and history must outlive it.
  Load(const Deployment& deployment, int replicas, LoadOptions options, History& history);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Lets every desk finish its case. Calls that were not answered OK in time count as unanswered.
  void Finish();

  int cases() const { return cases_; }
  int accepted() const { return accepted_; }  // Referrals.
  int versions() const { return versions_; }  // Put in force, of all ledgers.
  int calls() const { return calls_; }        // Tries, the repeated ones too.
  int refused() const { return refused_; }    // Answers that no repeat can change.
  std::string refusals() const;               // What they said, each once.
  int unanswered() const { return unanswered_; }

 private:
  void RunDesk(int desk);
  void HandleCase(int desk, int index);
  void RunAgency();
  void RunOfficers();
  // Proposes and confirms; the digest of the proposal, or nothing.
  std::string PutInForce(MovedLedger ledger, int version);
  // Confirms. False: it was not answered OK.
  bool Confirm(MovedLedger ledger, int version, const std::string& digest);
  // Whether a referral was received, or accepted, and not withdrawn before.
  template <typename Method, typename Request>
  bool Act(const char* name, Method method, Request request, const std::string& referral);
  // Repeats `call(replica)` until it is answered OK, or with the code that `may_be` an answer, too.
  template <typename Call>
  auto Insist(int desk, Call call, absl::StatusCode may_be = absl::StatusCode::kOk)
      -> decltype(call(1));

  void NoteRefusal(const absl::Status& status);

  const Deployment& deployment_;
  const int replicas_;
  const LoadOptions options_;
  History& history_;
  base::Signal stop_;
  std::atomic<int> cases_ = 0;
  std::atomic<int> accepted_ = 0;
  std::atomic<int> versions_ = 0;
  std::atomic<int> calls_ = 0;
  std::atomic<int> refused_ = 0;
  std::atomic<int> unanswered_ = 0;
  mutable absl::Mutex mutex_;
  std::set<std::string> refusals_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> desks_;
};

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_DISTRIBUTED_LOAD_H_
