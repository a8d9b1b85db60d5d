#include "services/type/fact_fields.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "pathways/intake/v1/case.pb.h"

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

// Follows from the birth date.
constexpr char kAgeBand[] = "age_band";

// In the order of the fields.
constexpr Field kFields[] = {
    PATHWAYS_FACT(relationship),
    PATHWAYS_FACT(sex),
    {kAgeBand,
     [](const PersonFacts& from, PersonFacts& to) {
       to.set_age_band(from.age_band());
       to.set_age_precision(from.age_precision());
     }},
    PATHWAYS_FACT_LIST(nationalities),
    {"entry_date",
     [](const PersonFacts& from, PersonFacts& to) {
       if (from.has_entry_date()) *to.mutable_entry_date() = from.entry_date();
     }},
    PATHWAYS_FACT(in_mexico),
    PATHWAYS_FACT(state),
    PATHWAYS_FACT(refugee_claim),
    PATHWAYS_FACT(left_country_for_fear),
    PATHWAYS_FACT(seeks_work),
    PATHWAYS_FACT_LIST(needs),
    PATHWAYS_FACT(risk_on_return),
    PATHWAYS_FACT(crime_in_mexico),
    PATHWAYS_FACT(job_offer),
    PATHWAYS_FACT(us_family_petition),
    PATHWAYS_FACT(us_employer_petition),
    PATHWAYS_FACT(work_papers),
};

#undef PATHWAYS_FACT
#undef PATHWAYS_FACT_LIST

}  // namespace

bool IsFactName(absl::string_view name) {
  return std::any_of(std::begin(kFields), std::end(kFields),
                     [&](const Field& field) { return field.fact == name; });
}

std::vector<std::string> AllFactNames() {
  std::vector<std::string> names;
  for (const Field& field : kFields) names.emplace_back(field.fact);
  return names;
}

std::vector<std::string> CorrectableFields() {
  std::vector<std::string> names;
  for (const Field& field : kFields) {
    if (absl::string_view(field.fact) != kAgeBand) names.emplace_back(field.fact);
  }
  const auto& identity = *intake::v1::Identity::descriptor();
  for (int i = 0; i < identity.field_count(); ++i) {
    names.push_back(absl::StrCat("identity.", identity.field(i)->name()));
  }
  return names;
}

PersonFacts KeepFacts(const PersonFacts& person, const FactNames& names) {
  PersonFacts kept;
  kept.set_person_id(person.person_id());
  for (const Field& field : kFields) {
    if (names.contains(field.fact)) field.copy(person, kept);
  }
  return kept;
}

}  // namespace pathways::type
