// What the history checker reads of a service, and where its parts write what they find.
//
// Internal to history.cc and history_outcomes.cc: the first looks at what every service promises,
// the second at what screening and referral must have made of the cases.
#ifndef PATHWAYS_TESTS_SUPPORT_HISTORY_VIEW_H_
#define PATHWAYS_TESTS_SUPPORT_HISTORY_VIEW_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/history.h"
#include "tests/support/stores.h"

namespace pathways::testing_support {

using Streams = std::map<std::string, std::vector<engine::EventRow>>;

struct ServiceEvents {
  StoreView* view = nullptr;
  std::vector<engine::EventRow> events;  // In order of position.
  Streams streams;                       // In order of number.
  std::set<std::string> waiting;         // Streams that are parked or behind.
};

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

// What screening and referral must have made of every case.
void CheckOutcomes(const ServiceEvents& intake, const ServiceEvents& eligibility,
                   const ServiceEvents& referral, Findings& findings);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_HISTORY_VIEW_H_
