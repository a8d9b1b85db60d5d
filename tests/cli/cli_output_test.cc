// Goal: columns stay aligned and nothing in a cell can break the line. Method: tables by hand.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "pathways/intake/v1/case.pb.h"
#include "services/cli/output.h"

namespace pathways::cli {
namespace {

TEST(CliOutput, WidthsAreThoseOfATerminal) {
  const std::vector<std::pair<std::string, int>> rows = {
      {"", 0},
      {"abc", 3},
      {"Núñez", 5},
      {"Nu\xCC\x81n\xCC\x83"
       "ez",
       5},
      {"Zoé Fèvrye", 10},
      {"日本", 4},
      {"€", 1},
      {"😀", 2},
      {"\xFF", 1},
      {"\xE2\x82", 1},
  };
  for (const auto& [text, width] : rows) EXPECT_EQ(WidthOf(text), width) << text;
}

TEST(CliOutput, ColumnsAreAligned) {
  EXPECT_EQ(Render({.header = {"name", "b", "c"},
                    .rows = {{"Núñez", "", "x"}, {"a", "\x1b[2J\nx", ""}, {"", "", ""}}}),
            "name   b       c\n"
            "Núñez          x\n"
            "a       [2J x\n"
            "\n");
  EXPECT_EQ(Render({.header = {"only", "header"}}), "only  header\n");
}

TEST(CliOutput, CellsAreForPeople) {
  intake::v1::Person person;
  EXPECT_EQ(CellOf(person, "identity.given_names"), "");
  EXPECT_EQ(CellOf(person, "entry_date"), "");
  EXPECT_EQ(CellOf(person, "sex"), "");
  person.mutable_identity()->set_given_names("Ana");
  person.mutable_entry_date()->set_year(2023);
  EXPECT_EQ(CellOf(person, "entry_date"), "2023");
  person.mutable_entry_date()->set_month(6);
  EXPECT_EQ(CellOf(person, "entry_date"), "2023-06");
  person.mutable_entry_date()->set_day(1);
  EXPECT_EQ(CellOf(person, "entry_date"), "2023-06-01");
  person.set_age_band(type::v1::AGE_BAND_60_PLUS);
  person.add_needs("CR-CP");
  person.add_needs("SP-PT");
  EXPECT_EQ(CellOf(person, "identity.given_names"), "Ana");
  EXPECT_EQ(CellOf(person, "age_band"), "60_PLUS");
  EXPECT_EQ(CellOf(person, "needs"), "CR-CP, SP-PT");
}

}  // namespace
}  // namespace pathways::cli
