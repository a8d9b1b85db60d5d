// Spreadsheets for the tests of the import, made from the XML that programs write.
#ifndef PATHWAYS_TESTS_CLI_SHEET_SUPPORT_H_
#define PATHWAYS_TESTS_CLI_SHEET_SUPPORT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tests/cli/import_support.h"
#include "tests/support/zip_file.h"

namespace pathways::cli {

using testing_support::Parts;
using testing_support::Zip;

// The parts with one put in the place of its namesake, or behind them.
Parts WithPart(Parts parts, const std::string& name, const std::string& content);

struct XlsxSheet {
  std::string name = "Hoja1";
  std::string rows;        // The elements within sheetData.
  std::string state;       // visible, hidden or veryHidden; empty: not said.
  std::string after_rows;  // What stands behind sheetData.
};
// A workbook with shared strings "shared 0", "shared 1" and so on.
Parts XlsxParts(const std::vector<XlsxSheet>& sheets, const std::string& workbook_properties = "");
std::string Xlsx(const std::string& rows, const std::string& workbook_properties = "");

// Cell formats of XlsxParts, by the number that s= names.
enum XlsxFormat {
  kPlain,
  kDay,          // dd/mm/yyyy
  kBuiltInDay,   // Number 14.
  kDayAndTime,   // yyyy-mm-dd hh:mm:ss
  kMonthOfYear,  // mmm-yy
  kDayOfMonth,   // d-mmm
  kSixDigits,    // 000000
  kPrefixed,     // "TAP-"0000
  kThousands,    // #,##0
};

// A spreadsheet of OpenDocument: `tables` are the elements within office:spreadsheet.
Parts OdsParts(const std::string& tables, const std::string& styles = "");
std::string Ods(const std::string& rows, const std::string& styles = "");

// Header and rows in which every cell is text, as a CSV of them would be.
std::string XlsxOfText(const std::vector<Cells>& rows);
std::string OdsOfText(const std::vector<Cells>& rows);
// A row of xlsx with text cells; a blank text is no cell.
std::string XlsxTextRow(const std::vector<std::string>& texts);
std::string OdsTextRow(const std::vector<std::string>& texts);

// What ReadSpreadsheet gives: rows as "number: a|b|c".
struct SheetReading {
  absl::Status status;
  std::vector<std::string> rows;
};
SheetReading ReadBytes(absl::string_view bytes, const std::string& sheet = "");

}  // namespace pathways::cli

#endif  // PATHWAYS_TESTS_CLI_SHEET_SUPPORT_H_
