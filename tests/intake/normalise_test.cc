// Goal: what is right comes out split in facts and identity, in one form, and an update holds the
// rules of a registration while it keeps what it does not bring. Method: cases that are right, and
// updates of them changed in one place.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/intake/domain/validate.h"
#include "services/type/names.h"
#include "tests/intake/builders.h"

namespace pathways::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename Person>
std::string AnswersOf(const Person& person) {
  std::vector<std::string> answers;
  for (const type::v1::FactAnswer& answer : person.answers()) {
    answers.push_back(absl::StrCat(answer.fact(), "=", answer.yes() ? 1 : 0));
  }
  return absl::StrJoin(answers, " ");
}

TEST(ValidateForRegistration, SplitsFactsFromIdentityAndNormalisesBoth) {
  v1::Case input = GoodCase();
  First(input).set_given_names("  María \t José\n");
  First(input).set_language("");
  input.mutable_people(0)->add_nationalities("VEN");
  input.mutable_people(0)->add_needs("SP-PT");
  input.mutable_people(0)->set_person_id("p7");
  input.set_name("cases/planted");
  const auto result = ValidateForRegistration(input, *SampleFacts(), kToday);
  ASSERT_TRUE(result.ok());

  ASSERT_EQ(result->facts.people_size(), 2);
  EXPECT_TRUE(result->facts.consent());
  const type::v1::PersonFacts& facts = result->facts.people(0);
  EXPECT_EQ(facts.person_id(), "p1");
  EXPECT_EQ(facts.relationship(), type::v1::RELATIONSHIP_PRINCIPAL);
  EXPECT_EQ(facts.sex(), type::v1::SEX_FEMALE);
  EXPECT_EQ(facts.age_band(), type::v1::AGE_BAND_21_59);
  EXPECT_EQ(facts.age_precision(), type::v1::DATE_PRECISION_DAY);
  EXPECT_THAT(facts.nationalities(), ElementsAre("HTI", "VEN"));
  EXPECT_EQ(facts.entry_date().SerializeAsString(), Date(2023, 5).SerializeAsString());
  EXPECT_EQ(facts.state(), "MX-CHP");
  EXPECT_EQ(facts.refugee_claim(), type::v1::REFUGEE_CLAIM_FILED);
  EXPECT_EQ(AnswersOf(facts), "in_mexico=1 left_country_for_fear=1 seeks_work=0");
  EXPECT_THAT(facts.needs(), ElementsAre("LP-ND", "SP-PT"));
  EXPECT_EQ(result->facts.people(1).age_band(), type::v1::AGE_BAND_5_11);
  EXPECT_FALSE(absl::StrContains(result->facts.SerializeAsString(), "María"));

  ASSERT_EQ(result->identities.size(), 2u);
  const NormalisedIdentity& identity = result->identities[0];
  EXPECT_EQ(identity.person_id, "p1");
  EXPECT_EQ(identity.identity.given_names(), "María José");
  EXPECT_EQ(identity.identity.first_surname(), "Pérez");
  EXPECT_EQ(identity.identity.second_surname(), "Gómez");
  EXPECT_EQ(identity.identity.documents(0).number(), "V1234567");
  EXPECT_EQ(identity.identity.phone(), "+529621234567");
  EXPECT_EQ(identity.identity.language(), "es");
  EXPECT_EQ(identity.identity.registration_number(), "TAP-0001");
  EXPECT_EQ(identity.band_changes_on.SerializeAsString(), Date(2050, 4, 17).SerializeAsString());
  EXPECT_EQ(result->identities[1].band_changes_on.SerializeAsString(),
            Date(2023, 8, 1).SerializeAsString());
}

TEST(ValidateForRegistration, KeepsEveryAnswerAndSortsThem) {
  v1::Case input = GoodCase();
  input.mutable_people(0)->clear_answers();
  std::vector<std::string> expected;
  bool yes = false;
  for (const type::v1::Fact& fact : SampleFacts()->catalogue().facts()) {
    const bool is_answered = fact.storage() == type::v1::FACT_STORAGE_ANSWER &&
                             fact.kind() == type::v1::FACT_KIND_YES_NO;
    if (!is_answered) continue;
    yes = !yes;
    type::v1::FactAnswer& answer = *input.mutable_people(0)->add_answers();
    answer.set_fact(fact.id());
    answer.set_yes(yes);
    expected.push_back(absl::StrCat(fact.id(), "=", yes ? 1 : 0));
  }
  const auto result = ValidateForRegistration(input, *SampleFacts(), kToday);
  ASSERT_TRUE(result.ok()) << result.status();
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(AnswersOf(result->facts.people(0)), absl::StrJoin(expected, " "));
  EXPECT_EQ(AnswersOf(PersonOf(result->facts.people(0))), absl::StrJoin(expected, " "));
}

