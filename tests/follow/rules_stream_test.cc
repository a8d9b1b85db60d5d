// Goal: every command is decided under exactly the version of the rules stream that its batch
// holds, and a new version reaches every stream once. Method: a domain that writes down under which
// rule it decided, on the memory store; the sweep is asked for single passes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/clock.h"
#include "services/engine/engine.h"
#include "services/follow/new_rules_sweep.h"
#include "services/follow/submit.h"
#include "tests/engine/rule_domain.h"
#include "tests/sim/memory_store.h"
#include "tests/support/eventually.h"

namespace pathways::follow {
namespace {

// What a newer release says, an older one does not know.
class NewerRules : public engine::RuleDomain {
 public:
  using RuleDomain::RuleDomain;
  int EvolveVersion() const override { return 2; }
  absl::StatusOr<std::unique_ptr<const Domain>> WithRules(
      const engine::StreamRow& row) const override {
    return std::make_unique<const NewerRules>(row.state.open);
  }
};

class OlderRules : public engine::RuleDomain {
 public:
  using RuleDomain::RuleDomain;
  absl::StatusOr<std::unique_ptr<const Domain>> WithRules(
      const engine::StreamRow& row) const override {
    return std::make_unique<const OlderRules>(row.state.open);
  }

 protected:
  absl::Status Evolve(engine::StoredState& state, const engine::EventRow& event) const override {
    if (absl::StartsWith(event.data, "newer")) return absl::DataLossError("unknown");
    return RuleDomain::Evolve(state, event);
  }
};

class LeadingStore : public sim::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  bool IsRelayLeader() override { return leads; }
  bool leads = true;
};

class RulesStreamTest : public testing::Test {
 protected:
  engine::Command Say(const std::string& stream, const std::string& what) {
    const std::string key = absl::StrCat("key-", ++keys_);
    return {stream, what, engine::RequestOrigin{key, what, "staff/a", "Say"}, {}};
  }
  engine::Command Rule(const std::string& rule) { return Say(engine::kRules, rule); }
  absl::Status Submit(std::vector<engine::Command> commands) {
    return SubmitAll(engine_, std::move(commands));
  }
  std::string State(const std::string& stream) { return store_.ReadState(stream)->state.open; }
  int64_t Marked(const std::string& stream) {
    const engine::StreamRow row = *store_.ReadState(stream);
    const auto found = row.applied.find("rule");
    return found == row.applied.end() ? 0 : found->second.number;
  }
  int64_t Sweep() {
    const absl::StatusOr<int64_t> swept = sweep_.SweepOnce();
    EXPECT_TRUE(swept.ok()) << swept.status();
    return swept.value_or(-1);
  }

  const engine::RuleDomain domain_;
  base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  LeadingStore store_{clock_, "log"};
  engine::Engine engine_{domain_, store_, engine::EngineOptions{}};
  NewRulesSweep sweep_{domain_, store_, engine_, NewRulesSweepOptions{}, nullptr};
  int keys_ = 0;
};

TEST_F(RulesStreamTest, EachCommandIsDecidedUnderTheRuleBeforeIt) {
  ASSERT_TRUE(
      Submit({Say("s", "a"), Rule("r1"), Say("s", "b"), Say("t", "c"), Rule("r2"), Say("s", "d")})
          .ok());
  EXPECT_EQ(State("s"), "a@none.b@r1.d@r2.");
  EXPECT_EQ(State("t"), "c@r1.");
  EXPECT_EQ(Marked("s"), 2);
  EXPECT_EQ(Marked("t"), 1);
  EXPECT_EQ(Marked(engine::kRules), 0);
}

TEST_F(RulesStreamTest, WhatIsRefusedIsNotMarked) {
  ASSERT_TRUE(Submit({Say("s", "a"), Rule("r1")}).ok());
  EXPECT_FALSE(Submit({Say("s", "refuse")}).ok());
  EXPECT_EQ(Marked("s"), 0);
}

TEST_F(RulesStreamTest, AnEventOfAnotherServicesOwnStreamMovesThePositionOnly) {
  engine::EventRow event;
  event.stream = engine::kRules;
  event.number = 1;
  event.ce_id = "1";
  event.data = "garbage";
  engine::Command command = CommandOf(domain_, "up", event);
  EXPECT_EQ(command.stream, "");
  auto& origin = std::get<engine::EventOrigin>(command.origin);
  EXPECT_EQ(origin.unreadable, "");
  origin.position_key = "up";
  origin.incarnation = "log";
  origin.position = 7;
  ASSERT_TRUE(Submit({command}).ok());
  EXPECT_EQ(store_.ReadPosition("up")->position, 7);
  EXPECT_EQ(store_.ReadState(engine::kRules)->version, 0);
}

TEST_F(RulesStreamTest, ANewRuleReachesEachStreamOnce) {
  ASSERT_TRUE(Submit({Rule("r1"), Say("s", "a"), Say("t", "b")}).ok());
  EXPECT_EQ(Sweep(), 0);
  ASSERT_TRUE(Submit({Rule("r2"), Say("t", "c")}).ok());
  EXPECT_EQ(Sweep(), 1);
  EXPECT_EQ(State("s"), "a@r1.again@r2.");
  EXPECT_EQ(State("t"), "b@r1.c@r2.");
  EXPECT_EQ(Sweep(), 0);
  const std::vector<engine::EventRow> events = *store_.ReadStream("s", 2, 1, false);
  const std::vector<engine::EventRow> rules = *store_.ReadStream(engine::kRules, 2, 1, false);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].cause.service(), "rule");
  EXPECT_EQ(events[0].cause.number(), 2);
  EXPECT_EQ(events[0].cause.ce_id(), rules[0].ce_id);
}

