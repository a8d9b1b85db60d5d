#include "services/cli/spreadsheet.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/type/text.h"
#include "tests/fuzz/targets.h"
#include "tests/support/zip_file.h"

namespace pathways::fuzz {
namespace {

constexpr absl::string_view kPart = "=== ";
constexpr size_t kPartsMax = 50;

// Other names need no archive that libzip has written: they come by mutation of one.
bool IsName(absl::string_view name) {
  return !name.empty() && name.back() != '/' && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c));
  });
}

// "=== name" and a line end before each part.
testing_support::Parts PartsOf(absl::string_view text) {
  testing_support::Parts parts;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::string_view name = line;
    if (absl::ConsumePrefix(&name, kPart)) {
      if (!IsName(name) || parts.size() == kPartsMax) return parts;
      for (const auto& part : parts) {
        if (part.first == name) return parts;
      }
      parts.emplace_back(std::string(name), "");
    } else if (!parts.empty()) {
      parts.back().second.append(line.data(), line.size());
      parts.back().second.push_back('\n');
    }
  }
  return parts;
}

void CheckRow(const cli::SheetRow& row) {
  Require(row.number >= 1 && row.number <= cli::kSheetRowsMax, "a row is one of a sheet");
  Require(!row.cells.empty() && !type::IsBlank(row.cells.back()), "a row ends with its last cell");
  Require(row.cells.size() <= static_cast<size_t>(cli::kSheetColumnsMax), "a row has an end");
  size_t bytes = 0;
  for (const std::string& cell : row.cells) {
    Require(type::IsUtf8(cell), "a cell is a text");
    bytes += cell.size();
  }
  Require(bytes <= cli::kSheetRowBytesMax, "a row has a bound");
}

void ReadAll(absl::string_view bytes) {
  int64_t last = 0;
  const absl::Status status =
      cli::ReadSpreadsheet(bytes, "", [&](const cli::SheetRow& row) -> absl::Status {
        Require(row.number > last, "rows come in order");
        last = row.number;
        CheckRow(row);
        return absl::OkStatus();
      });
  if (status.ok()) return Require(last > 0, "what is read has content");
  Require(status.code() == absl::StatusCode::kInvalidArgument ||
              status.code() == absl::StatusCode::kResourceExhausted,
          "what is refused is the file's fault");
  Require(!status.message().empty() && type::IsUtf8(status.message()), "a refusal says why");
}

}  // namespace

void Spreadsheet(absl::string_view bytes) {
  if (!absl::StartsWith(bytes, kPart)) return ReadAll(bytes);
  const testing_support::Parts parts = PartsOf(bytes);
  if (!parts.empty()) ReadAll(testing_support::Zip(parts));
}

}  // namespace pathways::fuzz
