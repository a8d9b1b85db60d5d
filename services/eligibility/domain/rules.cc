#include "services/eligibility/domain/rules.h"

#include <algorithm>

#include "absl/status/status.h"
#include "services/eligibility/domain/determine.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/type/desk.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

v1::Outcome OutcomeOfTruth(Truth truth) {
  static constexpr v1::Outcome kOutcomes[] = {v1::OUTCOME_DOES_NOT_MEET,
                                              v1::OUTCOME_NEEDS_INFORMATION, v1::OUTCOME_MEETS};
  return kOutcomes[static_cast<size_t>(truth)];
}

PathwayOfDay OnDay(const Program& program, const PathwayPlan& plan, Day day, Day known,
                   std::vector<Demand>& demands) {
  PathwayOfDay of_day;
  for (size_t i = 0; i < plan.criteria.size(); ++i) {
    const CriterionPlan& criterion = plan.criteria[i];
    if (!criterion.known.Has(known)) continue;
    Earlier(criterion.in_force.from, day, of_day.next_change);
    Earlier(criterion.in_force.until, day, of_day.next_change);
    if (!criterion.in_force.Has(day)) continue;
    of_day.criteria.push_back(static_cast<int>(i));
    // Place{} is never true and never false.
    AddDemands(program, criterion.sure ? criterion.place : Place{}, demands);
  }
  if (of_day.criteria.empty()) AddDemands(program, Place{}, demands);
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

AsOf AsOfTime(absl::string_view place, absl::Time time) {
  const absl::CivilDay day = type::DeskDay(place, time);
  return {day, day};
}

absl::StatusOr<std::shared_ptr<const Rules>> Rules::Compile(const v1::PolicyPack& pack) {
  absl::Status status = CheckRules(pack);
  if (!status.ok()) return status;
  absl::StatusOr<Program> program = LayOut(pack);
  if (!program.ok()) return program.status();
  return std::shared_ptr<const Rules>(new Rules(pack, *std::move(program)));
}

RulesOfDay Rules::On(AsOf as_of) const { return {shared_from_this(), as_of}; }

std::vector<NumberedFact> Rules::FactsInOrder() const {
  std::vector<NumberedFact> facts;
  for (const type::v1::Fact& fact : pack_.facts()) {
    for (Fact number = 0; number < kFieldFacts + static_cast<int>(program_.answers.size());
         ++number) {
      if (program_.NameOf(number) == fact.id()) facts.push_back({&fact, number});
    }
  }
  std::sort(facts.begin(), facts.end(), [](const NumberedFact& a, const NumberedFact& b) {
    return IsAskedBefore(*a.fact, *b.fact);
  });
  return facts;
}

Screening Rules::Screen(const type::v1::CaseFacts& facts, AsOf as_of) const {
  return On(as_of).Screen(facts);
}

RulesOfDay::RulesOfDay(std::shared_ptr<const Rules> rules, AsOf as_of)
    : rules_(std::move(rules)), as_of_(as_of) {
  const Day day = NumberOf(as_of.day);
  const Day known = NumberOf(as_of.known);
  plan_ = PlanDay(rules_->pack(), rules_->program(), day, known);
  for (const PathwayPlan& plan : rules_->program().pathways) {
    std::vector<Demand> demands;
    pathways_.push_back(OnDay(rules_->program(), plan, day, known, demands));
    const auto begin = static_cast<uint32_t>(demands_.size());
    demands_.insert(demands_.end(), demands.begin(), demands.end());
    units_.push_back({begin, static_cast<uint32_t>(demands_.size()),
                      static_cast<uint32_t>(families_.size()),
                      static_cast<uint32_t>(persons_.size())});
    (plan.family ? families_ : persons_).push_back(units_.back());
  }
  nodes_ = NodesFor(rules_->program(), demands_);
}

v1::PathwayStatus RulesOfDay::StatusOf(size_t pathway) const {
  const int status = pathways_[pathway].status;
  if (status < 0) return v1::PATHWAY_STATUS_UNSPECIFIED;
  return rules_->program().pathways[pathway].statuses[static_cast<size_t>(status)].status;
}

v1::Outcome RulesOfDay::OutcomeOf(size_t pathway, const Bits& bits) const {
  const Unit& unit = units_[pathway];
  return OutcomeOfTruth(Judge(demands_.data() + unit.begin, demands_.data() + unit.end, bits));
}

void RulesOfDay::Outcomes(const CaseRow& row, std::vector<v1::Outcome>& outcomes) const {
  const Program& program = rules_->program();
  const size_t people = row.people.size();
  outcomes.clear();
  if (people == 0) return;
  outcomes.resize(families_.size() + persons_.size() * people);
  const MemberBits members = CountMembers(program, plan_, row);
  Bits bits;
  const auto fill = [&](const std::vector<Unit>& units, size_t person) {
    for (const Unit& unit : units) {
      const size_t first = unit.families_before + unit.persons_before * people;
      outcomes[first + person] =
          OutcomeOfTruth(Judge(demands_.data() + unit.begin, demands_.data() + unit.end, bits));
    }
  };
  for (size_t person = 0; person < people; ++person) {
    EvaluateNodes(program, plan_, row.people[person], members, nodes_, bits);
    fill(persons_, person);
    if (static_cast<int>(person) == row.principal) fill(families_, 0);
  }
  if (row.principal >= 0) return;
  EvaluateNodes(program, plan_, PersonRow(), members, nodes_, bits);
  fill(families_, 0);
}

Screening RulesOfDay::Screen(const type::v1::CaseFacts& facts) const {
  return Determine(*this, facts);
}

}  // namespace pathways::eligibility
