// The history checker: what clients were told, against what the stores hold.
//
// A test writes every call and its answer into a History. Once the process has ended, CheckHistory
// reads the three stores and says in words what is lost, doubled, out of order, unexpected or
// waiting. It knows the rules of the system as a reader of its promises would, and shares no code
// with the engine: events, numbers and causes are compared here, one by one. mutant_test.cc shows
// that it catches deliberate faults.
#ifndef PATHWAYS_TESTS_SUPPORT_HISTORY_H_
#define PATHWAYS_TESTS_SUPPORT_HISTORY_H_

#include <map>
#include <mutex>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/support/stores.h"

namespace pathways::testing_support {

// One call and its answer. A call that is repeated with the same request id is recorded again.
struct RecordedCall {
  std::string principal;  // For example staff/desk.
  std::string method;     // As the audit trail has it, for example RegisterCase.
  std::string request_id;
  // What the answer named: a case, a referral, a version of a ledger, or the digest of a proposal.
  // Empty: not answered OK.
  std::string name;
  absl::StatusCode code = absl::StatusCode::kOk;
};

// Thread-safe.
class History {
 public:
  void Add(RecordedCall call);
  std::vector<RecordedCall> calls() const;
  // Text that must be nowhere on the disk in plain. A start that many texts share is best.
  void Plant(std::string text);
  std::set<std::string> planted() const;

 private:
  mutable std::mutex mutex_;  // Guards both.
  std::vector<RecordedCall> calls_;
  std::set<std::string> planted_;
};

enum class Fault {
  kLost,        // Something answered or caused is not there.
  kDoubled,     // It is there twice.
  kOutOfOrder,  // Numbers, positions or applied events are not in order.
  kUnexpected,  // It is there and nothing led to it, or it is not what its events say.
  kWaiting,     // Parked, or known to be behind: nothing is lost, and nothing moves.
};

struct Finding {
  Fault fault;
  std::string what;
};

struct Verdict {
  std::vector<Finding> findings;

  bool IsClean() const { return findings.empty(); }
  int Count(Fault fault) const;
};

// Counts of each fault, then one line for each finding.
std::ostream& operator<<(std::ostream& out, const Verdict& verdict);

// Reads the stores of a data folder that no process uses, every file in it, and the log. No policy
// pack that was in force may have a condition that turns with time.
Verdict CheckHistory(const std::string& data_folder, const std::string& log_file,
                     const History& history);
// The same of three databases, with the keys and whatever else the folder holds.
Verdict CheckHistory(const Databases& databases, const std::string& data_folder,
                     const std::string& log_file, const History& history);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_HISTORY_H_
