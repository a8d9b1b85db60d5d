// Both checkers, asked until they have nothing more to say.
//
// After a fault the services need a moment: partitions of a dead reader rest for its session, what
// is missing is found by the next sweep. What is still there once nothing changes any more counts.
#ifndef PATHWAYS_TESTS_DISTRIBUTED_SETTLE_H_
#define PATHWAYS_TESTS_DISTRIBUTED_SETTLE_H_

#include <ostream>

#include "absl/time/time.h"
#include "tests/distributed/deployment.h"
#include "tests/support/history.h"

namespace pathways::testing_support {

// Of the databases and of the topics.
struct Verdicts {
  Verdict effects;
  Verdict topics;
  bool IsClean() const { return effects.IsClean() && topics.IsClean(); }
};

std::ostream& operator<<(std::ostream& out, const Verdicts& verdicts);

// Nothing is told of a dead reader for as long as its session, so its partitions rest.
inline constexpr absl::Duration kStillWithRepair = absl::Seconds(30);

// Waits until the checkers find nothing, or find the same for as long as `still`.
Verdicts Settle(const Deployment& deployment, const History& history, absl::Duration still);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_DISTRIBUTED_SETTLE_H_
