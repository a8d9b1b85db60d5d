#include "services/type/fact_fields.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "pathways/intake/v1/case.pb.h"
#include "services/type/facts.h"

namespace pathways::type {
namespace {

using v1::PersonFacts;

// A fact is copied by what stands here and by nothing else, so one that is missing is never kept.
struct Field {
  const char* fact;
  void (*copy)(const PersonFacts& from, PersonFacts& to);
};

#define PATHWAYS_FACT(name) \
  {#name, [](const PersonFacts& from, PersonFacts& to) { to.set_##name(from.name()); }}
#define PATHWAYS_FACT_LIST(name) \
  {#name, [](const PersonFacts& from, PersonFacts& to) { *to.mutable_##name() = from.name(); }}

// In the order of the fields.
constexpr Field kFields[] = {
    PATHWAYS_FACT(relationship),
    PATHWAYS_FACT(sex),
    {kAgeBandName,
     [](const PersonFacts& from, PersonFacts& to) {
       to.set_age_band(from.age_band());
       to.set_age_precision(from.age_precision());
     }},
    PATHWAYS_FACT_LIST(nationalities),
    {"entry_date",
     [](const PersonFacts& from, PersonFacts& to) {
       if (from.has_entry_date()) *to.mutable_entry_date() = from.entry_date();
     }},
    PATHWAYS_FACT(state),
    PATHWAYS_FACT(refugee_claim),
    PATHWAYS_FACT_LIST(needs),
};

#undef PATHWAYS_FACT
#undef PATHWAYS_FACT_LIST

}  // namespace

bool IsFieldName(absl::string_view name) {
  return std::any_of(std::begin(kFields), std::end(kFields),
                     [&](const Field& field) { return field.fact == name; });
}

std::vector<std::string> FieldNames() {
  std::vector<std::string> names;
  for (const Field& field : kFields) names.emplace_back(field.fact);
  return names;
}

bool IsCorrectable(absl::string_view name) {
  if (absl::ConsumePrefix(&name, "identity.")) {
    return intake::v1::Identity::descriptor()->FindFieldByName(std::string(name)) != nullptr;
  }
  if (absl::ConsumePrefix(&name, "answers.")) return IsFactId(name);
  return name != kAgeBandName && IsFieldName(name);
}

std::string CorrectableExpected() {
  std::vector<std::string> names;
  for (const Field& field : kFields) {
    if (absl::string_view(field.fact) != kAgeBandName) names.emplace_back(field.fact);
  }
  const auto& identity = *intake::v1::Identity::descriptor();
  for (int i = 0; i < identity.field_count(); ++i) {
    names.push_back(absl::StrCat("identity.", identity.field(i)->name()));
  }
  return absl::StrCat(absl::StrJoin(names, ", "), ", or answers. with the id of a fact");
}

PersonFacts KeepFacts(const PersonFacts& person, const FactNames& names) {
  PersonFacts kept;
  kept.set_person_id(person.person_id());
  for (const Field& field : kFields) {
    if (names.contains(field.fact)) field.copy(person, kept);
  }
  for (const v1::FactAnswer& answer : person.answers()) {
    if (names.contains(answer.fact())) *kept.add_answers() = answer;
  }
  return kept;
}

}  // namespace pathways::type
