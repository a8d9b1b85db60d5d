// Goal: the relay publishes every event, in commit order, and forgets none when a publisher or the
// store fails or the process dies; the in-process topic shows what was published and no more.
// Method: a publisher that keeps what it gets and fails when told, over the memory store.
#include "services/follow/relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/follow/bus/in_process_topic.h"
#include "services/follow/submit.h"
#include "tests/engine/text_domain.h"
#include "tests/sim/memory_store.h"
#include "tests/support/eventually.h"

namespace pathways::follow {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Eventually;

// More than two batches of the relay, and fewer than may wait in the engine.
constexpr int kEvents = 4050;
constexpr int kBatchMax = 2000;

// A store whose watermark can be made not to move, as if the process died before it did, and whose
// right to publish can be another process's.
class DyingStore : public sim::MemoryStore {
 public:
  using sim::MemoryStore::MemoryStore;
  absl::Status AdvanceWatermark(const engine::Lease& lease, int64_t position) override {
    if (dying) return absl::UnavailableError("dying");
    if (aborts.exchange(false)) return absl::AbortedError("another process leads");
    return sim::MemoryStore::AdvanceWatermark(lease, position);
  }
  absl::StatusOr<engine::Lease> LeadRelay() override {
    ++asked;
    if (leads == absl::StatusCode::kOk) return engine::kOnlyLease;
    return absl::Status(leads, "does not lead");
  }
  std::atomic<bool> dying = false;
  std::atomic<bool> aborts = false;
  std::atomic<absl::StatusCode> leads = absl::StatusCode::kOk;
  std::atomic<int> asked = 0;
  int64_t RelaySession() override { return session; }
  void YieldRelay() override { ++yielded; }
  std::atomic<int64_t> session = 1;
  std::atomic<int> yielded = 0;
};

class KeepingPublisher : public Publisher {
 public:
  explicit KeepingPublisher(engine::EventStore& store) : store_(store) {}

  absl::StatusOr<std::vector<RefusedEvent>> Publish(
      const std::vector<engine::EventRow>& events) override {
    std::lock_guard<std::mutex> lock(mutex_);
    ++calls_;
    if (failures_ > 0) {
      --failures_;
      return absl::UnavailableError("no broker");
    }
    // Before these are acknowledged the watermark must not cover them.
    if (*store_.ReadWatermark() >= events.front().position) covered_too_early_ = true;
    for (const engine::EventRow& event : events) positions_.push_back(event.position);
    return std::vector<RefusedEvent>();
  }

  void FailNext(int n) {
    std::lock_guard<std::mutex> lock(mutex_);
    failures_ = n;
  }
  std::vector<int64_t> positions() {
    std::lock_guard<std::mutex> lock(mutex_);
    return positions_;
  }
  int calls() {
    std::lock_guard<std::mutex> lock(mutex_);
    return calls_;
  }
  bool covered_too_early() {
    std::lock_guard<std::mutex> lock(mutex_);
    return covered_too_early_;
  }

 private:
  engine::EventStore& store_;
  std::mutex mutex_;  // Guards what follows.
  std::vector<int64_t> positions_;
  int failures_ = 0;
  int calls_ = 0;
  bool covered_too_early_ = false;
};

class RelayTest : public testing::Test {
 protected:
  // Appends events over a few streams.
  void Append(int count) {
    std::vector<engine::Command> commands;
    for (int i = 0; i < count; ++i) {
      commands.push_back(
          {absl::StrCat("s", i % 7), "a", engine::RequestOrigin{"", "", "staff/a", ""}, {}});
    }
    ASSERT_TRUE(SubmitAll(engine_, std::move(commands)).ok());
  }

  std::vector<int64_t> Committed() {
    std::vector<int64_t> positions;
    const auto events = store_.ReadAfter(0, 10 * kEvents);
    for (const engine::EventRow& event : *events) positions.push_back(event.position);
    return positions;
  }

  Report Hear() {
    return [this](const absl::Status& status) {
      std::lock_guard<std::mutex> lock(mutex_);
      heard_.push_back(status.code());
    };
  }
  std::vector<absl::StatusCode> heard() {
    std::lock_guard<std::mutex> lock(mutex_);
    return heard_;
  }
  bool IsPublished() { return *store_.ReadWatermark() == *store_.LastPosition(); }

