// Goal: a timer whose adapter has nothing to do before a later time is asked again then and not
// before, however many wait, and keeps no other; and waiting costs no reads of the store in each
// look. Method: the text domain's timers, an adapter that counts how often it is asked, and a clock
// set by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/follow/submit.h"
#include "services/follow/timer_loop.h"
#include "tests/engine/text_domain.h"
#include "tests/sim/memory_store.h"

namespace pathways::follow {
namespace {

constexpr int64_t kStart = 1697500000;

class WaitingTimersTest : public testing::Test {
 protected:
  WaitingTimersTest() { loop_.Stop(); }

  void Say(const std::string& stream, const std::string& payload) {
    ASSERT_TRUE(
        SubmitAll(engine_, {{stream, payload, engine::RequestOrigin{"", "", "staff/a", ""}, {}}})
            .ok());
  }
  bool HasFired(const std::string& stream) {
    return absl::EndsWith(store_.ReadState(stream)->state.open, "fired.");
  }
  // Looks this long after the start. How many fired.
  size_t LookAfter(absl::Duration since_start) {
    clock_.Set(absl::FromUnixSeconds(kStart) + since_start);
    const auto fired = loop_.FireDue();
    EXPECT_TRUE(fired.ok()) << fired.status();
    return fired.value_or(0);
  }

  // Streams whose name starts with "wait" have nothing to do for an hour.
  absl::StatusOr<TimerLoop::Due> Ask(const engine::TimerRow& timer, absl::Time now) {
    ++asked_[timer.stream];
    const absl::Time begins = absl::FromUnixSeconds(kStart) + absl::Hours(1);
    if (absl::StartsWith(timer.stream, "wait") && now < begins) {
      return TimerLoop::Due{"", 0, begins};
    }
    return TimerLoop::Due{"fired", 0, {}};
  }

  std::map<std::string, int> asked_;
  const engine::TextDomain domain_;
  base::ManualClock clock_{absl::FromUnixSeconds(kStart)};
  sim::MemoryStore store_{clock_, "log"};
  engine::Engine engine_{domain_, store_, engine::EngineOptions{}};
  TimerLoop loop_{store_, engine_,
                  [this](const engine::TimerRow& timer, absl::Time now) { return Ask(timer, now); },
                  absl::Hours(1), nullptr};
};

TEST_F(WaitingTimersTest, IsAskedAgainWhenItsTimeHasCome) {
  Say("wait", absl::StrCat("at:", kStart));
  EXPECT_EQ(LookAfter(absl::ZeroDuration()), 0U);
  EXPECT_EQ(LookAfter(absl::Minutes(30)), 0U);
  EXPECT_EQ(LookAfter(absl::Hours(1) - absl::Microseconds(1)), 0U);
  EXPECT_EQ(asked_["wait"], 1);
  EXPECT_EQ(store_.ReadState("wait")->version, 1) << "waiting leaves no event";
  EXPECT_EQ(LookAfter(absl::Hours(1)), 1U);
  EXPECT_EQ(asked_["wait"], 2);
  EXPECT_TRUE(HasFired("wait"));
}

TEST_F(WaitingTimersTest, ManyThatWaitKeepNoOther) {
  for (int i = 0; i < 600; ++i) {  // More than two pages.
    Say(absl::StrCat("wait", i), absl::StrCat("at:", kStart - 10));
  }
  Say("other", absl::StrCat("at:", kStart));
  EXPECT_EQ(LookAfter(absl::ZeroDuration()), 1U);
  EXPECT_TRUE(HasFired("other"));
  EXPECT_EQ(LookAfter(absl::Minutes(30)), 0U);
  for (const auto& [stream, times] : asked_) EXPECT_EQ(times, 1) << stream;
  EXPECT_EQ(LookAfter(absl::Hours(1)), 600U);
}

TEST_F(WaitingTimersTest, OneThatIsSetWhenItIsDueIsFoundBehindThoseThatWait) {
  Say("wait", absl::StrCat("at:", kStart - 10));
  EXPECT_EQ(LookAfter(absl::ZeroDuration()), 0U);
  Say("late", absl::StrCat("at:", kStart - 20));
  EXPECT_EQ(LookAfter(absl::Minutes(10)), 1U);
  EXPECT_TRUE(HasFired("late"));
  EXPECT_EQ(asked_["wait"], 1);
}

TEST(WaitingTimers, ThoseThatWaitAreNotReadInEachLook) {
  const absl::Time now = absl::FromUnixSeconds(kStart);
  const engine::TimerRow one{"a", "k", kStart - 2};
  const engine::TimerRow two{"b", "k", kStart - 1};
  WaitingTimers waiting;
  EXPECT_EQ(waiting.Begin(now).stream, "");
  waiting.Hold(one, now + absl::Hours(1));
  waiting.Skip(one);
  waiting.Hold(two, now + absl::Minutes(5));
  waiting.Skip(two);
  EXPECT_EQ(waiting.Begin(now + absl::Minutes(5) - absl::Microseconds(1)).stream, "b");
  EXPECT_EQ(waiting.Begin(now + absl::Minutes(5)).stream, "") << "the second waits no more";
  EXPECT_TRUE(waiting.Holds(one, now + absl::Minutes(5)));
  EXPECT_FALSE(waiting.Holds(two, now + absl::Minutes(5)));
  waiting.Skip(one);
  EXPECT_EQ(waiting.Begin(now + absl::Minutes(15) - absl::Microseconds(1)).stream, "a");
  EXPECT_EQ(waiting.Begin(now + absl::Minutes(15)).stream, "") << "nothing stays unread for long";
}

TEST(WaitingTimers, AClockThatIsSetBackKeepsNothingWaiting) {
  const absl::Time now = absl::FromUnixSeconds(kStart);
  const engine::TimerRow one{"a", "k", kStart - 2};
  WaitingTimers waiting;
  waiting.Begin(now);
  waiting.Hold(one, now + absl::Hours(1));
  waiting.Skip(one);
  EXPECT_EQ(waiting.Begin(now).stream, "a");
  EXPECT_EQ(waiting.Begin(now - absl::Seconds(1)).stream, "");
  EXPECT_FALSE(waiting.Holds(one, now - absl::Seconds(1)));
}

}  // namespace
}  // namespace pathways::follow
