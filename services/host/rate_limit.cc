#include "services/host/rate_limit.h"

#include <algorithm>

#include "services/type/problem.h"

namespace pathways::host {

absl::Status RateLimit::Take(const std::string& principal) {
  const absl::Time now = clock_.Now();
  const absl::Duration each = absl::Minutes(1) / per_minute_;
  std::lock_guard<std::mutex> lock(mutex_);
  absl::Time& full_at = full_at_.try_emplace(principal, now).first->second;
  full_at = std::max(full_at, now);
  const absl::Duration wait = full_at + each - now - absl::Minutes(1);
  if (wait <= absl::ZeroDuration()) {
    full_at += each;
    return absl::OkStatus();
  }
  return type::RefuseFor(absl::StatusCode::kResourceExhausted, "RATE_LIMITED",
                         "too many calls of this principal; wait", wait);
}

}  // namespace pathways::host
