#include "services/follow/give_way.h"

#include <algorithm>

#include "absl/time/time.h"

namespace pathways::follow {
namespace {

constexpr absl::Duration kYield = absl::Milliseconds(2);
constexpr std::chrono::seconds kYieldMax{1};

}  // namespace

void GiveWay::Wait(int64_t count) {
  if (engine_.goes_by_steps()) return;  // Nothing else happens while a step waits.
  using Clock = std::chrono::steady_clock;
  const Clock::time_point until = Clock::now() + kYieldMax;
  while (engine_.QueueLength() > queue_short_ && Clock::now() < until) {
    if (!signal_.Wait(kYield)) return;
  }
  if (per_second_ == 0) return;
  while (Clock::now() < allowed_) {
    const auto left = std::min<Clock::duration>(allowed_ - Clock::now(), kYieldMax);
    if (!signal_.Wait(absl::FromChrono(left))) return;
  }
  allowed_ = Clock::now() + std::chrono::microseconds(1'000'000 * count / per_second_);
}

}  // namespace pathways::follow
