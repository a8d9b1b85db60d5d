// The answers to a fact that the conditions of a pack can tell apart, each with what it stands for.
//
// They are those that `policy check` walks (combinations.h): a question has two, a code is in the
// same sets as others, a day lies between two days on which a comparison turns. A cell is one of
// them for all that is the same to the conditions. Pure.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FACT_CELLS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FACT_CELLS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "pathways/eligibility/v1/explanation.pb.h"
#include "services/eligibility/domain/rules.h"

namespace pathways::eligibility {

struct FactCell {
  // What it puts into a row: bits of one word, or one of the person's dates.
  uint16_t word = 0;
  uint64_t mask = 0;  // 0: it is a date.
  uint64_t yes = 0;
  int date = -1;
  Day day = 0;
  // What it stands for.
  std::vector<std::string> codes;
  bool other = false;  // Every code that the pack does not name.
  int64_t least = 0;   // Of a number; none where `least` is greater than `greatest`.
  int64_t greatest = -1;
  Span days;  // Of a date.
};

// The cells of a fact of the pack, in an order that never changes. A day of entry is not later than
// the day of the rules. Of a fact that takes several codes a cell is one code alone.
std::vector<FactCell> CellsOf(const RulesOfDay& rules, const type::v1::Fact& fact, Fact number);

// Answers the fact of the cell in a row.
void Put(const FactCell& cell, PersonRow& row);

// Whether the cell may be true of the row as it is: the fact is not known there, or, a date, not
// exactly.
bool MayBe(const FactCell& cell, const PersonRow& row);

// Describes the answers of some cells of a fact, at least one, as one. `named` are all cells.
void Describe(const std::vector<FactCell>& named, const std::vector<size_t>& chosen,
              v1::FactWouldBe& fact);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FACT_CELLS_H_
