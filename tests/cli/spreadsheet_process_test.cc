// Goal: whatever happens to the process that reads a spreadsheet, the import gets all rows or an
// error, and the reader can do nothing but read. Method: real programs that end, die, hang or talk
// in its place, bytes that no reader sends, and a process that tries what it gave up.
#include "services/cli/spreadsheet_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/reader_rights.h"
#include "tests/cli/sheet_support.h"
#include "tests/support/temp_folder.h"

namespace pathways::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SpreadsheetProcess : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = absl::StrCat(folder_.path(), "/", name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  // A program in the reader's place.
  ReaderProcess Script(const std::string& does) {
    const std::string path = Write("reader.sh", absl::StrCat("#!/bin/sh\n", does, "\n"));
    EXPECT_EQ(chmod(path.c_str(), S_IRWXU), 0);
    return {.program = path};
  }
  std::string sheet_ = Xlsx(
      "<row><c><v>1</v></c><c/><c><v>3</v></c></row><row r='7'><c><v>2</v>"
      "</c></row>");

  testing_support::TempFolder folder_;
};

TEST_F(SpreadsheetProcess, GivesTheRowsThatTheReaderFound) {
  const auto records = ReadSpreadsheetApart(Write("a", sheet_), "");
  ASSERT_TRUE(records.ok()) << records.status();
  std::vector<std::string> rows;
  SheetRow row;
  for (size_t position = 0; records->Next(position, row);) {
    rows.push_back(absl::StrCat(row.number, ": ", absl::StrJoin(row.cells, "|")));
  }
  EXPECT_THAT(rows, ElementsAre("1: 1||3", "7: 2"));
}

TEST_F(SpreadsheetProcess, GivesTheErrorThatTheReaderFound) {
  EXPECT_EQ(ReadSpreadsheetApart("/nonexistent.xlsx", "").status().code(),
            absl::StatusCode::kNotFound);
  const std::string no_sheet =
      "\xC2\x9B"
      "31m\n";
  const auto reading = ReadSpreadsheetApart(
      Write("a", Zip(XlsxParts({{.name = no_sheet, .rows = "<row><c><v>1</v></c></row>"}}))),
      "other");
  EXPECT_EQ(reading.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(reading.status().message()), HasSubstr("it has: ??31m"));
}

