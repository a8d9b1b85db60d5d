// Waits for what another thread will do: on a condition, with a deadline.
//
// The condition is asked again every few milliseconds. The deadline is long, for it is only met
// when the test fails.
#ifndef PATHWAYS_TESTS_SUPPORT_EVENTUALLY_H_
#define PATHWAYS_TESTS_SUPPORT_EVENTUALLY_H_

#include <chrono>
#include <functional>

#include "services/base/signal.h"

namespace pathways::testing_support {

// True as soon as `holds` does; false when it does not within half a minute.
inline bool Eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  base::Signal look;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    look.Wait(absl::Milliseconds(2));
  }
  return true;
}

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_EVENTUALLY_H_
