// What the cells of a spreadsheet say, as the text that a CSV of the same sheet would have.
//
// A spreadsheet holds a date as a count of days and a number with leading zeros as a number; what
// they mean is in the cell's number format. Here both become the text that the rest of the import
// reads. Where the text of a CSV depends on the language of the program, the form that the import
// reads is given: a date is YYYY-MM-DD. Pure; knows no file format's XML.
#ifndef PATHWAYS_SERVICES_CLI_SHEET_VALUES_H_
#define PATHWAYS_SERVICES_CLI_SHEET_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pathways::cli {

// What a cell without a usable value is given as; spreadsheet_cells.h knows both.
inline constexpr char kErrorCell[] = "#VALUE!";
inline constexpr char kFormulaWithoutResult[] = "=";

// Of a number format, what decides about the text.
struct NumberFormat {
  bool year = false;
  bool month = false;
  bool day = false;
  bool time = false;
  // Whole numbers have at least so many digits, between the two texts. 0: the format is another.
  int digits_min = 0;
  std::string prefix;
  std::string suffix;

  bool IsDate() const { return year || month || day; }
};

// Of a date that says nothing else about how it is shown.
inline const NumberFormat kWholeDate = {.year = true, .month = true, .day = true, .time = true};

// Reads a number format code of xlsx, for example 0000 or dd/mm/yyyy, by its part for numbers above
// zero.
NumberFormat ReadNumberFormat(absl::string_view code);

// The code of a format that xlsx knows by its number alone (ECMA-376, 18.8.30). Empty: plain.
absl::string_view BuiltInFormat(int64_t id);

// How the days of a workbook are counted. In 1900's, day 60 is a 29 February that never was.
enum class DateSystem { k1900, k1904 };

// A number as its format says. One without a format is written without exponent when it is whole;
// of 16 digits and more it is given in short, for the program that stored it kept only 15.
std::string TextOfNumber(double value, const NumberFormat& format, DateSystem system);

// A date of ISO 8601, with or without a time, as far as the format shows it. Midnight is no time.
// The text as it is where it is no such date.
std::string TextOfIsoDate(absl::string_view text, const NumberFormat& format);

// The text that a spreadsheet shows for a whole number, where it is the number with more zeros or
// with text around it; else the number.
std::string TextOfShownNumber(double value, absl::string_view shown);

// The text of an error cell, where it is one that the import knows as such.
std::string TextOfError(absl::string_view shown);

// Takes back how xlsx writes characters that XML cannot hold: _x000D_.
std::string WithoutEscapes(absl::string_view text);

// 0 for A, 27 for AB7. Nothing for what does not begin with a column, or with one beyond ZZZ.
std::optional<int> ColumnOfReference(absl::string_view reference);
// The other way round.
std::string ColumnLetters(int column);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_SHEET_VALUES_H_
