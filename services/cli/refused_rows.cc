#include "services/cli/refused_rows.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"
#include "services/cli/import_formats.h"

namespace pathways::cli {
namespace {

class RefusedRows {
 public:
  explicit RefusedRows(const ImportSummary& summary) : lines_(summary.refused_lines) {
    for (const RowError& error : summary.errors) {
      std::string& reason = reasons_[error.line];
      absl::StrAppend(&reason, reason.empty() ? "" : "; ", error.column,
                      error.column.empty() ? "" : ": ", error.reason);
    }
  }

  bool Holds(int64_t line) const { return std::binary_search(lines_.begin(), lines_.end(), line); }

  std::string ReasonOf(int64_t line) const {
    const auto found = reasons_.find(line);
    return found == reasons_.end() ? "" : found->second;
  }

 private:
  const std::vector<int64_t>& lines_;
  std::map<int64_t, std::string> reasons_;
};

// One row of RFC 4180. `reason` takes the place of the one that an import before this gave, or
// comes behind the columns of the header. Cells that are too many stay: without them the others
// would stand under columns that are not theirs, and could be taken so.
std::string RowOf(const CsvTable& table, std::vector<std::string> cells, std::string reason) {
  const auto place = std::find(table.header.begin(), table.header.end(), kRefusedBecause);
  cells.resize(std::max(cells.size(), table.header.size()));
  const auto cell = cells.begin() + (place - table.header.begin());
  if (place == table.header.end()) {
    cells.insert(cell, std::move(reason));
  } else {
    *cell = std::move(reason);
  }
  return absl::StrCat(absl::StrJoin(cells, std::string(1, table.delimiter),
                                    [](std::string* out, const std::string& cell) {
                                      absl::StrAppend(out, CsvCell(cell));
                                    }),
                      "\r\n");
}

// A row that cannot be read, with a cell more like the others.
std::string AsWritten(const CsvTable& table, absl::string_view written, const std::string& reason) {
  return absl::StrCat(absl::StripTrailingAsciiWhitespace(written), std::string(1, table.delimiter),
                      CsvCell(reason), "\r\n");
}

absl::StatusOr<std::string> CsvOf(const ImportInput& input, FileFormat format,
                                  const RefusedRows& refused) {
  ASSIGN_OR_RETURN(const std::vector<CsvTable> tables, OpenTables(input, format, 1));
  const CsvTable& table = tables[0];
  std::string text = RowOf(table, table.header, kRefusedBecause);
  for (;;) {
    const absl::StatusOr<std::optional<CsvRow>> row = table.rows->Next();
    // What cannot be read on was told by the import.
    if (!row.ok() || !*row) return text;
    if (!refused.Holds((*row)->line)) continue;
    const std::string reason = refused.ReasonOf((*row)->line);
    text += (*row)->fault.empty() ? RowOf(table, (*row)->fields, reason)
                                  : AsWritten(table, (*row)->written, reason);
  }
}

absl::StatusOr<std::string> JsonOf(const ImportInput& input, const RefusedRows& refused) {
  ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines, LineReader::Open(input.path));
  std::string text;
  std::string line;
  for (;;) {
    switch (lines->Next(line)) {
      case LineReader::Result::kLine:
        if (refused.Holds(lines->line_number())) text += line;
        break;
      case LineReader::Result::kTooLong:
        break;
      case LineReader::Result::kEnd:
      case LineReader::Result::kFailed:
        return text;
    }
  }
}

}  // namespace

absl::Status WriteRefusedRows(const ImportInput& input, const ImportSummary& summary,
                              const std::string& path) {
  std::string text;
  if (summary.refused > 0) {
    const RefusedRows refused(summary);
    ASSIGN_OR_RETURN(const FileFormat format, FormatOf(input.path));
    ASSIGN_OR_RETURN(
        text, format == FileFormat::kJson ? JsonOf(input, refused) : CsvOf(input, format, refused));
  }
  return base::WritePrivateFile(path, text, base::Existing::kReplace);
}

}  // namespace pathways::cli
