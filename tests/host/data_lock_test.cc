#include "services/host/data_lock.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace pathways::host {
namespace {

using testing::HasSubstr;

int ModeOf(const std::string& path) {
  struct stat found{};
  return stat(path.c_str(), &found) == 0 ? static_cast<int>(found.st_mode & 0777) : -1;
}

TEST(DataLockTest, MakesThePrivateFolderAndHoldsItAlone) {
  const testing_support::TempFolder folder;
  const std::string data = folder.path() + "/data";
  {
    absl::StatusOr<DataLock> taken = DataLock::Take(data);
    ASSERT_TRUE(taken.ok()) << taken.status();
    EXPECT_EQ(ModeOf(data), 0700);
    EXPECT_EQ(ModeOf(data + "/lock"), 0600);
    const DataLock moved = *std::move(taken);
    const absl::Status second = DataLock::Take(data).status();
    EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(second.message()), HasSubstr(data));
  }
  EXPECT_TRUE(DataLock::Take(data).ok());
}

// The lock of a process that is killed must not outlive it.
TEST(DataLockTest, EndsWithTheProcessThatHeldIt) {
  const testing_support::TempFolder folder;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(60);
    const absl::StatusOr<DataLock> lock = DataLock::Take(folder.path());
    const char answer = lock.ok() ? 'y' : 'n';
    if (write(ready[1], &answer, 1) != 1) _exit(1);
    for (;;) pause();
  }
  close(ready[1]);
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  close(ready[0]);
  EXPECT_EQ(answer, 'y');
  EXPECT_EQ(DataLock::Take(folder.path()).status().code(), absl::StatusCode::kFailedPrecondition);
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(DataLock::Take(folder.path()).ok());
}

// Whoever may write to the folder may put another database into it.
TEST(DataLockTest, TakesNoFolderThatOthersHaveAccessTo) {
  const testing_support::TempFolder folder;
  const std::string data = folder.path() + "/data";
  ASSERT_EQ(mkdir(data.c_str(), 0700), 0);
  for (const mode_t mode : {0777U, 0770U, 0702U, 0755U, 0710U, 0701U}) {
    ASSERT_EQ(chmod(data.c_str(), mode), 0);
    const absl::Status status = DataLock::Take(data).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << std::oct << mode << status;
    EXPECT_EQ(status.message(),
              absl::StrCat("data folder ", data, ": group or others have access; chmod 700 it"));
    EXPECT_EQ(ModeOf(data + "/lock"), -1);
  }
  ASSERT_EQ(chmod(data.c_str(), 0700), 0);
  EXPECT_TRUE(DataLock::Take(data).ok());
  // The file system of /proc is root's, and open to all.
  EXPECT_EQ(DataLock::Take("/proc").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(DataLockTest, SaysWhichFolderCannotBeUsed) {
  const testing_support::TempFolder folder;
  const std::string file = folder.path() + "/file";
  std::ofstream(file) << "x";
  // What is no lock file where the lock must be refuses root too.
  const std::string barred = folder.path() + "/barred";
  ASSERT_EQ(mkdir(barred.c_str(), 0700), 0);
  ASSERT_EQ(mkdir((barred + "/lock").c_str(), 0700), 0);
  for (const std::string& data : {file, file + "/data", barred}) {
    const absl::Status status = DataLock::Take(data).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(data));
  }
}

}  // namespace
}  // namespace pathways::host
