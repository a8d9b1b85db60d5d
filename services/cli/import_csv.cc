#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "services/base/ids.h"
#include "services/base/status_macros.h"
#include "services/cli/column_conventions.h"
#include "services/cli/csv_rows.h"
#include "services/cli/import_formats.h"
#include "services/intake/domain/validate.h"

namespace pathways::cli {
namespace {

// What the rows of a household say together.
struct Household {
  intake::v1::Case registration;
  std::vector<int64_t> lines;         // Of the people.
  std::optional<absl::CivilDay> day;  // Day of registration at the desk.
  std::vector<RowReading> readings;   // Of the people.
  bool has_unread_row = false;        // A row has too few or too many fields.
};

void ReadRows(const Columns& columns, const std::vector<CsvRow>& rows, absl::CivilDay today,
              Household& household, std::vector<RowError>& errors) {
  for (const CsvRow& row : rows) {
    if (household.lines.size() == intake::kPeopleMax) {
      AddError(errors, {row.line, kHouseholdNumber,
                        absl::StrCat("a household has at most ", intake::kPeopleMax, " people")});
      return;
    }
    if (!row.fault.empty()) {
      household.has_unread_row = true;
      AddError(errors, {row.line, "", row.fault});
      continue;
    }
    if (!columns.Fits(row)) {
      household.has_unread_row = true;
      AddError(errors, {row.line, "",
                        absl::StrCat("has ", row.fields.size(), " fields where the header has ",
                                     columns.count(),
                                     ": a cell is missing or too many, so which cell belongs to "
                                     "which column cannot be told")});
      continue;
    }
    RowReading reading = ReadRow(columns, row, today, errors);
    *household.registration.add_people() = reading.person;
    household.lines.push_back(row.line);
    if (!household.day) household.day = reading.registered_on;
    household.readings.push_back(std::move(reading));
  }
}

// Consent is the principal applicant's. Another answer on another row is a contradiction that only
// the desk can settle.
void ReadConsent(Household& household, std::vector<RowError>& errors) {
  const auto principal =
      std::find_if(household.readings.begin(), household.readings.end(), [](const auto& reading) {
        return reading.person.relationship() == type::v1::RELATIONSHIP_PRINCIPAL;
      });
  if (principal == household.readings.end()) return;
  const size_t index = static_cast<size_t>(principal - household.readings.begin());
  if (!principal->consent) {
    AddError(errors, {household.lines[index], kConsent, kConsentExpected});
    return;
  }
  household.registration.set_consent(*principal->consent);
  for (size_t i = 0; i < household.readings.size(); ++i) {
    if (household.readings[i].consent.value_or(*principal->consent) != *principal->consent) {
      AddError(errors, {household.lines[i], kConsent, kConsentExpected});
    }
  }
}

bool HasError(const std::vector<RowError>& errors, absl::string_view column) {
  return std::any_of(errors.begin(), errors.end(),
                     [&](const RowError& error) { return error.column == column; });
}

// Adds what the service would refuse. A violation that only follows from a row or cell that could
// not be read is left out.
void CheckAsService(const Household& household, const type::Facts& facts, absl::CivilDay day,
                    ImportItem& item) {
  if (household.registration.people().empty()) return;
  const bool principal_unclear = household.has_unread_row || HasError(item.errors, kRelationship);
  type::Violations violations;
  intake::CheckCase(household.registration, facts, day, violations);
  for (const auto& violation : violations.found()) {
    if (violation.field() == "case.people" && principal_unclear) continue;
    // Without a principal applicant nobody could be asked; the household says so already.
    if (violation.field() == "case.consent") continue;
    AddError(item.errors, LocateViolation(item, violation.field(), violation.description()));
  }
}

// A first line that only says which character separates the cells, as Excel reads and writes it.
std::optional<char> TakeDelimiterLine(LineReader& lines) {
  constexpr absl::string_view kSays = "sep=";
  const absl::string_view ahead = lines.Ahead();
  absl::string_view line = absl::StripAsciiWhitespace(ahead.substr(0, ahead.find_first_of("\r\n")));
  absl::ConsumePrefix(&line, "\"");
  absl::ConsumeSuffix(&line, "\"");
  if (line.size() > kSays.size() + 1 || !absl::StartsWithIgnoreCase(line, kSays)) {
    return std::nullopt;
  }
  // A tab is stripped with the white space around it.
  const char delimiter = line.size() > kSays.size() ? line.back() : '\t';
  std::string taken;
  lines.Next(taken);
  return delimiter;
}

// Reads all rows, and finds what only the whole file shows.
absl::Status LookAhead(CsvTable& table, TornHouseholds& torn) {
  TornHouseholdsFinder finder(table.columns);
  ColumnConventions conventions(table.columns);
  for (;;) {
    const absl::StatusOr<std::optional<CsvRow>> row = table.rows->Next();
    // Where it cannot be read on is told when it is read again.
    if (!row.ok() || !*row) break;
    if ((*row)->IsBlank()) continue;
    finder.Take(**row);
    if ((*row)->fault.empty()) conventions.Take(**row);
  }
  torn = finder.End();
  return conventions.Check();
}

absl::StatusOr<char> ReadDelimiter(LineReader& lines, const ImportInput& input) {
  const std::optional<char> said = TakeDelimiterLine(lines);
  if (said) return *said;
  const absl::string_view ahead = absl::StripLeadingAsciiWhitespace(lines.Ahead());
  const auto delimiter = Columns::DelimiterOf(ahead.substr(0, ahead.find_first_of("\r\n")),
                                              *input.facts, input.mapping);
  if (delimiter) return *delimiter;
  return absl::InvalidArgumentError(
      "is no CSV of registrations: its first row names none of their columns");
}

absl::StatusOr<CsvTable> ReadHeader(std::unique_ptr<TableRows> rows, char delimiter,
                                    const ImportInput& input) {
  CsvTable table{std::move(rows), delimiter, {}, {}};
  ASSIGN_OR_RETURN(const std::optional<CsvRow> header, table.rows->Next());
  if (!header) return absl::InvalidArgumentError("has no header");
  ASSIGN_OR_RETURN(table.columns, Columns::FromHeader(header->fields, input.facts, input.mapping));
  table.header = header->fields;
  if (!header->fault.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("line ", header->line, ": ", header->fault));
  }
  return table;
}

}  // namespace

