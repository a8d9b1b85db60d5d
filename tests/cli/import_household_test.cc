// Goal: rows become whole households: none is torn apart, registered without a member, or
// registered twice. Method: files of a few rows, with the faults that forms and people make.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/cli/import_file.h"
#include "tests/cli/import_support.h"

namespace pathways::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ImportCsv, RefusesAHouseholdWholeWithEveryFaultOfEveryRow) {
  const Reading reading = Read(
      File({Row("TAP-1"), Row("TAP-2", {{"sex", "W"}, {"phone", kPlanted}}),
            Row("TAP-2", {{"relationship", "CHILD"}}),
            Row("TAP-2", {{"relationship", "PRINCIPAL"}, {"given_names", ""}, {"consent", "NO"}}),
            Row("TAP-3")}));
  ASSERT_THAT(reading.items, SizeIs(3));
  EXPECT_THAT(Places(reading.items[0]), IsEmpty());
  EXPECT_THAT(Places(reading.items[1]),
              ElementsAre("3:sex", "3:phone", "5:consent", "5:given_names", "5:relationship"));
  EXPECT_THAT(reading.items[1].lines, ElementsAre(3, 4, 5));
  EXPECT_EQ(reading.items[1].household_number, "TAP-2");
  EXPECT_THAT(Places(reading.items[2]), IsEmpty());
}

TEST(ImportCsv, RefusesANumberThatComesAgainLater) {
  const Reading reading =
      Read(File({Row("TAP-1"), Row("TAP-2"), Row(" TAP-1 "), Row("TAP-2"), Row("TAP-3")}));
  ASSERT_THAT(reading.items, SizeIs(5));
  EXPECT_THAT(Places(reading.items[0]), IsEmpty());
  EXPECT_THAT(Places(reading.items[1]), IsEmpty());
  EXPECT_THAT(Places(reading.items[2]), ElementsAre("4:household_number"));
  EXPECT_THAT(reading.items[2].errors[0].reason,
              HasSubstr("household number already used in this file"));
  EXPECT_THAT(Places(reading.items[3]), ElementsAre("5:household_number"));
  EXPECT_THAT(Places(reading.items[4]), IsEmpty());
}

TEST(ImportCsv, ANumberIsUsedUpByARefusedHouseholdToo) {
  const Reading reading = Read(File({Row("TAP-1", {{"sex", ""}}), Row("TAP-2"), Row("TAP-1")}));
  ASSERT_THAT(reading.items, SizeIs(3));
  EXPECT_THAT(Places(reading.items[2]), ElementsAre("4:household_number"));
}

TEST(ImportCsv, ARowWithoutNumberBelongsToTheHouseholdAroundItOrToNone) {
  const Cells child = Row("TAP-1", {{"relationship", "CHILD"}});
  const Cells unnumbered = Row("", {{"relationship", "CHILD"}});
  const Reading inside = Read(File({Row("TAP-1"), unnumbered, child, Row("TAP-2")}));
  ASSERT_THAT(inside.items, SizeIs(2));
  EXPECT_THAT(Places(inside.items[0]), ElementsAre("3:household_number"));
  EXPECT_THAT(inside.items[0].lines, ElementsAre(2, 3, 4));

  const Reading between = Read(File({Row("TAP-1"), Row(""), Row(""), Row("TAP-2")}));
  ASSERT_THAT(between.items, SizeIs(4));
  EXPECT_THAT(Places(between.items[0]), IsEmpty());
  EXPECT_THAT(Places(between.items[1]), ElementsAre("3:household_number"));
  EXPECT_THAT(Places(between.items[2]), ElementsAre("4:household_number"));
  EXPECT_THAT(Places(between.items[3]), IsEmpty());
}

