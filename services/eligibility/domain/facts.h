// The facts that conditions look at, by number and by name.
//
// Names are those of the fields of pathways.type.v1.PersonFacts, and of the questions that are
// never recorded. A set of facts is one bit each; read from its lowest bit on it is sorted by name.
// This file knows no values of facts.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FACTS_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "pathways/eligibility/v1/predicate.pb.h"
#include "pathways/type/v1/person.pb.h"

namespace pathways::eligibility {

// In order of their names.
enum Fact : int {
  kAgeBand,
  kCrimeInMexico,
  kEntryDate,
  kInMexico,
  kIrregularEntry,
  kJobOffer,
  kLeftCountryForFear,
  kNationalities,
  kNeeds,
  kRefugeeClaim,
  kRelationship,
  kRiskOnReturn,
  kSeeksWork,
  kState,
  kUsEmployerPetition,
  kUsFamilyPetition,
  kUsSupporter,
  kWorkPapers,
  kFactCount,
};

using FactSet = uint32_t;

constexpr FactSet SetOf(Fact fact) { return FactSet{1} << fact; }

// For example "age_band". Lives for ever.
const char* NameOf(Fact fact);

// The fact that a question asks for. The question must be valid.
Fact FactOf(v1::QuestionFact question);

// Whether it hurts or endangers to be asked: such facts are asked for last, for another answer may
// make the question needless.
bool IsSensitive(Fact fact);

// The facts of a set, in order of their names.
std::vector<Fact> FactsIn(FactSet set);

// What `with` fills in replaces what was known of a person; a list replaces a list.
void ReplaceFacts(const type::v1::PersonFacts& with, type::v1::PersonFacts& person);

// The key of the text that asks for a fact, for example fact.age_band.
std::string QuestionKey(const std::string& fact_name);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_FACTS_H_