TEST_F(SpreadsheetProcess, AReaderThatDoesNotEndWellIsAnError) {
  const std::string path = Write("a", sheet_);
  const std::tuple<const char*, const char*> rows[] = {
      {"kill -9 $$", "was ended by signal 9"},
      {"kill -6 $$", "was ended by signal 6"},
      {"kill -24 $$", "took too long"},
      {"exit 3", "ended with 3"},
      {"exit 0", "ended too early"},
      {"printf 'aaaaaaaaaaaaaaaa'", "something else than rows"},
      // One row that is whole, and death before the end.
      {"printf '\\001\\0\\0\\0\\001\\0\\0\\0\\001\\0\\0\\0x'", "ended too early"},
      {"printf '\\001\\0\\0\\0\\001\\0\\0\\0\\001\\0\\0\\0x'; kill -9 $$", "ended by signal 9"}};
  for (const auto& [does, expected] : rows) {
    const auto reading = ReadSpreadsheetApart(path, "", Script(does));
    EXPECT_EQ(reading.status().code(), absl::StatusCode::kInvalidArgument) << does;
    EXPECT_THAT(std::string(reading.status().message()), HasSubstr(expected)) << does;
  }
  EXPECT_EQ(ReadSpreadsheetApart(path, "", {.program = "/nonexistent"}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(SpreadsheetProcess, AReaderThatSaysNothingOrTooMuchIsEnded) {
  const std::string path = Write("a", sheet_);
  ReaderProcess hangs = Script("exec tail -f /dev/null");
  hangs.timeout = absl::Milliseconds(100);
  EXPECT_THAT(std::string(ReadSpreadsheetApart(path, "", hangs).status().message()),
              HasSubstr("took too long"));
  ReaderProcess lives_on = Script("exec >&-; exec tail -f /dev/null");
  lives_on.timeout = absl::Milliseconds(500);
  EXPECT_FALSE(ReadSpreadsheetApart(path, "", lives_on).ok());
  EXPECT_EQ(ReadSpreadsheetApart(path, "", Script("exec cat /dev/zero")).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(SpreadsheetProcess, TheReaderGetsNothingButTheFile) {
  setenv("PATHWAYS_TOKEN", "planted", 1);
  const std::string seen = absl::StrCat(folder_.path(), "/seen");
  ReaderProcess process = Script(
      absl::StrCat("exec 9>", seen, "; env >&9; ls /proc/self/fd | tr '\\n' ' ' >&9; exit 1"));
  (void)ReadSpreadsheetApart(Write("a", sheet_), "", process);
  unsetenv("PATHWAYS_TOKEN");
  std::ifstream file(seen);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_THAT(text, HasSubstr("MALLOC_CONF="));
  EXPECT_THAT(text, testing::Not(HasSubstr("planted")));
}

TEST_F(SpreadsheetProcess, RefusesAFileBeyondTheBoundUnread) {
  const std::string path = Write("a", sheet_);
  ASSERT_EQ(truncate(path.c_str(), (int64_t{64} << 20) + 1), 0);
  const auto reading = ReadSpreadsheetApart(path, "", {.program = "/nonexistent"});
  EXPECT_EQ(reading.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(reading.status().message()), HasSubstr("larger than 64 MiB"));
}

TEST_F(SpreadsheetProcess, MemoryThatTheReaderMayNotHaveIsAnError) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "memory is not bounded under a sanitizer";
#endif
  // One name of 300 MB, which expat has to hold more than once while it waits for its end.
  const std::string huge =
      Xlsx("<row><c><v>1</v></c></row><" + std::string(300'000'000, 'x') + "/>");
  ASSERT_LT(huge.size(), 1U << 20);
  const auto reading = ReadSpreadsheetApart(Write("a", huge), "");
  EXPECT_THAT(std::string(reading.status().message()),
              testing::AnyOf(HasSubstr("needs more memory"), HasSubstr("ended by signal")));
}

TEST(SheetRecords, AreRefusedWhenNoReaderSendsThem) {
  const auto number = [](uint32_t n) {
    return std::string(reinterpret_cast<const char*>(&n), sizeof(n));
  };
  const std::string row = number(3) + number(1) + number(1) + "x";
  const std::string end = number(0) + number(0) + number(0);
  EXPECT_TRUE(SheetRecords::FromReader(end).ok());
  EXPECT_TRUE(SheetRecords::FromReader(row + end).ok());
  for (const std::string& bytes :
       {std::string(), row, row + row + end, end + row, number(1'048'577) + number(0) + end,
        number(3) + number(1001) + end, number(3) + number(1) + number(1'000'000) + end,
        number(3) + number(1) + number(65'537) + std::string(65'537, 'x') + end,
        number(0) + number(0) + number(5) + "x"}) {
    EXPECT_EQ(SheetRecords::FromReader(bytes).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

// Each in a process of its own, which ends by the call that is not allowed.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
class ReaderRightsDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

void Without(void (*does)()) {
  if (!GiveUpRights().ok()) _exit(9);
  does();
  _exit(0);
}

TEST_F(ReaderRightsDeathTest, NoFileNetworkProcessOrCodeCanBeHad) {
  const auto killed = testing::KilledBySignal(SIGSYS);
  EXPECT_EXIT(Without([] { (void)fopen("/etc/hostname", "r"); }), killed, "");
  EXPECT_EXIT(Without([] { (void)socket(AF_INET, SOCK_STREAM, 0); }), killed, "");
  EXPECT_EXIT(Without([] { (void)fork(); }), killed, "");
  EXPECT_EXIT(Without([] { (void)execl("/bin/true", "true", nullptr); }), killed, "");
  EXPECT_EXIT(Without([] { (void)kill(getppid(), 0); }), killed, "");
  EXPECT_EXIT(Without([] { (void)write(STDERR_FILENO, "x", 1); }), killed, "");
  EXPECT_EXIT(Without([] {
                (void)mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                           0);
              }),
              killed, "");
}

TEST_F(ReaderRightsDeathTest, MemoryAndStandardOutputCanBeHad) {
  EXPECT_EXIT(Without([] {
                void* const some = malloc(64 << 20);
                void* const too_much = malloc(size_t{2} << 30);
                const bool is_bounded = some != nullptr && too_much == nullptr;
                free(some);
                (void)write(STDOUT_FILENO, "", 0);
                _exit(is_bounded ? 7 : 8);
              }),
              testing::ExitedWithCode(7), "");
}
#endif

}  // namespace
}  // namespace pathways::cli
