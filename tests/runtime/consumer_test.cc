// Goal: an event that stands on what another upstream told is applied after that, without being
// fetched a second time, and does not keep the others when it waits in vain; what cannot be fetched
// does not hide what can; what the bus does not bring is told, and what is on its way is not.
// Method: two topics over memory stores, whose events are published in the wrong order, and no
// puller: what is once marked as behind is never applied. Then a puller alone.
#include "services/runtime/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/runtime/bus/in_process_topic.h"
#include "services/runtime/clock.h"
#include "services/runtime/store/memory_store.h"
#include "tests/runtime/text_domain.h"
#include "tests/support/eventually.h"

namespace pathways::runtime {
namespace {

using testing_support::Eventually;

// What "screening" tells stands on the first event of "intake".
class FollowingDomain : public TextDomain {
 public:
  absl::StatusOr<UpstreamCommand> FromUpstream(absl::string_view upstream,
                                               const EventRow& event) const override {
    if (upstream == "intake") return UpstreamCommand{event.data, {}};
    return UpstreamCommand{event.data, {{"intake", 1}}};
  }
};

class CountingTopic : public InProcessTopic {
 public:
  using InProcessTopic::InProcessTopic;
  absl::StatusOr<std::vector<EventRow>> ReadAfter(int64_t position, int limit) override {
    auto events = InProcessTopic::ReadAfter(position, limit);
    ++reads;
    return events;
  }
  absl::StatusOr<std::vector<EventRow>> ReadStream(absl::string_view stream, int64_t from,
                                                   int limit) override {
    if (is_deaf) return absl::UnavailableError("deaf");
    return InProcessTopic::ReadStream(stream, from, limit);
  }
  absl::StatusOr<std::vector<StreamHead>> ReadHeads(absl::string_view after, int limit) override {
    ++sweeps;
    return InProcessTopic::ReadHeads(after, limit);
  }
  std::atomic<int> reads = 0;
  std::atomic<int> sweeps = 0;
  std::atomic<bool> is_deaf = false;
};

// A service that is followed, and its topic.
struct Upstream {
  Upstream(const Clock& clock, std::string name)
      : name(std::move(name)), store(clock, this->name), engine(domain, store, {}) {}

  void Say(const std::string& stream, const std::string& text) {
    ASSERT_TRUE(SubmitAll(engine, {{stream, text, RequestOrigin{"", "", "staff/a", ""}, {}}}).ok());
    ASSERT_TRUE(topic.Publish(*store.ReadAfter(published, 1)).ok());
    ++published;
  }

  const std::string name;
  TextDomain domain;
  MemoryStore store;
  Engine engine;
  CountingTopic topic{store, 0};
  int64_t published = 0;
};

class ConsumerTest : public testing::Test {
 protected:
  ConsumerParts PartsOf(Upstream& upstream) {
    return {upstream.name,
            upstream.topic,
            upstream.topic,
            domain_,
            store_,
            engine_,
            [](const absl::Status&) {}};
  }
  std::unique_ptr<Consumer> Follow(Upstream& upstream, std::chrono::milliseconds required_wait) {
    ConsumerParts parts = PartsOf(upstream);
    parts.required_wait = required_wait;
    return std::make_unique<Consumer>(std::move(parts));
  }
  std::string TextOf(const std::string& stream) { return store_.ReadState(stream)->state.open; }

  const ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  Upstream intake_{clock_, "intake"};
  Upstream screening_{clock_, "screening"};
  const FollowingDomain domain_;
  MemoryStore store_{clock_, "log"};
  Engine engine_{domain_, store_, EngineOptions{}};
};

TEST_F(ConsumerTest, AnEventWaitsForWhatItRequires) {
  screening_.Say("a", "screened");
  intake_.Say("a", "registered");
  const auto screening = Follow(screening_, std::chrono::minutes(10));
  ASSERT_TRUE(Eventually([&] { return screening_.topic.reads > 0; }));
  // Whatever the consumer submitted is committed by then.
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(SubmitAll(engine_, {{"z", "z", RequestOrigin{"", "", "staff/a", ""}, {}}}).ok());
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
  const std::vector<BehindRow> behind = *store_.ReadBehind(10);
  EXPECT_EQ(behind.size(), 2u) << "of a: intake's event, and screening's";
}

TEST_F(ConsumerTest, WhoWaitsCanBeStopped) {
  screening_.Say("a", "screened");
  const auto screening = Follow(screening_, std::chrono::minutes(10));
  screening->Stop();
  EXPECT_EQ(TextOf("a"), "");
}

// What is behind longest comes first, and may be a whole page that cannot move.
TEST_F(ConsumerTest, WhatCannotBePulledHidesNothing) {
  std::vector<BehindRow> stuck;
  for (int i = 0; i < 600; ++i) {
    stuck.push_back({absl::StrCat("s", i), i % 2 == 0 ? "intake" : "screening", 1, 0, {}});
  }
  ASSERT_TRUE(store_.MarkBehind(stuck).ok());
  intake_.Say("z", "registered");
  ASSERT_TRUE(store_.MarkBehind({{"z", "intake", 1, 0, {}}}).ok());
  const Puller puller(PartsOf(intake_), absl::Hours(1));
  EXPECT_TRUE(Eventually([&] { return TextOf("z") == "registered."; })) << TextOf("z");
}

class SweepTest : public ConsumerTest {
 protected:
  // A puller whose own sweep, the one of the start, is over.
  std::unique_ptr<Puller> Pull() {
    ConsumerParts parts = PartsOf(intake_);
    parts.found_missing = [this](int64_t cases) { found_ += cases; };
    auto puller = std::make_unique<Puller>(std::move(parts), absl::Hours(1));
    EXPECT_TRUE(Eventually([&] { return intake_.topic.sweeps > 0; }));
    EXPECT_TRUE(puller->Sweep().ok());
    return puller;
  }
  // Said and stored, and not on the bus.
  void SayUnheard(const std::string& stream, const std::string& text) {
    const RequestOrigin origin{"", "", "staff/a", ""};
    ASSERT_TRUE(SubmitAll(intake_.engine, {{stream, text, origin, {}}}).ok());
  }
  // The bus brings an event.
  void Bring(const std::string& stream, int64_t number) {
    const EventRow event = intake_.store.ReadStream(stream, number, 1, false)->front();
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
}  // namespace pathways::runtime
