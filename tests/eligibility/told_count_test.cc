// Goal: whoever may simulate any pack cannot learn of one person by it. Method: packs that are made
// to single somebody out, at random, over small caseloads; of what is told, every count and every
// difference of two is looked at, and the same question is asked of caseloads that differ in a few
// people alone.
#include "services/eligibility/domain/told_count.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pathways/eligibility/v1/eligibility_service.pb.h"
#include "services/eligibility/difference_reach.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/eligibility/domain/policy_reach.h"
#include "services/eligibility/domain/simulation.h"
#include "tests/eligibility/builders.h"
#include "tests/eligibility/random_facts.h"

namespace pathways::eligibility {
namespace {

using States = std::vector<v1::EligibilityState>;

const absl::Time kNow = absl::FromUnixSeconds(1'690'500'000);

// A condition that most meet, or few, or one.
std::string Condition(Random& random) {
  const auto one_of = [&](const std::vector<std::string>& values) {
    return values[static_cast<size_t>(Below(random, static_cast<int>(values.size())))];
  };
  const std::string wide = one_of({"yes: 'in_mexico'", "nationality_in { of: 'CUB' }",
                                   "refugee_claim_in { of: REFUGEE_CLAIM_FILED }"});
  const std::string alone =
      absl::StrCat("all { of { nationality_in { of: '", one_of({"HTI", "VEN"}), "' } } of { ",
                   one_of({"yes: 'job_offer'", "yes: 'seeks_work'"}), " } }");
  switch (Below(random, 4)) {
    case 0:
      return wide;
    case 1:
      return alone;
    case 2:
      return absl::StrCat("any { of { ", wide, " } of { ", alone, " } }");
    default:
      return absl::StrCat("all { of { ", wide, " } of { not { ", alone, " } } }");
  }
}

// All of a pack but its condition is the same; one that the check takes.
v1::PolicyPack Crafted(Random& random) {
  for (;;) {
    v1::PolicyPack pack = PackOf(Condition(random));
    if (CheckPack(pack).ok()) return pack;
  }
}

v1::EligibilityState CaseOf(const type::v1::PersonFacts& person, const PolicyInForce& in_force) {
  v1::EligibilityState state;
  *state.mutable_facts()->add_people() = person;
  state.mutable_facts()->mutable_people(0)->set_person_id("p1");
  state.mutable_facts()->mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  state.set_based_on(1);
  *state.mutable_determinations() = ScreenState(state, in_force, kNow).determinations();
  return state;
}

// What one call answers, as far as it is counted.
v1::SimulatePolicyResponse Answer(const v1::PolicyPack& before, const v1::PolicyPack& pack,
                                  const States& states) {
  const auto rules_before = RulesOf(before);
  const auto rules = RulesOf(pack);
  const std::vector<PackDifference> differences =
      DifferencesOf(rules_before->pack(), rules->pack());
  const std::vector<ReachTargets> targets = TargetsOf(differences, *rules_before, *rules);
  const PolicyInForce one{*rules_before, 1};
  const PolicyInForce other{*rules, 2};
  Simulation simulation(other, kNow);
  PolicyReach reach(one, other, kNow, targets);
  for (const v1::EligibilityState& state : states) {
    const auto now = simulation.Add(state);
    if (now) reach.Add(state, *now);
  }
  v1::SimulatePolicyResponse answer;
  const ToldCount cases = Tell(simulation.cases());
  answer.set_cases(cases.told);
  for (v1::SimulationCell& cell : simulation.Cells()) *answer.add_cells() = std::move(cell);
  DifferenceWords words(*rules);
  for (size_t i = 0; i < differences.size(); ++i) {
    *answer.add_differences() = words.Of(differences[i], targets[i], reach.reaches()[i], cases);
  }
  return answer;
}

std::vector<int64_t> CountsIn(const v1::SimulatePolicyResponse& answer) {
  std::vector<int64_t> counts = {answer.cases()};
  for (const v1::SimulationCell& cell : answer.cells()) counts.push_back(cell.count());
  for (const v1::PolicyDifference& difference : answer.differences()) {
    counts.push_back(difference.cases());
    counts.push_back(difference.altered());
    for (const v1::OutcomeMove& move : difference.moves()) counts.push_back(move.cases());
  }
  return counts;
}

TEST(ToldCount, IsNoSmallNumberAndNeitherIsWhatLiesBetweenTwo) {
  int told = 0;
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const v1::PolicyPack base = Crafted(random);
    const auto in_force = RulesOf(base);
    States states;
    for (int i = Below(random, 40); i > 0; --i) {
      states.push_back(CaseOf(RandomPerson(random), {*in_force, 1}));
    }
    std::vector<int64_t> counts;
    for (int call = 0; call < 2; ++call) {
      for (const int64_t count : CountsIn(Answer(base, Crafted(random), states))) {
        counts.push_back(count);
      }
    }
    for (const int64_t one : counts) {
      told += one > 0 ? 1 : 0;
      for (const int64_t other : counts) {
        EXPECT_TRUE(one - other <= 0 || one - other >= kCountStep) << one << " " << other;
      }
    }
  }
  EXPECT_GT(told, 500) << "hardly anything is told";
}

// Up to four people of whom anything may be so, among others who are all alike.
TEST(ToldCount, SaysTheSameWhateverIsSoOfAFewPeople) {
  int told = 0;
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const v1::PolicyPack base = Crafted(random);
    const v1::PolicyPack crafted = Crafted(random);
    const auto in_force = RulesOf(base);
    const States others(static_cast<size_t>(Below(random, 30)),
                        CaseOf(Person("p1"), {*in_force, 1}));
    const int few = 1 + Below(random, 4);
    std::string first;
    for (int caseload = 0; caseload < 3; ++caseload) {
      States states = others;
      for (int i = 0; i < few; ++i) {
        states.push_back(CaseOf(RandomPerson(random), {*in_force, 1}));
      }
      const v1::SimulatePolicyResponse answer = Answer(base, crafted, states);
      told += answer.cells_size();
      if (caseload == 0) first = answer.ShortDebugString();
      EXPECT_EQ(answer.ShortDebugString(), first);
    }
  }
  EXPECT_GT(told, 500) << "hardly anything is told";
}

}  // namespace
}  // namespace pathways::eligibility
