// Goal: a case is screened for every pathway and every unit of its people, by the facts that count
// for the unit. Method: small cases against a pack of two pathways.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/domain/rules.h"
#include "tests/eligibility/builders.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr AsOf kDay = {absl::CivilDay(2023, 7, 28), absl::CivilDay(2023, 7, 28)};

std::vector<v1::Determination> Screen(const v1::PolicyPack& pack,
                                      const type::v1::CaseFacts& facts) {
  return RulesOf(pack)->Screen(facts, kDay).determinations;
}

std::vector<std::string> Lines(const v1::PolicyPack& pack, const type::v1::CaseFacts& facts) {
  std::vector<std::string> lines;
  for (const v1::Determination& determination : Screen(pack, facts)) {
    lines.push_back(absl::StrCat(
        determination.pathway(), " ", absl::StrJoin(determination.person_ids(), "+"), " ",
        v1::Outcome_Name(determination.outcome()), " ", determination.policy_version()));
  }
  return lines;
}

TEST(Screen, TakesPeopleOneByOneAndFamiliesByThePrincipalApplicant) {
  type::v1::CaseFacts facts = Facts({"p1", "p2", "p3"});
  facts.mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_SPOUSE);
  facts.mutable_people(0)->set_nationalities(0, "COL");
  facts.mutable_people(1)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  facts.mutable_people(2)->set_age_band(type::v1::AGE_BAND_0_4);
  SetAnswer(*facts.mutable_people(2), "in_mexico", false);
  EXPECT_THAT(Lines(SmallPack(), facts),
              ElementsAre("road p1 OUTCOME_MEETS 2023-07-28", "road p2 OUTCOME_MEETS 2023-07-28",
                          "road p3 OUTCOME_DOES_NOT_MEET 2023-07-28",
                          "bridge p1+p2+p3 OUTCOME_MEETS 2023-07-28"));
  facts.mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  facts.mutable_people(1)->set_relationship(type::v1::RELATIONSHIP_SPOUSE);
  EXPECT_EQ(Lines(SmallPack(), facts).back(), "bridge p1+p2+p3 OUTCOME_DOES_NOT_MEET 2023-07-28");
}

TEST(Screen, OfAFamilyWithoutPrincipalApplicantNeedsInformation) {
  type::v1::CaseFacts facts = Facts({"p1"});
  facts.mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_SPOUSE);
  const v1::Determination family = Screen(SmallPack(), facts).back();
  EXPECT_EQ(family.outcome(), v1::OUTCOME_NEEDS_INFORMATION);
  EXPECT_THAT(family.missing_facts(), ElementsAre("age_band", "nationalities"));
}

TEST(Screen, OfNobodyGivesNothing) {
  EXPECT_THAT(Screen(SmallPack(), type::v1::CaseFacts()), IsEmpty());
}

TEST(Screen, GivesTheSameBytesTwice) {
  const type::v1::CaseFacts facts = Facts({"p1", "p2"});
  type::v1::CaseFacts copy;
  ASSERT_TRUE(copy.ParseFromString(facts.SerializeAsString()));
  const std::vector<v1::Determination> once = Screen(SmallPack(), facts);
  const std::vector<v1::Determination> twice = Screen(SmallPack(), copy);
  ASSERT_EQ(once.size(), twice.size());
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].SerializeAsString(), twice[i].SerializeAsString());
  }
}

}  // namespace
}  // namespace pathways::eligibility
