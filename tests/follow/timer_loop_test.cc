// Goal: a timer fires when it is due, not before, and once; one that cannot fire keeps no other.
// Method: the text domain's timers over the memory store, a clock set by hand, and a loop that
// looks by itself only when it is woken, or stopped.
#include "services/follow/timer_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/follow/submit.h"
#include "tests/engine/text_domain.h"
#include "tests/sim/memory_store.h"
#include "tests/support/eventually.h"

namespace pathways::follow {
namespace {

using testing_support::Eventually;

constexpr int64_t kStart = 1697500000;

// Counts how often it is looked at.
class CountingStore : public sim::MemoryStore {
 public:
  using sim::MemoryStore::MemoryStore;
  absl::StatusOr<std::vector<engine::TimerRow>> ReadDueTimers(absl::Time now,
                                                              const engine::TimerRow& after,
                                                              int limit) override {
    ++looks;
    return sim::MemoryStore::ReadDueTimers(now, after, limit);
  }
  std::atomic<int> looks = 0;
};

class TimerLoopTest : public testing::Test {
 protected:
  void Say(const std::string& stream, const std::string& payload) {
    ASSERT_TRUE(
        SubmitAll(engine_, {{stream, payload, engine::RequestOrigin{"", "", "staff/a", ""}, {}}})
            .ok());
  }
  std::string Text(const std::string& stream) { return store_.ReadState(stream)->state.open; }

  // Streams whose name starts with "bad" cannot be made a command.
  absl::StatusOr<TimerLoop::Due> Payload(const engine::TimerRow& timer, absl::Time now) {
    if (absl::StartsWith(timer.stream, "bad")) return absl::DataLossError("no key");
    told_ = now;
    return TimerLoop::Due{absl::StartsWith(timer.stream, "idle") ? "nothing" : "fired", 0};
  }

