// Goal: PATHWAYS_MUTANT takes several mutants, and none that does not exist.
// Method: the environment is read once in a process, so each case asks in a process of its own.
#include "services/base/faults.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace pathways::base {
namespace {

// Exits with one bit for each mutant that is active.
[[noreturn]] void ExitWithActive(const char* mutants) {
  setenv("PATHWAYS_MUTANT", mutants, 1);
  const int audit = PATHWAYS_MUTANT("no_audit") ? 1 : 0;
  const int acks = PATHWAYS_MUTANT("acks_0") ? 2 : 0;
  const int records = PATHWAYS_MUTANT("drop_records") ? 4 : 0;
  _exit(audit + acks + records);
}

TEST(MutantDeathTest, NoneOneOrSeveralAreActive) {
  EXPECT_EXIT(ExitWithActive(""), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(ExitWithActive("acks_0"), testing::ExitedWithCode(2), "");
  EXPECT_EXIT(ExitWithActive("no_audit,drop_records"), testing::ExitedWithCode(5), "");
}

TEST(MutantDeathTest, ANameThatIsNoMutantEndsTheProcess) {
  EXPECT_DEATH(ExitWithActive("acks_0,no_acks"), "there is no no_acks");
}

}  // namespace
}  // namespace pathways::base
