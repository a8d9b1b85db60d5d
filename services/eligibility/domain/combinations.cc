#include "services/eligibility/domain/combinations.h"

#include <algorithm>

namespace pathways::eligibility {
namespace {

std::vector<PersonRow> WithDate(const PersonRow& row, int date, const std::vector<Day>& turns) {
  std::vector<PersonRow> rows;
  for (const Day day : turns) rows.emplace_back(row).dates[static_cast<size_t>(date)] = {day, day};
  return rows;
}

// Depth first over the facts. False: stopped.
bool Visit(const Program& program, const DayPlan& plan, const std::vector<Fact>& facts, size_t next,
           const PersonRow& row, const std::function<bool(const PersonRow&)>& visit) {
  if (next == facts.size()) return visit(row);
  for (const PersonRow& other : AnswersTo(program, plan, row, facts[next])) {
    if (!Visit(program, plan, facts, next + 1, other, visit)) return false;
  }
  return true;
}

void SortOnce(std::vector<Day>& days) {
  std::sort(days.begin(), days.end());
  days.erase(std::unique(days.begin(), days.end()), days.end());
}

}  // namespace

std::vector<PersonRow> AnswersTo(const Program& program, const DayPlan& plan, const PersonRow& row,
                                 Fact fact) {
  const int date = program.DateOf(fact);
  return date >= 0 ? WithDate(row, date, DateTurns(plan, date)) : Alternatives(program, row, fact);
}

bool VisitCombinations(const Program& program, const DayPlan& plan, FactSet facts,
                       const std::function<bool(const PersonRow&)>& visit) {
  const std::vector<Fact> looked_at = FactsIn(facts);
  size_t count = 1;
  for (const Fact fact : looked_at) {
    count *= AnswersTo(program, plan, PersonRow(), fact).size();
    if (count > kCombinationsMax) return false;
  }
  Visit(program, plan, looked_at, 0, PersonRow(), visit);
  return true;
}

std::vector<Day> DateTurns(const DayPlan& plan, int date) {
  std::vector<Day> turns = {plan.day};
  for (const DateBounds& bounds : plan.dates) {
    if (bounds.date != date) continue;
    for (const Day turn :
         {bounds.true_from, bounds.true_until, bounds.false_before, bounds.false_from}) {
      if (turn <= kFirstDay || turn >= kLastDay) continue;
      turns.push_back(turn - 1);
      turns.push_back(turn);
    }
  }
  SortOnce(turns);
  return turns;
}

std::vector<Day> DayTurns(const Program& program, Day otherwise) {
  std::vector<Day> turns = {otherwise};
  for (const DateTest& test : program.dates) {
    if (test.kind != DateTest::kAsOf) continue;
    for (const Day turn : {test.window.from, test.window.until}) {
      if (turn <= kFirstDay || turn >= kLastDay) continue;
      turns.push_back(turn - 1);
      turns.push_back(turn);
    }
  }
  SortOnce(turns);
  return turns;
}

}  // namespace pathways::eligibility
