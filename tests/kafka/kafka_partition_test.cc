// Goal: a partition that is taken away, or turns out to be of another topic, is never mistaken for
// a log that lost its tail, for a reader that believes that ends for good. Method: the group moves
// the partition at each point of a reader's round, without a broker; then a consumer whose
// partition is taken away as it reads.
#include "services/follow/bus/kafka_partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/engine/engine.h"
#include "services/follow/consumer.h"
#include "tests/kafka/number_domain.h"
#include "tests/sim/memory_store.h"
#include "tests/support/eventually.h"

namespace pathways::host {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using testing_support::Eventually;

constexpr int kLimit = 10;

engine::EventRow Row(int64_t number) {
  engine::EventRow row;
  row.stream = "case-1";
  row.number = number;
  row.ce_id = absl::StrCat("id-", number);
  row.type = "test.Counted";
  row.position = number;
  return row;
}

// A partition as its subscription makes it, with rows 1 to `rows` after its reader asked.
std::shared_ptr<follow::KafkaPartition> Given(int64_t rows) {
  auto partition =
      std::make_shared<follow::KafkaPartition>(0, "first", follow::KafkaPartition::Limits{});
  EXPECT_THAT(*partition->ReadAfter(0, kLimit), IsEmpty());
  EXPECT_EQ(partition->Restart(), 0);
  for (int64_t number = 1; number <= rows; ++number) partition->Add(Row(number));
  return partition;
}

TEST(KafkaPartitionTest, TakenAwayAfterAPageItEndsNowhereBeforeIt) {
  const auto partition = Given(3);
  ASSERT_THAT(*partition->ReadAfter(0, kLimit), SizeIs(3));
  partition->Close();
  // The reader has handled the page and comes back with the log that it was told of before.
  EXPECT_THAT(*partition->ReadAfter(3, kLimit), IsEmpty());
  EXPECT_GE(*partition->Head(), 3);
}

TEST(KafkaPartitionTest, TakenAwayBeforeItWasReadItEndsNowhereBeforeThePosition) {
  follow::KafkaPartition partition(0, "first", {});
  partition.Close();
  EXPECT_THAT(*partition.ReadAfter(7, kLimit), IsEmpty());
  EXPECT_GE(*partition.Head(), 7);
}

TEST(KafkaPartitionTest, MadeAnewAsItWasReadItEndsNowhereBeforeThePosition) {
  const auto partition = Given(3);
  EXPECT_THAT(*partition->ReadAfter(3, kLimit), IsEmpty());
  partition->Renew("second");
  EXPECT_GE(*partition->Head(), 3);
  // The next round counts the other log.
  EXPECT_THAT(*partition->ReadAfter(0, kLimit), IsEmpty());
  EXPECT_EQ(*partition->Head(), 0);
}

// The partitions of a process. The first one is taken away once it was handed out and read.
class Taken : public follow::EventLogs {
 public:
  Taken() { first_->SetHead(0); }

  std::vector<std::shared_ptr<follow::EventLog>> Logs() override {
    std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::shared_ptr<follow::EventLog>> logs = {now_};
    Fill();
    // As the subscription's thread does between this answer and the reader's first question.
    if (now_ == first_ && first_->Position().value_or(0) == 0 && filled_ && ++rounds_ > 1) {
      first_->Close();
      now_ = second_;
      filled_ = false;
    }
    return logs;
  }
  void OnPublish(std::function<void()> wake) override {}

 private:
  // What the subscription does once the reader told its position.
  void Fill() {
    if (filled_ || !now_->Position()) return;
    const std::optional<int64_t> from = now_->Restart();
    const int64_t last = now_ == first_ ? 3 : 5;
    for (int64_t number = *from + 1; number <= last; ++number) now_->Add(Row(number));
    filled_ = true;
  }

  std::mutex mutex_;
  const std::shared_ptr<follow::KafkaPartition> first_ =
      std::make_shared<follow::KafkaPartition>(0, "token", follow::KafkaPartition::Limits{});
  const std::shared_ptr<follow::KafkaPartition> second_ =
      std::make_shared<follow::KafkaPartition>(0, "token", follow::KafkaPartition::Limits{});
  std::shared_ptr<follow::KafkaPartition> now_ = first_;
  bool filled_ = false;
  int rounds_ = 0;
};

TEST(KafkaPartitionTest, AConsumerGoesOnAfterItsPartitionWasTakenAwayAndGivenAgain) {
  const base::SystemClock clock;
  const testing_support::NumberDomain domain;
  sim::MemoryStore store(clock, "downstream");
  engine::Engine engine(domain, store, {});
  Taken logs;
  std::mutex mutex;
  std::vector<absl::Status> told;
  follow::Consumer consumer({"intake", logs, domain, store, engine, [&](const auto& status) {
                               std::lock_guard<std::mutex> lock(mutex);
                               told.push_back(status);
                             }});
  EXPECT_TRUE(Eventually([&] {
    consumer.Notify();
    return store.ReadPosition("intake/0")->position == 5;
  })) << store.ReadPosition("intake/0")->position;
  consumer.Stop();
  EXPECT_THAT(told, IsEmpty());
}

}  // namespace
}  // namespace pathways::host
