// Goal: an event that stands on what another upstream told is applied after that, without being
// fetched a second time, and does not keep the others when it waits in vain; what cannot be fetched
// does not hide what can, and is parked when it never can; what the bus does not bring is told, and
// what is on its way is not; a loss is told when it is one.
// Method: two topics over memory stores, whose events are published in the wrong order, and no
// puller: what is once marked as behind is never applied. Then a puller alone.
#include "services/follow/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/follow/bus/in_process_topic.h"
#include "services/follow/lost_tail.h"
#include "services/follow/puller.h"
#include "services/follow/submit.h"
#include "tests/engine/text_domain.h"
#include "tests/sim/memory_store.h"
#include "tests/support/eventually.h"

namespace pathways::follow {
namespace {

using testing_support::Eventually;

// What "screening" tells stands on the first event of "intake".
class FollowingDomain : public engine::TextDomain {
 public:
  absl::StatusOr<engine::UpstreamCommand> FromUpstream(
      absl::string_view upstream, const engine::EventRow& event) const override {
    if (upstream == "intake") return engine::UpstreamCommand{event.data, {}};
    return engine::UpstreamCommand{event.data, {{"intake", 1}}};
  }
};

class LosingStore : public sim::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  absl::Status MarkBehind(const std::vector<engine::BehindRow>& rows) override {
    const absl::Status status = MemoryStore::MarkBehind(rows);
    return loses_answer.exchange(false) ? absl::UnavailableError("the answer is lost") : status;
  }
  absl::StatusOr<engine::StreamRow> ReadState(absl::string_view stream) override {
    if (stream == unread) return absl::UnavailableError("no answer");
    return MemoryStore::ReadState(stream);
  }
  std::atomic<bool> loses_answer = false;  // Of the next write.
  std::string unread;                      // Stream that cannot be read. Set between sweeps.
};

class CountingTopic : public InProcessTopic {
 public:
  using InProcessTopic::InProcessTopic;
  absl::StatusOr<std::vector<engine::EventRow>> ReadAfter(int64_t position, int limit) override {
    const absl::StatusCode code = log_failing;
    auto events = InProcessTopic::ReadAfter(position, limit);
    ++reads;
    if (code != absl::StatusCode::kOk) return absl::Status(code, "as told");
    return events;
  }
  absl::StatusOr<int64_t> Head() override {
    if (has_lost_tail) return 0;
    return InProcessTopic::Head();
  }
  absl::StatusOr<std::vector<engine::EventRow>> ReadStream(absl::string_view stream, int64_t from,
                                                           int limit) override {
    if (is_deaf) return absl::UnavailableError("deaf");
    const absl::StatusCode code = failing;
    if (code != absl::StatusCode::kOk && (fails_all || stream == failing_stream)) {
      ++failures;
      return absl::Status(code, "as told");
    }
    if (stream == lost_stream && from > lost_after) return std::vector<engine::EventRow>();
    return InProcessTopic::ReadStream(stream, from, limit);
  }
  absl::StatusOr<std::vector<engine::StreamHead>> ReadHeads(absl::string_view after,
                                                            int limit) override {
    ++sweeps;
    auto heads = InProcessTopic::ReadHeads(after, limit);
    for (engine::StreamHead& head : *heads) {
      if (head.stream == lost_stream) head.version = std::min(head.version, lost_after);
      if (head.stream == stale_stream) --head.version;
    }
    if (const auto then = std::exchange(after_heads, nullptr)) then();
    return heads;
  }
  std::atomic<int> reads = 0;
  std::atomic<absl::StatusCode> log_failing = absl::StatusCode::kOk;  // Of the log alone.
  std::atomic<bool> has_lost_tail = false;
  std::atomic<int> sweeps = 0;
  std::atomic<bool> is_deaf = false;
  std::atomic<int> failures = 0;
  std::atomic<absl::StatusCode> failing = absl::StatusCode::kOk;
  std::atomic<bool> fails_all = false;  // Every stream, not only failing_stream.
  // Set before anybody reads.
  std::string failing_stream;
  std::string stale_stream;  // Whose head is told as it was before its last event.
  std::string lost_stream;   // Which has lost what came after lost_after.
  int64_t lost_after = 0;
  std::function<void()> after_heads;  // Called once, when heads were read and not yet returned.
};

// A service that is followed, and its topic.
struct Upstream {
  Upstream(const base::Clock& clock, std::string name)
      : name(std::move(name)), store(clock, this->name), engine(domain, store, {}) {}