TEST_F(RulesStreamTest, ASweepStopsAtItsBoundAndGoesOnWhereItStopped) {
  ASSERT_TRUE(
      Submit({Rule("r1"), Say("s", "a"), Say("t", "b"), Say("u", "c"), Say("v", "d"), Rule("r2")})
          .ok());
  std::vector<std::string> asked;
  size_t allowed = 2;
  NewRulesSweepOptions options;
  options.bound = [&](int64_t version,
                      const std::vector<std::string>& next) -> absl::StatusOr<size_t> {
    asked.push_back(absl::StrCat(version, " ", absl::StrJoin(next, "")));
    if (allowed == 0) return absl::ResourceExhaustedError("as much as it may");
    return std::exchange(allowed, 0);
  };
  NewRulesSweep bounded(domain_, store_, engine_, options, nullptr);
  EXPECT_TRUE(absl::IsResourceExhausted(bounded.SweepOnce().status()));
  EXPECT_THAT(asked, testing::ElementsAre("2 stuv", "2 uv"));
  EXPECT_EQ(State("t"), "b@r1.again@r2.");
  EXPECT_EQ(State("u"), "c@r1.");
  allowed = 2;
  EXPECT_EQ(*bounded.SweepOnce(), 2);
  EXPECT_EQ(State("v"), "d@r1.again@r2.");
}

// Between two passes nothing was found to be over.
TEST_F(RulesStreamTest, AStopIsToldUntilAPassGoesThrough) {
  ASSERT_TRUE(Submit({Rule("r1"), Say("s", "a"), Rule("r2")}).ok());
  bool is_full = true;
  NewRulesSweepOptions options{.drive = base::Drive::kSteps};
  options.bound = [&](int64_t, const std::vector<std::string>& next) -> absl::StatusOr<size_t> {
    if (is_full) return absl::ResourceExhaustedError("as much as it may");
    return next.size();
  };
  std::vector<absl::StatusCode> told;
  NewRulesSweep bounded(domain_, store_, engine_, options,
                        [&](const absl::Status& status) { told.push_back(status.code()); });
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(absl::IsResourceExhausted(bounded.Step())) << i;
  EXPECT_THAT(told, testing::ElementsAre(absl::StatusCode::kResourceExhausted));
  is_full = false;
  ASSERT_TRUE(Submit({Rule("r3")}).ok());
  EXPECT_TRUE(bounded.Step().ok());
  EXPECT_EQ(State("s"), "a@r1.again@r3.");
  EXPECT_THAT(told,
              testing::ElementsAre(absl::StatusCode::kResourceExhausted, absl::StatusCode::kOk));
}

// What it told is not its own any more: who publishes now tells.
TEST_F(RulesStreamTest, WhoDoesNotPublishAnyMoreTellsOfNoStop) {
  ASSERT_TRUE(Submit({Rule("r1"), Say("s", "a"), Rule("r2")}).ok());
  NewRulesSweepOptions options{.drive = base::Drive::kSteps};
  options.bound = [](int64_t, const std::vector<std::string>&) -> absl::StatusOr<size_t> {
    return absl::ResourceExhaustedError("as much as it may");
  };
  std::vector<absl::StatusCode> told;
  NewRulesSweep bounded(domain_, store_, engine_, options,
                        [&](const absl::Status& status) { told.push_back(status.code()); });
  EXPECT_TRUE(absl::IsResourceExhausted(bounded.Step()));
  store_.leads = false;
  EXPECT_TRUE(absl::IsFailedPrecondition(bounded.Step()));
  EXPECT_THAT(told,
              testing::ElementsAre(absl::StatusCode::kResourceExhausted, absl::StatusCode::kOk));
}

TEST_F(RulesStreamTest, OneThatOnlyAnotherReleaseKnowsKeepsNoOther) {
  const NewerRules newer;
  engine::Engine newer_engine(newer, store_, engine::EngineOptions{});
  ASSERT_TRUE(SubmitAll(newer_engine, {Rule("r1"), Say("a", "newer")}).ok());
  const OlderRules older;
  engine::Engine older_engine(older, store_, engine::EngineOptions{});
  constexpr int kMoreThanAPage = 300;
  std::vector<engine::Command> commands;
  for (int i = 0; i < kMoreThanAPage; ++i) commands.push_back(Say(absl::StrCat("s", i), "b"));
  commands.push_back(Rule("r2"));
  ASSERT_TRUE(SubmitAll(older_engine, std::move(commands)).ok());
  NewRulesSweep sweep(older, store_, older_engine, NewRulesSweepOptions{}, nullptr);
  const absl::StatusOr<int64_t> swept = sweep.SweepOnce();
  EXPECT_TRUE(swept.ok()) << swept.status();
  for (int i = 0; i < kMoreThanAPage; ++i) EXPECT_EQ(Marked(absl::StrCat("s", i)), 2) << i;
  EXPECT_EQ(Marked("a"), 1);
}

