// The facts that conditions look at, by number.
//
// A few are fields of pathways.type.v1.PersonFacts, and have the same number in every program; the
// others are answers by the id of a fact of the pack, and follow in the order of their ids. A set
// of facts is one bit each. What a number is called, the program says (program.h).
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FACTS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FACTS_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/type/v1/person.pb.h"

namespace pathways::eligibility {

// Facts that are fields.
enum FieldFact : int {
  kAgeBand,
  kEntryDate,
  kNationalities,
  kNeeds,
  kRefugeeClaim,
  kRelationship,
  kState,
  kFieldFacts,  // The first answer.
};

// One of them, or kFieldFacts plus the place of an answer in the program.
using Fact = int;

using FactSet = uint64_t;

// Answers that the conditions of one pack can look at.
inline constexpr int kAnswersMax = 64 - kFieldFacts;

constexpr FactSet SetOf(Fact fact) { return FactSet{1} << fact; }

// For example "age_band". Lives for ever.
const char* NameOfField(FieldFact fact);

// The names of dates in conditions that are no answers.
inline constexpr absl::string_view kAsOfDate = "as_of";
inline constexpr absl::string_view kEntryDateName = "entry_date";

// The facts of a set, by their numbers.
std::vector<Fact> FactsIn(FactSet set);

// In which order facts are asked: in company before alone, and then as the catalogue says.
bool IsAskedBefore(const type::v1::Fact& a, const type::v1::Fact& b);

// Ids of the facts that the conditions and steps of a pack name.
std::set<std::string> FactsNamedIn(const v1::PolicyPack& pack);

// What `with` fills in replaces what was known of a person; a list replaces a list, an answer the
// answer to the same fact.
void ReplaceFacts(const type::v1::PersonFacts& with, type::v1::PersonFacts& person);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FACTS_H_
