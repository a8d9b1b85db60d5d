// Goal: a simulation counts what would change and tells no small number, directly or by
// subtraction. Method: states made by hand, one per case, around the smallest cell that is told.
#include "services/eligibility/domain/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/eligibility/builders.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "pathway from>to nationality need count", a hidden count as "?".
std::vector<std::string> Lines(const Simulation& simulation) {
  std::vector<std::string> lines;
  for (const v1::SimulationCell& cell : simulation.Cells()) {
    EXPECT_TRUE(!cell.suppressed() || cell.count() == 0);
    const std::string of = cell.nationality() + cell.need();
    lines.push_back(absl::StrCat(cell.pathway(), " ", v1::Outcome_Name(cell.from()).substr(8), ">",
                                 v1::Outcome_Name(cell.to()).substr(8), of.empty() ? "" : " ", of,
                                 " ", cell.suppressed() ? "?" : absl::StrCat(cell.count())));
  }
  return lines;
}

class SimulationTest : public testing::Test {
 protected:
  // Cases of one person who met the conditions of "road".
  void Add(int count, const std::string& nationality, std::optional<bool> in_mexico,
           const std::string& need = "") {
    v1::EligibilityState state;
    type::v1::PersonFacts person = Person("p1");
    person.clear_nationalities();
    person.clear_needs();
    person.add_nationalities(nationality);
    Forget(person, "in_mexico");
    if (in_mexico) SetAnswer(person, "in_mexico", *in_mexico);
    if (!need.empty()) person.add_needs(need);
    *state.mutable_facts()->add_people() = person;
    state.set_based_on(1);
    *state.mutable_determinations() =
        Parse<v1::CaseScreened>(
            "determinations { pathway: 'road' person_ids: 'p1' outcome: OUTCOME_MEETS }")
            .determinations();
    for (int i = 0; i < count; ++i) simulation_.Add(state);
  }

  const v1::PolicyPack pack_ = [] {
    v1::PolicyPack pack = SmallPack();
    pack.mutable_pathways()->RemoveLast();
    return pack;
  }();
  const std::shared_ptr<const Rules> rules_ = RulesOf(pack_);
  const PolicyInForce candidate_{*rules_, 2};
  Simulation simulation_{candidate_, absl::UnixEpoch()};
};

TEST_F(SimulationTest, CountsByChangeNationalityAndNeed) {
  Add(20, "CUB", true);
  Add(10, "HTI", true, "SM-MI");
  Add(7, "BRA", false);
  EXPECT_EQ(simulation_.cases(), 37);
  EXPECT_THAT(Lines(simulation_),
              ElementsAre("road MEETS>MEETS 30", "road MEETS>MEETS CU 20", "road MEETS>MEETS HT 10",
                          "road MEETS>MEETS SM-MI 10", "road MEETS>DOES_NOT_MEET 7",
                          "road MEETS>DOES_NOT_MEET OTHER 7"));
}

TEST_F(SimulationTest, TellsNoCellBelowFive) {
  Add(20, "CUB", true);
  Add(5, "HTI", true);
  EXPECT_THAT(Lines(simulation_), Contains("road MEETS>MEETS HT 5"));
  Add(4, "VEN", true);
  // The smallest other is hidden too, or the third could be reckoned from the sum.
  EXPECT_THAT(Lines(simulation_), ElementsAre("road MEETS>MEETS 29", "road MEETS>MEETS CU 20",
                                              "road MEETS>MEETS HT ?", "road MEETS>MEETS VE ?"));
}

TEST_F(SimulationTest, HidesWithACellAllThatIsInIt) {
  Add(20, "CUB", true);
  Add(30, "CUB", std::nullopt);
  Add(4, "CUB", false, "SM-MI");
  EXPECT_THAT(
      Lines(simulation_),
      ElementsAre("road MEETS>MEETS ?", "road MEETS>MEETS CU ?", "road MEETS>DOES_NOT_MEET ?",
                  "road MEETS>DOES_NOT_MEET CU ?", "road MEETS>DOES_NOT_MEET SM-MI ?",
                  "road MEETS>NEEDS_INFORMATION 30", "road MEETS>NEEDS_INFORMATION CU 30"));
}

TEST_F(SimulationTest, HidesANeedThatNearlyAllHave) {
  Add(20, "CUB", true, "SM-MI");
  Add(4, "CUB", true);
  EXPECT_THAT(Lines(simulation_), Contains("road MEETS>MEETS SM-MI ?"));
}

TEST_F(SimulationTest, PassesOverWhatIsNotScreened) {
  v1::EligibilityState state;
  simulation_.Add(state);
  state.set_based_on(1);
  state.set_withdrawn(true);
  simulation_.Add(state);
  EXPECT_EQ(simulation_.cases(), 0);
  EXPECT_THAT(simulation_.Cells(), IsEmpty());
}

}  // namespace
}  // namespace pathways::eligibility
