#include "services/intake/update_people.h"

#include <google/protobuf/util/field_mask_util.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/type/facts.h"

namespace pathways::intake {
namespace {

using ::google::protobuf::util::FieldMaskUtil;

constexpr char kPeople[] = "people";
constexpr char kEachPerson[] = "people.*.";
constexpr char kIdentity[] = "identity";
constexpr char kAnswers[] = "answers";
constexpr char kOneAnswer[] = "answers.";

constexpr char kPathExpected[] =
    "must be people, consent, people.*.identity, or people.*. with a field of a person or of the "
    "identity or the answer to a fact, for example people.*.state, people.*.identity.phone or "
    "people.*.answers.job_offer";

// A fact, the identity, or a field of the identity; nothing within a date, list or document.
bool MayBeChanged(absl::string_view path) {
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '.');
  if (parts[0] == "person_id" || parts[0] == "age_band") return false;
  if (parts[0] == kAnswers && parts.size() == 2) return type::IsFactId(parts[1]);
  if (parts.size() > (parts[0] == kIdentity ? 2 : 1)) return false;
  return FieldMaskUtil::IsValidPath<v1::Person>(std::string(path));
}

std::string PersonPath(int index) { return absl::StrCat("case.people[", index, "]"); }

// Puts the answer to one fact into a person; there is none where it was not given.
void MergeAnswer(const v1::Person& from, absl::string_view fact, v1::Person& to) {
  auto& answers = *to.mutable_answers();
  answers.erase(std::remove_if(answers.begin(), answers.end(),
                               [&](const auto& answer) { return answer.fact() == fact; }),
                answers.end());
  for (const type::v1::FactAnswer& answer : from.answers()) {
    if (answer.fact() == fact) *answers.Add() = answer;
  }
}

// Gives answers of a whole list the days of those on file, which are kept where they say the same:
// who sends a list back has not asked everything again.
void KeepDays(const v1::Person& on_file, v1::Person& person) {
  for (type::v1::FactAnswer& answer : *person.mutable_answers()) {
    const auto* const known = type::FindAnswer(on_file.answers(), answer.fact());
    if (known != nullptr && known->has_answered_on()) {
      *answer.mutable_answered_on() = known->answered_on();
    }
  }
}

// Puts the named fields into a person, those that are empty too.
void MergeFields(const v1::Person& from, const std::vector<std::string>& paths, v1::Person& to) {
  google::protobuf::FieldMask mask;
  for (const std::string& path : paths) {
    if (!absl::StartsWith(path, kOneAnswer)) mask.add_paths(path);
  }
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(from, mask, options, &to);
}

// Puts the answers that are named one by one into a person. They were given now.
void MergeAnswers(const v1::Person& from, const std::vector<std::string>& paths, v1::Person& to) {
  for (absl::string_view path : paths) {
    if (absl::ConsumePrefix(&path, kOneAnswer)) MergeAnswer(from, path, to);
  }
}

// Place in the case of the person that the request lists at `index`; nothing, with a violation,
// when it may not be listed there.
std::optional<int> PlaceOf(const UpdateMask& mask, const v1::Case& input, int index,
                           const v1::Case& on_file, type::Violations& violations) {
  const std::string path = absl::StrCat(PersonPath(index), ".person_id");
  const std::string& id = input.people(index).person_id();
  if (mask.all_facts) {
    if (id.empty() || id == on_file.people(index).person_id()) return index;
    violations.Add(path, "must be empty or the id of the person at this place: p1, p2 and so on");
    return std::nullopt;
  }
  for (int i = 0; i < on_file.people_size(); ++i) {
    if (on_file.people(i).person_id() == id) return i;
  }
  violations.Add(
      path, absl::StrCat("must be the id of a person of the case: p1 to p", on_file.people_size()));
  return std::nullopt;
}

}  // namespace

UpdateMask ReadMask(const google::protobuf::FieldMask& input, type::Violations& violations) {
  UpdateMask mask;
  if (input.paths().empty()) {
    violations.Add("update_mask", "is required: people, consent or fields of people");
  }
  for (int i = 0; i < input.paths_size(); ++i) {
    absl::string_view path = input.paths(i);
    if (path == "consent") {
      mask.consent = true;
    } else if (path == kPeople) {
      mask.all_facts = true;
    } else if (absl::ConsumePrefix(&path, kEachPerson) && MayBeChanged(path)) {
      mask.identity |= absl::StartsWith(path, kIdentity);
      mask.person_paths.emplace_back(path);
    } else {
      violations.Add(absl::StrCat("update_mask.paths[", i, "]"), kPathExpected);
    }
  }
  return mask;
}

std::optional<std::vector<PersonUpdate>> MergePeople(const UpdateMask& mask, const v1::Case& input,
                                                     const v1::Case& on_file,
                                                     type::Violations& violations) {
  if (mask.all_facts && input.people_size() != on_file.people_size()) {
    violations.Add("case.people", "must list the people of the case, each once and in their order");
    return std::nullopt;
  }
  if (input.people().empty() || input.people_size() > on_file.people_size()) {
    violations.Add("case.people", "must list the people to change, each once, by person_id");
    return std::nullopt;
  }
  std::vector<PersonUpdate> people(static_cast<size_t>(on_file.people_size()));
  bool is_good = true;
  for (int i = 0; i < input.people_size(); ++i) {
    const v1::Person& asked = input.people(i);
    if (asked.has_identity() && !mask.identity) {
      violations.Add(absl::StrCat(PersonPath(i), ".identity"),
                     "is given, but no path of the mask names it: people.*.identity or a field");
      is_good = false;
    }
    const std::optional<int> place = PlaceOf(mask, input, i, on_file, violations);
    PersonUpdate* const update = place ? &people[static_cast<size_t>(*place)] : nullptr;
    if (update == nullptr || update->person) {
      if (update != nullptr) {
        violations.Add(absl::StrCat(PersonPath(i), ".person_id"), "must not be listed twice");
      }
      is_good = false;
      continue;
    }
    update->path = PersonPath(i);
    const v1::Person& known = on_file.people(*place);
    v1::Person& person = update->person.emplace(mask.all_facts ? asked : known);
    if (mask.all_facts) *person.mutable_identity() = known.identity();
    // Of several people one alone may need another identity.
    update->identity_changes = mask.identity && (asked.has_identity() || !mask.all_facts);
    if (!mask.all_facts || update->identity_changes) MergeFields(asked, mask.person_paths, person);
    KeepDays(known, person);
    MergeAnswers(asked, mask.person_paths, person);
  }
  if (!is_good) return std::nullopt;
  return people;
}

}  // namespace pathways::intake
