// Goal: a simulation counts what would change and tells no small number, directly or by
// subtraction. Method: states made by hand, one per case, around the steps of what is told.
#include "services/eligibility/domain/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/eligibility/builders.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "pathway from>to nationality need count".
std::vector<std::string> Lines(const Simulation& simulation) {
  std::vector<std::string> lines;
  for (const v1::SimulationCell& cell : simulation.Cells()) {
    const std::string of = cell.nationality() + cell.need();
    lines.push_back(absl::StrCat(cell.pathway(), " ", v1::Outcome_Name(cell.from()).substr(8), ">",
                                 v1::Outcome_Name(cell.to()).substr(8), of.empty() ? "" : " ", of,
                                 " ", cell.count()));
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
    for (int i = 0; i < count; ++i) simulation_->Add(state);
  }

  const v1::PolicyPack pack_ = [] {
    v1::PolicyPack pack = SmallPack();
    pack.mutable_pathways()->RemoveLast();
    return pack;
  }();
  const std::shared_ptr<const Rules> rules_ = RulesOf(pack_);
  const PolicyInForce candidate_{*rules_, 2};
  std::optional<Simulation> simulation_{std::in_place, candidate_, absl::UnixEpoch()};
};

TEST_F(SimulationTest, CountsByChangeNationalityAndNeed) {
  Add(20, "CUB", true);
  Add(10, "HTI", true, "SM-MI");
  Add(10, "BRA", false);
  EXPECT_EQ(simulation_->cases(), 40);
  EXPECT_THAT(Lines(*simulation_),
              ElementsAre("road MEETS>MEETS 30", "road MEETS>MEETS CU 20", "road MEETS>MEETS HT 10",
                          "road MEETS>MEETS SM-MI 10", "road MEETS>DOES_NOT_MEET 10",
                          "road MEETS>DOES_NOT_MEET OTHER 10"));
}

TEST_F(SimulationTest, RoundsDownToMultiplesOfFive) {
  Add(24, "CUB", true);
  Add(9, "HTI", true);
  Add(8, "BRA", false);
  EXPECT_THAT(Lines(*simulation_),
              ElementsAre("road MEETS>MEETS 30", "road MEETS>MEETS CU 20", "road MEETS>MEETS HT 5",
                          "road MEETS>DOES_NOT_MEET 5"))
      << "of the parts of fewer than 10 nothing is told";
}

// Neither four people show nor that they are not among the others.
TEST_F(SimulationTest, TellsFewerThanFiveAsNoneAndAllOthersAsAll) {
  Add(26, "CUB", true);
  Add(4, "HTI", false, "SM-MI");
  const std::vector<std::string> few = Lines(*simulation_);
  EXPECT_THAT(few, ElementsAre("road MEETS>MEETS 30", "road MEETS>MEETS CU 30"));
  simulation_.emplace(candidate_, absl::UnixEpoch());
  Add(30, "CUB", true);
  EXPECT_EQ(Lines(*simulation_), few);
  Add(1, "HTI", false);
  Add(4, "HTI", false);
  EXPECT_THAT(Lines(*simulation_), Contains("road MEETS>DOES_NOT_MEET 5"));
}

TEST_F(SimulationTest, TellsANeedThatNearlyAllHaveAsThatOfAll) {
  Add(21, "CUB", true, "SM-MI");
  Add(4, "CUB", true);
  EXPECT_THAT(Lines(*simulation_), Contains("road MEETS>MEETS SM-MI 25"));
  Add(1, "CUB", true);
  EXPECT_THAT(Lines(*simulation_), Contains("road MEETS>MEETS SM-MI 20"));
}

TEST_F(SimulationTest, PassesOverWhatIsNotScreened) {
  v1::EligibilityState state;
  simulation_->Add(state);
  state.set_based_on(1);
  state.set_withdrawn(true);
  simulation_->Add(state);
  EXPECT_EQ(simulation_->cases(), 0);
  EXPECT_THAT(simulation_->Cells(), IsEmpty());
}

}  // namespace
}  // namespace pathways::eligibility
