// Reads a file of registrations, CSV, spreadsheet or NDJSON, as a stream of households.
//
// Open tells the format from the content and refuses a file that cannot be one of registrations;
// Next then gives one household after the other, ready to be sent or refused whole with every bad
// field of every row. What the service would refuse is found here already, by the same rules. A
// request id follows from the household's number alone, so the same file, or one that was mended,
// can be imported again without registering anybody twice.
#ifndef PATHWAYS_SERVICES_CLI_IMPORT_FILE_H_
#define PATHWAYS_SERVICES_CLI_IMPORT_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "pathways/intake/v1/intake_service.pb.h"
#include "services/cli/import_columns.h"

namespace pathways::cli {

// Households of one file, at most: their numbers are kept to find one that comes twice.
inline constexpr int kHouseholdsMax = 1'000'000;

// A file to import, and how it is to be read.
struct ImportInput {
  std::string path;
  absl::CivilDay today;
  std::string sheet;      // Of a spreadsheet: which one is read. Empty: the only one with content.
  ColumnMapping mapping;  // Of a table that somebody else made. May be empty.
  std::shared_ptr<const type::Facts> facts;  // The fact catalogue. Never null.
};

// One household of a file.
struct ImportItem {
  // Number the desk wrote. Personal data. Empty: none, or it cannot be read.
  std::string household_number;
  int64_t first_line = 0;
  // Table: first line of each person's row, in order. NDJSON: the one line.
  std::vector<int64_t> lines;
  bool is_table = false;  // CSV or spreadsheet.
  // Table: of each person, ids of the facts that the answers are to, in their order.
  std::vector<std::vector<std::string>> answered;
  // What to send. Empty when there are errors.
  intake::v1::RegisterCaseRequest request;
  // Not empty: the household is refused, and nothing of it is to be sent.
  std::vector<RowError> errors;
  // What of a household without errors somebody should look at again.
  std::vector<RowError> warnings;
};

// Where in the file a violation is that the service found. `field` is its path, for example
// case.people[2].identity.date_of_birth.
RowError LocateViolation(const ImportItem& item, absl::string_view field,
                         absl::string_view description);

// Not thread-safe.
class ImportFile {
 public:
  // NOT_FOUND when the file cannot be opened; INVALID_ARGUMENT when it is empty, binary, in another
  // encoding, has no header with the columns of a registration, lacks some (all are named), or
  // writes a column by another convention than the import reads. Of a spreadsheet also the errors
  // of ReadSpreadsheetApart: it is read to its end here.
  static absl::StatusOr<std::unique_ptr<ImportFile>> Open(const ImportInput& input);
  virtual ~ImportFile() = default;

  // The next household; nothing at the end, or where the file cannot be read on: see status().
  virtual std::optional<ImportItem> Next() = 0;

  // OK while reading and after the whole file was read. Otherwise why the rest was not; the
  // household at that place was given with an error.
  const absl::Status& status() const { return status_; }

  // Columns in the header that mean nothing here.
  const std::vector<std::string>& ignored_columns() const { return ignored_columns_; }

 protected:
  absl::Status status_;
  std::vector<std::string> ignored_columns_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_IMPORT_FILE_H_
