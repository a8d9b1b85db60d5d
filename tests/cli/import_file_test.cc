// Goal: what is no file of registrations is refused with a reason, a broken file is read as far as
// it can be told apart, and what the service finds leads back to a line and column. Method: tables
// of contents, and lines around the bound.
#include "services/cli/import_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/cli/line_reader.h"
#include "tests/cli/import_support.h"

namespace pathways::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using std::string_literals::operator""s;

TEST(ImportFile, RefusesWhatIsNoFileOfRegistrations) {
  const std::tuple<const char*, std::string, const char*> rows[] = {
      {"empty", "", "empty"},
      {"blank", " \r\n\n\t\n", "empty"},
      {"only a byte order mark", "\xEF\xBB\xBF", "empty"},
      {"binary",
       "\x7F"
       "ELF\x02\x01\0\0"s,
       "binary"},
      {"UTF-16", "\xFF\xFEh\0o\0"s, "UTF-16"},
      {"UTF-16 the other way", "\xFE\xFF\0h\0o"s, "UTF-16"},
      {"prose", "Dear colleague,\nplease find attached\n", "no CSV of registrations"},
      {"data without header", Line(Row("TAP-1")) + "\n", "no CSV of registrations"},
      {"a column twice", Header() + ",sex\n", "sex twice"},
      {"JSON that is an array", "[{}]", "NDJSON is expected"}};
  for (const auto& [name, content, expected] : rows) {
    const Reading reading = Read(content);
    EXPECT_EQ(reading.open.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(reading.open.message()), HasSubstr(expected)) << name;
    EXPECT_THAT(std::string(reading.open.message()), ::testing::Not(HasSubstr("Pérez"))) << name;
  }
  EXPECT_EQ(ReadPath("/nonexistent/file.csv").open.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadPath(::testing::TempDir()).open.code(), absl::StatusCode::kInvalidArgument);
}

TEST(ImportFile, AHeaderAloneIsNoHousehold) {
  const Reading reading = Read(Header() + "\n");
  EXPECT_TRUE(reading.open.ok());
  EXPECT_TRUE(reading.status.ok());
  EXPECT_THAT(reading.items, IsEmpty());
}

TEST(ImportFile, StopsWhereAQuoteIsNotClosedAndKeepsTheHouseholdBeforeItBack) {
  const std::string open_quote = "TAP-2,\"PRINCIPAL,";
  const std::string before = File({Row("TAP-1"), Row("TAP-2")});
  const Reading at_end = Read(before + open_quote + Line(Row("TAP-3")) + "\n");
  EXPECT_EQ(at_end.status.message(), "line 4: a quote opened in this row is not closed");
  ASSERT_THAT(at_end.items, SizeIs(2));
  EXPECT_THAT(Places(at_end.items[0]), IsEmpty());
  EXPECT_THAT(Places(at_end.items[1]), ElementsAre("3:"));

  std::string many = before + open_quote;
  for (int i = 0; i < 1000; ++i) many += Line(Row("TAP-3")) + "\n";
  const Reading too_long = Read(many);
  EXPECT_EQ(too_long.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(too_long.status.message()), HasSubstr("line 4: a row is longer"));
  ASSERT_THAT(too_long.items, SizeIs(2));
  EXPECT_THAT(Places(too_long.items[1]), ElementsAre("3:"));
}

TEST(ImportFile, BoundsTheLengthOfALine) {
  const auto with_line_of = [](size_t bytes) {
    const Cells row = Row("TAP-2");
    const size_t others = Line(With(row, {{"needs", ""}})).size() + 1;
    // A row that is refused for its needs, not for its length.
    return Read(
        absl::StrCat(File({Row("TAP-1"), With(row, {{"needs", std::string(bytes - others, 'x')}})}),
                     Line(Row("TAP-3")), "\n"));
  };
  const Reading longest = with_line_of(kLineBytesMax);
  EXPECT_TRUE(longest.status.ok()) << longest.status;
  ASSERT_THAT(longest.items, SizeIs(3));
  EXPECT_THAT(Places(longest.items[1]), ElementsAre("3:needs"));
  const Reading longer = with_line_of(kLineBytesMax + 1);
  EXPECT_THAT(std::string(longer.status.message()), HasSubstr("line 3: is longer than"));
  ASSERT_THAT(longer.items, SizeIs(1));
  EXPECT_THAT(Places(longer.items[0]), ElementsAre("2:")) << "its last row may be on that line";
  const Reading much_longer = with_line_of(10 * kLineBytesMax);
  EXPECT_THAT(std::string(much_longer.status.message()), HasSubstr("line 3: is longer than"));
}

TEST(ImportFile, ReadsAFileOfManyChunks) {
  std::vector<Cells> rows;
  for (int i = 0; i < 3000; ++i) rows.push_back(Row(absl::StrCat("TAP-", i)));
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const Reading reading = Read(File(rows, end));
    ASSERT_TRUE(reading.status.ok());
    ASSERT_THAT(reading.items, SizeIs(3000));
    for (size_t i = 0; i < reading.items.size(); ++i) {
      ASSERT_EQ(reading.items[i].household_number, absl::StrCat("TAP-", i));
      ASSERT_EQ(reading.items[i].first_line, static_cast<int64_t>(i) + 2);
      ASSERT_TRUE(reading.items[i].errors.empty());
    }
  }
}

TEST(LocateViolation, LeadsBackToLineAndColumn) {
  ImportItem item = Read(File({Row("TAP-1", {{"relationship", "CHILD"}}), Row("TAP-1")})).items[0];
  const std::tuple<const char*, int64_t, const char*> rows[] = {
      {"case.people[0].identity.given_names", 2, "given_names"},
      {"case.people[1].identity.date_of_birth", 3, "date_of_birth"},
      {"case.people[1].identity.documents[0].type", 3, "document_type"},
      {"case.people[1].identity.documents[0].number", 3, "document_number"},
      {"case.people[1].identity.documents", 3, "document_number"},
      {"case.people[1].identity.registration_number", 3, "household_number"},
      {"case.people[1].nationalities", 3, "nationality"},
      {"case.people[1].nationalities[0]", 3, "nationality"},
      {"case.people[1].nationalities[1]", 3, "other_nationality"},
      {"case.people[1].needs", 3, "needs"},
      {"case.people[1].needs[7]", 3, "needs"},
      {"case.people[1].relationship", 3, "relationship"},
      {"case.people[1].sex", 3, "sex"},
      {"case.people[1].answers[1].fact", 3, "left_country_for_fear"},
      {"case.people[1].answers[9].fact", 3, ""},
      {"case.people[1].answers", 3, ""},
      {"case.people[1].something_new", 3, ""},
      {"case.people", 2, "relationship"},
      {"case.consent", 3, "consent"},
      {"request_id", 2, ""},
      {"case.people[2].sex", 2, ""},
      {"case.people[x].sex", 2, ""},
      {"case.people[", 2, ""},
      {"", 2, ""}};
  for (const auto& [field, line, column] : rows) {
    const RowError error = LocateViolation(item, field, "what is expected");
    EXPECT_EQ(error.line, line) << field;
    EXPECT_EQ(error.column, column) << field;
    EXPECT_EQ(error.reason, "what is expected");
  }
}

}  // namespace
}  // namespace pathways::cli
