// Goal: what is set back, left out or deleted comes back by itself, byte for byte, and what an
// upstream has lost is told and not made up. Method: a day of the real process is played, its
// stores are changed while it is stopped as a fault would change them, and after another run the
// rows are compared with those before and the history is checked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "services/cli/exit_codes.h"
#include "services/engine/engine.h"
#include "services/intake/status_projection.h"
#include "services/type/names.h"
#include "tests/support/caller.h"
#include "tests/support/history.h"
#include "tests/support/serve_process.h"
#include "tests/support/stores.h"

namespace pathways {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_support::CheckHistory;
using testing_support::History;
using testing_support::kPatience;
using testing_support::ServeFolder;
using testing_support::ServeProcess;
using testing_support::Stores;

using Rows = std::vector<std::string>;

class RepairTest : public testing::Test {
 protected:
  // One run of the process: the script, or nothing but what the services do by themselves.
  void Run(bool plays, std::vector<std::string> environment = {}) {
    ServeProcess process(folder_, {.flags = {"--sweep-seconds", "1"}, .environment = environment});
    ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
    if (plays) {
      const absl::Status played = PlayScript(folder_, process, history_);
      ASSERT_TRUE(played.ok()) << played;
    }
    // A consumer never gets to the end of a log whose last record is lost.
    if (environment.empty()) {
      ASSERT_TRUE(WaitUntilSettled(folder_, process)) << process.Log();
    }
    ASSERT_TRUE(process.Terminate());
  }

  void Check() {
    const auto verdict = CheckHistory(folder_.data(), folder_.log(), history_);
    EXPECT_TRUE(verdict.IsClean()) << verdict;
  }

  // Every row of all three services but for positions.
  Rows AllRows() const {
    Rows all = testing_support::ProjectionRows(folder_.data());
    for (const std::string service : {"intake", "eligibility", "referral"}) {
      for (const auto& rows : {testing_support::EventRows(folder_.data(), service),
                               testing_support::FoldedRows(folder_.data(), service),
                               testing_support::AppliedRows(folder_.data(), service)}) {
        all.insert(all.end(), rows.begin(), rows.end());
      }
    }
    return all;
  }

  void SetPositions(int64_t position) {
    for (const auto& [service, key] : testing_support::Positions()) {
      const std::string upstream = key.substr(key.find('/') + 1);
      testing_support::SetPosition(folder_.data(), service, key, upstream, position);
    }
  }

  ServeFolder folder_;
  History history_;
};

TEST_F(RepairTest, EverythingReadAgainChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(Run(/*plays=*/true));
  const Rows before = AllRows();
  SetPositions(0);
  ASSERT_NO_FATAL_FAILURE(Run(/*plays=*/false));
  EXPECT_EQ(AllRows(), before);
  Check();
}

TEST_F(RepairTest, RecordsThatNeverCameAreFoundBySweepsAndPulled) {
  // The positions go past what is lost, so that a later run does not read it either.
  ASSERT_NO_FATAL_FAILURE(Run(/*plays=*/true, {"PATHWAYS_MUTANT=drop_records"}));
  ASSERT_NO_FATAL_FAILURE(Run(/*plays=*/false));
  Check();
}

TEST_F(RepairTest, ADeletedStatusIsBuiltAgainByteForByte) {
  ASSERT_NO_FATAL_FAILURE(Run(/*plays=*/true));
  const Rows before = testing_support::ProjectionRows(folder_.data());
  ASSERT_THAT(before, Not(IsEmpty()));
  {
    Stores stores(folder_.data());
    ASSERT_TRUE(
        stores.intake()
            .store
            ->DropProjection(intake::kStatusProjection, {"status/eligibility", "status/referral"})
            .ok());
  }
  ASSERT_THAT(testing_support::ProjectionRows(folder_.data()), IsEmpty());
  ASSERT_NO_FATAL_FAILURE(Run(/*plays=*/false));
  EXPECT_EQ(testing_support::ProjectionRows(folder_.data()), before);
}

TEST_F(RepairTest, WhatIsFoldedIsBuiltAgainByteForByte) {
  ASSERT_NO_FATAL_FAILURE(Run(/*plays=*/true));
  const Rows before = AllRows();
  {
    Stores stores(folder_.data());
    for (auto& view : stores.views()) {
      ASSERT_TRUE(engine::RebuildFolded(*view.domain, *view.store).ok());
    }
  }
  EXPECT_EQ(AllRows(), before);
  Check();
}

// Intake's store is put back as it was before the last update.
class LostTailTest : public RepairTest {
 protected:
  void LoseTail() {
    const std::string store = folder_.data() + "/intake.db";
    const std::string copy = folder_.log() + ".copy";
    ASSERT_NO_FATAL_FAILURE(Run(/*plays=*/true));
    std::filesystem::copy_file(store, copy);
    {
      ServeProcess process(folder_);
      ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
      ASSERT_TRUE(MoveLastCase(folder_, process, "MX-CMX", history_).ok());
      ASSERT_TRUE(WaitUntilSettled(folder_, process));
      ASSERT_TRUE(process.Terminate());
    }
    ASSERT_FALSE(std::filesystem::exists(store + "-wal"));
    std::filesystem::rename(copy, store);
  }

  Rows Downstream() const {
    Rows all;
    for (const std::string service : {"eligibility", "referral"}) {
      for (const auto& rows : {testing_support::EventRows(folder_.data(), service),
                               testing_support::FoldedRows(folder_.data(), service),
                               testing_support::AppliedRows(folder_.data(), service)}) {
        all.insert(all.end(), rows.begin(), rows.end());
      }
    }
    return all;
  }
};

// Going on would give other events the numbers of those that were lost.
TEST_F(LostTailTest, StopsTheStartAndNothingIsApplied) {
  ASSERT_NO_FATAL_FAILURE(LoseTail());
  const Rows before = Downstream();
  ServeProcess process(folder_);
  EXPECT_FALSE(process.WaitUntilServing());
  EXPECT_TRUE(testing_support::ExitedWith(process.WaitForEnd(kPatience), cli::kExitFailed));
  EXPECT_THAT(process.Log(), HasSubstr("intake.db lost its tail: eligibility has read"));
  EXPECT_EQ(Downstream(), before);
}

}  // namespace
}  // namespace pathways
