#include "services/intake/domain/validate.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/intake/domain/validate_person.h"
#include "services/type/codes.h"
#include "services/type/dates.h"
#include "services/type/names.h"

namespace pathways::intake {
namespace {

constexpr char kPeoplePath[] = "case.people";
constexpr char kOnePrincipal[] = "must have one person with relationship PRINCIPAL";

std::string PersonId(int index) { return absl::StrCat("p", index + 1); }

std::string PersonPath(int index) { return absl::StrCat(kPeoplePath, "[", index, "]"); }

NormalisedIdentity WithBandChange(std::string person_id, v1::Identity identity,
                                  absl::CivilDay today) {
  NormalisedIdentity result{.person_id = std::move(person_id), .identity = std::move(identity)};
  const auto change = type::NextBandChange(result.identity.date_of_birth(), today);
  if (change) result.band_changes_on = type::FromDay(*change);
  return result;
}

void CheckPrincipal(const v1::Case& input, type::Violations& violations) {
  bool found = false;
  for (int i = 0; i < input.people_size(); ++i) {
    if (input.people(i).relationship() != type::v1::RELATIONSHIP_PRINCIPAL) continue;
    if (found) {
      violations.Add(PersonPath(i) + ".relationship",
                     "must not be PRINCIPAL: one person of the case is already");
    }
    found = true;
  }
  if (!found) violations.Add(kPeoplePath, kOnePrincipal);
}

void CheckConsent(const v1::Case& input, type::Violations& violations) {
  if (!input.has_consent()) {
    violations.Add("case.consent", kConsentRequired);
  }
}

// Checks identity and facts of a person, and appends both.
void CheckPersonWithIdentity(const v1::Person& person, const std::string& person_id,
                             const Place& place, type::v1::CaseFacts& facts,
                             std::vector<NormalisedIdentity>& identities,
                             type::Violations& violations) {
  v1::Identity identity = CheckIdentity(person.identity(), place, violations);
  type::v1::PersonFacts& entry = *facts.add_people();
  entry = CheckFacts(person, identity.date_of_birth(), place, violations);
  entry.set_person_id(person_id);
  entry.set_age_band(type::BandOn(identity.date_of_birth(), place.today));
  entry.set_age_precision(type::PrecisionOf(identity.date_of_birth()));
  identities.push_back(WithBandChange(person_id, std::move(identity), place.today));
}

// Checks the facts of a person whose identity is kept.
void CheckPersonKeepingIdentity(const v1::Person& person, const type::v1::PersonFacts& current,
                                const Place& place, type::v1::CaseFacts& facts,
                                type::Violations& violations) {
  type::v1::PersonFacts& entry = *facts.add_people();
  entry = CheckFacts(person, person.identity().date_of_birth(), place, violations);
  entry.set_person_id(current.person_id());
  entry.set_age_band(current.age_band());
  entry.set_age_precision(current.age_precision());
}

}  // namespace

type::v1::PartialDate FirstBandChange(const std::vector<NormalisedIdentity>& identities) {
  std::optional<absl::CivilDay> first;
  for (const NormalisedIdentity& identity : identities) {
    const auto day = type::RangeOf(identity.band_changes_on);
    if (day && (!first || day->first < *first)) first = day->first;
  }
  return first ? type::FromMonth(absl::CivilMonth(*first)) : type::v1::PartialDate();
}

NormalisedCase CheckCase(const v1::Case& input, const type::Facts& facts, absl::CivilDay today,
                         type::Violations& violations) {
  static const type::FactAnswers kNothingOnFile;
  NormalisedCase result;
  if (input.people().empty() || input.people_size() > kPeopleMax) {
    violations.Add(kPeoplePath, absl::StrCat("must be 1 to ", kPeopleMax, " people"));
  } else {
    for (int i = 0; i < input.people_size(); ++i) {
      CheckPersonWithIdentity(input.people(i), PersonId(i),
                              {PersonPath(i), today, facts, kNothingOnFile}, result.facts,
                              result.identities, violations);
    }
    CheckPrincipal(input, violations);
  }
  CheckConsent(input, violations);
  result.facts.set_consent(input.consent());
  return result;
}

NormalisedPeople CheckPeople(const std::vector<PersonUpdate>& people,
                             const type::v1::CaseFacts& current, const type::Facts& facts,
                             absl::CivilDay today, type::Violations& violations) {
  NormalisedPeople result;
  result.facts.set_consent(current.consent());
  for (int i = 0; i < current.people_size(); ++i) {
    const PersonUpdate& update = people[static_cast<size_t>(i)];
    const type::v1::PersonFacts& known = current.people(i);
    const Place place{update.path, today, facts, known.answers()};
    if (!update.person) {
      *result.facts.add_people() = known;
    } else if (update.identity_changes) {
      CheckPersonWithIdentity(*update.person, known.person_id(), place, result.facts,
                              result.identities, violations);
    } else {
      CheckPersonKeepingIdentity(*update.person, known, place, result.facts, violations);
    }
  }
  const auto principals = std::count_if(
      result.facts.people().begin(), result.facts.people().end(),
      [](const auto& person) { return person.relationship() == type::v1::RELATIONSHIP_PRINCIPAL; });
  if (principals != 1) violations.Add(kPeoplePath, kOnePrincipal);
  return result;
}

v1::Person PersonOf(const type::v1::PersonFacts& facts) {
  v1::Person person;
  person.set_person_id(facts.person_id());
  person.set_relationship(facts.relationship());
  person.set_sex(facts.sex());
  *person.mutable_nationalities() = facts.nationalities();
  if (facts.nationalities().empty())
    person.add_nationalities(std::string(type::kNationalityUnknown));
  if (facts.has_entry_date()) *person.mutable_entry_date() = facts.entry_date();
  *person.mutable_answers() = facts.answers();
  person.set_state(facts.state());
  person.set_refugee_claim(facts.refugee_claim());
  *person.mutable_needs() = facts.needs();
  person.set_age_band(facts.age_band());
  return person;
}

absl::StatusOr<NormalisedCase> ValidateForRegistration(const v1::Case& input,
                                                       const type::Facts& facts,
                                                       absl::CivilDay today) {
  type::Violations violations;
  NormalisedCase result = CheckCase(input, facts, today, violations);
  if (!violations.empty()) return violations.ToStatus(kInvalidCase);
  return result;
}

}  // namespace pathways::intake
