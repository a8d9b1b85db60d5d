#include "services/cli/spreadsheet.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/cli/sheet_formats.h"
#include "services/cli/sheet_parts.h"
#include "services/cli/sheet_values.h"
#include "services/type/text.h"

namespace pathways::cli {
namespace {

// Of a zip archive: its first part, or the end of one without parts.
constexpr absl::string_view kZip("PK\x03\x04", 4);
constexpr absl::string_view kEmptyZip("PK\x05\x06", 4);
// Of the container of .xls, and of every workbook with a password.
constexpr absl::string_view kCompoundFile("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8);
// EncryptedPackage in UTF-16, a name in the container's directory.
constexpr absl::string_view kEncryptedPackage("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0",
                                              32);

constexpr size_t kSheetsNamedMax = 20;

absl::Status RefuseCompoundFile(absl::string_view bytes) {
  if (absl::StrContains(bytes, kEncryptedPackage)) {
    return absl::InvalidArgumentError(
        "the spreadsheet is protected by a password: save it without one");
  }
  return absl::InvalidArgumentError(
      "the file is in the old format .xls: save it as .xlsx, .ods or CSV in UTF-8");
}

std::string Named(const std::vector<std::string>& names) {
  const size_t count = std::min(names.size(), kSheetsNamedMax);
  return absl::StrCat(
      absl::StrJoin(names.begin(), names.begin() + static_cast<ptrdiff_t>(count), ", "),
      names.size() > count ? ", ..." : "");
}

}  // namespace

absl::Status DamagedSheet(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the spreadsheet is damaged: ", what));
}

absl::Status ReadPart(SheetParts& parts, const std::string& name, XmlReader& reader) {
  XmlParser parser(reader);
  RETURN_IF_ERROR(parts.Read(name, [&](absl::string_view piece) { return parser.Take(piece); }));
  return parser.End();
}

absl::Status SheetRowBuilder::Begin(int64_t number) {
  if (number <= last_) {
    return absl::InvalidArgumentError("the spreadsheet is damaged: its rows are not in order");
  }
  row_.number = last_ = number;
  row_.cells.clear();
  bytes_ = 0;
  return absl::OkStatus();
}

absl::Status SheetRowBuilder::Put(int64_t column, std::string text) {
  if (type::IsBlank(text)) return absl::OkStatus();
  if (column >= kSheetColumnsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("row ", row_.number, " has a cell beyond column ",
                     ColumnLetters(kSheetColumnsMax - 1), ": is it meant to be there?"));
  }
  const auto index = static_cast<size_t>(column);
  if (column < 0 || row_.cells.size() > index) {
    return absl::InvalidArgumentError(absl::StrCat("the spreadsheet is damaged: the cells of row ",
                                                   row_.number, " are not in order"));
  }
  bytes_ += text.size();
  if (bytes_ > kSheetRowBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("row ", row_.number, ": is longer than ", kSheetRowBytesMax, " bytes"));
  }
  row_.cells.resize(index);
  row_.cells.push_back(std::move(text));
  return absl::OkStatus();
}

absl::Status SheetRowBuilder::End(int64_t times) {
  last_ = row_.number + (times - 1);
  if (row_.cells.empty()) return absl::OkStatus();
  if (last_ > kSheetRowsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the spreadsheet has more than ", kSheetRowsMax, " rows"));
  }
  for (; row_.number <= last_; ++row_.number) RETURN_IF_ERROR(take_(row_));
  return absl::OkStatus();
}

bool SheetChoice::Name(const std::string& name, bool is_visible) {
  names_.push_back(name);
  return wanted_.empty() ? is_visible : name == wanted_;
}

bool SheetChoice::NoteContent() {
  filled_.push_back(names_.back());
  return filled_.size() == 1;
}

absl::Status SheetChoice::Check() const {
  if (!wanted_.empty() && !absl::c_linear_search(names_, wanted_)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the spreadsheet has no sheet of the name that --sheet says; it has: ", Named(names_)));
  }
  if (filled_.empty()) {
    return absl::InvalidArgumentError(wanted_.empty() ? "the spreadsheet is empty"
                                                      : "the sheet is empty");
  }
  if (filled_.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the spreadsheet has several sheets with content: name one by --sheet: ", Named(filled_)));
  }
  return absl::OkStatus();
}

bool IsSpreadsheet(absl::string_view beginning) {
  return absl::StartsWith(beginning, kZip) || absl::StartsWith(beginning, kEmptyZip) ||
         absl::StartsWith(beginning, kCompoundFile);
}

absl::Status ReadSpreadsheet(absl::string_view bytes, const std::string& sheet, TakeSheetRow take) {
  if (absl::StartsWith(bytes, kCompoundFile)) return RefuseCompoundFile(bytes);
  ASSIGN_OR_RETURN(SheetParts parts, SheetParts::Open(bytes));
  if (parts.Has("content.xml") && parts.Has("mimetype")) return ReadOds(parts, sheet, take);
  if (parts.Has("encrypted-package")) {
    return absl::InvalidArgumentError(
        "the spreadsheet is protected by a password: save it without one");
  }
  if (parts.Has("xl/workbook.bin")) {
    return absl::InvalidArgumentError(
        "the file is in the format .xlsb: save it as .xlsx, .ods or CSV in UTF-8");
  }
  if (parts.Has("[Content_Types].xml")) return ReadXlsx(parts, sheet, take);
  return absl::InvalidArgumentError(
      "the file is a zip archive and no spreadsheet: an import takes .xlsx, .ods, CSV or NDJSON");
}

}  // namespace pathways::cli
