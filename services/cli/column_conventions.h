// Finds columns that are written by another convention than the import reads, from the whole file.
//
// Some mistakes show in no single cell: 03/04/1990 is a day in either order, and M is a woman
// (mujer) in a column where H is a man (hombre). A cell elsewhere in the column that can be read in
// one way alone tells which convention the file has, and then every cell of it is in doubt, so the
// file is refused as a whole. Where the column shows the import's own convention too, the other
// cell is a slip, and refused by itself.
//
// A spreadsheet that reads the month first turns 7/3/2023 into the third of July, a date, and
// leaves 22/7/2023 as the text that it is. Such a column shows it by what it lacks: none of its
// texts could be read in both orders, though many could, or none of its dates is later in its month
// than the 12th.
#ifndef PATHWAYS_SERVICES_CLI_COLUMN_CONVENTIONS_H_
#define PATHWAYS_SERVICES_CLI_COLUMN_CONVENTIONS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
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
  // What a column has of either form, as many as tell enough.
  struct Forms {
    std::set<absl::CivilDay> dates;  // Written YYYY-MM-DD.
    std::set<absl::CivilDay> texts;  // Written D/M/YYYY, and to be read in this order alone.
    bool has_late_date = false;      // A date after the 12th of its month.
    bool has_either_order = false;   // A text that could be read in both orders.
  };
  std::map<std::string, Forms> forms_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_COLUMN_CONVENTIONS_H_
