// Reads the rows of a spreadsheet file, xlsx or ods, from its bytes.
//
// The file may be made to harm: every part, row, cell and text has a bound, and what is damaged is
// refused with advice instead of being read as far as it goes. A row that cannot be told for sure
// is none: nothing is passed over in silence. The parsers are libzip and expat; this is meant to
// run in a process without rights (spreadsheet_process.h). No error holds the value of a cell.
#ifndef PATHWAYS_SERVICES_CLI_SPREADSHEET_H_
#define PATHWAYS_SERVICES_CLI_SPREADSHEET_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pathways::cli {

// As many as spreadsheets have.
inline constexpr int64_t kSheetRowsMax = 1'048'576;
// A registration has some 40. A cell further right is one that somebody has forgotten.
inline constexpr int64_t kSheetColumnsMax = 1'000;
// As a line of a CSV.
inline constexpr size_t kSheetRowBytesMax = 64 * 1024;
// Strings that cells of xlsx share.
inline constexpr size_t kSharedStringsMax = 4'000'000;
inline constexpr size_t kSharedStringsBytesMax = size_t{128} << 20;

struct SheetRow {
  int64_t number = 0;              // As the spreadsheet shows it, from 1.
  std::vector<std::string> cells;  // Up to the last that is not blank.
};

// Takes a row that is not blank; reading ends when it fails.
using TakeSheetRow = absl::FunctionRef<absl::Status(const SheetRow&)>;

// Whether a file that begins so is a spreadsheet, of a format that is read or one that is not.
bool IsSpreadsheet(absl::string_view beginning);

// Reads the sheet of that name, or, where it is empty, the only visible one that has content. What
// was handed over counts only when it ends well. INVALID_ARGUMENT: another format, damaged,
// encrypted, or no such sheet. RESOURCE_EXHAUSTED: beyond a bound. Else what `take` returned.
absl::Status ReadSpreadsheet(absl::string_view bytes, const std::string& sheet, TakeSheetRow take);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_SPREADSHEET_H_
