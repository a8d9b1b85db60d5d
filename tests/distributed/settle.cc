#include "tests/distributed/settle.h"

#include <chrono>
#include <sstream>
#include <string>

#include "services/base/signal.h"
#include "tests/distributed/topic_check.h"

namespace pathways::testing_support {
namespace {

using std::chrono::steady_clock;

constexpr absl::Duration kLook = absl::Seconds(1);

}  // namespace

std::ostream& operator<<(std::ostream& out, const Verdicts& verdicts) {
  return out << "effects: " << verdicts.effects << "\ntopics: " << verdicts.topics;
}

Verdicts Settle(const Deployment& deployment, const History& history, absl::Duration still) {
  base::Signal pause;
  std::string last;
  auto since = steady_clock::now();
  for (;;) {
    Verdicts found = {deployment.Check(history),
                      CheckTopics(deployment.prefix(), deployment.databases())};
    std::ostringstream text;
    text << found;
    if (text.str() != last) {
      last = text.str();
      since = steady_clock::now();
    }
    if (found.IsClean() || steady_clock::now() - since > absl::ToChronoMilliseconds(still)) {
      return found;
    }
    pause.Wait(kLook);
  }
}

}  // namespace pathways::testing_support
