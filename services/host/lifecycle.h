// Start and stop of a program: descriptors, signals, and a watchdog over the stop.
//
// main makes the SignalWatch before anything that may start a thread, starts the services, waits in
// WaitForStop, arms the Watchdog and then stops everything in reverse order. The first SIGTERM or
// SIGINT asks for that stop; the second ends the process at once, for whoever cannot wait. Should a
// library hang in its stop, the watchdog ends the process: what was answered is durable, so an
// abrupt end loses nothing that was promised.
#ifndef PATHWAYS_SERVICES_HOST_LIFECYCLE_H_
#define PATHWAYS_SERVICES_HOST_LIFECYCLE_H_

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "services/base/log.h"

namespace pathways::host {

// Exit code when the stop took too long (EX_SOFTWARE of sysexits.h).
inline constexpr int kStopOverdueExitCode = 70;

// From now on no core file is written and no other process of the user may look into this one: its
// memory has the master key, names and tokens. root still may. A build for a sanitizer is left as
// it is, because the leak sanitizer must look.
void KeepMemoryPrivate();
// The reason of a stop, for RequestStop, where nobody can reach the service any more. The process
// then ends with an error, for who started it to start it again.
inline constexpr char kUnreachableReason[] = "unreachable";

// Lets the process have as many open files and connections as its hard limit allows, at most
// kDescriptorsMax. The soft limit, often 1024, is for programs that use select(2).
inline constexpr unsigned kDescriptorsMax = 65'536;
void RaiseDescriptorLimit();

// At most one in a process. Thread-safe but for construction and destruction.
class SignalWatch {
 public:
  // Blocks SIGTERM and SIGINT in this thread, and so in all that come from it, and ignores SIGPIPE:
  // a peer that hangs up is an error of the write, not the end of the process. Both stay so when
  // the object is gone. A thread that is there already would take the signals and die.
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // Blocks until a signal came or RequestStop was called, and returns the code of the first of
  // these: "sigterm", "sigint" or what RequestStop said. Any number of threads may wait.
  std::string WaitForStop();
  // Asks for the stop for another reason, a code for the log. Later reasons change nothing.
  void RequestStop(std::string reason);

 private:
  void Run();

  std::mutex mutex_;  // Guards reason_.
  std::condition_variable stop_requested_;
  std::optional<std::string> reason_;
  std::atomic<bool> ending_ = false;
  std::thread waiter_;
};

// Ends the process when a stop hangs. Made early, so that it outlives what it watches.
class Watchdog {
 public:
  // `log` must outlive the watchdog.
  explicit Watchdog(base::Logger& log);
  // Disarms.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // From now on there is `limit` until Disarm; after that the event `stop_overdue` is logged and
  // the process ends with kStopOverdueExitCode, without destructors. Only the first call counts.
  void Arm(absl::Duration limit);
  // Calling it twice, or without Arm, is fine.
  void Disarm();

 private:
  void Run();

  base::Logger& log_;
  std::mutex mutex_;  // Guards limit_ and disarmed_.
  std::condition_variable changed_;
  std::optional<absl::Duration> limit_;
  bool disarmed_ = false;
  std::thread thread_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_LIFECYCLE_H_
