// Finds the households of a CSV that its rows do not hold together.
//
// A family is registered whole or not at all, and a household that looks whole where it stands may
// have a member elsewhere in the file: under a number with a typing error, without a number, or
// further down, because somebody sorted the file. So the whole file is looked through before
// anything of it is sent. Nothing is kept of a row but its household number.
#ifndef PATHWAYS_SERVICES_CLI_TORN_HOUSEHOLDS_H_
#define PATHWAYS_SERVICES_CLI_TORN_HOUSEHOLDS_H_

#include <string>

#include "absl/container/flat_hash_map.h"
#include "services/cli/csv_rows.h"
#include "services/cli/import_columns.h"

namespace pathways::cli {

// By household number: what shows that the household may not be whole, and in which line.
using TornHouseholds = absl::flat_hash_map<std::string, RowError>;

// Reads all rows behind the header; stops where they cannot be read on. Torn are:
// - a number whose rows stand in several places, where one of them has no principal applicant: two
//   whole households of one number are two;
// - the household before rows of another number that have no principal applicant among them: the
//   number of one of them may be wrong. At the beginning of the file it is the one behind them;
// - the household behind a row that swallowed others.
// A row without a number needs no entry: it is read as one of the household before it.
TornHouseholds FindTornHouseholds(CsvRows& rows, const Columns& columns);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_TORN_HOUSEHOLDS_H_
