#include "services/eligibility/domain/changes.h"

#include <algorithm>
#include <string>

namespace pathways::eligibility {
namespace {

// A determination without what may change and mean the same.
std::string SubstanceOf(const v1::Determination& determination) {
  v1::Determination bare = determination;
  bare.clear_policy_version();
  bare.clear_evaluator_version();
  bare.clear_status_source();
  bare.clear_status_message_key();
  bare.clear_as_of();
  bare.clear_known_on();
  bare.clear_calendars();
  bare.clear_holds_until();
  for (v1::CriterionResult& criterion : *bare.mutable_criteria()) {
    criterion.clear_message_key();
    criterion.clear_source();
  }
  return bare.SerializeAsString();  // It holds no map, so equal messages have equal bytes.
}

v1::DeterminationChange ChangeOf(const v1::Determination& before, const v1::Determination& now) {
  v1::DeterminationChange change;
  change.set_pathway(now.pathway());
  *change.mutable_person_ids() = now.person_ids();
  change.set_from(before.outcome());
  change.set_to(now.outcome());
  change.set_status_from(before.status());
  change.set_status_to(now.status());
  for (const v1::CriterionResult& result : now.criteria()) {
    if (OutcomeOf(before, result.criterion()) != result.outcome()) {
      change.add_criteria(result.criterion());
    }
  }
  for (const v1::CriterionResult& result : before.criteria()) {
    if (OutcomeOf(now, result.criterion()) == v1::OUTCOME_UNSPECIFIED) {
      change.add_criteria(result.criterion());
    }
  }
  change.add_tell(v1::RECIPIENT_PEOPLE);
  // Who met the conditions may have been referred.
  if (before.outcome() == v1::OUTCOME_MEETS) change.add_tell(v1::RECIPIENT_AGENCY);
  return change;
}

// The same pathway and people, not screened.
v1::Determination NotScreened(const v1::Determination& determination) {
  v1::Determination none;
  none.set_pathway(determination.pathway());
  *none.mutable_person_ids() = determination.person_ids();
  return none;
}

}  // namespace

const v1::Determination* FindUnit(const Determinations& in, const v1::Determination& wanted) {
  const auto found = std::find_if(
      in.begin(), in.end(),
      [&](const v1::Determination& determination) { return IsSameUnit(determination, wanted); });
  return found == in.end() ? nullptr : &*found;
}

v1::Outcome OutcomeOf(const v1::Determination& determination, const std::string& criterion) {
  for (const v1::CriterionResult& result : determination.criteria()) {
    if (result.criterion() == criterion) return result.outcome();
  }
  return v1::OUTCOME_UNSPECIFIED;
}

bool IsSameUnit(const v1::Determination& a, const v1::Determination& b) {
  return a.pathway() == b.pathway() && std::equal(a.person_ids().begin(), a.person_ids().end(),
                                                  b.person_ids().begin(), b.person_ids().end());
}

bool SameSubstance(const v1::Determination& a, const v1::Determination& b) {
  return SubstanceOf(a) == SubstanceOf(b);
}

bool SameSubstance(const Determinations& before, const Determinations& now) {
  return std::equal(
      before.begin(), before.end(), now.begin(), now.end(),
      [](const v1::Determination& a, const v1::Determination& b) { return SameSubstance(a, b); });
}

std::vector<v1::DeterminationChange> ChangesOf(const Determinations& before,
                                               const Determinations& now) {
  std::vector<v1::DeterminationChange> changes;
  for (const v1::Determination& determination : now) {
    const v1::Determination* const known = FindUnit(before, determination);
    const bool is_same = known != nullptr && known->outcome() == determination.outcome() &&
                         known->status() == determination.status();
    if (is_same) continue;
    changes.push_back(
        ChangeOf(known == nullptr ? NotScreened(determination) : *known, determination));
  }
  for (const v1::Determination& determination : before) {
    if (FindUnit(now, determination) != nullptr) continue;
    changes.push_back(ChangeOf(determination, NotScreened(determination)));
  }
  return changes;
}

}  // namespace pathways::eligibility
