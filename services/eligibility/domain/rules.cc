#include "services/eligibility/domain/rules.h"

#include <algorithm>

#include "absl/status/status.h"
#include "services/eligibility/domain/determine.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/type/dates.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

v1::Outcome OutcomeOfTruth(Truth truth) {
  switch (truth) {
    case Truth::kTrue:
      return v1::OUTCOME_MEETS;
    case Truth::kFalse:
      return v1::OUTCOME_DOES_NOT_MEET;
    case Truth::kUnknown:
      break;
  }
  return v1::OUTCOME_NEEDS_INFORMATION;
}

void AddLook(const Place& place, std::vector<Look>& looks) {
  const auto same_word = [&](const Look& look) { return look.word == place.word; };
  auto look = std::find_if(looks.begin(), looks.end(), same_word);
  if (look == looks.end()) look = looks.insert(looks.end(), Look{place.word, 0, 0});
  (place.negated ? look->negative : look->positive) |= uint64_t{1} << place.bit;
}

PathwayOfDay OnDay(const PathwayPlan& plan, Day day, Day known, std::vector<Look>& looks) {
  PathwayOfDay of_day;
  for (size_t i = 0; i < plan.criteria.size(); ++i) {
    const CriterionPlan& criterion = plan.criteria[i];
    if (!criterion.known.Has(known)) continue;
    Earlier(criterion.in_force.from, day, of_day.next_change);
    Earlier(criterion.in_force.until, day, of_day.next_change);
    if (!criterion.in_force.Has(day)) continue;
    of_day.criteria.push_back(static_cast<int>(i));
    // Place{} is never true and never false.
    AddLook(criterion.sure ? criterion.place : Place{}, looks);
  }
  if (of_day.criteria.empty()) AddLook(Place{}, looks);
  for (size_t i = 0; i < plan.statuses.size(); ++i) {
    const StatusPlan& status = plan.statuses[i];
    if (!status.known.Has(known)) continue;
    Earlier(status.in_force.from, day, of_day.next_change);
    Earlier(status.in_force.until, day, of_day.next_change);
    if (status.in_force.Has(day)) of_day.status = static_cast<int>(i);
  }
  return of_day;
}

}  // namespace

AsOf AsOfTime(absl::Time time) {
  const absl::CivilDay day = type::DeskDay(time);
  return {day, day};
}

absl::StatusOr<std::shared_ptr<const Rules>> Rules::Compile(const v1::PolicyPack& pack) {
  absl::Status status = CheckPack(pack);
  if (!status.ok()) return status;
  absl::StatusOr<Program> program = LayOut(pack);
  if (!program.ok()) return program.status();
  return std::shared_ptr<const Rules>(new Rules(pack, *std::move(program)));
}

RulesOfDay Rules::On(AsOf as_of) const { return {shared_from_this(), as_of}; }

Screening Rules::Screen(const type::v1::CaseFacts& facts, AsOf as_of) const {
  return On(as_of).Screen(facts);
}

RulesOfDay::RulesOfDay(std::shared_ptr<const Rules> rules, AsOf as_of)
    : rules_(std::move(rules)), as_of_(as_of) {
  const Day day = NumberOf(as_of.day);
  const Day known = NumberOf(as_of.known);
  plan_ = PlanDay(rules_->pack(), rules_->program(), day, known);
  for (const PathwayPlan& plan : rules_->program().pathways) {
    std::vector<Look> looks;
    pathways_.push_back(OnDay(plan, day, known, looks));
    const auto begin = static_cast<uint32_t>(looks_.size());
    looks_.insert(looks_.end(), looks.begin(), looks.end());
    pathways_.back().looks = {begin, static_cast<uint32_t>(looks_.size())};
    units_.push_back({pathways_.back().looks, plan.family});
  }
}

v1::PathwayStatus RulesOfDay::StatusOf(size_t pathway) const {
  const int status = pathways_[pathway].status;
  if (status < 0) return v1::PATHWAY_STATUS_UNSPECIFIED;
  return rules_->program().pathways[pathway].statuses[static_cast<size_t>(status)].status;
}

v1::Outcome RulesOfDay::OutcomeOf(size_t pathway, const Bits& bits) const {
  const Looks& looks = pathways_[pathway].looks;
  return OutcomeOfTruth(AllOf(looks_.data() + looks.begin, looks_.data() + looks.end, bits));
}

void RulesOfDay::Outcomes(const CaseRow& row, std::vector<v1::Outcome>& outcomes) const {
  const Program& program = rules_->program();
  const size_t people = row.people.size();
  outcomes.clear();
  if (people == 0) return;
  size_t count = 0;
  for (const Unit& unit : units_) count += unit.family ? 1 : people;
  outcomes.resize(count);
  const MemberBits members = CountMembers(program, plan_, row);
  Bits bits;
  // Where the outcomes of a pathway begin depends on the units of those before it.
  const auto fill = [&](size_t person, bool persons, bool families) {
    v1::Outcome* at = outcomes.data();
    for (const Unit& unit : units_) {
      if (unit.family ? families : persons) {
        const Look* const looks = looks_.data();
        at[unit.family ? 0 : person] =
            OutcomeOfTruth(AllOf(looks + unit.looks.begin, looks + unit.looks.end, bits));
      }
      at += unit.family ? 1 : people;
    }
  };
  for (size_t person = 0; person < people; ++person) {
    Evaluate(program, plan_, row.people[person], members, bits);
    fill(person, true, static_cast<int>(person) == row.principal);
  }
  if (row.principal >= 0) return;
  Evaluate(program, plan_, PersonRow(), members, bits);
  fill(0, false, true);
}

Screening RulesOfDay::Screen(const type::v1::CaseFacts& facts) const {
  return Determine(*this, facts);
}

}  // namespace pathways::eligibility
