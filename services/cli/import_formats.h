// The formats of an import file. Used by import_file.cc only; callers know ImportFile.
#ifndef PATHWAYS_SERVICES_CLI_IMPORT_FORMATS_H_
#define PATHWAYS_SERVICES_CLI_IMPORT_FORMATS_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "services/cli/import_columns.h"
#include "services/cli/import_file.h"
#include "services/cli/line_reader.h"
#include "services/cli/table_rows.h"
#include "services/cli/torn_households.h"

namespace pathways::cli {

// Takes numbers once each. False when a number was taken before.
class UsedNumbers {
 public:
  bool Take(const std::string& number) { return numbers_.insert(number).second; }
  bool IsFull() const { return numbers_.size() >= kHouseholdsMax; }

 private:
  absl::flat_hash_set<std::string> numbers_;
};

// RESOURCE_EXHAUSTED, once a file has given kHouseholdsMax numbers.
absl::Status TooManyHouseholds();

// A CSV or a sheet behind its header.
struct CsvTable {
  std::unique_ptr<TableRows> rows;
  char delimiter;                   // Of a sheet: of the CSV that its refused rows are written to.
  std::vector<std::string> header;  // As it is written.
  Columns columns;
};

enum class FileFormat { kCsv, kJson, kSpreadsheet };

// The format of a file, by how it begins. The errors of LineReader::Open.
absl::StatusOr<FileFormat> FormatOf(const std::string& path);

// A cell of RFC 4180, in quotes.
std::string CsvCell(absl::string_view text);

// The input, read up to its header, so many times over. INVALID_ARGUMENT when it is no table of
// registrations; of a spreadsheet also the errors of ReadSpreadsheetApart.
absl::StatusOr<std::vector<CsvTable>> OpenTables(const ImportInput& input, FileFormat format,
                                                 int times);

// The rows of the sheet that the input names, so many times over; the file is read once, to its
// end, and before anything of it is given. The errors of ReadSpreadsheetApart.
absl::StatusOr<std::vector<std::unique_ptr<TableRows>>> ReadSheet(const ImportInput& input,
                                                                  int times);

// A CSV or a sheet: adjacent rows with one household number are a household, with the rows without
// a number within it and behind it.
class CsvImport : public ImportFile {
 public:
  // Reads the file to its end at once, for what only the whole file shows, and then again. The
  // errors of OpenTables; INVALID_ARGUMENT also when a column is written by another convention than
  // the import reads.
  static absl::StatusOr<std::unique_ptr<ImportFile>> Open(const ImportInput& input,
                                                          FileFormat format);
  std::optional<ImportItem> Next() override;

 private:
  CsvImport(CsvTable table, TornHouseholds torn, const ImportInput& input)
      : rows_(std::move(table.rows)),
        columns_(std::move(table.columns)),
        torn_(std::move(torn)),
        today_(input.today),
        facts_(input.facts) {
    ignored_columns_ = columns_.ignored();
  }

  // The next row; nothing at the end, or with status_ set where the file cannot be read on.
  std::optional<CsvRow> TakeRow();
  // The rows of one household. Beyond kPeopleMax + 1 they are dropped: it is refused anyway.
  std::vector<CsvRow> TakeHousehold(CsvRow first, const std::string& number);
  ImportItem ItemOf(const std::vector<CsvRow>& rows, const std::string& number);

  std::unique_ptr<TableRows> rows_;
  Columns columns_;
  TornHouseholds torn_;
  absl::CivilDay today_;
  std::shared_ptr<const type::Facts> facts_;
  UsedNumbers used_;
  std::deque<CsvRow> ahead_;  // Read, and not of the household before.
};

// NDJSON: each line is a pathways.intake.v1.Case in the JSON form of protobuf. The registration
// number of its principal applicant is the number of the household.
class JsonImport : public ImportFile {
 public:
  JsonImport(std::unique_ptr<LineReader> lines, const ImportInput& input)
      : lines_(std::move(lines)), today_(input.today), facts_(input.facts) {}

  std::optional<ImportItem> Next() override;

 private:
  // Reads a line that is not blank. Nothing at the end or on failure; `item` gets its number.
  std::optional<std::string> TakeLine(ImportItem& item);
  void ReadCase(const std::string& line, ImportItem& item);

  std::unique_ptr<LineReader> lines_;
  absl::CivilDay today_;
  std::shared_ptr<const type::Facts> facts_;
  UsedNumbers used_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_IMPORT_FORMATS_H_
