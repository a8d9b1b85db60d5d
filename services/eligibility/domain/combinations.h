// Every person that a condition can tell from another.
//
// For the facts that a condition looks at, the answers are few: a question has two, a nationality
// is in some sets of the pack or in none, a day of entry is before or after the days that turn a
// comparison. Combinations walks all of them, so that what is said of a condition is said of all
// people (of one nationality, and of families of themselves alone). A known answer for each fact:
// unknown ones tell nothing that these do not.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_COMBINATIONS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_COMBINATIONS_H_

#include <functional>
#include <vector>

#include "services/eligibility/domain/evaluate.h"
#include "services/eligibility/domain/program.h"

namespace pathways::eligibility {

// Most combinations that are walked for one condition.
inline constexpr size_t kCombinationsMax = 500'000;

// Rows that differ from `row` in one fact alone: one for each answer that a condition can tell from
// another, of a date one for each day of DateTurns.
std::vector<PersonRow> AnswersTo(const Program& program, const DayPlan& plan, const PersonRow& row,
                                 Fact fact);

// Rows of one person for every combination of answers to `facts`, of dates one for each day on
// which a comparison of the plan turns. Stops when `visit` returns false. False: there are more
// than kCombinationsMax, and nothing was visited.
bool VisitCombinations(const Program& program, const DayPlan& plan, FactSet facts,
                       const std::function<bool(const PersonRow&)>& visit);

// The days on which comparisons of a plan turn for one of the dates of a person, and the day of the
// plan: of each turn the day before and the day.
std::vector<Day> DateTurns(const DayPlan& plan, int date);

// Days as of which conditions of the program can differ: about each end of a window of days.
std::vector<Day> DayTurns(const Program& program, Day otherwise);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_COMBINATIONS_H_