  void Say(const std::string& stream, const std::string& text) {
    ASSERT_TRUE(
        SubmitAll(engine, {{stream, text, engine::RequestOrigin{"", "", "staff/a", ""}, {}}}).ok());
    ASSERT_TRUE(topic.Publish(*store.ReadAfter(published, 1)).ok());
    ++published;
  }

  const std::string name;
  engine::TextDomain domain;
  sim::MemoryStore store;
  engine::Engine engine;
  CountingTopic topic{store, 0};
  int64_t published = 0;
};

class ConsumerTest : public testing::Test {
 protected:
  PullerParts PartsOf(Upstream& upstream) {
    return {upstream.name, upstream.topic, domain_, store_, engine_, [](const absl::Status&) {}};
  }
  std::unique_ptr<Consumer> Follow(Upstream& upstream, std::chrono::milliseconds required_wait) {
    return std::make_unique<Consumer>(ConsumerParts{upstream.name, upstream.topic, domain_, store_,
                                                    engine_, [](const absl::Status&) {},
                                                    required_wait});
  }
  std::string TextOf(const std::string& stream) { return store_.ReadState(stream)->state.open; }

  const base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  Upstream intake_{clock_, "intake"};
  Upstream screening_{clock_, "screening"};
  const FollowingDomain domain_;
  LosingStore store_{clock_, "log"};
  engine::Engine engine_{domain_, store_, engine::EngineOptions{}};
};

TEST_F(ConsumerTest, AnEventWaitsForWhatItRequires) {
  screening_.Say("a", "screened");
  intake_.Say("a", "registered");
  const auto screening = Follow(screening_, std::chrono::minutes(10));
  ASSERT_TRUE(Eventually([&] { return screening_.topic.reads > 0; }));
  // Whatever the consumer submitted is committed by then.
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(
        SubmitAll(engine_, {{"z", "z", engine::RequestOrigin{"", "", "staff/a", ""}, {}}}).ok());
  }
  const auto intake = Follow(intake_, std::chrono::minutes(10));
  EXPECT_TRUE(Eventually([&] { return TextOf("a") == "registered.screened."; })) << TextOf("a");
}

TEST_F(ConsumerTest, WhoWaitsInVainKeepsNobody) {
  screening_.Say("a", "screened");
  intake_.Say("b", "registered");
  screening_.Say("b", "screened");
  const auto intake = Follow(intake_, std::chrono::milliseconds(1));
  ASSERT_TRUE(Eventually([&] { return TextOf("b") == "registered."; }));
  const auto screening = Follow(screening_, std::chrono::milliseconds(1));
  EXPECT_TRUE(Eventually([&] { return TextOf("b") == "registered.screened."; })) << TextOf("b");
  const std::vector<engine::BehindRow> behind = *store_.ReadBehind(10);
  EXPECT_EQ(behind.size(), 2u) << "of a: intake's event, and screening's";
}

TEST_F(ConsumerTest, WhoWaitsCanBeStopped) {
  screening_.Say("a", "screened");
  const auto screening = Follow(screening_, std::chrono::minutes(10));
  screening->Stop();
  EXPECT_EQ(TextOf("a"), "");
}

// A row that cannot be read is not a lost tail, though both are DATA_LOSS.
TEST_F(ConsumerTest, WhatCannotBeReadEndsNoConsumer) {
  intake_.Say("a", "registered");
  ConsumerParts parts{intake_.name, intake_.topic, domain_, store_, engine_, nullptr};
  parts.drive = base::Drive::kSteps;
  Consumer consumer(std::move(parts));
  intake_.topic.log_failing = absl::StatusCode::kDataLoss;
  EXPECT_FALSE(consumer.Step().ok());
  intake_.topic.log_failing = absl::StatusCode::kOk;
  const absl::StatusOr<size_t> handled = consumer.Step();
  EXPECT_TRUE(handled.ok()) << handled.status();
  EXPECT_EQ(TextOf("a"), "registered.");
}

TEST_F(ConsumerTest, ALostTailEndsTheConsumer) {
  intake_.Say("a", "registered");
  ConsumerParts parts{intake_.name, intake_.topic, domain_, store_, engine_, nullptr};
  parts.drive = base::Drive::kSteps;
  Consumer consumer(std::move(parts));
  ASSERT_TRUE(consumer.Step().ok());
  intake_.topic.has_lost_tail = true;
  EXPECT_TRUE(IsLostTail(consumer.Step().status()));
  intake_.topic.has_lost_tail = false;
  intake_.Say("b", "registered");
  EXPECT_TRUE(IsLostTail(consumer.Step().status()));
  EXPECT_EQ(TextOf("b"), "") << "another history under the same numbers";
}

