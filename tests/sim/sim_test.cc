// Goal: whatever fails, in whatever order, nothing is lost, nothing is done twice, and who tells of
// a fault has one. Method: the three services under one scheduler, seed after seed (world.h);
// `./dev sim` plays more. The same seed must be the same play, and a deliberate fault in the
// services must be found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/sim/world.h"
#include "tests/support/run_in_shell.h"

namespace pathways::sim {
namespace {

constexpr uint64_t kSeeds = 600;

const Ground& TheGround() {
  static const Ground& ground = *new Ground(ReadGround());
  return ground;
}

TEST(SimTest, OneCalmDayEndsWithAReferral) {
  World world(1, Faults{}, TheGround());
  EXPECT_EQ(absl::StrJoin(world.Run(), "\n"), "");
  EXPECT_FALSE(world.service("referral").store->ReadHeads("", 10)->empty());
  EXPECT_TRUE(world.alarms().empty());
}

TEST(SimTest, TwoRunsOfASeedAreOnePlay) {
  Faults all;
  all.repeats = all.delays = all.bus_away = all.streams_away = all.store_away = true;
  all.crashes = all.freezes = all.clocks = all.lost_replies = true;
  World first(7, all, TheGround());
  (void)first.Run();
  World second(7, all, TheGround());
  (void)second.Run();
  EXPECT_EQ(first.trace(), second.trace());
  World other(8, all, TheGround());
  (void)other.Run();
  EXPECT_NE(first.trace(), other.trace());
}

TEST(SimTest, NoSeedFindsAnything) {
  for (uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
    World world(seed, FaultsOf(seed), TheGround());
    EXPECT_EQ(absl::StrJoin(world.Run(), "\n"), "") << "replay: ./dev sim --seed " << seed;
  }
}

// A deliberate fault in the services, which is compiled in and asked for by the environment.
class SimMutantTest : public testing::TestWithParam<const char*> {};

TEST_P(SimMutantTest, IsFoundAndCanBeReplayed) {
  const std::string command =
      absl::StrCat("PATHWAYS_MUTANT=", GetParam(), " ", PATHWAYS_SIM, " --seeds 2000");
  const auto [text, exit_code] = testing_support::RunInShell(command);
  EXPECT_EQ(exit_code, 1) << text;
  EXPECT_THAT(text, testing::HasSubstr("replay: ./dev sim --seed "));
}

INSTANTIATE_TEST_SUITE_P(All, SimMutantTest,
                         testing::Values("never_give_up", "no_audit", "no_fold_sweep",
                                         "no_number_checks", "no_request_ids", "no_rescreening",
                                         "no_tail_check", "position_before_effect",
                                         "process_clock_timers", "publish_before_commit",
                                         "relay_drop", "relay_two_workers", "send_withheld",
                                         "skip_duplicate_check", "stop_at_unread",
                                         "sweep_heads_first", "timers_first_page"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace pathways::sim
