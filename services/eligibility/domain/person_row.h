// The facts of a person and a case as plain words, ready to be evaluated.
//
// Which sets of a pack hold a nationality, a band or a state is looked up once, when facts are
// read; what follows compares bits and days. A row belongs to the program it was read for. Reading
// into a row again keeps its memory.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PERSON_ROW_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PERSON_ROW_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "pathways/type/v1/person.pb.h"
#include "services/eligibility/domain/program.h"

namespace pathways::eligibility {

// As made: a person of whom nothing is known.
struct PersonRow {
  // Words 0 to 7 of program.h: what is true and what is false.
  std::array<uint64_t, kRowWords> yes{};
  std::array<uint64_t, kRowWords> no{};
  // First and last day that each of the person's dates may be; the first is that of entry.
  struct Days {
    Day first = kFirstDay;
    Day last = kLastDay;
    bool operator==(const Days&) const = default;
  };
  std::array<Days, kPersonDatesMax> dates{};
};

struct CaseRow {
  std::vector<PersonRow> people;
  int principal = -1;  // Index in people. Fewer than 0: none.
};

// Answers that have gone stale by `day` count as not given.
PersonRow RowOf(const Program& program, const type::v1::PersonFacts& facts, Day day);

// What the principal applicant answered for all people of the case counts for each of them.
void ReadFacts(const Program& program, const type::v1::CaseFacts& facts, Day day, CaseRow& row);

// The first later day on which an answer to one of these facts goes stale. `answers` are those of a
// person.
std::optional<Day> NextStaleDay(const Program& program, const type::v1::PersonFacts& facts,
                                FactSet looked_at, Day day);

// Rows that differ from `row` in one fact alone, one for each answer that a condition of the
// program tells apart. None for a date: which days differ depends on the day (evaluate.h).
std::vector<PersonRow> Alternatives(const Program& program, const PersonRow& row, Fact fact);

// Whether conditions have anything of a fact to go by, be it a year instead of a day.
bool IsKnown(const Program& program, const PersonRow& row, Fact number);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PERSON_ROW_H_
