#include "services/eligibility/domain/facts.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace pathways::eligibility {
namespace {

// By Fact.
constexpr std::array<const char*, kFactCount> kNames = {"age_band",
                                                        "crime_in_mexico",
                                                        "entry_date",
                                                        "in_mexico",
                                                        "irregular_entry",
                                                        "job_offer",
                                                        "left_country_for_fear",
                                                        "nationalities",
                                                        "needs",
                                                        "refugee_claim",
                                                        "relationship",
                                                        "risk_on_return",
                                                        "seeks_work",
                                                        "state",
                                                        "us_employer_petition",
                                                        "us_family_petition",
                                                        "us_supporter",
                                                        "work_papers"};

// By QuestionFact.
constexpr std::array<Fact, v1::QuestionFact_ARRAYSIZE> kOfQuestion = {
    kFactCount,  // Not filled in: no fact.
    kInMexico,         kLeftCountryForFear, kSeeksWork,  kRiskOnReturn, kCrimeInMexico, kJobOffer,
    kUsFamilyPetition, kUsEmployerPetition, kWorkPapers, kUsSupporter,  kIrregularEntry};

}  // namespace

const char* NameOf(Fact fact) { return kNames[static_cast<size_t>(fact)]; }

Fact FactOf(v1::QuestionFact question) { return kOfQuestion[static_cast<size_t>(question)]; }

bool IsSensitive(Fact fact) {
  constexpr FactSet kSensitive = SetOf(kCrimeInMexico) | SetOf(kIrregularEntry) |
                                 SetOf(kLeftCountryForFear) | SetOf(kNeeds) | SetOf(kRiskOnReturn);
  return (kSensitive & SetOf(fact)) != 0;
}

std::vector<Fact> FactsIn(FactSet set) {
  std::vector<Fact> facts;
  for (int fact = 0; fact < kFactCount; ++fact) {
    if (set & SetOf(static_cast<Fact>(fact))) facts.push_back(static_cast<Fact>(fact));
  }
  return facts;
}

void ReplaceFacts(const type::v1::PersonFacts& with, type::v1::PersonFacts& person) {
  // What MergeFrom would join is cleared; all else it replaces.
  if (!with.nationalities().empty()) person.clear_nationalities();
  if (!with.needs().empty()) person.clear_needs();
  if (with.has_entry_date()) person.clear_entry_date();
  person.MergeFrom(with);
}

std::string QuestionKey(const std::string& fact_name) { return absl::StrCat("fact.", fact_name); }

}  // namespace pathways::eligibility
