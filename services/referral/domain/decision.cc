#include "services/referral/domain/decision.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "services/referral/domain/decide.h"

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

std::optional<People> FactsOf(const type::v1::CaseFacts& facts, const Strings& person_ids) {
  People people;
  for (const std::string& id : person_ids) {
    const auto found = std::find_if(facts.people().begin(), facts.people().end(),
                                    [&](const auto& person) { return person.person_id() == id; });
    if (found == facts.people().end()) return std::nullopt;
    *people.Add() = *found;
  }
  return people;
}

}  // namespace pathways::referral