// Files of the kinds that desks sent; the first household is TAP-1, with a child.
TEST(ImportCsv, AHouseholdThatMayLackSomebodyIsRefusedWhole) {
  const Cells child = Row("TAP-1", {{"relationship", "CHILD"}});
  const auto child_of = [](const char* number) { return Row(number, {{"relationship", "CHILD"}}); };
  const struct {
    const char* name;
    std::vector<Cells> rows;
    std::vector<std::string> of_first;  // Errors of TAP-1.
  } rows[] = {{"nothing wrong", {Row("TAP-1"), child}, {}},
              {"the number on the first row alone, as of merged cells",
               {Row("TAP-1"), child_of(""), child_of("")},
               {"3:household_number", "4:household_number"}},
              {"the last member without number",
               {Row("TAP-1"), child, child_of("")},
               {"4:household_number"}},
              {"a typing error in a member's number",
               {Row("TAP-1"), child, child_of("TAP-O1")},
               {"4:household_number"}},
              {"another principal applicant without number is another household",
               {Row("TAP-1"), child, Row("")},
               {}},
              {"a principal applicant who cannot be read is reported, and no more",
               {Row("TAP-1"), child, Row("TAP-2", {{"relationship", "BOSS"}})},
               {}}};
  for (const auto& row : rows) {
    std::vector<Cells> file = row.rows;
    file.push_back(Row("TAP-9"));
    const Reading reading = Read(File(file));
    ASSERT_GE(reading.items.size(), 2) << row.name;
    EXPECT_EQ(Places(reading.items.front()), row.of_first) << row.name;
    EXPECT_THAT(Places(reading.items.back()), IsEmpty()) << row.name;
  }
}

TEST(ImportCsv, AFileSortedByNameIsRefusedWhereItTearsHouseholds) {
  const Reading reading = Read(
      File({Row("TAP-2", {{"relationship", "CHILD"}}), Row("TAP-1", {{"relationship", "CHILD"}}),
            Row("TAP-3"), Row("TAP-2"), Row("TAP-1"), Row("TAP-4")}));
  ASSERT_THAT(reading.items, SizeIs(6));
  for (const ImportItem& item : reading.items) {
    if (item.household_number == "TAP-1" || item.household_number == "TAP-2") {
      EXPECT_THAT(Places(item), testing::Not(IsEmpty()));
    }
  }
  EXPECT_THAT(Places(reading.items.back()), IsEmpty());
}

TEST(ImportCsv, RowsWithoutPrincipalAtTheBeginningTearTheHouseholdBehindThem) {
  const Reading reading =
      Read(File({Row("TAP-O1", {{"relationship", "SPOUSE"}}), Row("TAP-1"), Row("TAP-2")}));
  ASSERT_THAT(reading.items, SizeIs(3));
  EXPECT_THAT(Places(reading.items[1]), ElementsAre("2:household_number"));
  EXPECT_THAT(Places(reading.items[2]), IsEmpty());
}

TEST(ImportCsv, AQuoteInACellRefusesItsHouseholdAndNoOther) {
  for (const std::string name : {"\"Chuy\" Jesus", "Jesus \"Chuy\"", "Jesus \"el \"Chuy"}) {
    const Reading reading = Read(absl::StrCat(
        Header(), "\n", Line(Row("TAP-1", {{"given_names", name}})), "\n",
        Line(Row("TAP-1", {{"relationship", "CHILD"}})), "\n", Line(Row("TAP-2")), "\n"));
    ASSERT_THAT(reading.items, SizeIs(2)) << name;
    EXPECT_THAT(Places(reading.items[0]), ElementsAre("2:")) << name;
    EXPECT_EQ(reading.items[0].household_number, "TAP-1");
    EXPECT_THAT(Places(reading.items[1]), IsEmpty()) << name;
  }
  const Reading good = Read(File({Row("TAP-1", {{"given_names", "\"Jesus \"\"Chuy\"\"\""}})}));
  EXPECT_EQ(good.items[0].request.case_().people(0).identity().given_names(), "Jesus \"Chuy\"");
}

TEST(ImportCsv, AQuoteThatSwallowsRowsRefusesAllThatItTouches) {
  const std::string opened = Line(Row("TAP-1", {{"given_names", "\"Jesus"}}));
  const std::string closes = Line(Row("TAP-3", {{"given_names", "\"Ana\""}}));
  const Reading reading =
      Read(absl::StrCat(Header(), "\n", opened, "\n", Line(Row("TAP-2")), "\n", closes, "\n",
                        Line(Row("TAP-4")), "\n", Line(Row("TAP-5")), "\n"));
  ASSERT_THAT(reading.items, SizeIs(3));
  EXPECT_THAT(Places(reading.items[0]), ElementsAre("2:"));
  EXPECT_THAT(reading.items[0].errors[0].reason, HasSubstr("closed in line 4"));
  EXPECT_THAT(Places(reading.items[1]), ElementsAre("5:household_number"))
      << "somebody of it may have been swallowed";
  EXPECT_THAT(Places(reading.items[2]), IsEmpty());
}