// One partition of two cannot be read.
TEST_F(ConsumerTest, ALogThatCannotBeReadKeepsNoOther) {
  class BrokenLog : public EventLog {
   public:
    std::string Partition() const override { return "0"; }
    std::string Incarnation() override { return "one"; }
    absl::StatusOr<std::vector<engine::EventRow>> ReadAfter(int64_t, int) override {
      return absl::DataLossError("a record cannot be read");
    }
    absl::StatusOr<int64_t> Head() override { return 0; }
  };
  class TwoLogs : public EventLogs {
   public:
    explicit TwoLogs(EventLogs& whole) : whole_(whole) {}
    std::vector<std::shared_ptr<EventLog>> Logs() override {
      return {std::make_shared<BrokenLog>(), whole_.Logs().front()};
    }
    void OnPublish(std::function<void()>) override {}

   private:
    EventLogs& whole_;
  };
  intake_.Say("a", "registered");
  TwoLogs logs(intake_.topic);
  ConsumerParts parts{intake_.name, logs, domain_, store_, engine_, nullptr};
  parts.drive = base::Drive::kSteps;
  Consumer consumer(std::move(parts));
  EXPECT_TRUE(absl::IsDataLoss(consumer.Step().status())) << "it is told";
  EXPECT_EQ(TextOf("a"), "registered.");
}

// What is behind longest comes first, and may be a whole page that cannot move.
TEST_F(ConsumerTest, WhatCannotBePulledHidesNothing) {
  std::vector<engine::BehindRow> stuck;
  for (int i = 0; i < 600; ++i) {
    stuck.push_back({absl::StrCat("s", i), i % 2 == 0 ? "intake" : "screening", 1, 0, {}});
  }
  ASSERT_TRUE(store_.MarkBehind(stuck).ok());
  intake_.Say("z", "registered");
  ASSERT_TRUE(store_.MarkBehind({{"z", "intake", 1, 0, {}}}).ok());
  const Puller puller(PartsOf(intake_), absl::Hours(1));
  EXPECT_TRUE(Eventually([&] { return TextOf("z") == "registered."; })) << TextOf("z");
}

// The one that is behind longest cannot be read, in whatever way.
TEST_F(ConsumerTest, AStreamThatCannotBeReadHidesNoOther) {
  const absl::StatusCode codes[] = {absl::StatusCode::kUnavailable, absl::StatusCode::kInternal,
                                    absl::StatusCode::kDataLoss};
  int64_t said = 0;
  for (const absl::StatusCode code : codes) {
    intake_.topic.failing_stream = "s0";
    intake_.topic.failing = code;
    ASSERT_TRUE(store_.MarkBehind({{"s0", "intake", 1, 0, {}}}).ok());
    intake_.Say("z", "registered");
    ASSERT_TRUE(store_.MarkBehind({{"z", "intake", ++said, 0, {}}}).ok());
    Puller puller(PartsOf(intake_), absl::Hours(1));
    EXPECT_TRUE(Eventually([&] {
      puller.Notify();
      return store_.ReadState("z")->version == said;
    })) << code;
  }
}

TEST_F(ConsumerTest, AStreamThatCanNeverBeReadIsParkedUntilAnOperatorComes) {
  intake_.Say("s0", "registered");
  intake_.Say("z", "registered");
  intake_.topic.failing_stream = "s0";
  intake_.topic.failing = absl::StatusCode::kInternal;
  ASSERT_TRUE(store_.MarkBehind({{"s0", "intake", 1, 0, {}}}).ok());
  PullerParts parts = PartsOf(intake_);
  parts.retry_first = std::chrono::milliseconds(1);
  Puller puller(std::move(parts), absl::Hours(1));
  const auto parked = [&](bool is_parked) {
    puller.Notify();
    return store_.ReadParked(10)->size() == (is_parked ? 1u : 0u);
  };
  ASSERT_TRUE(Eventually([&] { return parked(true); }));
  const engine::ParkedRow row = store_.ReadParked(10)->front();
  EXPECT_EQ(row.stream, "s0");
  EXPECT_EQ(row.upstream, "intake");
  EXPECT_EQ(row.number, 1);
  EXPECT_EQ(row.reason, kStreamUnreadable);
  EXPECT_GE(intake_.topic.failures, 5) << "not at the first try";
  // Driven again while it still fails, and when it does no more.
  ASSERT_TRUE(store_.ClearParked("s0").ok());
  ASSERT_TRUE(Eventually([&] { return parked(true); }));
  intake_.topic.failing = absl::StatusCode::kOk;
  ASSERT_TRUE(store_.ClearParked("s0").ok());
  EXPECT_TRUE(Eventually([&] { return parked(false) && TextOf("s0") == "registered."; }));
}

