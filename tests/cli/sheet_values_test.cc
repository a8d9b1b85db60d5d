// Goal: a number of a spreadsheet becomes the text that its sheet shows, and never another day or
// number. Method: tables of values and formats around every boundary.
#include "services/cli/sheet_values.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace pathways::cli {
namespace {

std::string Shown(double value, const char* code, DateSystem system = DateSystem::k1900) {
  return TextOfNumber(value, ReadNumberFormat(code), system);
}

TEST(SheetValues, ANumberIsWrittenAsItWasTyped) {
  const std::tuple<double, const char*, const char*> rows[] = {
      {0, "", "0"},
      {-7, "", "-7"},
      {1990, "General", "1990"},
      {529621234567, "General", "529621234567"},
      {999999999999999, "0", "999999999999999"},
      // The program that stored it kept 15 digits: the others are gone.
      {1e15, "0", "1.00000E+15"},
      {1.5, "", "1.5"},
      {0.1, "0.00", "0.1"},
      {1234567, "#,##0", "1234567"},
      {12, "000000", "000012"},
      {1234567, "000000", "1234567"},
      {-12, "000000", "-12"},
      {12, "\"TAP-\"0000", "TAP-0012"},
      {12, "\\T\\A\\P\\-0000\" bis\"", "TAP-0012 bis"},
      {12, "0000_)", "0012"},
      {12, "[Red]0000;[Blue]-0000", "0012"},
      // Groups of digits are for the eye.
      {123456789, "000-00-0000", "123456789"},
      {0.5, "0%", "0.5"},
      {12, "00.0", "12"},
      {12000, "0.00E+00", "12000"},
      {12000, "#.##E+00", "12000"},
      {7, "000000000000000", "000000000000007"},
      // No number has so many digits.
      {7, "0000000000000000", "7"},
      {0.25, "h:mm", "0.25"}};
  for (const auto& [value, code, expected] : rows) EXPECT_EQ(Shown(value, code), expected) << code;
}

TEST(SheetValues, ADateIsTheDayThatItsWorkbookCounts) {
  const std::tuple<double, DateSystem, const char*> rows[] = {
      {0, DateSystem::k1900, "1900-01-00"},
      {1, DateSystem::k1900, "1900-01-01"},
      {59, DateSystem::k1900, "1900-02-28"},
      {60, DateSystem::k1900, "1900-02-29"},
      {61, DateSystem::k1900, "1900-03-01"},
      {45092, DateSystem::k1900, "2023-06-15"},
      {45092.75, DateSystem::k1900, "2023-06-15"},
      {45091.9999999999, DateSystem::k1900, "2023-06-15"},
      {2958465, DateSystem::k1900, "9999-12-31"},
      {2958466, DateSystem::k1900, "#####"},
      {-1, DateSystem::k1900, "#####"},
      {1e300, DateSystem::k1900, "#####"},
      {0, DateSystem::k1904, "1904-01-01"},
      {59, DateSystem::k1904, "1904-02-29"},
      {60, DateSystem::k1904, "1904-03-01"},
      {43630, DateSystem::k1904, "2023-06-15"}};
  for (const auto& [value, system, expected] : rows) {
    EXPECT_EQ(Shown(value, "dd/mm/yyyy", system), expected) << value;
  }
}

TEST(SheetValues, ADateSaysNoMoreThanItsFormatShows) {
  const std::tuple<const char*, const char*> rows[] = {
      {"m/d/yyyy", "2023-06-15"},
      {"[$-80A]d \"de\" mmmm \"de\" yyyy;@", "2023-06-15"},
      {"dd\\-mm\\-yy", "2023-06-15"},
      {"YYYY/MM/DD", "2023-06-15"},
      {"yyyy-mm-dd hh:mm:ss", "2023-06-15 18:00:00"},
      {"d/m/yy h:mm AM/PM", "2023-06-15 18:00:00"},
      {"[$-411]ge.m.d", "2023-06-15"},
      // A desk that types 06/2023 gets a first day that nobody said.
      {"mmm-yy", "2023-06"},
      {"mm/yyyy", "2023-06"},
      {"yyyy", "2023"},
      // And 15-6 becomes a day of this year.
      {"d-mmm", "15-Jun"},
      // No date at all.
      {"[h]:mm:ss", "45092.75"},
      {"mm:ss", "45092.75"},
      {"\"dmy\"0", "45092.75"}};
  for (const auto& [code, expected] : rows) EXPECT_EQ(Shown(45092.75, code), expected) << code;
  for (const int id : {14, 15, 22, 27, 36, 50, 58}) {
    EXPECT_EQ(Shown(45092, std::string(BuiltInFormat(id)).c_str()), "2023-06-15") << id;
  }
  for (const int id : {0, 1, 2, 3, 9, 11, 18, 21, 37, 45, 49, 59}) {
    EXPECT_EQ(Shown(45092, std::string(BuiltInFormat(id)).c_str()), "45092") << id;
  }
}

TEST(SheetValues, ReadsDatesOfIso8601) {
  const std::tuple<const char*, const char*> rows[] = {
      {"2023-06-15", "2023-06-15"},
      {"2023-06-15T00:00:00", "2023-06-15"},
      {"2023-06-15T10:30:00.000000000", "2023-06-15 10:30:00"},
      {"2024-02-29", "2024-02-29"},
      // No such days, which the import says.
      {"2023-02-29", "2023-02-29"},
      {"15/6/2023", "15/6/2023"},
      {"2023-06-15Tnoon", "2023-06-15Tnoon"},
      {"", ""}};
  for (const auto& [text, expected] : rows) EXPECT_EQ(TextOfIsoDate(text, kWholeDate), expected);
  EXPECT_EQ(TextOfIsoDate("2023-06-01", {.year = true, .month = true}), "2023-06");
}

TEST(SheetValues, AShownNumberCountsWhereItIsTheNumber) {
  const std::tuple<double, const char*, const char*> rows[] = {
      {12, "0012", "0012"}, {12, "TAP-0012", "TAP-0012"},
      {12, "12", "12"},     {12, "", "12"},
      {12, "###", "12"},    {1234, "1,234", "1234"},
      {0, "0000", "0000"},  {12, "13", "12"},
      {1.5, "2", "1.5"},    {-12, "0012", "-12"},
      {12, "12.00", "12"},  {1e15, "1000000000000000", "1.00000E+15"}};
  for (const auto& [value, shown, expected] : rows) {
    EXPECT_EQ(TextOfShownNumber(value, shown), expected) << shown;
  }
}

TEST(SheetValues, ReadsReferencesAndEscapes) {
  EXPECT_EQ(ColumnOfReference("A1"), 0);
  EXPECT_EQ(ColumnOfReference("Z9"), 25);
  EXPECT_EQ(ColumnOfReference("AA1"), 26);
  EXPECT_EQ(ColumnOfReference("XFD1048576"), 16383);
  EXPECT_EQ(ColumnOfReference("1"), std::nullopt);
  EXPECT_EQ(ColumnOfReference("AAAA1"), std::nullopt);
  for (const int column : {0, 25, 26, 701, 702, 16383}) {
    EXPECT_EQ(ColumnOfReference(ColumnLetters(column) + "7"), column);
  }
  EXPECT_EQ(WithoutEscapes("a_x000D_b_x005F_x_xZZZZ_ _x12"), "a\rb_x_xZZZZ_ _x12");
}

}  // namespace
}  // namespace pathways::cli
