#include "services/host/lifecycle.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

namespace pathways::host {
namespace {

constexpr int kSignalExitBase = 128;  // As shells report a process that a signal ended.
// How long the last line of an overdue stop may take.
constexpr unsigned kLastLineSeconds = 1;

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void KeepMemoryPrivate() {
#ifndef PATHWAYS_SANITIZED
  const rlimit none = {};
  (void)setrlimit(RLIMIT_CORE, &none);
  // A core that goes to a program, as systemd has it, heeds this alone.
  (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, kDescriptorsMax);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  // Where it is refused the process runs as it was started.
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

SignalWatch::SignalWatch() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  waiter_ = std::thread([this] { Run(); });
}

SignalWatch::~SignalWatch() {
  ending_ = true;
  pthread_kill(waiter_.native_handle(), SIGTERM);  // To the waiter only: ends its sigwait.
  waiter_.join();
}

void SignalWatch::Run() {
  const sigset_t signals = StopSignals();
  bool first = true;
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (ending_) return;
    // No destructors and no locks: whatever hangs may hold them.
    if (!first) _exit(kSignalExitBase + signal);
    first = false;
    RequestStop(signal == SIGTERM ? "sigterm" : "sigint");
  }
}

std::string SignalWatch::WaitForStop() {
  std::unique_lock<std::mutex> lock(mutex_);
  stop_requested_.wait(lock, [this] { return reason_.has_value(); });
  return *reason_;
}

void SignalWatch::RequestStop(std::string reason) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!reason_) reason_ = std::move(reason);
  }
  stop_requested_.notify_all();
}

Watchdog::Watchdog(base::Logger& log) : log_(log) {
  thread_ = std::thread([this] { Run(); });
}

Watchdog::~Watchdog() {
  Disarm();
  thread_.join();
}

void Watchdog::Arm(absl::Duration limit) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!limit_) limit_ = limit;
  }
  changed_.notify_all();
}

void Watchdog::Disarm() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    disarmed_ = true;
  }
  changed_.notify_all();
}

void Watchdog::Run() {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return disarmed_ || limit_.has_value(); });
    if (disarmed_) return;
    if (changed_.wait_for(lock, absl::ToChronoMilliseconds(*limit_),
                          [this] { return disarmed_; })) {
      return;
    }
  }
  // Standard error may be what hangs. Then the line is lost, and SIGALRM ends the process instead.
  std::signal(SIGALRM, SIG_DFL);
  alarm(kLastLineSeconds);
  log_.Error("stop_overdue", {{"limit_ms", absl::ToInt64Milliseconds(*limit_)}});
  alarm(0);  // The exit code shall be ours, even where a sanitizer makes _exit slow.
  _exit(kStopOverdueExitCode);
}

}  // namespace pathways::host
