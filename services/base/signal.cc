#include "services/base/signal.h"

namespace pathways::base {

void Signal::Notify() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (notified_) return;
    notified_ = true;
  }
  changed_.notify_all();
}

void Signal::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  ended_.notify_all();
}

bool Signal::Wait(absl::Duration limit) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(limit),
                    [this] { return notified_ || stopped_; });
  notified_ = false;
  return !stopped_;
}

bool Signal::Rest(absl::Duration time) {
  std::unique_lock<std::mutex> lock(mutex_);
  ended_.wait_for(lock, absl::ToChronoMilliseconds(time), [this] { return stopped_; });
  return !stopped_;
}

bool Signal::stopped() {
  std::lock_guard<std::mutex> lock(mutex_);
  return stopped_;
}

}  // namespace pathways::base
