#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/intake/domain/validate.h"
#include "services/intake/domain/validate_person.h"
#include "services/type/codes.h"
#include "services/type/dates.h"
#include "services/type/text.h"

namespace pathways::intake {
namespace {

using CodeOf = std::optional<std::string> (*)(absl::string_view);

// Codes in their stored form, sorted and each once.
std::set<std::string> CheckCodes(const google::protobuf::RepeatedPtrField<std::string>& input,
                                 int count_max, CodeOf code_of, const std::string& path,
                                 absl::string_view expected, type::Violations& violations) {
  std::set<std::string> codes;
  for (int i = 0; i < std::min(input.size(), count_max); ++i) {
    const auto code = code_of(type::Clean(input[i]).text);
    if (code) {
      codes.insert(*code);
    } else {
      violations.Add(absl::StrCat(path, "[", i, "]"), expected);
    }
  }
  return codes;
}

void CheckNationalities(const v1::Person& input, const Place& place, type::v1::PersonFacts& facts,
                        type::Violations& violations) {
  const std::string path = place.path + ".nationalities";
  const int count = input.nationalities_size();
  if (count < 1 || count > kNationalitiesMax) {
    violations.Add(path, absl::StrCat("must be 1 to ", kNationalitiesMax));
  }
  if (count == 1 &&
      absl::EqualsIgnoreCase(type::Clean(input.nationalities(0)).text, type::kNationalityUnknown)) {
    return;
  }
  for (const std::string& code :
       CheckCodes(input.nationalities(), kNationalitiesMax, type::NationalityCode, path,
                  "must be an ISO 3166-1 country code, XXA for stateless, or XXX alone for not "
                  "known",
                  violations)) {
    facts.add_nationalities(code);
  }
}

void CheckNeeds(const v1::Person& input, const Place& place, type::v1::PersonFacts& facts,
                type::Violations& violations) {
  const std::string path = place.path + ".needs";
  if (input.needs_size() > kNeedsMax) {
    violations.Add(path, absl::StrCat("must be at most ", kNeedsMax));
  }
  for (const std::string& code :
       CheckCodes(input.needs(), kNeedsMax, type::NeedCode, path,
                  "must be a specific-need code of UNHCR, for example SC-UC", violations)) {
    facts.add_needs(code);
  }
}

void CheckEntry(const type::v1::PartialDate& entry, const type::v1::PartialDate& birth,
                const Place& place, type::Violations& violations) {
  const std::string path = place.path + ".entry_date";
  if (!type::IsValid(entry)) {
    violations.Add(path, "must be a date that exists: a year, year and month, or a whole day");
    return;
  }
  const auto entered = type::RangeOf(entry);
  if (!entered) return;
  const auto born = type::RangeOf(birth);
  if (entered->first > place.today) {
    violations.Add(path, "must not be after the day of registration");
  } else if (entered->last < OldestBirth(place.today)) {
    violations.Add(path, absl::StrCat("must not be more than ", kAgeYearsMax, " years ago"));
  } else if (born && entered->last < born->first) {
    violations.Add(path, "must not be before the date of birth");
  }
}

// Unknown numbers of an enum reach the domain as they are: proto3 enums are open.
void CheckEnums(const v1::Person& input, const Place& place, type::Violations& violations) {
  const auto check = [&](const char* field, bool known, const char* expected) {
    if (!known) violations.Add(absl::StrCat(place.path, ".", field), expected);
  };
  check("relationship",
        input.relationship() != type::v1::RELATIONSHIP_UNSPECIFIED &&
            type::v1::Relationship_IsValid(input.relationship()),
        "is required: the relationship to the principal applicant");
  check("sex", input.sex() != type::v1::SEX_UNSPECIFIED && type::v1::Sex_IsValid(input.sex()),
        "is required: female, male, other or unknown");
  check("refugee_claim", type::v1::RefugeeClaim_IsValid(input.refugee_claim()),
        "must be none, filed, recognised, refused or empty");
}

}  // namespace

type::v1::PersonFacts CheckFacts(const v1::Person& input, const type::v1::PartialDate& birth,
                                 const Place& place, type::Violations& violations) {
  type::v1::PersonFacts facts;
  CheckEnums(input, place, violations);
  facts.set_relationship(input.relationship());
  facts.set_sex(input.sex());
  *facts.mutable_answers() =
      type::CheckAnswers(place.facts, input.answers(), place.known,
                         {place.path + ".answers", place.today,
                          input.relationship() == type::v1::RELATIONSHIP_PRINCIPAL},
                         violations);
  facts.set_refugee_claim(input.refugee_claim());
  CheckNationalities(input, place, facts, violations);
  CheckEntry(input.entry_date(), birth, place, violations);
  if (!type::IsEmpty(input.entry_date())) *facts.mutable_entry_date() = input.entry_date();
  const auto state = type::StateCode(type::Clean(input.state()).text);
  if (state) {
    facts.set_state(*state);
  } else if (!type::IsBlank(input.state())) {
    violations.Add(place.path + ".state",
                   "must be an ISO 3166-2 code of a Mexican state, for example MX-CHP, or empty");
  }
  CheckNeeds(input, place, facts, violations);
  return facts;
}

}  // namespace pathways::intake