TEST(ValidateForRegistration, UnknownBirthHasNoBandChange) {
  v1::Case input = GoodCase();
  First(input).clear_date_of_birth();
  const auto result = ValidateForRegistration(input, *SampleFacts(), kToday);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->facts.people(0).age_band(), type::v1::AGE_BAND_UNKNOWN);
  EXPECT_EQ(result->facts.people(0).age_precision(), type::v1::DATE_PRECISION_NONE);
  EXPECT_EQ(result->identities[0].band_changes_on.year(), 0);
}

TEST(CheckRequestId, IsAUuid) {
  const std::pair<const char*, bool> rows[] = {{kCaseId, true}, {"", false}, {kPlanted, false}};
  for (const auto& [id, good] : rows) {
    type::Violations violations;
    type::CheckRequestId(id, violations);
    EXPECT_EQ(violations.empty(), good) << id;
    ExpectNoValue(violations);
  }
}

// Updates of the people of GoodCase.
class CheckPeopleTest : public ::testing::Test {
 protected:
  CheckPeopleTest() : current_(ValidateForRegistration(GoodCase(), *SampleFacts(), kToday)->facts) {
    // Not what today gives, so that it shows where the band is taken from.
    current_.mutable_people(1)->set_age_band(type::v1::AGE_BAND_12_17);
    for (int i = 0; i < 2; ++i) {
      people_.push_back({GoodCase().people(i), absl::StrCat("case.people[", i, "]"), false});
    }
  }

  Fields Check() {
    type::Violations violations;
    result_ = CheckPeople(people_, current_, *SampleFacts(), kToday, violations);
    ExpectNoValue(violations);
    return FieldsOf(violations);
  }

  type::v1::CaseFacts current_;
  std::vector<PersonUpdate> people_;
  NormalisedPeople result_;
};

TEST_F(CheckPeopleTest, TakesNewFactsAndIdentities) {
  people_[0].person->set_state("MX-OAX");
  people_[1].identity_changes = true;
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(result_.facts.people(0).state(), "MX-OAX");
  EXPECT_TRUE(result_.facts.consent());
  ASSERT_EQ(result_.identities.size(), 1u);
  EXPECT_EQ(result_.identities[0].person_id, "p2");
  EXPECT_EQ(result_.facts.people(1).age_band(), type::v1::AGE_BAND_5_11);
}

TEST_F(CheckPeopleTest, KeepsTheBandOfWhoKeepsTheIdentity) {
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_THAT(result_.identities, IsEmpty());
  EXPECT_EQ(result_.facts.people(1).age_band(), type::v1::AGE_BAND_12_17);
  EXPECT_EQ(result_.facts.people(1).age_precision(), type::v1::DATE_PRECISION_DAY);
  EXPECT_EQ(result_.facts.people(1).person_id(), "p2");
  people_[1].person.reset();
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(result_.facts.people(1).SerializeAsString(), current_.people(1).SerializeAsString());
}

TEST_F(CheckPeopleTest, TheIdentityOnFileBoundsTheEntry) {
  *people_[1].person->mutable_entry_date() = Date(1990);
  EXPECT_THAT(Check(), ElementsAre("case.people[1].entry_date"));
  people_[1].person->clear_identity();
  EXPECT_THAT(Check(), IsEmpty()) << "the birth date cannot be read";
}

TEST_F(CheckPeopleTest, HoldsTheRulesOfRegistration) {
  people_[0].person->set_relationship(type::v1::RELATIONSHIP_SPOUSE);
  people_[1].identity_changes = true;
  people_[1].person->mutable_identity()->clear_given_names();
  people_[1].person->add_needs(kPlanted);
  EXPECT_THAT(Check(), ElementsAre("case.people[1].identity.given_names", "case.people[1].needs[0]",
                                   "case.people"));
  people_[1].person->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  people_[0].person->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  EXPECT_THAT(Check(), testing::Contains("case.people"));
}

TEST(PersonOf, ShowsThatANationalityIsNotKnown) {
  v1::Case input = GoodCase();
  input.mutable_people(0)->set_nationalities(0, "xxx");
  while (input.people(0).nationalities_size() > 1) {
    input.mutable_people(0)->mutable_nationalities()->RemoveLast();
  }
  const auto result = ValidateForRegistration(input, *SampleFacts(), kToday);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->facts.people(0).nationalities(), IsEmpty());
  EXPECT_THAT(PersonOf(result->facts.people(0)).nationalities(), ElementsAre("XXX"));
}

}  // namespace
}  // namespace pathways::intake
