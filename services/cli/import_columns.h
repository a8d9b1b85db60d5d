// The columns of a registration CSV, and what each cell means.
//
// Columns are found by the header, in any order, in Spanish, English or Kreyòl, or by a mapping for
// a table that somebody else made. Each fact of the catalogue that is kept among the answers is a
// column by its id, and by what its words call it. A cell is text until here; from here on it is a
// field of a case. What a cell can get wrong by itself (a word that is none of the column's, a date
// in another form) is said here; all other rules are intake's, and ColumnOfField leads what intake
// finds back to the column. No error holds the value of a cell.
#ifndef PATHWAYS_SERVICES_CLI_IMPORT_COLUMNS_H_
#define PATHWAYS_SERVICES_CLI_IMPORT_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "pathways/intake/v1/case.pb.h"
#include "pathways/type/v1/date.pb.h"
#include "services/cli/table_rows.h"
#include "services/type/facts.h"

namespace pathways::cli {

// One bad field of a file.
struct RowError {
  int64_t line = 0;
  std::string column;  // Empty: the row as a whole. In NDJSON the path of the field.
  std::string reason;  // What is expected, never the value.
};

// Adds an error, unless there is one for the same cell: the first is the cause of the second.
void AddError(std::vector<RowError>& errors, RowError error);

// Names of columns, as in the header.
inline constexpr char kHouseholdNumber[] = "household_number";
inline constexpr char kRelationship[] = "relationship";
inline constexpr char kConsent[] = "consent";

inline constexpr char kConsentExpected[] =
    "must be YES or NO on the row of the principal applicant, and the same or empty on others";

// What columns are called in a table that somebody else made: their name, in the form of WordOf,
// and ours.
using ColumnMapping = std::map<std::string, std::string>;

// Reads a mapping: "their name = our name" on each line, # before a comment. NOT_FOUND when it
// cannot be opened; INVALID_ARGUMENT names every line that is none, and each of our names that is
// no column or stands twice.
absl::StatusOr<ColumnMapping> ReadColumnMapping(const std::string& path, const type::Facts& facts);

// Where each column stands in a row.
class Columns {
 public:
  // Reads a header. INVALID_ARGUMENT when a required column is missing, one is named twice, one is
  // of a fact that is never recorded, or one of the mapping is not there; all of them are named.
  static absl::StatusOr<Columns> FromHeader(const std::vector<std::string>& header,
                                            std::shared_ptr<const type::Facts> facts,
                                            const ColumnMapping& mapping = {});

  // The delimiter with which a header line names most columns; nothing when it names none.
  static std::optional<char> DelimiterOf(absl::string_view header_line, const type::Facts& facts,
                                         const ColumnMapping& mapping = {});

  // Fields that a row must have: up to the last that the header names.
  size_t count() const { return count_; }
  // Whether a row has them, and nothing but blank fields behind those of the header.
  bool Fits(const CsvRow& row) const;
  // Names in the header that mean nothing here.
  const std::vector<std::string>& ignored() const { return ignored_; }
  // The cell of a column; empty when the header or the row does not have it.
  absl::string_view Cell(const CsvRow& row, absl::string_view column) const;
  // The facts that have a column here, in the order of the columns.
  const std::vector<const type::v1::Fact*>& answered() const { return answered_; }

 private:
  std::shared_ptr<const type::Facts> facts_;
  std::vector<const type::v1::Fact*> answered_;  // Of facts_.
  size_t count_ = 0;
  std::vector<std::string> ignored_;
  std::vector<std::string> names_;  // By position.
};

// What a row says.
struct RowReading {
  intake::v1::Person person;
  std::optional<bool> consent;                  // Nothing: the cell is empty or wrong.
  std::optional<absl::CivilDay> registered_on;  // Nothing: the cell is empty or wrong.
};

// Reads a row that has the right number of fields, and adds its errors.
RowReading ReadRow(const Columns& columns, const CsvRow& row, absl::CivilDay today,
                   std::vector<RowError>& errors);

// The household number of a row, as far as it can be read: text in the stored form, else empty.
std::string HouseholdNumberOf(const Columns& columns, const CsvRow& row);

// The relationship that a row names. Unspecified: it cannot be read, or is none.
type::v1::Relationship RelationshipOf(const Columns& columns, const CsvRow& row);

// A date as a desk writes it: YYYY-MM-DD, D/M/YYYY (day first), YYYY-MM, MM/YYYY, YYYY, or nothing.
// Nothing is returned for another form; whether the day exists is not checked here.
std::optional<type::v1::PartialDate> ParseDate(absl::string_view text);

// The column of a field of a person, for example identity.date_of_birth. `answered` are the facts
// that the person's answers are to, in their order. Empty: of no column.
std::string ColumnOfField(absl::string_view field, const std::vector<std::string>& answered);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_IMPORT_COLUMNS_H_
