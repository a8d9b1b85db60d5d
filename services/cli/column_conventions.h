// Finds columns that are written by another convention than the import reads, from the whole file.
//
// Some mistakes show in no single cell: 03/04/1990 is a day in either order, and M is a woman
// (mujer) in a column where H is a man (hombre). A cell elsewhere in the column that can be read in
// one way alone tells which convention the file has, and then every cell of it is in doubt, so the
// file is refused as a whole. Where the column shows the import's own convention too, the other
// cell is a slip, and refused by itself.
#ifndef PATHWAYS_SERVICES_CLI_COLUMN_CONVENTIONS_H_
#define PATHWAYS_SERVICES_CLI_COLUMN_CONVENTIONS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "services/cli/import_columns.h"
#include "services/cli/table_rows.h"

namespace pathways::cli {

class ColumnConventions {
 public:
  explicit ColumnConventions(const Columns& columns) : columns_(columns) {}

  // Looks at a row that can be read.
  void Take(const CsvRow& row);

  // After the last row. INVALID_ARGUMENT names each column and a line that shows it.
  absl::Status Check() const;

 private:
  const Columns& columns_;
  // First row of each word for sex.
  std::map<std::string, int64_t> sexes_;
  // First row that shows the month, or the day, to come first, by column.
  std::map<std::string, int64_t> month_first_;
  std::map<std::string, int64_t> day_first_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_COLUMN_CONVENTIONS_H_