std::string CsvCell(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

absl::StatusOr<std::vector<CsvTable>> OpenTables(const ImportInput& input, FileFormat format,
                                                 int times) {
  std::vector<CsvTable> tables;
  if (format == FileFormat::kSpreadsheet) {
    ASSIGN_OR_RETURN(auto sheets, ReadSheet(input, times));
    for (auto& rows : sheets) {
      ASSIGN_OR_RETURN(tables.emplace_back(), ReadHeader(std::move(rows), ',', input));
    }
    return tables;
  }
  for (int i = 0; i < times; ++i) {
    ASSIGN_OR_RETURN(std::unique_ptr<LineReader> lines, LineReader::Open(input.path));
    ASSIGN_OR_RETURN(const char delimiter, ReadDelimiter(*lines, input));
    ASSIGN_OR_RETURN(
        tables.emplace_back(),
        ReadHeader(std::make_unique<CsvRows>(std::move(lines), delimiter), delimiter, input));
  }
  return tables;
}

absl::StatusOr<std::unique_ptr<ImportFile>> CsvImport::Open(const ImportInput& input,
                                                            FileFormat format) {
  ASSIGN_OR_RETURN(std::vector<CsvTable> tables, OpenTables(input, format, 2));
  TornHouseholds torn;
  RETURN_IF_ERROR(LookAhead(tables[1], torn));
  return std::unique_ptr<ImportFile>(new CsvImport(std::move(tables[0]), std::move(torn), input));
}

std::optional<CsvRow> CsvImport::TakeRow() {
  if (!ahead_.empty()) {
    CsvRow row = std::move(ahead_.front());
    ahead_.pop_front();
    return row;
  }
  while (status_.ok()) {
    absl::StatusOr<std::optional<CsvRow>> row = rows_->Next();
    if (!row.ok()) {
      status_ = row.status();
      break;
    }
    if (!*row) break;
    if (!(*row)->IsBlank()) return *std::move(row);
  }
  return std::nullopt;
}

std::vector<CsvRow> CsvImport::TakeHousehold(CsvRow first, const std::string& number) {
  std::vector<CsvRow> household;
  household.push_back(std::move(first));
  // A row without number behind one of this household is taken for one of it, so that the household
  // is refused and not registered without a member. A principal applicant begins another one.
  while (std::optional<CsvRow> row = TakeRow()) {
    const std::string other = HouseholdNumberOf(columns_, *row);
    const bool begins_another =
        other.empty() ? RelationshipOf(columns_, *row) == type::v1::RELATIONSHIP_PRINCIPAL
                      : other != number;
    if (begins_another) {
      ahead_.push_front(*std::move(row));
      break;
    }
    if (household.size() <= intake::kPeopleMax) household.push_back(*std::move(row));
  }
  return household;
}

ImportItem CsvImport::ItemOf(const std::vector<CsvRow>& rows, const std::string& number) {
  ImportItem item{.household_number = number, .first_line = rows[0].line, .is_table = true};
  if (!number.empty() && !used_.Take(number)) {
    AddError(item.errors, {item.first_line, kHouseholdNumber,
                           "household number already used in this file: put its rows together"});
  }
  for (const CsvRow& row : rows) {
    if (HouseholdNumberOf(columns_, row).empty()) {
      AddError(item.errors, {row.line, kHouseholdNumber, "is required: 1 to 50 characters"});
    }
  }
  if (const auto torn = torn_.find(number); torn != torn_.end()) {
    AddError(item.errors, torn->second);
  }
  Household household;
  ReadRows(columns_, rows, today_, household, item.errors);
  ReadConsent(household, item.errors);
  item.lines = household.lines;
  for (const RowReading& reading : household.readings) {
    std::vector<std::string>& facts = item.answered.emplace_back();
    for (const type::v1::FactAnswer& answer : reading.person.answers()) {
      facts.push_back(answer.fact());
    }
  }
  CheckAsService(household, *facts_, household.day.value_or(today_), item);
  if (!status_.ok()) {
    AddError(item.errors, {item.first_line, "",
                           "may be incomplete: the file cannot be read on after this household"});
  }
  std::stable_sort(item.errors.begin(), item.errors.end(),
                   [](const RowError& a, const RowError& b) { return a.line < b.line; });
  if (item.errors.empty()) {
    *item.request.mutable_case_() = std::move(household.registration);
    item.request.set_request_id(base::UuidOf(absl::StrCat("registration/", number)));
  } else {
    item.lines.clear();
    for (const CsvRow& row : rows) item.lines.push_back(row.line);
  }
  return item;
}

std::optional<ImportItem> CsvImport::Next() {
  std::optional<CsvRow> first = TakeRow();
  if (!first) return std::nullopt;
  if (used_.IsFull()) {
    status_ = TooManyHouseholds();
    return std::nullopt;
  }
  const std::string number = HouseholdNumberOf(columns_, *first);
  return ItemOf(TakeHousehold(*std::move(first), number), number);
}

}  // namespace pathways::cli
