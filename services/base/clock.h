// The outside world that the store and the engine need: time and ids.
//
// Two implementations: the machine's, and one that a test sets by hand. Nothing is ordered by this
// clock; order comes from numbers and positions.
#ifndef PATHWAYS_SERVICES_BASE_CLOCK_H_
#define PATHWAYS_SERVICES_BASE_CLOCK_H_

#include <atomic>
#include <string>

#include "absl/time/time.h"
#include "services/base/drive.h"

namespace pathways::base {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

class SystemClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixMicros(absl::ToUnixMicros(SystemNow())); }
};

class ManualClock : public Clock {
 public:
  explicit ManualClock(absl::Time start) : micros_(absl::ToUnixMicros(start)) {}
  absl::Time Now() const override { return absl::FromUnixMicros(micros_.load()); }
  void Set(absl::Time now) { micros_.store(absl::ToUnixMicros(now)); }
  void Advance(absl::Duration by) { micros_.fetch_add(absl::ToInt64Microseconds(by)); }

 private:
  std::atomic<int64_t> micros_;
};

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_CLOCK_H_
