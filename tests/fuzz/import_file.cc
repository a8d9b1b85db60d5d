#include "services/cli/import_file.h"

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/cli/spreadsheet.h"
#include "services/intake/domain/validate.h"
#include "tests/fuzz/targets.h"
#include "tests/support/facts.h"

namespace pathways::fuzz {
namespace {

const absl::CivilDay kToday(2023, 10, 16);

void CheckItem(const cli::ImportItem& item) {
  Require(item.first_line >= 1, "a household has a line");
  if (!item.errors.empty()) {
    Require(!item.request.has_case_(), "nothing of a household with errors is sent");
    return;
  }
  Require(!item.request.request_id().empty(), "what is sent has a request id");
  // A string that is no UTF-8 would end the whole stream of the import.
  intake::v1::RegisterCaseRequest received;
  Require(received.ParseFromString(item.request.SerializeAsString()),
          "intake can read what is sent");
  type::Violations violations;
  intake::CheckCase(received.case_(), *SampleFacts(), kToday, violations);
  Require(violations.empty(), "intake takes what the file's check lets through");
}

void ReadAll(absl::string_view bytes) {
  const MemoryFile file(bytes);
  const auto opened = cli::ImportFile::Open(
      {.path = file.path(), .today = kToday, .mapping = {}, .facts = SampleFacts()});
  if (!opened.ok()) return;
  size_t items = 0;
  while (const std::optional<cli::ImportItem> item = (*opened)->Next()) {
    CheckItem(*item);
    Require(++items <= bytes.size() + 1, "a file has an end");
  }
}

// As ImportFile tells the formats apart.
bool IsJson(absl::string_view bytes) {
  absl::ConsumePrefix(&bytes, "\xEF\xBB\xBF");
  return absl::StartsWith(absl::StripLeadingAsciiWhitespace(bytes), "{");
}

}  // namespace

void ImportCsv(absl::string_view bytes) {
  // A spreadsheet is read by another process, and has a target of its own.
  if (!IsJson(bytes) && !cli::IsSpreadsheet(bytes)) ReadAll(bytes);
}

void ImportJson(absl::string_view bytes) {
  if (IsJson(bytes)) ReadAll(bytes);
}

}  // namespace pathways::fuzz
