// Goal: the history checker catches deliberate faults, so its silence elsewhere means something.
// Method: the real process runs as a mutant, with self-repair off, on a planted occasion for its
// fault: a repeat of every record, some updates, or a crash just after a consumer moved its
// position. The same
// occasions without a mutant are clean, and a second table shows what self-repair heals.
#include <gtest/gtest.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "tests/support/caller.h"
#include "tests/support/history.h"
#include "tests/support/serve_process.h"
#include "tests/support/stores.h"

namespace pathways {
namespace {

using testing_support::Fault;
using testing_support::History;
using testing_support::ServeFolder;
using testing_support::ServeProcess;
using testing_support::Verdict;

// How long what is lost for good is waited for in vain.
constexpr absl::Duration kVain = absl::Seconds(2);

enum class Occasion { kRepeat, kCrash, kUpdates };

struct Row {
  std::string name;
  std::string mutant;  // Empty: none.
  Occasion occasion;
  bool repairs;
  bool caught;
};

// What a test prints when it fails.
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

class MutantTest : public testing::TestWithParam<Row> {
 protected:
  std::vector<std::string> Environment(const std::string& more) const {
    std::vector<std::string> all = {"PATHWAYS_MUTANT=" + GetParam().mutant};
    if (!GetParam().repairs) all.push_back("PATHWAYS_REPAIR=off");
    if (!more.empty()) all.push_back(more);
    return all;
  }

  // A day without any fault.
  void PlayHealthy() {
    ServeProcess process(folder_);
    ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
    ASSERT_TRUE(PlayScript(folder_, process, history_).ok());
    ASSERT_TRUE(WaitUntilSettled(folder_, process));
    ASSERT_TRUE(process.Terminate());
  }

  // Every record is delivered again, as a bus may at any time.
  void PlantRepeat() {
    for (const auto& [service, key] : testing_support::Positions()) {
      const std::string upstream = key.substr(key.find('/') + 1);
      testing_support::SetPosition(folder_.data(), service, key, upstream, 0);
    }
  }

  // One update, and the process is killed when the first consumer has read it.
  void CrashInConsumer() {
    ServeProcess process(
        folder_, {.environment = Environment("PATHWAYS_CRASH_AT=consumer.before_submit:1")});
    ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
    (void)MoveLastCase(folder_, process, "MX-CMX", history_);
    ASSERT_TRUE(testing_support::EndedBy(process.WaitForEnd(testing_support::kPatience), SIGKILL));
  }

  // The mutant goes on until everything is settled, or will not be.
  void GoOn() {
    ServeProcess process(folder_,
                         {.flags = {"--sweep-seconds", "1"}, .environment = Environment("")});
    ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
    if (GetParam().occasion == Occasion::kCrash) {
      ASSERT_TRUE(MoveLastCase(folder_, process, "MX-CMX", history_).ok());
    } else if (GetParam().occasion == Occasion::kUpdates) {
      for (const char* state : {"MX-CMX", "MX-OAX", "MX-VER", "MX-TAB"}) {
        ASSERT_TRUE(MoveLastCase(folder_, process, state, history_).ok());
      }
    }
    WaitUntilSettled(folder_, process, GetParam().caught ? kVain : testing_support::kPatience);
    ASSERT_TRUE(process.Terminate());
  }

  ServeFolder folder_;
  History history_;
};

TEST_P(MutantTest, IsCaughtOrHealed) {
  ASSERT_NO_FATAL_FAILURE(PlayHealthy());
  if (GetParam().occasion == Occasion::kRepeat) {
    PlantRepeat();
  } else if (GetParam().occasion == Occasion::kCrash) {
    ASSERT_NO_FATAL_FAILURE(CrashInConsumer());
  }
  ASSERT_NO_FATAL_FAILURE(GoOn());
  const Verdict verdict = CheckHistory(folder_.data(), folder_.log(), history_);
  std::cout << GetParam().name << ": " << verdict << "\n";
  // Without a puller even a healthy build may wait, where one upstream overtakes the other.
  const bool waits_only =
      verdict.Count(Fault::kWaiting) == static_cast<int>(verdict.findings.size());
  EXPECT_EQ(GetParam().caught, GetParam().mutant.empty() ? !waits_only : !verdict.IsClean());
}

INSTANTIATE_TEST_SUITE_P(
    Table, MutantTest,
    testing::Values(
        Row{"HealthyAndRepeatsWithoutRepair", "", Occasion::kRepeat, false, false},
        Row{"HealthyAndCrashWithoutRepair", "", Occasion::kCrash, false, false},
        Row{"AppliesTwiceWithoutRepair", "skip_duplicate_check", Occasion::kRepeat, false, true},
        Row{"KeepsNoNumbersWithoutRepair", "no_number_checks", Occasion::kRepeat, false, true},
        Row{"PositionBeforeEffectWithoutRepair", "position_before_effect", Occasion::kCrash, false,
            true},
        Row{"LosesRecordsWithoutRepair", "drop_records", Occasion::kUpdates, false, true},
        Row{"LosesRecordsIsHealed", "drop_records", Occasion::kUpdates, true, false},
        Row{"AppliesTwiceWithRepair", "skip_duplicate_check", Occasion::kRepeat, true, true},
        Row{"PositionBeforeEffectIsHealed", "position_before_effect", Occasion::kCrash, true,
            false}),
    [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

}  // namespace
}  // namespace pathways
