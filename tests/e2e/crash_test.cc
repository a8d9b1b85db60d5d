// Goal: SIGKILL of the real process at any crash point loses nothing and doubles nothing. Method:
// `pathways serve` is killed on the n-th hit of each point while clients play a script, is started
// again, and the clients repeat every call under the same request ids; then the history checker
// reads the stores. For the puller's point a gap is planted that only the sweep can find.
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "services/base/faults.h"
#include "tests/support/caller.h"
#include "tests/support/history.h"
#include "tests/support/serve_process.h"
#include "tests/support/stores.h"

namespace pathways {
namespace {

using testing_support::CheckHistory;
using testing_support::EndedBy;
using testing_support::History;
using testing_support::kPatience;
using testing_support::ServeFolder;
using testing_support::ServeOptions;
using testing_support::ServeProcess;

constexpr absl::Duration kVain = absl::Seconds(5);

// A point and the hit on which the process is killed there.
using Crash = std::tuple<std::string, int>;

class CrashTest : public testing::TestWithParam<Crash> {
 protected:
  const std::string& point() const { return std::get<0>(GetParam()); }
  int hit() const { return std::get<1>(GetParam()); }

  // Plays the script until the process is killed, or to its end.
  void PlayUntilKilled() {
    ServeOptions options{.flags = {"--sweep-seconds", "1"},
                         .environment = {absl::StrCat("PATHWAYS_CRASH_AT=", point(), ":", hit())}};
    // The puller is needed only where the bus loses something.
    if (point() == "puller.before_submit") {
      options.environment.push_back("PATHWAYS_MUTANT=drop_records");
    }
    ServeProcess process(folder_, options);
    bool reached = !process.WaitUntilServing();
    if (!reached) {
      const absl::Status played = PlayScript(folder_, process, history_);
      ASSERT_TRUE(played.ok() || absl::IsUnavailable(played)) << played;
      // What the bus has lost for good at the end of a log is waited for in vain.
      const bool loses = point() == "puller.before_submit";
      if (played.ok()) WaitUntilSettled(folder_, process, loses ? kVain : kPatience);
      // Its connections may be gone a moment before the process is.
      reached = process.WaitForEnd(played.ok() ? absl::ZeroDuration() : kPatience).has_value();
    }
    if (reached) {
      ASSERT_TRUE(EndedBy(process.WaitForEnd(kPatience), SIGKILL)) << process.Log();
      return;
    }
    // The script is too short for so many hits, or the last of them comes now.
    ASSERT_GT(hit(), 1) << "the crash point was never reached";
    ASSERT_TRUE(process.Terminate() || EndedBy(process.WaitForEnd(kPatience), SIGKILL));
  }

  void PlayToTheEnd() {
    ServeProcess process(folder_, {.flags = {"--sweep-seconds", "1"}});
    ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
    const absl::Status played = PlayScript(folder_, process, history_);
    ASSERT_TRUE(played.ok()) << played;
    ASSERT_TRUE(WaitUntilSettled(folder_, process));
    ASSERT_TRUE(process.Terminate());
  }

  ServeFolder folder_;
  History history_;
};

TEST_P(CrashTest, LosesAndDoublesNothing) {
  ASSERT_NO_FATAL_FAILURE(PlayUntilKilled());
  ASSERT_NO_FATAL_FAILURE(PlayToTheEnd());
  const auto verdict = CheckHistory(folder_.data(), folder_.log(), history_);
  EXPECT_TRUE(verdict.IsClean()) << verdict;
}

INSTANTIATE_TEST_SUITE_P(All, CrashTest,
                         testing::Combine(testing::ValuesIn(base::EmbeddedCrashPoints()),
                                          testing::Values(1, 2, 3, 5, 9)),
                         [](const testing::TestParamInfo<Crash>& row) {
                           std::string name = std::get<0>(row.param);
                           for (char& c : name) c = c == '.' ? '_' : c;
                           return absl::StrCat(name, "_hit_", std::get<1>(row.param));
                         });

}  // namespace
}  // namespace pathways