// It is the upstream that is at fault, and will be mended.
TEST_F(ConsumerTest, AnUpstreamThatReadsNothingParksNobody) {
  for (const char* stream : {"a", "b", "c", "d"}) intake_.Say(stream, "registered");
  intake_.topic.fails_all = true;
  for (const absl::StatusCode code :
       {absl::StatusCode::kUnavailable, absl::StatusCode::kInternal}) {
    intake_.topic.failing = code;
    intake_.topic.failures = 0;
    ASSERT_TRUE(store_.MarkBehind({{"a", "intake", 1, 0, {}}, {"b", "intake", 1, 0, {}}}).ok());
    PullerParts parts = PartsOf(intake_);
    parts.retry_first = std::chrono::milliseconds(1);
    Puller puller(std::move(parts), absl::Hours(1));
    // More than ten tries of each, and as many questions whether it reads others.
    ASSERT_TRUE(Eventually([&] {
      puller.Notify();
      return intake_.topic.failures > 50;
    }));
    EXPECT_EQ(store_.ReadParked(10)->size(), 0u) << code;
  }
  intake_.topic.failing = absl::StatusCode::kOk;
  Puller puller(PartsOf(intake_), absl::Hours(1));
  EXPECT_TRUE(Eventually([&] { return TextOf("a") == "registered." && TextOf("b") != ""; }));
}

// The bus brings it after all, just before it is parked.
TEST_F(ConsumerTest, WhatCameMeanwhileIsNotParked) {
  intake_.Say("a", "registered");
  const engine::EventRow event = intake_.store.ReadStream("a", 1, 1, false)->front();
  ASSERT_TRUE(SubmitAll(engine_, {CommandOf(domain_, "intake", event)}).ok());
  engine::EventOrigin origin;
  origin.upstream = "intake";
  origin.number = 1;
  origin.unreadable = kStreamUnreadable;
  ASSERT_TRUE(SubmitAll(engine_, {{"a", "", origin, {}}}).ok());
  EXPECT_EQ(store_.ReadParked(10)->size(), 0u);
}

class SweepTest : public ConsumerTest {
 protected:
  // A puller whose own sweep, the one of the start, is over.
  std::unique_ptr<Puller> Pull() {
    PullerParts parts = PartsOf(intake_);
    parts.found_missing = [this](int64_t cases) { found_ += cases; };
    auto puller = std::make_unique<Puller>(std::move(parts), absl::Hours(1));
    EXPECT_TRUE(Eventually([&] { return intake_.topic.sweeps > 0; }));
    EXPECT_TRUE(puller->Sweep().ok());
    return puller;
  }
  // Said and stored, and not on the bus.
  void SayUnheard(const std::string& stream, const std::string& text) {
    const engine::RequestOrigin origin{"", "", "staff/a", ""};
    ASSERT_TRUE(SubmitAll(intake_.engine, {{stream, text, origin, {}}}).ok());
  }
  // The bus brings an event.
  void Bring(const std::string& stream, int64_t number) {
    const engine::EventRow event = intake_.store.ReadStream(stream, number, 1, false)->front();
    ASSERT_TRUE(SubmitAll(engine_, {CommandOf(domain_, "intake", event)}).ok());
  }

  std::atomic<int64_t> found_ = 0;
};

TEST_F(SweepTest, WhatTheBusDoesNotBringIsFetchedAndTold) {
  const auto puller = Pull();
  SayUnheard("a", "first");
  SayUnheard("b", "first");
  ASSERT_TRUE(puller->Sweep().ok());
  EXPECT_EQ(found_, 0) << "it may be on its way";
  ASSERT_TRUE(puller->Sweep().ok());
  EXPECT_EQ(found_, 2);
  EXPECT_TRUE(Eventually([&] { return TextOf("a") == "first." && TextOf("b") == "first."; }));
  ASSERT_TRUE(puller->Sweep().ok());
  ASSERT_TRUE(puller->Sweep().ok());
  EXPECT_EQ(found_, 2) << "told once";
}

