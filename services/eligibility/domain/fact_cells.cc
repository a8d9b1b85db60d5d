#include "services/eligibility/domain/fact_cells.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "services/eligibility/domain/combinations.h"
#include "services/type/dates.h"

namespace pathways::eligibility {
namespace {

// Of an enum the names without their prefix, as the fact catalogue has them.
template <typename NameOf>
std::vector<std::string> NumbersIn(const NumberTable& table, uint64_t sets, int last,
                                   absl::string_view prefix, NameOf name_of) {
  std::vector<std::string> names;
  for (int number = 1; number <= last; ++number) {
    if (table.SetsOf(number) != sets) continue;
    const std::string name = name_of(number);
    names.emplace_back(absl::StripPrefix(name, prefix));
  }
  return names;
}

// One cell of a number for each stretch of numbers that have the same bits.
template <typename BitsOf>
void AddNumbers(const FactCell& cell, int64_t least, int64_t greatest,
                const std::vector<int64_t>& turns, BitsOf bits_of, std::vector<FactCell>& cells) {
  std::vector<int64_t> begins = {least};
  for (const int64_t turn : turns) {
    if (turn > least && turn <= greatest) begins.push_back(turn);
  }
  std::sort(begins.begin(), begins.end());
  begins.erase(std::unique(begins.begin(), begins.end()), begins.end());
  for (size_t i = 0; i < begins.size(); ++i) {
    if (bits_of(begins[i]) != cell.yes) continue;
    FactCell& stretch = cells.emplace_back(cell);
    stretch.least = begins[i];
    stretch.greatest = i + 1 < begins.size() ? begins[i + 1] - 1 : greatest;
  }
}

void AddBands(const Program& program, const type::v1::Fact& fact, const FactCell& cell,
              std::vector<FactCell>& cells) {
  std::vector<int64_t> turns;
  const auto band_of = [](int64_t years) { return type::BandOfAge(static_cast<int>(years)); };
  for (int64_t age = fact.least() + 1; age <= fact.greatest(); ++age) {
    if (band_of(age) != band_of(age - 1)) turns.push_back(age);
  }
  AddNumbers(
      cell, fact.least(), fact.greatest(), turns,
      [&](int64_t age) { return program.age_bands.SetsOf(band_of(age)); }, cells);
}

void AddAnswerNumbers(const AnswerPlan& plan, const type::v1::Fact& fact, const FactCell& cell,
                      std::vector<FactCell>& cells) {
  std::vector<int64_t> turns;
  for (const NumberTest& test : plan.numbers) {
    turns.push_back(test.at_least);
    turns.push_back(test.at_most + 1);
  }
  const auto bits_of = [&](int64_t number) {
    uint64_t bits = 0;
    for (const NumberTest& test : plan.numbers) {
      if (number >= test.at_least && number <= test.at_most) bits |= test.bit;
    }
    return bits;
  };
  AddNumbers(cell, fact.least(), fact.greatest(), turns, bits_of, cells);
}

// Codes of a list: those that the pack names one by one, and all others together, which of a fact
// that lists its own codes can be named too. A cell of no code is nobody's answer.
void AddCodes(const CodeTable& table, const type::v1::Fact& fact, FactCell cell,
              std::vector<FactCell>& cells) {
  cell.codes = table.CodesOf(cell.yes);
  if (cell.yes == 0 && fact.codes().empty()) {
    cell.other = true;
  } else if (cell.yes == 0) {
    for (const type::v1::FactCode& code : fact.codes()) {
      if (table.SetsOf(code.code()) == 0) cell.codes.push_back(code.code());
    }
  }
  if (cell.other || !cell.codes.empty()) cells.push_back(std::move(cell));
}

void AddNamed(std::vector<std::string> names, FactCell cell, std::vector<FactCell>& cells) {
  cell.codes = std::move(names);
  if (!cell.codes.empty()) cells.push_back(std::move(cell));
}

void AddCell(const Program& program, const type::v1::Fact& fact, Fact number, const FactCell& cell,
             std::vector<FactCell>& cells) {
  switch (number) {
    case kAgeBand:
      return AddBands(program, fact, cell, cells);
    case kNationalities:
      return AddCodes(program.nationalities, fact, cell, cells);
    case kState:
      return AddCodes(program.states, fact, cell, cells);
    case kNeeds:
      return AddCodes(program.needs, fact, cell, cells);
    case kRefugeeClaim:
      return AddNamed(
          NumbersIn(program.claims, cell.yes, type::v1::REFUGEE_CLAIM_REFUSED, "REFUGEE_CLAIM_",
                    [](int claim) {
                      return type::v1::RefugeeClaim_Name(
                          static_cast<type::v1::RefugeeClaim>(claim));
                    }),
          cell, cells);
    case kRelationship:
      return AddNamed(NumbersIn(program.relationships, cell.yes, type::v1::RELATIONSHIP_NOT_RELATED,
                                "RELATIONSHIP_",
                                [](int relationship) {
                                  return type::v1::Relationship_Name(
                                      static_cast<type::v1::Relationship>(relationship));
                                }),
                      cell, cells);
    default:
      break;
  }
  const AnswerPlan& plan = program.answers[static_cast<size_t>(number - kFieldFacts)];
  if (plan.question != 0) return AddNamed({cell.yes != 0 ? "YES" : "NO"}, cell, cells);
  if (!plan.numbers.empty()) return AddAnswerNumbers(plan, fact, cell, cells);
  AddCodes(plan.codes, fact, cell, cells);
}

// What the comparisons of one date come to on a day.
std::vector<bool> Comparisons(const DayPlan& plan, int date, Day day) {
  std::vector<bool> results;
  for (const DateBounds& bounds : plan.dates) {
    if (bounds.date != date) continue;
    results.push_back(day >= bounds.true_from && day < bounds.true_until);
    results.push_back(day < bounds.false_before || day >= bounds.false_from);
  }
  return results;
}

// Between two turns all days are the same, and the first of the later ones is a turn.
std::vector<FactCell> CellsOfDate(const DayPlan& plan, int date, bool is_past) {
  std::vector<FactCell> cells;
  for (const Day day : DateTurns(plan, date)) {
    if (!cells.empty() &&
        Comparisons(plan, date, cells.back().day) == Comparisons(plan, date, day)) {
      continue;
    }
    if (!cells.empty()) cells.back().days.until = day;
    if (is_past && day > plan.day) break;
    FactCell& cell = cells.emplace_back();
    cell.date = date;
    cell.day = day;
    if (cells.size() > 1) cell.days.from = day;
  }
  // What would end after the day of the rules has no end that matters.
  if (is_past && !cells.empty() && cells.back().days.until > plan.day) {
    cells.back().days.until = kLastDay;
  }
  return cells;
}

v1::NumberRange RangeOf(int64_t least, int64_t greatest) {
  v1::NumberRange range;
  range.set_least(least);
  range.set_greatest(greatest);
  return range;
}

v1::Period PeriodOf(const Span& span) {
  v1::Period period;
  if (span.from > kFirstDay) *period.mutable_from() = type::FromDay(CivilOf(span.from));
  if (span.until < kLastDay) *period.mutable_until() = type::FromDay(CivilOf(span.until));
  return period;
}

void DescribeCodes(const std::vector<FactCell>& named, const std::vector<size_t>& chosen,
                   v1::FactWouldBe& fact) {
  std::set<std::string> codes;
  for (const size_t index : chosen) {
    codes.insert(named[index].codes.begin(), named[index].codes.end());
    if (named[index].other) fact.set_other_than(true);
  }
  if (fact.other_than()) {
    std::set<std::string> others;
    for (const FactCell& cell : named) others.insert(cell.codes.begin(), cell.codes.end());
    for (const std::string& code : codes) others.erase(code);
    codes.swap(others);
  }
  for (const std::string& code : codes) fact.add_codes(code);
}

}  // namespace

std::vector<FactCell> CellsOf(const RulesOfDay& rules, const type::v1::Fact& fact, Fact number) {
  const Program& program = rules.rules().program();
  const int date = program.DateOf(number);
  if (date >= 0) return CellsOfDate(rules.plan(), date, number == kEntryDate);
  std::vector<FactCell> cells;
  for (const PersonRow& row : AnswersTo(program, rules.plan(), PersonRow(), number)) {
    FactCell cell;
    for (uint16_t word = 0; word < kRowWords; ++word) {
      if ((row.yes[word] | row.no[word]) == 0) continue;
      cell.word = word;
      cell.mask = row.yes[word] | row.no[word];
      cell.yes = row.yes[word];
    }
    if (cell.mask != 0) AddCell(program, fact, number, cell, cells);
  }
  return cells;
}

void Put(const FactCell& cell, PersonRow& row) {
  if (cell.mask == 0) {
    row.dates[static_cast<size_t>(cell.date)] = {cell.day, cell.day};
    return;
  }
  row.yes[cell.word] = (row.yes[cell.word] & ~cell.mask) | cell.yes;
  row.no[cell.word] = (row.no[cell.word] & ~cell.mask) | (cell.mask & ~cell.yes);
}

bool MayBe(const FactCell& cell, const PersonRow& row) {
  if (cell.mask != 0) return ((row.yes[cell.word] | row.no[cell.word]) & cell.mask) == 0;
  const auto [first, last] = row.dates[static_cast<size_t>(cell.date)];
  return first != last && first < cell.days.until && last >= cell.days.from;
}

void Describe(const std::vector<FactCell>& named, const std::vector<size_t>& chosen,
              v1::FactWouldBe& fact) {
  std::vector<size_t> sorted = chosen;
  std::sort(sorted.begin(), sorted.end(), [&](size_t a, size_t b) {
    return named[a].least != named[b].least ? named[a].least < named[b].least : a < b;
  });
  const FactCell& first = named[sorted.front()];
  if (first.mask != 0 && first.least > first.greatest) return DescribeCodes(named, sorted, fact);
  for (const size_t index : sorted) {
    const FactCell& cell = named[index];
    if (cell.mask != 0) {
      const int last = fact.numbers_size() - 1;
      if (last >= 0 && fact.numbers(last).greatest() + 1 == cell.least) {
        fact.mutable_numbers(last)->set_greatest(cell.greatest);
      } else {
        *fact.add_numbers() = RangeOf(cell.least, cell.greatest);
      }
      continue;
    }
    const v1::Period period = PeriodOf(cell.days);
    const int last = fact.days_size() - 1;
    if (last >= 0 &&
        fact.days(last).until().SerializeAsString() == period.from().SerializeAsString()) {
      *fact.mutable_days(last)->mutable_until() = period.until();
      if (!period.has_until()) fact.mutable_days(last)->clear_until();
    } else {
      *fact.add_days() = period;
    }
  }
}

}  // namespace pathways::eligibility
