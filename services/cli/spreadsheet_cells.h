// What spreadsheets leave in the cells of a table that is exported from them.
//
// A cell whose meaning is sure is read as what it means: ="00124" is the text 00124. One that lost
// what was typed is refused with advice: the number 1.23457E+11, an error value, a formula. Pure.
#ifndef PATHWAYS_SERVICES_CLI_SPREADSHEET_CELLS_H_
#define PATHWAYS_SERVICES_CLI_SPREADSHEET_CELLS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace pathways::cli {

struct SpreadsheetCell {
  std::string text;         // Without white space around it. Empty with a fault.
  absl::string_view fault;  // What is wrong and what to do. Empty: nothing.
};

// Reads one cell, in well-formed UTF-8.
SpreadsheetCell ReadCell(absl::string_view raw);

// Whether it is what a spreadsheet shows for an error: #REF!, #¿NOMBRE?, #N/A, the ##### of a
// column that is too narrow, and LibreOffice's Err:502.
bool IsErrorValue(absl::string_view text);

// A number that a spreadsheet shows in short, as 1.23457E+11: its last digits are lost.
bool IsShortenedNumber(absl::string_view text);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_SPREADSHEET_CELLS_H_
