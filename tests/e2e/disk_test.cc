// Goal: a disk that is full costs nothing that was answered and mends without a restart; a folder
// that cannot be written is a clear error at the start. Method: the real process runs under a limit
// on the size of its files (RLIMIT_FSIZE, so that no privilege is needed), which is raised while it
// runs; the checker reads the stores. The bounds of one file stand for the whole disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>

#include "services/cli/exit_codes.h"
#include "tests/support/caller.h"
#include "tests/support/history.h"
#include "tests/support/serve_process.h"
#include "tests/support/stores.h"

namespace pathways {
namespace {

using intake::v1::IntakeService;
using testing::HasSubstr;
using testing_support::Caller;
using testing_support::CheckHistory;
using testing_support::History;
using testing_support::kPatience;
using testing_support::ServeFolder;
using testing_support::ServeProcess;

// Room for the empty stores and some cases.
constexpr int64_t kFileBytesMax = 600'000;
constexpr int kCasesMax = 2000;
constexpr absl::Duration kLook = absl::Milliseconds(20);

class DiskTest : public testing::Test {
 protected:
  // Registers until the disk is full; the refusal.
  absl::Status FillDisk(const Caller& desk) {
    for (int i = 0; i < kCasesMax; ++i) {
      const auto request = RegistrationOf("disk", i, history_);
      const auto response =
          desk.Change("RegisterCase", &IntakeService::Stub::RegisterCase, request, history_);
      if (response.ok()) continue;
      refused_ = request;
      return response.status();
    }
    return absl::OkStatus();
  }

  // Looks at the health of intake until it is `serving`.
  static bool WaitForHealth(const Caller& desk, ServeProcess& process, bool serving) {
    const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoSeconds(kPatience);
    while (desk.IsServing("pathways.intake.v1.IntakeService") != serving) {
      if (process.WaitForEnd(kLook) || std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
  }

  ServeFolder folder_;
  History history_;
  intake::v1::RegisterCaseRequest refused_;
};

TEST_F(DiskTest, AFullDiskRefusesAndMendsWithoutARestart) {
  ServeProcess process(folder_,
                       {.flags = {"--sweep-seconds", "1"}, .file_bytes_max = kFileBytesMax});
  ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
  // An idle connection answers the server's goodbye only after seconds.
  auto desk = std::make_unique<Caller>(folder_, process, "staff/desk");
  ASSERT_TRUE(WaitForHealth(*desk, process, true));

  const cli::Failure failure = cli::FailureOf(FillDisk(*desk));
  EXPECT_EQ(failure.code, absl::StatusCode::kUnavailable) << failure.message;
  EXPECT_THAT(failure.message, HasSubstr("nothing was written"));
  EXPECT_GT(failure.retry_after, absl::ZeroDuration());
  EXPECT_TRUE(WaitForHealth(*desk, process, false)) << process.Log();
  EXPECT_THAT(process.Log(), HasSubstr("store_cannot_write"));

  ASSERT_TRUE(process.SetFileBytesMax(std::nullopt));
  EXPECT_TRUE(WaitForHealth(*desk, process, true)) << process.Log();
  EXPECT_TRUE(
      desk->Change("RegisterCase", &IntakeService::Stub::RegisterCase, refused_, history_).ok());
  EXPECT_TRUE(PlayScript(folder_, process, history_).ok());
  EXPECT_TRUE(WaitUntilSettled(folder_, process)) << process.Log();
  desk.reset();
  ASSERT_TRUE(process.Terminate());
  const auto verdict = CheckHistory(folder_.data(), folder_.log(), history_);
  EXPECT_TRUE(verdict.IsClean()) << verdict;
}

TEST_F(DiskTest, WhatIsOnAFullDiskIsWholeAfterAKill) {
  {
    ServeProcess process(folder_, {.file_bytes_max = kFileBytesMax});
    ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
    const Caller desk(folder_, process, "staff/desk");
    ASSERT_TRUE(absl::IsUnavailable(FillDisk(desk)));
  }  // Killed.
  ServeProcess process(folder_, {.flags = {"--sweep-seconds", "1"}});
  ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
  EXPECT_TRUE(WaitUntilSettled(folder_, process));
  ASSERT_TRUE(process.Terminate());
  const auto verdict = CheckHistory(folder_.data(), folder_.log(), history_);
  EXPECT_TRUE(verdict.IsClean()) << verdict;
}

// A file in the place of what must be a folder cannot be written to by anybody, root included.
TEST_F(DiskTest, AStoreThatCannotBeOpenedIsAnErrorAtTheStart) {
  ASSERT_EQ(mkdir((folder_.data() + "/referral.db").c_str(), 0700), 0);
  ServeProcess process(folder_);
  EXPECT_FALSE(process.WaitUntilServing());
  EXPECT_TRUE(testing_support::ExitedWith(process.WaitForEnd(kPatience), cli::kExitFailed));
  EXPECT_THAT(process.Log(), HasSubstr("referral.db: SQLite: "));
}

TEST_F(DiskTest, AFolderThatCannotBeWrittenIsAnErrorAtTheStart) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write where the mode forbids it";
  ASSERT_EQ(chmod(folder_.data().c_str(), 0500), 0);
  ServeProcess process(folder_);
  EXPECT_FALSE(process.WaitUntilServing());
  EXPECT_TRUE(testing_support::ExitedWith(process.WaitForEnd(kPatience), cli::kExitFailed));
  EXPECT_THAT(process.Log(), HasSubstr("data folder"));
  ASSERT_EQ(chmod(folder_.data().c_str(), 0700), 0);
}

}  // namespace
}  // namespace pathways
