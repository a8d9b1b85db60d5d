#include "services/referral/domain/decision.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "services/referral/domain/decide.h"
#include "services/type/fact_fields.h"

namespace pathways::referral {

absl::Status Decision::Add(v1::ReferralEvent event) {
  event.set_case_id(case_id());
  const int64_t number = context_.version + static_cast<int64_t>(events_.size()) + 1;
  absl::Status status = Evolve(state_, event, {case_id(), number, context_.now});
  if (status.ok()) events_.push_back(std::move(event));
  return status;
}

const v1::StoredReferral* FindReferral(const v1::ReferralCaseState& state, absl::string_view id) {
  for (const v1::StoredReferral& stored : state.referrals()) {
    if (stored.referral_id() == id) return &stored;
  }
  return nullptr;
}

bool SameStrings(const Strings& one, const Strings& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end());
}

std::optional<People> FactsFor(const v1::ReferralCaseState& state, const v1::AgencyRoutes& routes,
                               absl::string_view agency, absl::string_view pathway,
                               const Strings& person_ids) {
  const auto& disclosures = state.disclosures();
  const auto found = std::find_if(disclosures.begin(), disclosures.end(),
                                  [&](const type::v1::Disclosure& disclosure) {
                                    return IsAbout(disclosure, pathway, person_ids);
                                  });
  // A screening may be older than what is known of the people.
  if (found == disclosures.end() || !AreInCase(state, person_ids)) return std::nullopt;
  return PermittedOf(found->people(), routes, agency);
}

People PermittedOf(const People& people, const v1::AgencyRoutes& routes, absl::string_view agency) {
  type::FactNames permitted;
  for (const v1::Agency& entry : routes.agencies()) {
    if (entry.id() == agency) permitted = {entry.facts().begin(), entry.facts().end()};
  }
  People kept;
  for (const type::v1::PersonFacts& person : people) {
    *kept.Add() = type::KeepFacts(person, permitted);
  }
  return kept;
}

bool AreInCase(const v1::ReferralCaseState& state, const Strings& person_ids) {
  const auto& all = state.person_ids();
  return std::all_of(person_ids.begin(), person_ids.end(), [&](const std::string& id) {
    return std::find(all.begin(), all.end(), id) != all.end();
  });
}

bool IsAbout(const type::v1::Disclosure& disclosure, absl::string_view pathway,
             const Strings& person_ids) {
  const auto& people = disclosure.people();
  return disclosure.pathway() == pathway &&
         std::equal(people.begin(), people.end(), person_ids.begin(), person_ids.end(),
                    [](const type::v1::PersonFacts& person, const std::string& id) {
                      return person.person_id() == id;
                    });
}

}  // namespace pathways::referral
