// Goal: a background thread tells of its errors once, ends when asked and wakes when told. Method:
// every sequence that matters, against what was heard; waits that would outlast the test's limit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "services/base/signal.h"
#include "services/follow/report.h"

namespace pathways::follow {
namespace {

TEST(Reporter, TellsAChangeOnce) {
  const absl::Status ok;
  const absl::Status full = absl::UnavailableError("full");
  const absl::Status busy = absl::UnavailableError("busy");
  const struct {
    const char* name;
    std::vector<absl::Status> told;
    std::vector<absl::Status> heard;
  } rows[] = {
      {"nothing wrong", {ok, ok}, {}},
      {"one error", {ok, full, full, full}, {full}},
      {"over again", {full, full, ok, ok}, {full, ok}},
      {"another error", {full, busy, full}, {full, busy, full}},
      {"twice", {full, ok, full, ok}, {full, ok, full, ok}},
  };
  for (const auto& row : rows) {
    std::vector<absl::Status> heard;
    Reporter reporter([&](const absl::Status& status) { heard.push_back(status); });
    for (const absl::Status& status : row.told) reporter.Tell(status);
    EXPECT_EQ(heard, row.heard) << row.name;
  }
}

TEST(Reporter, NobodyNeedsToListen) {
  Reporter reporter(nullptr);
  reporter.Tell(absl::UnavailableError("full"));
}

TEST(Signal, AWakeBeforeTheWaitIsNotLost) {
  base::Signal signal;
  signal.Notify();
  EXPECT_TRUE(signal.Wait(absl::Hours(1)));
}

TEST(Signal, AWakeEndsOneWait) {
  base::Signal signal;
  signal.Notify();
  signal.Notify();
  EXPECT_TRUE(signal.Wait(absl::Hours(1)));
  std::thread stop([&] { signal.Stop(); });
  EXPECT_FALSE(signal.Wait(absl::Hours(1)));
  stop.join();
}

TEST(Signal, ARestKeepsAWakeForTheNextWaitAndEndsWithAStop) {
  base::Signal signal;
  signal.Notify();
  EXPECT_TRUE(signal.Rest(absl::ZeroDuration()));
  EXPECT_TRUE(signal.Wait(absl::Hours(1)));
  std::thread stop([&] { signal.Stop(); });
  EXPECT_FALSE(signal.Rest(absl::Hours(1)));
  stop.join();
}

TEST(Signal, AStopIsForGood) {
  base::Signal signal;
  EXPECT_FALSE(signal.stopped());
  signal.Stop();
  EXPECT_TRUE(signal.stopped());
  EXPECT_FALSE(signal.Wait(absl::Hours(1)));
  signal.Notify();
  EXPECT_FALSE(signal.Wait(absl::Hours(1)));
}

}  // namespace
}  // namespace pathways::follow
