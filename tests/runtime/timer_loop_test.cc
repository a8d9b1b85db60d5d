// Goal: a timer fires when it is due, not before, and once; one that cannot fire keeps no other.
// Method: the text domain's timers over the memory store, a clock set by hand, and a loop that
// looks by itself only when it is woken, or stopped.
#include "services/runtime/timer_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/runtime/clock.h"
#include "services/runtime/store/memory_store.h"
#include "services/runtime/submit.h"
#include "tests/runtime/text_domain.h"
#include "tests/support/eventually.h"

namespace pathways::runtime {
namespace {

using testing_support::Eventually;

constexpr int64_t kStart = 1697500000;

class TimerLoopTest : public testing::Test {
 protected:
  void Say(const std::string& stream, const std::string& payload) {
    ASSERT_TRUE(
        SubmitAll(engine_, {{stream, payload, RequestOrigin{"", "", "staff/a", ""}, {}}}).ok());
  }
  std::string Text(const std::string& stream) { return store_.ReadState(stream)->state.open; }

  // Streams whose name starts with "bad" cannot be made a command.
  static absl::StatusOr<TimerLoop::Due> Payload(const TimerRow& timer) {
    if (absl::StartsWith(timer.stream, "bad")) return absl::DataLossError("no key");
    return TimerLoop::Due{"fired", 0};
  }

  const TextDomain domain_;
  ManualClock clock_{absl::FromUnixSeconds(kStart)};
  MemoryStore store_{clock_, "log"};
  Engine engine_{domain_, store_, EngineOptions{}};
  TimerLoop loop_{store_, engine_, clock_, &Payload, absl::Hours(1), nullptr};
};

TEST_F(TimerLoopTest, FiresWhenDueAndNotBefore) {
  loop_.Stop();
  Say("s", absl::StrCat("at:", kStart + 60));
  const struct {
    absl::Duration after;
    size_t fired;
  } rows[] = {
      {absl::ZeroDuration(), 0},
      {absl::Seconds(60) - absl::Microseconds(1), 0},
      {absl::Seconds(60), 1},
      {absl::Seconds(61), 0},  // It fired.
  };
  for (const auto& row : rows) {
    clock_.Set(absl::FromUnixSeconds(kStart) + row.after);
    const auto fired = loop_.FireDue();
    ASSERT_TRUE(fired.ok()) << fired.status();
    EXPECT_EQ(*fired, row.fired) << row.after;
  }
  EXPECT_EQ(Text("s"), absl::StrCat("at:", kStart + 60, ".fired."));
}

TEST_F(TimerLoopTest, TheLoopLooksWhenItIsWoken) {
  Say("s", absl::StrCat("at:", kStart));
  loop_.Notify();
  EXPECT_TRUE(Eventually([&] { return absl::EndsWith(Text("s"), "fired."); }));
}

TEST_F(TimerLoopTest, TwoThatLookAtTheSameTimeFireOnce) {
  for (int i = 0; i < 20; ++i) {
    const std::string stream = absl::StrCat("s", i);
    Say(stream, absl::StrCat("at:", kStart));
    loop_.Notify();
    ASSERT_TRUE(loop_.FireDue().ok());
    ASSERT_TRUE(loop_.FireDue().ok());
    EXPECT_EQ(Text(stream), absl::StrCat("at:", kStart, ".fired."));
  }
}

TEST_F(TimerLoopTest, ATimerThatIsSetAnewDoesNotFireForTheOld) {
  loop_.Stop();
  Say("s", absl::StrCat("at:", kStart));
  Say("s", absl::StrCat("at:", kStart + 60));
  EXPECT_EQ(*loop_.FireDue(), 0U);
  // As read before it was set anew.
  EXPECT_TRUE(SubmitAll(engine_, {{"s", "fired", TimerOrigin{kTextTimer, kStart}, {}}}).ok());
  EXPECT_FALSE(absl::StrContains(Text("s"), "fired"));
}

TEST_F(TimerLoopTest, OneThatCannotFireKeepsNoOther) {
  loop_.Stop();
  Say("bad", absl::StrCat("at:", kStart - 10));
  Say("good", absl::StrCat("at:", kStart));
  EXPECT_EQ(loop_.FireDue().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::EndsWith(Text("good"), "fired."));
  EXPECT_FALSE(absl::EndsWith(Text("bad"), "fired."));
}

TEST_F(TimerLoopTest, ManyThatCannotFireKeepNoOther) {
  loop_.Stop();
  for (int i = 0; i < 300; ++i) {  // More than one page.
    Say(absl::StrCat("bad", i), absl::StrCat("at:", kStart - 10));
  }
  Say("good", absl::StrCat("at:", kStart));
  // Each look finds the next page.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(loop_.FireDue().status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_TRUE(absl::EndsWith(Text("good"), "fired."));
}

// The command was made from what the stream no longer is: it would undo what came in between.
TEST_F(TimerLoopTest, ACommandMadeFromAnOlderVersionDoesNothing) {
  loop_.Stop();
  Say("s", absl::StrCat("at:", kStart));
  const int64_t version = store_.ReadState("s")->version;
  const auto fire = [&](int64_t made_from) {
    return SubmitAll(engine_, {{"s", "fired", TimerOrigin{kTextTimer, kStart, made_from}, {}}});
  };
  ASSERT_EQ(store_.ReadDueTimers(clock_.Now(), 1)->size(), 1);
  EXPECT_TRUE(fire(version + 1).ok());
  EXPECT_EQ(store_.ReadState("s")->version, version);
  EXPECT_TRUE(fire(version).ok());
  EXPECT_GT(store_.ReadState("s")->version, version);
}

TEST_F(TimerLoopTest, StopsTwice) {
  loop_.Stop();
  loop_.Stop();
}

}  // namespace
}  // namespace pathways::runtime
