#include "services/eligibility/domain/evaluate.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "services/type/dates.h"

namespace pathways::eligibility {
namespace {

// Ordered, so that "all" is the least and "any" the greatest of its parts.
enum class Truth { kFalse, kUnknown, kTrue };

// Facts of a person that conditions look at. A set of them is one bit each.
enum Fact : size_t {
  kAgeBand,
  kEntryDate,
  kInMexico,
  kLeftCountryForFear,
  kNationalities,
  kRefugeeClaim,
  kSeeksWork,
};

// By Fact. Sorted, so a set read from its lowest bit on is sorted too.
constexpr std::array<const char*, 7> kFactNames = {
    "age_band",      "entry_date",    "in_mexico", "left_country_for_fear",
    "nationalities", "refugee_claim", "seeks_work"};

using FactSet = uint32_t;

constexpr FactSet SetOf(Fact fact) { return FactSet{1} << fact; }

// What a condition comes to.
struct Verdict {
  Truth truth = Truth::kUnknown;
  FactSet used = 0;
  FactSet missing = 0;  // Empty unless unknown.
};

Verdict Known(bool truth, Fact fact) {
  return {truth ? Truth::kTrue : Truth::kFalse, SetOf(fact), 0};
}

Verdict Missing(Fact fact) { return {Truth::kUnknown, SetOf(fact), SetOf(fact)}; }

Verdict NationalityIn(const v1::StringSet& set, const type::v1::PersonFacts& facts) {
  if (facts.nationalities().empty()) return Missing(kNationalities);
  const bool found = std::any_of(
      facts.nationalities().begin(), facts.nationalities().end(), [&](const std::string& code) {
        return std::find(set.of().begin(), set.of().end(), code) != set.of().end();
      });
  return Known(found, kNationalities);
}

Verdict IsYes(type::v1::Answer answer, Fact fact) {
  if (answer == type::v1::ANSWER_YES) return Known(true, fact);
  if (answer == type::v1::ANSWER_NO) return Known(false, fact);
  return Missing(fact);
}

Verdict Yes(v1::QuestionFact question, const type::v1::PersonFacts& facts) {
  switch (question) {
    case v1::QUESTION_FACT_IN_MEXICO:
      return IsYes(facts.in_mexico(), kInMexico);
    case v1::QUESTION_FACT_LEFT_COUNTRY_FOR_FEAR:
      return IsYes(facts.left_country_for_fear(), kLeftCountryForFear);
    case v1::QUESTION_FACT_SEEKS_WORK:
      return IsYes(facts.seeks_work(), kSeeksWork);
    default:
      return {};
  }
}

Verdict AgeBandIn(const v1::AgeBandSet& set, type::v1::AgeBand band) {
  // A band of a newer intake is as unknown as one that says so.
  if (band < type::v1::AGE_BAND_0_4 || band > type::v1::AGE_BAND_60_PLUS) return Missing(kAgeBand);
  return Known(std::find(set.of().begin(), set.of().end(), band) != set.of().end(), kAgeBand);
}

Verdict RefugeeClaimIn(const v1::RefugeeClaimSet& set, type::v1::RefugeeClaim claim) {
  if (claim < type::v1::REFUGEE_CLAIM_NONE || claim > type::v1::REFUGEE_CLAIM_REFUSED) {
    return Missing(kRefugeeClaim);
  }
  return Known(std::find(set.of().begin(), set.of().end(), claim) != set.of().end(), kRefugeeClaim);
}

std::optional<type::DayRange> DaysOf(const type::v1::PartialDate& date) {
  if (!type::IsValid(date)) return std::nullopt;
  return type::RangeOf(date);
}

Verdict EnteredOnOrBefore(const type::v1::PartialDate& cutoff, const type::v1::PartialDate& entry) {
  const std::optional<type::DayRange> until = DaysOf(cutoff);
  if (!until) return {};
  const std::optional<type::DayRange> entered = DaysOf(entry);
  if (!entered) return Missing(kEntryDate);
  if (entered->last <= until->last) return Known(true, kEntryDate);
  if (entered->first > until->last) return Known(false, kEntryDate);
  return Missing(kEntryDate);
}

Verdict Not(Verdict inner) {
  if (inner.truth != Truth::kUnknown) {
    inner.truth = inner.truth == Truth::kTrue ? Truth::kFalse : Truth::kTrue;
  }
  return inner;
}

Verdict AskUnless(Verdict inner) {
  // Where the inner condition is false no fact is missing: a person has to look.
  if (inner.truth == Truth::kFalse) inner.truth = Truth::kUnknown;
  return inner;
}

Verdict EvaluatePredicate(const v1::Predicate& predicate, const type::v1::PersonFacts& facts,
                          int depth);

// Looks at every part, also where the first settles it, so that the facts used do not depend on the
// answers.
Verdict Combine(const v1::PredicateList& list, bool all, const type::v1::PersonFacts& facts,
                int depth) {
  if (list.of().empty()) return {};
  Verdict whole{all ? Truth::kTrue : Truth::kFalse, 0, 0};
  for (const v1::Predicate& predicate : list.of()) {
    const Verdict part = EvaluatePredicate(predicate, facts, depth + 1);
    whole.truth = all ? std::min(whole.truth, part.truth) : std::max(whole.truth, part.truth);
    whole.used |= part.used;
    whole.missing |= part.missing;
  }
  if (whole.truth != Truth::kUnknown) whole.missing = 0;
  return whole;
}

Verdict EvaluatePredicate(const v1::Predicate& predicate, const type::v1::PersonFacts& facts,
                          int depth) {
  if (depth > kPredicateDepthMax) return {};
  switch (predicate.kind_case()) {
    case v1::Predicate::kAll:
      return Combine(predicate.all(), true, facts, depth);
    case v1::Predicate::kAny:
      return Combine(predicate.any(), false, facts, depth);
    case v1::Predicate::kNot:
      return Not(EvaluatePredicate(predicate.not_(), facts, depth + 1));
    case v1::Predicate::kNationalityIn:
      return NationalityIn(predicate.nationality_in(), facts);
    case v1::Predicate::kYes:
      return Yes(predicate.yes(), facts);
    case v1::Predicate::kAgeBandIn:
      return AgeBandIn(predicate.age_band_in(), facts.age_band());
    case v1::Predicate::kRefugeeClaimIn:
      return RefugeeClaimIn(predicate.refugee_claim_in(), facts.refugee_claim());
    case v1::Predicate::kEnteredOnOrBefore:
      return EnteredOnOrBefore(predicate.entered_on_or_before(), facts.entry_date());
    case v1::Predicate::kAskUnless:
      return AskUnless(EvaluatePredicate(predicate.ask_unless(), facts, depth + 1));
    case v1::Predicate::KIND_NOT_SET:
      break;
  }
  return {};
}

// A source that settles a matter; any other can only give a question to ask.
bool Settles(v1::Confidence confidence) {
  return confidence == v1::CONFIDENCE_S1 || confidence == v1::CONFIDENCE_S2;
}

void AddNames(FactSet facts, google::protobuf::RepeatedPtrField<std::string>& names) {
  for (size_t fact = 0; fact < kFactNames.size(); ++fact) {
    if (facts & SetOf(static_cast<Fact>(fact))) *names.Add() = kFactNames[fact];
  }
}

v1::CriterionResult ResultOf(const v1::Criterion& criterion, const type::v1::PersonFacts& facts) {
  Verdict verdict = EvaluatePredicate(criterion.predicate(), facts, 1);
  if (!Settles(criterion.confidence())) verdict.truth = Truth::kUnknown;
  v1::CriterionResult result;
  result.set_criterion(criterion.id());
  result.set_citation(criterion.citation());
  AddNames(verdict.used, *result.mutable_facts());
  AddNames(verdict.missing, *result.mutable_missing_facts());
  switch (verdict.truth) {
    case Truth::kTrue:
      result.set_outcome(v1::OUTCOME_MEETS);
      result.set_reason(criterion.when_met());
      break;
    case Truth::kFalse:
      result.set_outcome(v1::OUTCOME_DOES_NOT_MEET);
      result.set_reason(criterion.when_not_met());
      break;
    case Truth::kUnknown:
      result.set_outcome(v1::OUTCOME_NEEDS_INFORMATION);
      result.set_reason(criterion.when_unknown());
      break;
  }
  return result;
}

v1::Outcome OutcomeOf(const google::protobuf::RepeatedPtrField<v1::CriterionResult>& results) {
  const auto has = [&](v1::Outcome outcome) {
    return std::any_of(results.begin(), results.end(), [&](const v1::CriterionResult& result) {
      return result.outcome() == outcome;
    });
  };
  if (has(v1::OUTCOME_DOES_NOT_MEET)) return v1::OUTCOME_DOES_NOT_MEET;
  // Without a criterion nothing was looked at, so nothing is met.
  if (has(v1::OUTCOME_NEEDS_INFORMATION) || results.empty()) return v1::OUTCOME_NEEDS_INFORMATION;
  return v1::OUTCOME_MEETS;
}

// A pathway that is closed to people anyway is no reason to question them further.
void AddMissingFacts(v1::Determination& determination) {
  if (determination.outcome() != v1::OUTCOME_NEEDS_INFORMATION) return;
  auto& missing = *determination.mutable_missing_facts();
  for (const v1::CriterionResult& result : determination.criteria()) {
    for (const std::string& fact : result.missing_facts()) {
      if (std::find(missing.begin(), missing.end(), fact) == missing.end()) *missing.Add() = fact;
    }
  }
}

std::vector<Unit> PeopleOf(const type::v1::CaseFacts& facts) {
  std::vector<Unit> units;
  for (const type::v1::PersonFacts& person : facts.people()) {
    units.push_back({{person.person_id()}, person});
  }
  return units;
}

std::vector<Unit> FamilyOf(const type::v1::CaseFacts& facts) {
  if (facts.people().empty()) return {};
  Unit family;
  for (const type::v1::PersonFacts& person : facts.people()) {
    family.person_ids.push_back(person.person_id());
    if (person.relationship() == type::v1::RELATIONSHIP_PRINCIPAL) family.facts = person;
  }
  return {family};
}

std::vector<Unit> UnitsOf(v1::ScreeningUnit unit, const type::v1::CaseFacts& facts) {
  switch (unit) {
    case v1::SCREENING_UNIT_PERSON:
      return PeopleOf(facts);
    case v1::SCREENING_UNIT_FAMILY:
      return FamilyOf(facts);
    default:
      return {};
  }
}

}  // namespace

v1::Determination Evaluate(const v1::Pathway& pathway, const Unit& unit,
                           const std::string& policy_version) {
  v1::Determination determination;
  determination.set_pathway(pathway.id());
  determination.mutable_person_ids()->Add(unit.person_ids.begin(), unit.person_ids.end());
  for (const v1::Criterion& criterion : pathway.criteria()) {
    *determination.add_criteria() = ResultOf(criterion, unit.facts);
  }
  determination.set_outcome(OutcomeOf(determination.criteria()));
  AddMissingFacts(determination);
  determination.set_policy_version(policy_version);
  determination.set_evaluator_version(kEvaluatorVersion);
  return determination;
}

std::vector<v1::Determination> Screen(const v1::PolicyPack& pack,
                                      const type::v1::CaseFacts& facts) {
  std::vector<v1::Determination> determinations;
  for (const v1::Pathway& pathway : pack.pathways()) {
    for (const Unit& unit : UnitsOf(pathway.unit(), facts)) {
      determinations.push_back(Evaluate(pathway, unit, pack.version()));
    }
  }
  return determinations;
}

}  // namespace pathways::eligibility
