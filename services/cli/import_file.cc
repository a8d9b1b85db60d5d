#include "services/cli/import_file.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/cli/import_formats.h"
#include "services/cli/spreadsheet.h"
#include "services/type/text.h"

namespace pathways::cli {
namespace {

// Refuses what is plainly no text, with what to do about it.
absl::Status CheckIsText(absl::string_view beginning) {
  if (type::IsBlank(beginning)) return absl::InvalidArgumentError("the file is empty");
  if (absl::StartsWith(beginning, "\xFF\xFE") || absl::StartsWith(beginning, "\xFE\xFF")) {
    return absl::InvalidArgumentError("the file is in UTF-16: save it as CSV in UTF-8");
  }
  if (beginning.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError("the file is binary, not CSV or NDJSON");
  }
  return absl::OkStatus();
}

// Nothing may have been read of it yet.
bool Begins(const LineReader& lines, absl::string_view with) {
  return absl::StartsWith(absl::StripLeadingAsciiWhitespace(lines.Ahead()), with);
}

// Line of the principal applicant, or the first.
int64_t LineOfPrincipal(const ImportItem& item) {
  const intake::v1::Case& registration = item.request.case_();
  for (size_t i = 0; i < item.lines.size(); ++i) {
    const int index = static_cast<int>(i);
    if (index < registration.people_size() &&
        registration.people(index).relationship() == type::v1::RELATIONSHIP_PRINCIPAL) {
      return item.lines[i];
    }
  }
  return item.first_line;
}

}  // namespace

absl::Status TooManyHouseholds() {
  return absl::ResourceExhaustedError(
      absl::StrCat("the file holds more than ", kHouseholdsMax, " households: split it"));
}

absl::StatusOr<FileFormat> FormatOf(const std::string& path) {
  absl::StatusOr<std::unique_ptr<LineReader>> lines = LineReader::Open(path);
  if (!lines.ok()) return lines.status();
  if (IsSpreadsheet((*lines)->Ahead())) return FileFormat::kSpreadsheet;
  return Begins(**lines, "{") ? FileFormat::kJson : FileFormat::kCsv;
}

absl::StatusOr<std::unique_ptr<ImportFile>> ImportFile::Open(const ImportInput& input) {
  const std::string& path = input.path;
  absl::StatusOr<std::unique_ptr<LineReader>> lines = LineReader::Open(path);
  if (!lines.ok()) return lines.status();
  // A household is whole or refused, and only the whole file tells whether it is whole.
  std::error_code none;
  const bool is_file = std::filesystem::is_regular_file(path, none);
  if (IsSpreadsheet((*lines)->Ahead()) && is_file) {
    return CsvImport::Open(input, FileFormat::kSpreadsheet);
  }
  absl::Status status = CheckIsText((*lines)->Ahead());
  if (!status.ok()) return status;
  if (!input.sheet.empty()) {
    return absl::InvalidArgumentError("a sheet is named, and the file is no spreadsheet");
  }
  if (Begins(**lines, "{")) {
    if (!input.mapping.empty()) {
      return absl::InvalidArgumentError("a mapping is for the columns of a table; this is NDJSON");
    }
    return std::make_unique<JsonImport>(*std::move(lines), input);
  }
  if (Begins(**lines, "[")) {
    return absl::InvalidArgumentError(
        "is a JSON array: NDJSON is expected, one case on each line, without [ and ]");
  }
  if (!is_file) {
    return absl::InvalidArgumentError(
        "a CSV is read twice, which this is not made for: save it as a file first");
  }
  return CsvImport::Open(input, FileFormat::kCsv);
}

RowError LocateViolation(const ImportItem& item, absl::string_view field,
                         absl::string_view description) {
  RowError error{item.first_line, "", std::string(description)};
  absl::ConsumePrefix(&field, "case.");
  if (!item.is_table) {
    error.column = std::string(field);
    return error;
  }
  if (field == "people") error.column = kRelationship;
  if (field == "consent") {
    error.column = kConsent;
    error.line = LineOfPrincipal(item);
  }
  if (!absl::ConsumePrefix(&field, "people[")) return error;
  const size_t end = field.find(']');
  size_t index = 0;
  if (end == absl::string_view::npos || !absl::SimpleAtoi(field.substr(0, end), &index) ||
      index >= item.lines.size()) {
    return error;
  }
  error.line = item.lines[index];
  field.remove_prefix(end + 1);
  absl::ConsumePrefix(&field, ".");
  error.column = ColumnOfField(
      field, index < item.answered.size() ? item.answered[index] : std::vector<std::string>());
  return error;
}

}  // namespace pathways::cli
