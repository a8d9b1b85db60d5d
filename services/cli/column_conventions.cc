#include "services/cli/column_conventions.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/cli/import_words.h"

namespace pathways::cli {
namespace {

bool IsMonth(int number) { return number >= 1 && number <= 12; }

bool IsDayAlone(int number) { return number > 12 && number <= 31; }

// So many different dates are all in the first twelve days of their months, and so many different
// texts all after them, by chance once in a thousand columns. Those of fewer months may be of one
// journey.
constexpr size_t kTurnedDatesMin = 8;
constexpr size_t kTurnedTextsMin = 15;
constexpr size_t kTurnedMonthsMin = 3;

std::optional<absl::CivilDay> WholeDate(absl::string_view text) {
  absl::CivilDay day;
  if (text.size() != 10 || !absl::ParseCivilTime(text, &day)) return std::nullopt;
  return day;
}

bool AreEnough(const std::set<absl::CivilDay>& days, size_t least) {
  std::set<int> months;
  for (const absl::CivilDay day : days) months.insert(day.month());
  return days.size() >= least && months.size() >= kTurnedMonthsMin;
}

void Add(absl::CivilDay day, size_t enough, std::set<absl::CivilDay>& days) {
  if (!AreEnough(days, enough)) days.insert(day);
}

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
    const absl::string_view cell = absl::StripAsciiWhitespace(columns_.Cell(row, column));
    Forms& forms = forms_[column];
    if (const auto date = WholeDate(cell)) {
      forms.has_late_date |= date->day() > 12;
      Add(*date, kTurnedDatesMin, forms.dates);
    }
    const std::vector<absl::string_view> parts = absl::StrSplit(cell, '/');
    int first = 0;
    int second = 0;
    if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &first) ||
        !absl::SimpleAtoi(parts[1], &second)) {
      continue;
    }
    if (IsMonth(first) && IsDayAlone(second)) month_first_.try_emplace(column, row.line);
    if (IsDayAlone(first) && IsMonth(second)) {
      day_first_.try_emplace(column, row.line);
      int year = 0;
      if (absl::SimpleAtoi(parts[2], &year)) {
        Add(absl::CivilDay(year, second, first), kTurnedTextsMin, forms.texts);
      }
    }
    forms.has_either_order |= IsMonth(first) && IsMonth(second);
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
  for (const auto& [column, forms] : forms_) {
    const auto text = day_first_.find(column);
    if (text == day_first_.end() || forms.dates.empty() || forms.has_either_order) continue;
    const bool dates_tell = !forms.has_late_date && AreEnough(forms.dates, kTurnedDatesMin);
    if (!dates_tell && !AreEnough(forms.texts, kTurnedTextsMin)) continue;
    faults.push_back(absl::StrCat(
        column, " has some dates as text, as in line ", text->second,
        ", and just those that cannot be read with the month first: a spreadsheet has turned the "
        "others; take the dates from the original, with the format text for the column"));
  }
  if (faults.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(faults, "; "));
}

}  // namespace pathways::cli
