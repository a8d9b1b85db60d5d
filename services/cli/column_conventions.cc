#include "services/cli/column_conventions.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/cli/import_words.h"

namespace pathways::cli {
namespace {

bool IsMonth(int number) { return number >= 1 && number <= 12; }

bool IsDayAlone(int number) { return number > 12 && number <= 31; }

}  // namespace

void ColumnConventions::Take(const CsvRow& row) {
  sexes_.try_emplace(EnglishOf("sex", WordOf(columns_.Cell(row, "sex"))), row.line);
  std::vector<std::string> dates = {"date_of_birth", "entry_date", "registered_on"};
  for (const type::v1::Fact* const fact : columns_.answered()) {
    const bool is_date = fact->kind() == type::v1::FACT_KIND_DATE ||
                         fact->kind() == type::v1::FACT_KIND_PARTIAL_DATE;
    if (is_date) dates.push_back(fact->id());
  }
  for (const std::string& column : dates) {
    const std::vector<absl::string_view> parts = absl::StrSplit(columns_.Cell(row, column), '/');
    int first = 0;
    int second = 0;
    if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &first) ||
        !absl::SimpleAtoi(parts[1], &second)) {
      continue;
    }
    if (IsMonth(first) && IsDayAlone(second)) month_first_.try_emplace(column, row.line);
    if (IsDayAlone(first) && IsMonth(second)) day_first_.try_emplace(column, row.line);
  }
}

absl::Status ColumnConventions::Check() const {
  std::vector<std::string> faults;
  const auto hombre = sexes_.find("h");
  const auto m = sexes_.find("m");
  if (hombre != sexes_.end() && m != sexes_.end() && !sexes_.contains("f")) {
    faults.push_back(absl::StrCat("sex has H in line ", hombre->second, " beside M in line ",
                                  m->second,
                                  " and no F, so M may mean a woman: write F and M, or mujer and "
                                  "hombre"));
  }
  for (const auto& [column, line] : month_first_) {
    if (day_first_.contains(column)) continue;
    faults.push_back(absl::StrCat(column, " has the month before the day in line ", line,
                                  ": write all dates of the column as YYYY-MM-DD"));
  }
  if (faults.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(faults, "; "));
}

}  // namespace pathways::cli
