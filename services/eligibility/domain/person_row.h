// The facts of a person and a case as plain words, ready to be evaluated.
//
// Which sets of a pack hold a nationality, a band or a state is looked up once, when facts are
// read; what follows compares bits and days. A row belongs to the program it was read for. Reading
// into a row again keeps its memory.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PERSON_ROW_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PERSON_ROW_H_

#include <array>
#include <cstdint>
#include <vector>

#include "pathways/type/v1/person.pb.h"
#include "services/eligibility/domain/program.h"

namespace pathways::eligibility {

// As made: a person of whom nothing is known.
struct PersonRow {
  // Words 0 to 6 of program.h: what is true and what is false.
  std::array<uint64_t, kRowWords> yes{};
  std::array<uint64_t, kRowWords> no{};
  // First and last day of entry that is possible.
  Day entry_first = kFirstDay;
  Day entry_last = kLastDay;
};

struct CaseRow {
  std::vector<PersonRow> people;
  int principal = -1;  // Index in people. Fewer than 0: none.
};

PersonRow RowOf(const Program& program, const type::v1::PersonFacts& facts);

void ReadFacts(const Program& program, const type::v1::CaseFacts& facts, CaseRow& row);

// Rows that differ from `row` in one fact alone, one for each answer that a condition of the
// program tells apart.
std::vector<PersonRow> Alternatives(const Program& program, const PersonRow& row, Fact fact);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_PERSON_ROW_H_