TEST_F(SweepTest, WhatIsFetchedAfterALostAnswerIsToldToo) {
  const auto puller = Pull();
  SayUnheard("a", "first");
  ASSERT_TRUE(puller->Sweep().ok());
  store_.loses_answer = true;
  EXPECT_TRUE(absl::IsUnavailable(puller->Sweep()));
  puller->Notify();
  ASSERT_TRUE(Eventually([&] { return TextOf("a") == "first."; }));
  ASSERT_TRUE(puller->Sweep().ok());
  EXPECT_EQ(found_, 1);
  ASSERT_TRUE(puller->Sweep().ok());
  EXPECT_EQ(found_, 1) << "told once";
}

TEST_F(SweepTest, WhatALookSawThatWasCutShortIsNotTold) {
  const auto puller = Pull();
  SayUnheard("a", "first");
  SayUnheard("b", "first");
  ASSERT_TRUE(puller->Sweep().ok());
  store_.unread = "b";
  EXPECT_TRUE(absl::IsUnavailable(puller->Sweep()));
  store_.unread.clear();
  Bring("a", 1);
  ASSERT_TRUE(puller->Sweep().ok());
  EXPECT_EQ(found_, 1) << "b alone did not come";
}

// Each look finds the case behind by two events, but not by the same.
TEST_F(SweepTest, WhatIsOnItsWayIsNotTold) {
  const auto puller = Pull();
  SayUnheard("a", "first");
  SayUnheard("a", "next");
  for (int64_t number = 1; number <= 4; ++number) {
    ASSERT_TRUE(puller->Sweep().ok());
    SayUnheard("a", "next");
    Bring("a", number);
  }
  EXPECT_EQ(found_, 0);
  EXPECT_EQ(TextOf("a"), "first.next.next.next.");
  ASSERT_TRUE(puller->Sweep().ok());
  ASSERT_TRUE(puller->Sweep().ok());
  EXPECT_EQ(found_, 1) << "the last two do not come";
}

// A sweep reads at two places, and the pipeline does not wait for it.
TEST_F(SweepTest, WhatComesDuringASweepIsNotLost) {
  const auto puller = Pull();
  SayUnheard("a", "first");
  Bring("a", 1);
  intake_.topic.after_heads = [this] {
    SayUnheard("a", "next");
    Bring("a", 2);
    SayUnheard("b", "first");
    Bring("b", 1);
  };
  const absl::Status swept = puller->Sweep();
  EXPECT_TRUE(swept.ok()) << swept;
}

// A head alone is no proof: the stream itself is asked.
TEST_F(SweepTest, WhatTheStreamStillHasIsNotLost) {
  SayUnheard("a", "first");
  Bring("a", 1);
  SayUnheard("a", "next");
  Bring("a", 2);
  intake_.topic.stale_stream = "a";
  const auto puller = Pull();
  const absl::Status swept = puller->Sweep();
  EXPECT_TRUE(swept.ok()) << swept;
}

TEST_F(SweepTest, WhatTheStreamLacksIsLost) {
  for (const char* stream : {"a", "b"}) {
    SayUnheard(stream, "first");
    Bring(stream, 1);
    SayUnheard(stream, "next");
    Bring(stream, 2);
  }
  const auto puller = Pull();
  EXPECT_TRUE(puller->Sweep().ok());
  intake_.topic.lost_stream = "b";
  for (const int64_t left : {1, 0}) {
    intake_.topic.lost_after = left;
    EXPECT_TRUE(IsLostTail(puller->Sweep())) << left;
  }
}

// Nobody can say now whether it is lost.
TEST_F(SweepTest, WhatCannotBeAskedIsNotCalledLost) {
  SayUnheard("a", "first");
  Bring("a", 1);
  const auto puller = Pull();
  intake_.topic.stale_stream = "a";
  intake_.topic.failing_stream = "a";
  for (const absl::StatusCode code :
       {absl::StatusCode::kUnavailable, absl::StatusCode::kDataLoss}) {
    intake_.topic.failing = code;
    const absl::Status swept = puller->Sweep();
    EXPECT_FALSE(swept.ok()) << code;
    EXPECT_FALSE(IsLostTail(swept)) << code;
  }
}

// An operator knows of it already.
TEST_F(SweepTest, WhatIsKnownToBeBehindIsNotTold) {
  const auto puller = Pull();
  ASSERT_TRUE(store_.MarkBehind({{"a", "intake", 9, 0, {}}}).ok());
  intake_.topic.is_deaf = true;  // It cannot be fetched.
  SayUnheard("a", "first");
  for (int look = 0; look < 3; ++look) ASSERT_TRUE(puller->Sweep().ok());
  EXPECT_EQ(found_, 0);
}

}  // namespace
}  // namespace pathways::follow
