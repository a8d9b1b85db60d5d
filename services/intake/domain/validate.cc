#include "services/intake/domain/validate.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/intake/domain/validate_person.h"
#include "services/type/dates.h"
#include "services/type/names.h"

namespace pathways::intake {
namespace {

constexpr char kPeoplePath[] = "case.people";

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
  if (!found) violations.Add(kPeoplePath, "must have one person with relationship PRINCIPAL");
}

void CheckConsent(const v1::Case& input, type::Violations& violations) {
  if (!input.has_consent()) {
    violations.Add("case.consent", "is required: the principal applicant says yes or no");
  }
}

// Checks identity and facts of a person, and appends both.
void CheckPersonWithIdentity(const v1::Person& person, int index, absl::CivilDay today,
                             type::v1::CaseFacts& facts,
                             std::vector<NormalisedIdentity>& identities,
                             type::Violations& violations) {
  const Place place{PersonPath(index), today};
  v1::Identity identity = CheckIdentity(person.identity(), place, violations);
  type::v1::PersonFacts& entry = *facts.add_people();
  entry = CheckFacts(person, identity.date_of_birth(), place, violations);
  entry.set_person_id(PersonId(index));
  entry.set_age_band(type::BandOn(identity.date_of_birth(), today));
  entry.set_age_precision(type::PrecisionOf(identity.date_of_birth()));
  identities.push_back(WithBandChange(PersonId(index), std::move(identity), today));
}

// Checks the facts of a person whose identity is kept: the birth date is sealed, so it cannot bound
// the date of entry.
void CheckPersonKeepingIdentity(const v1::Person& person, int index,
                                const type::v1::PersonFacts& current, absl::CivilDay today,
                                type::v1::CaseFacts& facts, type::Violations& violations) {
  type::v1::PersonFacts& entry = *facts.add_people();
  entry = CheckFacts(person, {}, {PersonPath(index), today}, violations);
  entry.set_person_id(current.person_id());
  entry.set_age_band(current.age_band());
  entry.set_age_precision(current.age_precision());
}

void CheckPeopleOfUpdate(const v1::Case& input, const type::v1::CaseFacts& current,
                         absl::CivilDay today, NormalisedUpdate& update,
                         type::Violations& violations) {
  if (input.people_size() != current.people_size()) {
    violations.Add(kPeoplePath, "must list the people of the case, each once and in their order");
    return;
  }
  type::v1::CaseFacts& facts = update.facts.emplace();
  facts.set_consent(current.consent());
  for (int i = 0; i < input.people_size(); ++i) {
    const v1::Person& person = input.people(i);
    if (!person.person_id().empty() && person.person_id() != current.people(i).person_id()) {
      violations.Add(PersonPath(i) + ".person_id",
                     "must be empty or the id of the person at this place: p1, p2 and so on");
    }
    if (person.has_identity()) {
      CheckPersonWithIdentity(person, i, today, facts, update.identities, violations);
    } else {
      CheckPersonKeepingIdentity(person, i, current.people(i), today, facts, violations);
    }
  }
  CheckPrincipal(input, violations);
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

NormalisedCase CheckCase(const v1::Case& input, absl::CivilDay today,
                         type::Violations& violations) {
  NormalisedCase result;
  if (input.people().empty() || input.people_size() > kPeopleMax) {
    violations.Add(kPeoplePath, absl::StrCat("must be 1 to ", kPeopleMax, " people"));
  } else {
    for (int i = 0; i < input.people_size(); ++i) {
      CheckPersonWithIdentity(input.people(i), i, today, result.facts, result.identities,
                              violations);
    }
    CheckPrincipal(input, violations);
  }
  CheckConsent(input, violations);
  result.facts.set_consent(input.consent());
  return result;
}

NormalisedUpdate CheckUpdate(const v1::UpdateCaseRequest& request,
                             const type::v1::CaseFacts& current, absl::CivilDay today,
                             type::Violations& violations) {
  bool people = false;
  bool consent = false;
  const auto& paths = request.update_mask().paths();
  if (paths.empty()) violations.Add("update_mask", "is required: people, consent or both");
  for (int i = 0; i < paths.size(); ++i) {
    people = people || paths[i] == "people";
    consent = consent || paths[i] == "consent";
    if (paths[i] != "people" && paths[i] != "consent") {
      violations.Add(absl::StrCat("update_mask.paths[", i, "]"), "must be people or consent");
    }
  }
  NormalisedUpdate update;
  if (people) CheckPeopleOfUpdate(request.case_(), current, today, update, violations);
  if (consent) {
    CheckConsent(request.case_(), violations);
    update.consent = request.case_().consent();
  }
  return update;
}

absl::StatusOr<NormalisedCase> ValidateForRegistration(const v1::Case& input,
                                                       absl::CivilDay today) {
  type::Violations violations;
  NormalisedCase result = CheckCase(input, today, violations);
  if (!violations.empty()) return violations.ToStatus(kInvalidCase);
  return result;
}

absl::StatusOr<NormalisedUpdate> ValidateUpdate(const v1::UpdateCaseRequest& request,
                                                const type::v1::CaseFacts& current,
                                                absl::CivilDay today) {
  type::Violations violations;
  NormalisedUpdate result = CheckUpdate(request, current, today, violations);
  if (!violations.empty()) return violations.ToStatus(kInvalidCase);
  return result;
}

}  // namespace pathways::intake
