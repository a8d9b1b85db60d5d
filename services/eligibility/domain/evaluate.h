// Three-valued evaluation of a program for one person on one day.
//
// A DayPlan settles what depends on the day alone. Evaluate then fills the words of a person: facts
// are copied, dates compared, nodes computed from places before them. It allocates nothing.
// Kleene's strong logic: all is false where one part is false and true where all are true, any the
// other way round; ask_unless is true where its part is and never false.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_EVALUATE_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_EVALUATE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "services/eligibility/domain/person_row.h"
#include "services/eligibility/domain/program.h"

namespace pathways::eligibility {

enum class Truth : uint8_t { kFalse, kUnknown, kTrue };

constexpr Truth Negated(Truth truth) { return static_cast<Truth>(2 - static_cast<int>(truth)); }

// Of an `all`: `failed` is not 0 where a part is false, `missing` where one is not true.
inline Truth TruthOfAll(uint64_t failed, uint64_t missing) {
  return static_cast<Truth>(int{failed == 0} * (1 + int{missing == 0}));
}

// Which days of the person's date make a comparison true and which false, on one day.
struct DateBounds {
  Day true_from;
  Day true_until;
  Day false_before;
  Day false_from;
  int date = 0;  // Which of the person's dates.
};

struct DayPlan {
  Day day = 0;
  std::vector<DateBounds> dates;            // By DateTest.
  std::vector<BusinessCalendar> calendars;  // As known; by calendar of the pack.
};

DayPlan PlanDay(const v1::PolicyPack& pack, const Program& program, Day day, Day known);

// All words of one person. Not initialised beyond the words that Evaluate fills.
struct Bits {
  std::array<uint64_t, kWordsMax> yes;
  std::array<uint64_t, kWordsMax> no;
};

// What counts over the people of a case come to.
struct MemberBits {
  uint64_t yes = 0;
  uint64_t no = 0;
};

// For each of these counts, of how many people it is true and of how many unknown.
struct MemberCounts {
  std::array<int, kWordBits> yes{};
  std::array<int, kWordBits> unknown{};
};

// Adds a person, or with `by` -1 takes her away again.
void CountPerson(const Program& program, const DayPlan& plan, const PersonRow& person, int by,
                 MemberCounts& counts);
MemberBits BitsOf(const Program& program, const MemberCounts& counts);

// CountPerson of all people, and BitsOf.
MemberBits CountMembers(const Program& program, const DayPlan& plan, const CaseRow& row);

void Evaluate(const Program& program, const DayPlan& plan, const PersonRow& row,
              const MemberBits& members, Bits& bits);

// Evaluate, of the nodes only those named, which must be each after those it looks at.
void EvaluateNodes(const Program& program, const DayPlan& plan, const PersonRow& row,
                   const MemberBits& members, const std::vector<uint16_t>& nodes, Bits& bits);

// `yes` and `no` are the words of the place.
inline Truth TruthAt(const Place& place, uint64_t yes, uint64_t no) {
  const uint64_t is_yes = (place.negated ? no : yes) >> place.bit & 1;
  const uint64_t is_no = (place.negated ? yes : no) >> place.bit & 1;
  return static_cast<Truth>(1 + is_yes - is_no);
}

inline Truth TruthAt(const Place& place, const Bits& bits) {
  return TruthAt(place, bits.yes[place.word], bits.no[place.word]);
}

// Facts whose answers are missing for a place to be true or false. Empty where it is either, and
// where a person has to look. `people` are all words of the case, for counts.
FactSet MissingAt(const Program& program, const Place& place, const Bits& bits,
                  const std::vector<Bits>& people);

// The first day after the plan's on which a comparison of dates changes for a person. `tests`: one
// bit per DateTest looked at.
std::optional<Day> NextDateChange(const Program& program, const DayPlan& plan, const PersonRow& row,
                                  uint64_t tests);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_EVALUATE_H_