  const engine::TextDomain domain_;
  const base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  DyingStore store_{clock_, "log"};
  engine::Engine engine_{domain_, store_, engine::EngineOptions{}};
  KeepingPublisher publisher_{store_};
  std::mutex mutex_;  // Guards heard_.
  std::vector<absl::StatusCode> heard_;
};

TEST_F(RelayTest, PublishesEverythingOnceAndInOrder) {
  Append(kEvents);
  Relay relay(store_, publisher_, Hear());
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  Append(3);
  relay.Notify();
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  EXPECT_EQ(publisher_.positions(), Committed());
  EXPECT_FALSE(publisher_.covered_too_early());
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(RelayTest, APublisherThatFailsIsAskedAgainWithTheSame) {
  publisher_.FailNext(3);
  Append(kEvents);
  Relay relay(store_, publisher_, Hear());
  ASSERT_TRUE(Eventually([&] {
    relay.Notify();
    return IsPublished();
  }));
  EXPECT_EQ(publisher_.positions(), Committed());
  EXPECT_GE(publisher_.calls(), 6);
  ASSERT_TRUE(Eventually([&] { return heard().size() == 2; }));
  EXPECT_THAT(heard(), ElementsAre(absl::StatusCode::kUnavailable, absl::StatusCode::kOk));
}

TEST_F(RelayTest, WhoDiesBeforeTheWatermarkPublishesOneBatchAgain) {
  Append(kEvents);
  store_.dying = true;
  {
    Relay relay(store_, publisher_, Hear());
    ASSERT_TRUE(Eventually([&] { return !heard().empty(); }));
  }
  EXPECT_EQ(*store_.ReadWatermark(), 0);
  const size_t before = publisher_.positions().size();
  EXPECT_LE(before, kBatchMax);
  store_.dying = false;
  const Relay relay(store_, publisher_, nullptr);
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  std::vector<int64_t> positions = publisher_.positions();
  EXPECT_EQ(
      std::vector<int64_t>(positions.begin() + static_cast<ptrdiff_t>(before), positions.end()),
      Committed());
}

TEST_F(RelayTest, ARelayThatStartsAgainPublishesNothingTwice) {
  Append(kEvents);
  for (int i = 0; i < 2; ++i) {
    const Relay relay(store_, publisher_, nullptr);
    ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  }
  EXPECT_EQ(publisher_.positions(), Committed());
}

TEST_F(RelayTest, NothingIsPublishedBeforeTheTopicWasCompared) {
  Append(3);
  std::atomic<int> checks = 0;
  std::atomic<absl::StatusCode> answer = absl::StatusCode::kUnavailable;
  Relay relay(store_, publisher_, Hear(), [&](TopicCheck) {
    ++checks;
    return absl::Status(answer, answer == absl::StatusCode::kOk ? "" : "no broker");
  });
  ASSERT_TRUE(Eventually([&] {
    relay.Notify();
    return checks > 2;
  }));
  EXPECT_THAT(publisher_.positions(), IsEmpty());
  answer = absl::StatusCode::kOk;
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  const int compared = checks;
  Append(3);
  relay.Notify();
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  EXPECT_EQ(checks, compared);
  // Another server may answer under the same address.
  ++store_.session;
  Append(3);
  relay.Notify();
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  EXPECT_EQ(checks, compared + 1);
}

TEST_F(RelayTest, AStoreThatLostEventsEndsTheRelay) {
  Append(3);
  std::atomic<int> checks = 0;
  Relay relay(store_, publisher_, Hear(), [&](TopicCheck) {
    return ++checks == 1 ? absl::DataLossError("lost") : absl::OkStatus();
  });
  ASSERT_TRUE(Eventually([&] { return !heard().empty(); }));
  relay.Stop();
  EXPECT_THAT(heard(), ElementsAre(absl::StatusCode::kDataLoss));
  EXPECT_EQ(relay.PublishOnce().status().code(), absl::StatusCode::kDataLoss) << "for good";
  EXPECT_EQ(checks, 1);
  EXPECT_THAT(publisher_.positions(), IsEmpty());
}

// The comparison asks the broker, which may take its time.
TEST_F(RelayTest, EventsDoNotWaitForALaterComparison) {
  std::promise<absl::Status> answer;
  std::shared_future<absl::Status> later = answer.get_future().share();
  std::atomic<int> checks = 0;
  Relay relay(
      store_, publisher_, Hear(),
      [&](TopicCheck what) {
        EXPECT_EQ(what == TopicCheck::kWhole, checks == 0)
            << "over one session the ends are enough";
        return ++checks == 1 ? absl::OkStatus() : later.get();
      },
      nullptr, std::chrono::milliseconds(0));
  ASSERT_TRUE(Eventually([&] {
    relay.Notify();
    return checks == 2;
  }));
  Append(3);
  relay.Notify();
  EXPECT_TRUE(Eventually([&] { return IsPublished(); }));
  answer.set_value(absl::DataLossError("lost"));
  ASSERT_TRUE(Eventually([&] {
    relay.Notify();
    return !heard().empty();
  }));
  relay.Stop();
  EXPECT_THAT(heard(), ElementsAre(absl::StatusCode::kDataLoss));
  EXPECT_EQ(relay.PublishOnce().status().code(), absl::StatusCode::kDataLoss) << "for good";
}

// Both read by the same reader, and move the same places.
TEST_F(RelayTest, TwoComparisonsNeverRunAtOnce) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::atomic<int> checks = 0;
  std::atomic<int> running = 0;
  std::atomic<bool> overlapped = false;
  Relay relay(
      store_, publisher_, Hear(),
      [&](TopicCheck) {
        if (++running > 1) overlapped = true;
        if (++checks == 2) released.wait();
        --running;
        return absl::OkStatus();
      },
      nullptr, std::chrono::milliseconds(0));
  ASSERT_TRUE(Eventually([&] {
    relay.Notify();
    return checks == 2;
  }));
  ++store_.session;
  // Once it has asked to lead it meets the new session; what it asked before may not have.
  const int asked = store_.asked;
  ASSERT_TRUE(Eventually([&] {
    relay.Notify();
    return store_.asked > asked;
  }));
  release.set_value();
  ASSERT_TRUE(Eventually([&] { return checks >= 3; }));
  EXPECT_FALSE(overlapped);
}

// Another leader may have moved the watermark, and withheld or released a case.
TEST_F(RelayTest, ANewSessionReadsTheProgressAgain) {
  Append(3);
  Relay relay(store_, publisher_, Hear());
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  ASSERT_TRUE(
      store_.Withhold(engine::kOnlyLease, {{"s0", 1, "REFUSED", absl::InfinitePast()}}).ok());
  ++store_.session;
  relay.Notify();
  // Whoever begins to lead tries the withheld streams at once, and not after a minute.
  EXPECT_TRUE(Eventually([&] { return store_.ReadWithheld(10)->empty(); }));
}

TEST_F(RelayTest, StoppingCancelsWhatIsPublishedAndLeavesTheLead) {
  std::atomic<int> cancelled = 0;
  Relay relay(store_, publisher_, Hear(), nullptr, [&] { ++cancelled; });
  EXPECT_EQ(store_.yielded, 0);
  relay.Stop();
  relay.Stop();
  EXPECT_EQ(cancelled, 1);
  EXPECT_EQ(store_.yielded, 1);
  EXPECT_THAT(heard(), IsEmpty());
}

// Commits of its own process are no news to it, and each question is a transaction.
TEST_F(RelayTest, WhoStandsByDoesNotAskAtEveryCommit) {
  store_.leads = absl::StatusCode::kFailedPrecondition;
  Relay relay(store_, publisher_, Hear());
  ASSERT_TRUE(Eventually([&] { return store_.asked == 1; }));
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(Eventually([&] {
    relay.Notify();
    return store_.asked == 3;
  }));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(800));
}

