#include "services/host/lifecycle.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace pathways::host {
namespace {

using testing::ExitedWithCode;

// Every test runs its program in a child: gtest forks before the program starts a thread.

constexpr unsigned kLimitSeconds = 60;  // A child that hangs dies, and its test fails.

[[noreturn]] void WaitForever() {
  for (;;) pause();
}

// A program that is told to stop by `signal`, and then once more.
void StopBy(int signal, const std::string& reason, bool again) {
  alarm(kLimitSeconds);
  SignalWatch watch;
  kill(getpid(), signal);
  if (watch.WaitForStop() != reason) _exit(1);
  if (!again) _exit(0);
  kill(getpid(), signal);
  WaitForever();
}

struct SignalCase {
  std::string name;
  int signal;
  std::string reason;
};

class SignalWatchDeathTest : public testing::TestWithParam<SignalCase> {};

TEST_P(SignalWatchDeathTest, FirstAsksToStopAndSecondEnds) {
  const SignalCase& c = GetParam();
  EXPECT_EXIT(StopBy(c.signal, c.reason, /*again=*/false), ExitedWithCode(0), "");
  EXPECT_EXIT(StopBy(c.signal, c.reason, /*again=*/true), ExitedWithCode(128 + c.signal), "");
}

INSTANTIATE_TEST_SUITE_P(All, SignalWatchDeathTest,
                         testing::Values(SignalCase{"Term", SIGTERM, "sigterm"},
                                         SignalCase{"Int", SIGINT, "sigint"}),
                         [](const auto& info) { return info.param.name; });

void StopByRequest() {
  alarm(kLimitSeconds);
  {
    SignalWatch watch;
    std::thread other([&watch] { watch.RequestStop("store_lost"); });
    if (watch.WaitForStop() != "store_lost") _exit(1);
    other.join();
    // A signal after that is the first, so it does not end the process.
    kill(getpid(), SIGTERM);
    watch.RequestStop("late");
    if (watch.WaitForStop() != "store_lost") _exit(2);
  }
  _exit(0);
}

TEST(SignalWatchDeathTest, AnotherReasonStopsTooAndTheFirstOneStays) {
  EXPECT_EXIT(StopByRequest(), ExitedWithCode(0), "");
}

void WriteToClosedPipe() {
  alarm(kLimitSeconds);
  const SignalWatch watch;
  int ends[2];
  if (pipe(ends) != 0) _exit(1);
  close(ends[0]);
  if (write(ends[1], "x", 1) >= 0) _exit(2);
  _exit(0);
}

TEST(SignalWatchDeathTest, ABrokenPipeIsAnErrorOfTheWrite) {
  EXPECT_EXIT(WriteToClosedPipe(), ExitedWithCode(0), "");
}

void HangInStop() {
  alarm(kLimitSeconds);
  const base::SystemClock clock;
  base::Logger log(base::LogLevel::kInfo, clock);
  Watchdog watchdog(log);
  watchdog.Arm(absl::Milliseconds(1));
  WaitForever();
}

TEST(WatchdogDeathTest, EndsAStopThatHangs) {
  EXPECT_EXIT(HangInStop(), ExitedWithCode(kStopOverdueExitCode), "stop_overdue");
}

// Standard error is a pipe that nobody reads and that is full.
void HangInStopAndInTheLog() {
  int ends[2];
  if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0) _exit(1);
  pollfd room{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  const std::string page(4096, 'x');
  while (poll(&room, 1, 0) == 1) {
    if (write(STDERR_FILENO, page.data(), page.size()) < 0) _exit(2);
  }
  HangInStop();
}

TEST(WatchdogDeathTest, EndsAStopThatHangsInTheLogToo) {
  EXPECT_EXIT(HangInStopAndInTheLog(), testing::KilledBySignal(SIGALRM), "");
}

void StopInTime() {
  alarm(kLimitSeconds);
  const base::SystemClock clock;
  base::Logger log(base::LogLevel::kInfo, clock);
  {
    Watchdog watchdog(log);
    watchdog.Arm(absl::Seconds(kLimitSeconds));
    watchdog.Disarm();
  }
  {
    const Watchdog never_armed(log);
  }
  _exit(0);
}

TEST(DescriptorLimitTest, IsRaisedToTheHardLimit) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  RaiseDescriptorLimit();
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, std::min<rlim_t>(before.rlim_max, kDescriptorsMax));
  EXPECT_EQ(after.rlim_max, before.rlim_max);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(WatchdogDeathTest, LetsAStopInTimePass) { EXPECT_EXIT(StopInTime(), ExitedWithCode(0), ""); }

#ifndef PATHWAYS_SANITIZED
// In a process of its own: it cannot be taken back.
TEST(KeepMemoryPrivate, LeavesNoCoreAndLetsNoOtherProcessLook) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    KeepMemoryPrivate();
    rlimit core = {1, 1};
    const bool read = getrlimit(RLIMIT_CORE, &core) == 0;
    const bool none = core.rlim_cur == 0 && core.rlim_max == 0;
    _exit(read && none && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 1);
  }
  int result = -1;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_TRUE(WIFEXITED(result));
  EXPECT_EQ(WEXITSTATUS(result), 0);
}
#endif

}  // namespace
}  // namespace pathways::host
