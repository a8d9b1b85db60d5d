// Finds the households of a CSV that its rows do not hold together.
//
// A family is registered whole or not at all, and a household that looks whole where it stands may
// have a member elsewhere in the file: under a number with a typing error, without a number, or
// further down, because somebody sorted the file. So the whole file is looked through before
// anything of it is sent. Nothing is kept of a row but its household number.
#ifndef PATHWAYS_SERVICES_CLI_TORN_HOUSEHOLDS_H_
#define PATHWAYS_SERVICES_CLI_TORN_HOUSEHOLDS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "services/cli/import_columns.h"
#include "services/cli/table_rows.h"

namespace pathways::cli {

// By household number: what shows that the household may not be whole, and in which line.
using TornHouseholds = absl::flat_hash_map<std::string, RowError>;

// Takes all rows behind the header that are not blank, up to where they cannot be read on. Torn
// are:
// - a number whose rows stand in several places, where one of them has no principal applicant: two
//   whole households of one number are two;
// - the household before rows of another number that have no principal applicant among them: the
//   number of one of them may be wrong. At the beginning of the file it is the one behind them;
// - the household behind a row that swallowed others.
// A row without a number needs no entry: it is read as one of the household before it.
class TornHouseholdsFinder {
 public:
  explicit TornHouseholdsFinder(const Columns& columns) : columns_(columns) {}

  void Take(const CsvRow& row);
  // After the last row; to be called once.
  TornHouseholds End();

 private:
  // Adjacent rows of one number, and those without a number behind them.
  struct Group {
    std::string number;
    int64_t line = 0;
    // One of its rows is that of a principal applicant, or cannot be read and may be.
    bool may_have_principal = false;
  };

  void Tear(const std::string& number, int64_t line, const char* reason);
  void Begin(Group next);
  void Close();

  const Columns& columns_;
  TornHouseholds torn_;
  // By number: whether each group of it may have a principal applicant.
  absl::flat_hash_map<std::string, bool> all_whole_;
  std::optional<Group> before_;
  std::optional<Group> group_;
  bool follows_swallowed_ = false;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_TORN_HOUSEHOLDS_H_