  const engine::TextDomain domain_;
  base::ManualClock clock_{absl::FromUnixSeconds(kStart)};
  CountingStore store_{clock_, "log"};
  std::atomic<int> dropped_ = 0;
  engine::Engine engine_{
      domain_, store_,
      engine::EngineOptions{.observe = [this](const auto&,
                                              const std::vector<engine::Answer>& answers,
                                              const absl::Status&, absl::Duration) {
        for (const engine::Answer& answer : answers) dropped_ += answer.is_dropped ? 1 : 0;
      }}};
  absl::Time told_;  // The time that the last command was made with.
  TimerLoop loop_{
      store_, engine_,
      [this](const engine::TimerRow& timer, absl::Time now) { return Payload(timer, now); },
      absl::Hours(1), nullptr};
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
  EXPECT_TRUE(
      SubmitAll(engine_, {{"s", "fired", engine::TimerOrigin{engine::kTextTimer, kStart}, {}}})
          .ok());
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
  for (int i = 0; i < 3; ++i) {  // They stay, and each look passes them.
    EXPECT_EQ(loop_.FireDue().status().code(), absl::StatusCode::kDataLoss);
    EXPECT_TRUE(absl::EndsWith(Text("good"), "fired."));
  }
}

// The command was made from what the stream no longer is: it would undo what came in between.
TEST_F(TimerLoopTest, ACommandMadeFromAnOlderVersionDoesNothing) {
  loop_.Stop();
  Say("s", absl::StrCat("at:", kStart));
  const int64_t version = store_.ReadState("s")->version;
  const auto fire = [&](int64_t made_from) {
    return SubmitAll(
        engine_, {{"s", "fired", engine::TimerOrigin{engine::kTextTimer, kStart, made_from}, {}}});
  };
  ASSERT_EQ(store_.ReadDueTimers(clock_.Now(), {}, 1)->size(), 1);
  EXPECT_TRUE(fire(version + 1).ok());
  EXPECT_EQ(store_.ReadState("s")->version, version);
  EXPECT_TRUE(fire(version).ok());
  EXPECT_GT(store_.ReadState("s")->version, version);
}

// Two readings of one clock, and a step back between them: what was due is not due any more.
TEST_F(TimerLoopTest, WhatIsNotDueByTheStoresClockIsLeftForLater) {
  loop_.Stop();
  Say("s", absl::StrCat("at:", kStart + 60));
  clock_.Set(absl::FromUnixSeconds(kStart + 60));
  TimerLoop loop{store_, engine_,
                 [this](const engine::TimerRow& timer, absl::Time now) {
                   clock_.Set(now - absl::Microseconds(1));
                   return Payload(timer, now);
                 },
                 absl::Hours(1), nullptr};
  loop.Stop();
  clock_.Set(absl::FromUnixSeconds(kStart + 60));
  const std::string before = Text("s");
  ASSERT_TRUE(loop.FireDue().ok());
  EXPECT_EQ(Text("s"), before);
  EXPECT_EQ(store_.ReadState("s")->parked_reason, "");
  clock_.Set(absl::FromUnixSeconds(kStart + 60));
  ASSERT_TRUE(loop_.FireDue().ok());
  EXPECT_TRUE(absl::EndsWith(Text("s"), "fired."));
}

TEST_F(TimerLoopTest, TheCommandIsMadeWithTheStoresTime) {
  loop_.Stop();
  Say("s", absl::StrCat("at:", kStart));
  ASSERT_TRUE(loop_.FireDue().ok());
  EXPECT_EQ(told_, clock_.Now());
}

TEST_F(TimerLoopTest, OneThatChangesNothingIsDroppedAndCounted) {
  loop_.Stop();
  Say("idle", absl::StrCat("at:", kStart));
  EXPECT_EQ(*loop_.FireDue(), 1U);
  EXPECT_EQ(*loop_.FireDue(), 0U);
  EXPECT_EQ(store_.ReadState("idle")->parked_reason, "");
  EXPECT_EQ(dropped_, 1);
}

TEST_F(TimerLoopTest, APageOfTimersThatAreDroppedKeepsNoOther) {
  loop_.Stop();
  for (int i = 0; i < 256; ++i) {  // One page.
    const std::string stream = absl::StrCat("other", i);
    Say(stream, "a");
    engine::BatchWrite write;
    engine::StreamWrite& row = write.streams.emplace_back();
    row.stream = stream;
    row.row = *store_.ReadState(stream);
    row.expected_version = row.row.version;
    row.added.timers.push_back({"of an earlier release", kStart - 10});
    ASSERT_TRUE((*store_.Begin())->Commit(write).ok());
  }
  Say("good", absl::StrCat("at:", kStart));
  ASSERT_TRUE(loop_.FireDue().ok());
  EXPECT_TRUE(absl::EndsWith(Text("good"), "fired."));
  EXPECT_EQ(*loop_.FireDue(), 0U);  // Their rows are gone.
}

// Two pages, then the last one, which is not full: three looks, and no more until the next round.
TEST_F(TimerLoopTest, AFullPageIsNotReadOverAndOver) {
  loop_.Stop();
  for (int i = 0; i < 2 * 256; ++i) {
    Say(absl::StrCat("bad", i), absl::StrCat("at:", kStart - 10));
  }
  Say("good", absl::StrCat("at:", kStart));
  store_.looks = 0;
  TimerLoop loop{
      store_, engine_,
      [this](const engine::TimerRow& timer, absl::Time now) { return Payload(timer, now); },
      absl::Hours(1), nullptr};
  EXPECT_TRUE(Eventually([&] { return absl::EndsWith(Text("good"), "fired."); }));
  loop.Stop();
  EXPECT_EQ(store_.looks, 3);
}

TEST_F(TimerLoopTest, StopsTwice) {
  loop_.Stop();
  loop_.Stop();
}

}  // namespace
}  // namespace pathways::follow
