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
  EXPECT_EQ(reading.items[0].errors[0].reason, "has 21 fields where the header has 22");
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
