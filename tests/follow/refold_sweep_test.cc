// Goal: what another release folded is folded again by the process that publishes the log, by that
// one alone, and by itself. Method: two domains of a few lines on the memory store, which says who
// leads; the sweep is asked for single passes, or runs on its thread. What a pass makes of the rows
// is in tests/engine/fold_contract.h.
#include "services/follow/refold_sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/engine/engine.h"
#include "services/follow/submit.h"
#include "tests/engine/rule_domain.h"
#include "tests/sim/memory_store.h"
#include "tests/support/eventually.h"

namespace pathways::follow {
namespace {

using testing_support::Eventually;

class NextRules : public engine::RuleDomain {
 public:
  int EvolveVersion() const override { return 2; }
};

// Says who publishes the log, and may fail to be read.
class SharedStore : public sim::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  bool IsRelayLeader() override { return leads; }
  absl::StatusOr<std::vector<engine::FoldRow>> ReadOtherFolds(int evolve_version,
                                                              const engine::FoldRow& after,
                                                              int limit) override {
    ++reads;
    if (is_down) return absl::UnavailableError("down");
    return MemoryStore::ReadOtherFolds(evolve_version, after, limit);
  }
  std::atomic<bool> leads = true;
  std::atomic<bool> is_down = false;
  std::atomic<int> reads = 0;
};

class RefoldSweepTest : public testing::Test {
 protected:
  RefoldSweepTest() {
    const engine::RuleDomain first;
    engine::Engine engine(first, store_, engine::EngineOptions{});
    std::vector<engine::Command> commands;
    for (const std::string stream : {"a", "b", engine::kRules, "c"}) {
      const std::string key = absl::StrCat("key of ", stream);
      commands.push_back({stream, "r1", engine::RequestOrigin{key, "r1", "staff/a", "Say"}, {}});
    }
    EXPECT_TRUE(SubmitAll(engine, std::move(commands)).ok());
  }
  int64_t Left() { return *store_.CountOtherFolds(2); }

  base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  SharedStore store_{clock_, "log"};
  const NextRules domain_;
  engine::Engine engine_{domain_, store_, engine::EngineOptions{}};
  std::vector<absl::Status> told_;  // By the sweep's thread, while it runs.
  RefoldSweep sweep_{domain_, store_, engine_, RefoldSweepOptions{},
                     [this](const absl::Status& status) { told_.push_back(status); }};
};

TEST_F(RefoldSweepTest, TheRulesStreamIsFoldedLikeTheOthers) {
  ASSERT_EQ(Left(), 4);
  const absl::StatusOr<RefoldSweep::Pass> pass = sweep_.SweepOnce();
  ASSERT_TRUE(pass.ok()) << pass.status();
  EXPECT_EQ(pass->folded, 4);
  EXPECT_EQ(Left(), 0);
  EXPECT_EQ(store_.ReadState(engine::kRules)->state.open, "r1");
  EXPECT_EQ(store_.ReadState("c")->applied.at("rule").number, 1) << "marks stay";
}

TEST_F(RefoldSweepTest, WhoDoesNotPublishLeavesItToWhoDoes) {
  store_.leads = false;
  EXPECT_TRUE(absl::IsFailedPrecondition(sweep_.SweepOnce().status()));
  EXPECT_EQ(Left(), 4);
}

TEST_F(RefoldSweepTest, ItBeginsByItselfAsSoonAsItsProcessPublishes) {
  store_.leads = false;
  sweep_.Start();
  store_.leads = true;
  EXPECT_TRUE(Eventually([this] { return Left() == 0; }));
  sweep_.Stop();
  EXPECT_TRUE(told_.empty());
}

TEST_F(RefoldSweepTest, AStoreThatIsDownIsToldOnceAndLookedAtAgain) {
  store_.is_down = true;
  sweep_.Start();
  EXPECT_TRUE(Eventually([this] { return store_.reads >= 2; }));
  store_.is_down = false;
  EXPECT_TRUE(Eventually([this] { return Left() == 0; }));
  sweep_.Stop();
  ASSERT_FALSE(told_.empty());
  EXPECT_TRUE(absl::IsUnavailable(told_[0]));
  EXPECT_LE(told_.size(), 2u);
}

TEST_F(RefoldSweepTest, AStopEndsAPassThatWaitsForItsRate) {
  RefoldSweepOptions slow;
  slow.per_second = 1;
  slow.page = 2;
  RefoldSweep sweep(domain_, store_, engine_, slow, nullptr);
  sweep.Start();
  EXPECT_TRUE(Eventually([this] { return Left() < 4; }));
  sweep.Stop();
  EXPECT_LE(Left(), 2);
}

}  // namespace
}  // namespace pathways::follow
