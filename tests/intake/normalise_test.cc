// Goal: what is right comes out split in facts and identity, in one form, and an update holds the
// rules of a registration while it keeps what it does not bring. Method: cases that are right, and
// updates of them changed in one place.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "services/intake/domain/validate.h"
#include "services/type/names.h"
#include "tests/intake/builders.h"

namespace pathways::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

TEST(ValidateForRegistration, SplitsFactsFromIdentityAndNormalisesBoth) {
  v1::Case input = GoodCase();
  First(input).set_given_names("  María \t José\n");
  First(input).set_language("");
  input.mutable_people(0)->add_nationalities("VEN");
  input.mutable_people(0)->add_needs("SP-PT");
  input.mutable_people(0)->set_person_id("p7");
  input.set_name("cases/planted");
  const auto result = ValidateForRegistration(input, kToday);
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
  EXPECT_EQ(facts.in_mexico(), type::v1::ANSWER_YES);
  EXPECT_EQ(facts.state(), "MX-CHP");
  EXPECT_EQ(facts.refugee_claim(), type::v1::REFUGEE_CLAIM_FILED);
  EXPECT_EQ(facts.left_country_for_fear(), type::v1::ANSWER_YES);
  EXPECT_EQ(facts.seeks_work(), type::v1::ANSWER_NO);
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

// Each answer is another one than its neighbour's, so that no two are mixed up.
TEST(ValidateForRegistration, KeepsEveryAnswer) {
  v1::Case input = GoodCase();
  ASSERT_TRUE(google::protobuf::TextFormat::MergeFromString(
      "in_mexico: ANSWER_YES left_country_for_fear: ANSWER_NO seeks_work: ANSWER_YES "
      "risk_on_return: ANSWER_NO crime_in_mexico: ANSWER_YES job_offer: ANSWER_NO "
      "us_family_petition: ANSWER_YES us_employer_petition: ANSWER_NO work_papers: ANSWER_YES",
      input.mutable_people(0)));
  const auto result = ValidateForRegistration(input, kToday);
  ASSERT_TRUE(result.ok()) << result.status();
  const type::v1::PersonFacts& facts = result->facts.people(0);
  EXPECT_EQ(facts.in_mexico(), type::v1::ANSWER_YES);
  EXPECT_EQ(facts.left_country_for_fear(), type::v1::ANSWER_NO);
  EXPECT_EQ(facts.seeks_work(), type::v1::ANSWER_YES);
  EXPECT_EQ(facts.risk_on_return(), type::v1::ANSWER_NO);
  EXPECT_EQ(facts.crime_in_mexico(), type::v1::ANSWER_YES);
  EXPECT_EQ(facts.job_offer(), type::v1::ANSWER_NO);
  EXPECT_EQ(facts.us_family_petition(), type::v1::ANSWER_YES);
  EXPECT_EQ(facts.us_employer_petition(), type::v1::ANSWER_NO);
  EXPECT_EQ(facts.work_papers(), type::v1::ANSWER_YES);
}

TEST(ValidateForRegistration, UnknownBirthHasNoBandChange) {
  v1::Case input = GoodCase();
  First(input).clear_date_of_birth();
  const auto result = ValidateForRegistration(input, kToday);
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

// Updates of GoodCase.
class CheckUpdateTest : public ::testing::Test {
 protected:
  CheckUpdateTest() : current_(ValidateForRegistration(GoodCase(), kToday)->facts) {
    // Not what today gives, so that it shows where the band is taken from.
    current_.mutable_people(1)->set_age_band(type::v1::AGE_BAND_12_17);
    *request_.mutable_case_() = GoodCase();
    request_.mutable_update_mask()->add_paths("people");
  }

  Fields Check() {
    type::Violations violations;
    update_ = CheckUpdate(request_, current_, kToday, violations);
    ExpectNoValue(violations);
    EXPECT_EQ(ValidateUpdate(request_, current_, kToday).ok(), violations.empty());
    return FieldsOf(violations);
  }

  type::v1::CaseFacts current_;
  v1::UpdateCaseRequest request_;
  NormalisedUpdate update_;
};

TEST_F(CheckUpdateTest, TakesNewFactsAndIdentities) {
  request_.mutable_case_()->mutable_people(0)->set_state("MX-OAX");
  request_.mutable_case_()->set_consent(false);
  EXPECT_THAT(Check(), IsEmpty());
  ASSERT_TRUE(update_.facts.has_value());
  EXPECT_EQ(update_.facts->people(0).state(), "MX-OAX");
  EXPECT_TRUE(update_.facts->consent()) << "consent is not in the mask";
  EXPECT_FALSE(update_.consent.has_value());
  ASSERT_EQ(update_.identities.size(), 2u);
  EXPECT_EQ(update_.identities[1].person_id, "p2");
  EXPECT_EQ(update_.facts->people(1).age_band(), type::v1::AGE_BAND_5_11);
}

TEST_F(CheckUpdateTest, KeepsIdentityAndBandOfAPersonWithoutIdentity) {
  v1::Person& child = *request_.mutable_case_()->mutable_people(1);
  child.clear_identity();
  *child.mutable_entry_date() = Date(1990);
  EXPECT_THAT(Check(), IsEmpty()) << "the birth date is not known here";
  ASSERT_EQ(update_.identities.size(), 1u);
  EXPECT_EQ(update_.identities[0].person_id, "p1");
  EXPECT_EQ(update_.facts->people(1).age_band(), type::v1::AGE_BAND_12_17);
  EXPECT_EQ(update_.facts->people(1).age_precision(), type::v1::DATE_PRECISION_DAY);
  EXPECT_EQ(update_.facts->people(1).person_id(), "p2");
}

TEST_F(CheckUpdateTest, ChecksTheMask) {
  struct MaskRow {
    Fields paths;
    Fields expected;
  };
  const MaskRow rows[] = {{{}, {"update_mask"}},
                          {{"people"}, {}},
                          {{"consent"}, {}},
                          {{"people", "consent"}, {}},
                          {{"consent", "consent"}, {}},
                          {{"*"}, {"update_mask.paths[0]"}},
                          {{"people", "Plantado"}, {"update_mask.paths[1]"}},
                          {{"people.identity"}, {"update_mask.paths[0]"}},
                          {{"state", ""}, {"update_mask.paths[0]", "update_mask.paths[1]"}}};
  for (const MaskRow& row : rows) {
    *request_.mutable_update_mask()->mutable_paths() = {row.paths.begin(), row.paths.end()};
    EXPECT_THAT(Check(), ElementsAreArray(row.expected));
  }
}

TEST_F(CheckUpdateTest, ConsentAloneLooksAtNothingElse) {
  request_.mutable_update_mask()->set_paths(0, "consent");
  request_.mutable_case_()->clear_people();
  request_.mutable_case_()->set_consent(false);
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_FALSE(update_.facts.has_value());
  EXPECT_EQ(update_.consent, false);
  request_.mutable_case_()->clear_consent();
  EXPECT_THAT(Check(), ElementsAre("case.consent"));
}

TEST_F(CheckUpdateTest, ListsThePeopleOfTheCase) {
  v1::Case& input = *request_.mutable_case_();
  input.mutable_people(0)->set_person_id("p1");
  input.mutable_people(1)->set_person_id("p2");
  EXPECT_THAT(Check(), IsEmpty());
  input.mutable_people(0)->set_person_id("p2");
  input.mutable_people(1)->set_person_id(kPlanted);
  EXPECT_THAT(Check(), ElementsAre("case.people[0].person_id", "case.people[1].person_id"));
  *input.add_people() = GoodPerson();
  EXPECT_THAT(Check(), ElementsAre("case.people"));
  input.clear_people();
  EXPECT_THAT(Check(), ElementsAre("case.people"));
}

TEST_F(CheckUpdateTest, HoldsTheRulesOfRegistration) {
  v1::Case& input = *request_.mutable_case_();
  input.mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_SPOUSE);
  input.mutable_people(1)->mutable_identity()->clear_given_names();
  input.mutable_people(1)->add_needs(kPlanted);
  EXPECT_THAT(Check(), ElementsAre("case.people[1].identity.given_names", "case.people[1].needs[0]",
                                   "case.people"));
}

}  // namespace
}  // namespace pathways::intake