TEST_F(RulesStreamTest, AStreamThatARuleLeavesAsItIsIsSeenOnceWithoutAnEvent) {
  ASSERT_TRUE(Submit({Rule("r1"), Say("s", "a"), Rule("same-r1")}).ok());
  EXPECT_EQ(Sweep(), 1);
  EXPECT_EQ(State("s"), "a@r1.");
  EXPECT_EQ(store_.ReadState("s")->version, 1);
  EXPECT_EQ(Marked("s"), 2);
  EXPECT_EQ(Sweep(), 0);
}

TEST_F(RulesStreamTest, WhatWasSubmittedForAnOlderRuleIsDropped) {
  ASSERT_TRUE(Submit({Say("s", "a"), Rule("r1"), Rule("r2")}).ok());
  ASSERT_TRUE(Submit({{"s", "again", engine::NewRulesOrigin{1, "id"}, {}},
                      {"unknown", "again", engine::NewRulesOrigin{2, "id"}, {}}})
                  .ok());
  EXPECT_EQ(State("s"), "a@none.");
  EXPECT_EQ(Marked("s"), 0);
  ASSERT_TRUE(Submit({{"s", "again", engine::NewRulesOrigin{2, "id"}, {}},
                      {"s", "again", engine::NewRulesOrigin{2, "id"}, {}}})
                  .ok());
  EXPECT_EQ(State("s"), "a@none.again@r2.");
  EXPECT_EQ(store_.ReadState("unknown")->version, 0);
}

TEST_F(RulesStreamTest, AStreamThatCannotBeDecidedIsParkedAndComesBackWhenItIsRedriven) {
  ASSERT_TRUE(Submit({Say("s", "a"), Say("t", "a"), Rule("broken")}).ok());
  EXPECT_FALSE(sweep_.SweepOnce().ok());
  EXPECT_FALSE(store_.ReadState("s")->parked_reason.empty());
  EXPECT_FALSE(store_.ReadState("t")->parked_reason.empty());
  ASSERT_TRUE(Submit({Rule("r2")}).ok());
  EXPECT_EQ(Sweep(), 2);
  EXPECT_EQ(State("s"), "a@none.");
  ASSERT_TRUE(store_.ClearParked("s").ok());
  Sweep();
  EXPECT_EQ(State("s"), "a@none.again@r2.");
  EXPECT_EQ(State("t"), "a@none.");
}

TEST_F(RulesStreamTest, AStreamWhoseNewDecisionCannotBeCommittedIsParked) {
  ASSERT_TRUE(Submit({Rule("r1"), Say("s", "a"), Rule("r2")}).ok());
  store_.FailNextCommits(engine::EngineOptions{}.attempts_max, absl::InternalError("refused"));
  EXPECT_EQ(sweep_.SweepOnce().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(store_.ReadState("s")->parked_reason, "INTERNAL");
  EXPECT_EQ(State("s"), "a@r1.");
  ASSERT_TRUE(store_.ClearParked("s").ok());
  EXPECT_EQ(Sweep(), 1);
  EXPECT_EQ(State("s"), "a@r1.again@r2.");
}

// It is the fault of no stream.
TEST_F(RulesStreamTest, ARuleThatCannotBeUsedParksNothing) {
  ASSERT_TRUE(Submit({Rule("r1"), Say("s", "a"), Rule("unusable")}).ok());
  engine::EventRow event;
  event.stream = "s";
  event.number = 1;
  event.ce_id = "1";
  event.data = "b";
  const engine::Command command = CommandOf(domain_, "up", event);
  EXPECT_EQ(Submit({command}).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(store_.ReadState("s")->parked_reason, "");
  EXPECT_EQ(State("s"), "a@r1.");
}

TEST_F(RulesStreamTest, TheThreadFindsANewRuleByItself) {
  std::vector<engine::Command> commands;
  for (int i = 0; i < 200; ++i) commands.push_back(Say(absl::StrCat("s", i), "a"));
  commands.push_back(Rule("r1"));
  ASSERT_TRUE(Submit(std::move(commands)).ok());
  sweep_.Start();
  // The last one in order: a newer rule would end the pass before it comes to it.
  ASSERT_TRUE(testing_support::Eventually([&] { return Marked("s99") == 1; }));
  EXPECT_EQ(Marked("s0"), 1);
  EXPECT_EQ(Marked("s199"), 1);
  ASSERT_TRUE(Submit({Rule("r2")}).ok());
  sweep_.Notify();
  EXPECT_TRUE(testing_support::Eventually([&] { return Marked("s99") == 2; }));
  sweep_.Stop();
  EXPECT_EQ(State("s99"), "a@none.again@r1.again@r2.");
}

}  // namespace
}  // namespace pathways::follow