// It takes commands too, and its numbers would be as wrong.
TEST_F(RelayTest, WhoStandsByComparesAsWell) {
  store_.leads = absl::StatusCode::kFailedPrecondition;
  const Relay relay(store_, publisher_, Hear(),
                    [](TopicCheck) { return absl::DataLossError("lost"); });
  ASSERT_TRUE(Eventually([&] { return !heard().empty(); }));
  EXPECT_THAT(heard(), ElementsAre(absl::StatusCode::kDataLoss));
}

TEST_F(RelayTest, WhoStandsByPublishesAndReportsNothingUntilItLeads) {
  store_.leads = absl::StatusCode::kFailedPrecondition;
  Append(kEvents);
  Relay relay(store_, publisher_, Hear());
  ASSERT_TRUE(Eventually([&] {
    relay.Notify();
    return store_.asked >= 3;
  }));
  EXPECT_EQ(publisher_.calls(), 0);
  EXPECT_EQ(*store_.ReadWatermark(), 0);
  store_.leads = absl::StatusCode::kOk;
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  EXPECT_EQ(publisher_.positions(), Committed());
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(RelayTest, WhoIsRefusedTheWatermarkStartsOverSilently) {
  store_.aborts = true;
  Append(3);
  Relay relay(store_, publisher_, Hear());
  ASSERT_TRUE(Eventually([&] { return IsPublished(); }));
  std::vector<int64_t> twice = Committed();
  for (const int64_t position : Committed()) twice.push_back(position);
  EXPECT_EQ(publisher_.positions(), twice);
  EXPECT_GE(store_.asked, 2);
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(RelayTest, WhoCannotAskWhetherItLeadsReportsAndPublishesNothing) {
  store_.leads = absl::StatusCode::kUnavailable;
  Append(3);
  Relay relay(store_, publisher_, Hear());
  ASSERT_TRUE(Eventually([&] { return !heard().empty(); }));
  EXPECT_THAT(heard(), ElementsAre(absl::StatusCode::kUnavailable));
  EXPECT_EQ(publisher_.calls(), 0);
}

TEST_F(RelayTest, StopsTwiceAndWhileItFails) {
  publisher_.FailNext(1'000'000);
  Append(1);
  Relay relay(store_, publisher_, Hear());
  ASSERT_TRUE(Eventually([&] { return !heard().empty(); }));
  relay.Stop();
  relay.Stop();
  EXPECT_EQ(*store_.ReadWatermark(), 0);
}

TEST_F(RelayTest, TheTopicShowsWhatWasPublished) {
  Append(5);
  const std::vector<int64_t> committed = Committed();
  InProcessTopic topic(store_, committed[1]);
  int wakes = 0;
  topic.OnPublish([&] { ++wakes; });
  const auto read = [&](int64_t after) {
    std::vector<int64_t> positions;
    const auto events = topic.ReadAfter(after, 100);
    for (const engine::EventRow& event : *events) positions.push_back(event.position);
    return positions;
  };
  EXPECT_THAT(read(0), ElementsAre(committed[0], committed[1]));
  EXPECT_EQ(*topic.Head(), committed[4]);
  const auto all = store_.ReadAfter(0, 100);
  ASSERT_TRUE(topic.Publish({(*all)[2], (*all)[3]}).ok());
  EXPECT_EQ(wakes, 1);
  EXPECT_THAT(read(committed[1]), ElementsAre(committed[2], committed[3]));
  // Published again: what is readable does not shrink.
  ASSERT_TRUE(topic.Publish({(*all)[0]}).ok());
  EXPECT_THAT(read(committed[2]), ElementsAre(committed[3]));
  ASSERT_TRUE(topic.Publish({}).ok());
  EXPECT_EQ(wakes, 2);
  EXPECT_EQ(topic.Incarnation(), "log");
}

TEST_F(RelayTest, TheTopicShowsNothingSealed) {
  Append(1);
  InProcessTopic topic(store_, *store_.LastPosition());
  ASSERT_EQ(store_.ReadStream("s0", 1, 1, /*with_sealed=*/true)->at(0).sealed, "sealed");
  EXPECT_EQ(topic.ReadStream("s0", 1, 1)->at(0).sealed, "");
  EXPECT_EQ(topic.ReadAfter(0, 1)->at(0).sealed, "");
  EXPECT_EQ(topic.ReadHeads("", 10)->size(), 1U);
}

}  // namespace
}  // namespace pathways::follow