TEST(ImportCsv, CountsThePeopleOfAHousehold) {
  const auto household = [](int people) {
    std::vector<Cells> rows(static_cast<size_t>(people),
                            Row("TAP-1", {{"relationship", "SIBLING"}}));
    rows[0] = Row("TAP-1");
    rows.push_back(Row("TAP-2"));
    return Read(File(rows));
  };
  for (const int people : {1, 2, 50}) {
    const Reading reading = household(people);
    ASSERT_THAT(reading.items, SizeIs(2));
    EXPECT_THAT(Places(reading.items[0]), IsEmpty());
    EXPECT_EQ(reading.items[0].request.case_().people_size(), people);
  }
  for (const int people : {51, 52, 10'000}) {
    const Reading reading = household(people);
    ASSERT_THAT(reading.items, SizeIs(2));
    EXPECT_THAT(Places(reading.items[0]), ElementsAre("52:household_number"));
    EXPECT_THAT(reading.items[0].lines, SizeIs(51));
    EXPECT_THAT(Places(reading.items[1]), IsEmpty());
  }
}

TEST(ImportCsv, ConsentIsThePrincipalApplicants) {
  const auto consents = [](const char* first, const char* second) {
    return Read(File({Row("TAP-1", {{"relationship", "CHILD"}, {"consent", first}}),
                      Row("TAP-1", {{"consent", second}})}));
  };
  EXPECT_TRUE(consents("", "YES").items[0].request.case_().consent());
  EXPECT_TRUE(consents("YES", "YES").items[0].request.case_().consent());
  EXPECT_FALSE(consents("NO", "NO").items[0].request.case_().consent());
  EXPECT_TRUE(consents("NO", "NO").items[0].request.case_().has_consent());
  EXPECT_THAT(Places(consents("NO", "YES").items[0]), ElementsAre("2:consent"));
  EXPECT_THAT(Places(consents("YES", "").items[0]), ElementsAre("3:consent"));
}

TEST(ImportCsv, ATypoInRelationshipIsOneFault) {
  const Reading reading = Read(
      File({Row("TAP-1", {{"relationship", "CHILD"}}), Row("TAP-1", {{"relationship", "BOSS"}})}));
  EXPECT_THAT(Places(reading.items[0]), ElementsAre("3:relationship"));
}

TEST(ImportCsv, CountsTheFieldsOfARow) {
  const std::string good = Line(Row("TAP-1"));
  const std::string fewer = good.substr(0, good.rfind(','));
  const Reading reading =
      Read(absl::StrCat(Header(), "\n", good, "\n", fewer, "\n", Line(Row("TAP-2")), ",", kPlanted,
                        "\n", "TAP-3\n", Line(Row("TAP-4")), "\n"));
  ASSERT_THAT(reading.items, SizeIs(4));
  EXPECT_THAT(Places(reading.items[0]), ElementsAre("3:"));
  EXPECT_THAT(reading.items[0].lines, ElementsAre(2, 3));
  EXPECT_THAT(reading.items[0].errors[0].reason,
              HasSubstr("has 21 fields where the header has 22"));
  EXPECT_THAT(Places(reading.items[1]), ElementsAre("4:"));
  EXPECT_THAT(Places(reading.items[2]), ElementsAre("5:"));
  EXPECT_EQ(reading.items[2].household_number, "TAP-3");
  EXPECT_THAT(Places(reading.items[3]), IsEmpty());
}

TEST(ImportCsv, ADayOfRegistrationIsTheDayOfItsRules) {
  const auto row = [](const char* registered, const char* entry) {
    return Places(Read(File({Row("TAP-1", {{"registered_on", registered}, {"entry_date", entry}})}))
                      .items[0]);
  };
  EXPECT_THAT(row("2023-07-20", "2023-07-20"), IsEmpty());
  EXPECT_THAT(row("2023-07-20", "2023-07-21"), ElementsAre("2:entry_date"));
  EXPECT_THAT(row("20/7/2023", "2023-07-21"), ElementsAre("2:entry_date"));
  EXPECT_THAT(row("", "2023-07-28"), IsEmpty());
  EXPECT_THAT(row("2023-07-28", "2023-07-28"), IsEmpty());
  EXPECT_THAT(row("", "2023-07-29"), ElementsAre("2:entry_date"));
}

}  // namespace
}  // namespace pathways::cli
