// How often each principal may call something.
//
// A bucket of `per_minute` calls for each principal, filled evenly. There are as many principals as
// the token file has lines, so it stays small. Thread-safe; never blocks.
#ifndef PATHWAYS_SERVICES_HOST_RATE_LIMIT_H_
#define PATHWAYS_SERVICES_HOST_RATE_LIMIT_H_

#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/base/clock.h"

namespace pathways::host {

class RateLimit {
 public:
  // `per_minute` is at least 1. `clock` must outlive this.
  RateLimit(int per_minute, const base::Clock& clock) : per_minute_(per_minute), clock_(clock) {}

  // Takes one call. RESOURCE_EXHAUSTED with reason RATE_LIMITED, and when to try again.
  absl::Status Take(const std::string& principal);

 private:
  const int per_minute_;
  const base::Clock& clock_;
  std::mutex mutex_;  // Guards full_at_.
  // When the bucket of each principal is full again, if nothing is taken meanwhile.
  std::map<std::string, absl::Time> full_at_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_RATE_LIMIT_H_
