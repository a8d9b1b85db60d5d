// The rows of a table of registrations, whatever file they stand in.
//
// A CSV and a sheet of a spreadsheet give the same rows, so that everything behind them is one:
// what a column means, which rows are a household, what is refused and how it is told.
#ifndef PATHWAYS_SERVICES_CLI_TABLE_ROWS_H_
#define PATHWAYS_SERVICES_CLI_TABLE_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pathways::cli {

// A row of a CSV, or of a sheet as it would stand in a CSV.
struct CsvRow {
  int64_t line = 0;  // Its first line; of a sheet the number of the row.
  std::vector<std::string> fields;
  // Why it cannot be read. Empty: it can. Else the fields are those before the fault.
  std::string fault;
  std::string written;  // It cannot be read: the row as it stands in the file, with its line ends.
  // It cannot be read and spans lines: those after the first may have been rows of their own.
  bool swallows_lines = false;

  // Spreadsheets end a file with rows of nothing but delimiters, and of spaces.
  bool IsBlank() const;
};

class TableRows {
 public:
  virtual ~TableRows() = default;

  // The next row, or nothing at the end. An error is final: the rest cannot be read.
  virtual absl::StatusOr<std::optional<CsvRow>> Next() = 0;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_TABLE_ROWS_H_
