#include "services/eligibility/domain/facts.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>

namespace pathways::eligibility {
namespace {

// By FieldFact.
constexpr std::array<const char*, kFieldFacts> kNames = {
    "age_band", "entry_date", "nationalities", "needs", "refugee_claim", "relationship", "state"};

void AddFacts(const v1::Predicate& predicate, std::set<std::string>& ids) {
  const auto add_field = [&](FieldFact field) { ids.insert(NameOfField(field)); };
  const auto add_date = [&](const std::string& date) {
    if (date != kAsOfDate) ids.insert(date);
  };
  switch (predicate.kind_case()) {
    case v1::Predicate::kAll:
      for (const v1::Predicate& part : predicate.all().of()) AddFacts(part, ids);
      return;
    case v1::Predicate::kAny:
      for (const v1::Predicate& part : predicate.any().of()) AddFacts(part, ids);
      return;
    case v1::Predicate::kNot:
      return AddFacts(predicate.not_(), ids);
    case v1::Predicate::kAskUnless:
      return AddFacts(predicate.ask_unless(), ids);
    case v1::Predicate::kMembers:
      return AddFacts(predicate.members().where(), ids);
    case v1::Predicate::kYes:
      ids.insert(predicate.yes());
      return;
    case v1::Predicate::kCodeIn:
      ids.insert(predicate.code_in().fact());
      return;
    case v1::Predicate::kNumberIn:
      ids.insert(predicate.number_in().fact());
      return;
    case v1::Predicate::kDateIn:
      return add_date(predicate.date_in().date());
    case v1::Predicate::kWithin:
      return add_date(predicate.within().date());
    case v1::Predicate::kNationalityIn:
      return add_field(kNationalities);
    case v1::Predicate::kAgeBandIn:
      return add_field(kAgeBand);
    case v1::Predicate::kRefugeeClaimIn:
      return add_field(kRefugeeClaim);
    case v1::Predicate::kStateIn:
      return add_field(kState);
    case v1::Predicate::kNeedIn:
      return add_field(kNeeds);
    case v1::Predicate::kRelationshipIn:
      return add_field(kRelationship);
    case v1::Predicate::kEnteredOnOrBefore:
      return add_field(kEntryDate);
    case v1::Predicate::KIND_NOT_SET:
      return;
  }
}

}  // namespace

std::set<std::string> FactsNamedIn(const v1::PolicyPack& pack) {
  std::set<std::string> ids;
  for (const v1::Pathway& pathway : pack.pathways()) {
    for (const v1::Criterion& criterion : pathway.criteria()) AddFacts(criterion.predicate(), ids);
  }
  for (const v1::Step& step : pack.steps()) {
    AddFacts(step.when(), ids);
    for (const type::v1::FactAnswer& answer : step.sets().answers()) ids.insert(answer.fact());
  }
  for (const v1::Interaction& interaction : pack.interactions()) AddFacts(interaction.when(), ids);
  return ids;
}

const char* NameOfField(FieldFact fact) { return kNames[static_cast<size_t>(fact)]; }

std::vector<Fact> FactsIn(FactSet set) {
  std::vector<Fact> facts;
  for (Fact fact = 0; set >> fact != 0; ++fact) {
    if (set & SetOf(fact)) facts.push_back(fact);
    if (fact == kFieldFacts + kAnswersMax - 1) break;  // A shift by 64 is undefined.
  }
  return facts;
}

bool IsAskedBefore(const type::v1::Fact& a, const type::v1::Fact& b) {
  return std::make_tuple(a.setting(), a.order(), absl::string_view(a.id())) <
         std::make_tuple(b.setting(), b.order(), absl::string_view(b.id()));
}

void ReplaceFacts(const type::v1::PersonFacts& with, type::v1::PersonFacts& person) {
  // What MergeFrom would join is cleared; all else it replaces.
  if (!with.nationalities().empty()) person.clear_nationalities();
  if (!with.needs().empty()) person.clear_needs();
  if (with.has_entry_date()) person.clear_entry_date();
  auto& answers = *person.mutable_answers();
  for (const type::v1::FactAnswer& answer : with.answers()) {
    answers.erase(std::remove_if(answers.begin(), answers.end(),
                                 [&](const auto& known) { return known.fact() == answer.fact(); }),
                  answers.end());
  }
  person.MergeFrom(with);
  std::sort(answers.begin(), answers.end(),
            [](const auto& a, const auto& b) { return a.fact() < b.fact(); });
}

}  // namespace pathways::eligibility
