// What the history checker reads of a service, and where its parts write what they find.
//
// Internal to history.cc, history_ledgers.cc and history_outcomes.cc: the first looks at what every
// service promises, the second at the versions of the three ledgers, the third at what screening
// and referral must have made of the cases by them.
#ifndef PATHWAYS_TESTS_SUPPORT_HISTORY_VIEW_H_
#define PATHWAYS_TESTS_SUPPORT_HISTORY_VIEW_H_

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pathways/type/v1/ledger.pb.h"
#include "tests/support/history.h"
#include "tests/support/stores.h"

namespace pathways::testing_support {

using Streams = std::map<std::string, std::vector<engine::EventRow>>;

struct ServiceEvents {
  StoreView* view = nullptr;
  std::vector<engine::EventRow> events;  // In order of position.
  Streams streams;                       // The cases, in order of number.
  Streams own_streams;                   // The ledgers and their proposals, likewise.
  std::set<std::string> waiting;         // Streams that are parked or behind.
};

using AllEvents = std::array<ServiceEvents, 3>;

const ServiceEvents& Named(const AllEvents& all, const std::string& name);

class Findings {
 public:
  // What is missing in a stream that waits is waiting, not lost.
  void Add(Fault fault, const ServiceEvents& service, const std::string& stream,
           const std::string& what);
  void Add(Fault fault, const std::string& what) { verdict_.findings.push_back({fault, what}); }
  // Compares two lists: what is missing, is there too often, is not expected, is not in order.
  void Compare(const ServiceEvents& service, const std::string& stream,
               const std::vector<std::string>& expected, const std::vector<std::string>& actual);

  Verdict Take() { return std::move(verdict_); }

 private:
  Verdict verdict_;
};

// The versions of one ledger, in order. The log of its service is the order of all commits, so a
// position says which of them was in force.
class Versions {
 public:
  explicit Versions(const ServiceEvents& service, const std::string& ledger);

  const std::vector<type::v1::VersionApplied>& all() const { return all_; }
  int64_t last() const { return static_cast<int64_t>(all_.size()); }
  // Its number at this position of the log; 0: there was none yet.
  int64_t InForceAt(int64_t position) const;
  // The content of a version, or an empty message.
  template <typename Content>
  Content Read(int64_t number) const {
    Content content;
    if (number >= 1 && number <= last()) {
      content.ParseFromString(all_[static_cast<size_t>(number - 1)].content());
    }
    return content;
  }

 private:
  std::vector<type::v1::VersionApplied> all_;
  std::vector<int64_t> positions_;
};

// What a request for a ledger or its proposals is answered with: the name of the version, or the
// digest of the proposal, that the event made. Empty: it is an event of a case.
std::string LedgerAnswerOf(const ServiceEvents& service, const engine::EventRow& event);

// Each confirmed version is in force once and in order, followers have noted each catalogue once,
// every case is decided by the last version, and no answer was taken that the catalogue of its
// moment did not ask for.
void CheckLedgers(const AllEvents& all, const History& history, Findings& findings);

// What screening and referral must have made of every case, by the versions that were in force.
void CheckOutcomes(const AllEvents& all, Findings& findings);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_HISTORY_VIEW_H_
