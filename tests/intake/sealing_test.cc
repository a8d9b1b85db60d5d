// Goal: an identity comes back from its seal as it went in, for the person's key only, and an
// update uses the key that the person has. Method: every way in which key, person and text can fail
// to fit.
#include "services/intake/sealing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "services/base/serialize.h"
#include "tests/intake/builders.h"
#include "tests/intake/edge_support.h"

namespace pathways::intake {
namespace {

std::vector<NormalisedIdentity> Identities() {
  return ValidateForRegistration(GoodCase(), *SampleFacts(), kToday)->identities;
}

class SealingTest : public testing::Test {
 protected:
  const std::unique_ptr<host::Keyring> keyring_ = NewKeyring();
  const std::vector<NormalisedIdentity> identities_ = Identities();
  const SealedIdentities sealed_ = *SealNew(*keyring_, kCaseId, identities_);
};

TEST_F(SealingTest, WhatIsSealedOpensAgain) {
  ASSERT_EQ(sealed_.sealed.people_size(), 2);
  ASSERT_EQ(sealed_.keys.size(), 2U);
  for (int i = 0; i < 2; ++i) {
    const v1::SealedPerson& person = sealed_.sealed.people(i);
    EXPECT_EQ(person.person_id(), identities_[i].person_id);
    const auto opened = OpenIdentity(*keyring_, sealed_.keys, person);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(opened->SerializeAsString(), identities_[i].identity.SerializeAsString());
  }
}

// The child's, who becomes 12 on the first of August 2023; of the month of the other nothing.
TEST_F(SealingTest, OfTheBirthDatesTheFirstMonthOfAChangeIsLegible) {
  EXPECT_EQ(sealed_.sealed.band_changes_in().SerializeAsString(),
            Date(2023, 8).SerializeAsString());
  const auto again = SealAgain(*keyring_, kCaseId, sealed_.keys, {identities_[0]});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->sealed.band_changes_in().SerializeAsString(), Date(2050, 4).SerializeAsString());
}

TEST_F(SealingTest, NothingPersonalIsLegible) {
  const std::string bytes = base::SerializeDeterministic(sealed_.sealed);
  for (const char* value : {"María", "Pérez", "Gómez", "V1234567", "9621234567", "TAP-0001"}) {
    EXPECT_FALSE(absl::StrContains(bytes, value)) << value;
  }
}

TEST_F(SealingTest, EachPersonHasAKeyOfTheirOwn) {
  EXPECT_NE(sealed_.keys[0].wrapped, sealed_.keys[1].wrapped);
  EXPECT_EQ(sealed_.keys[0].stream, kCaseId);
  EXPECT_EQ(sealed_.keys[1].person_id, "p2");
}

TEST_F(SealingTest, AnUpdateUsesTheKeyOnFile) {
  const auto again = SealAgain(*keyring_, kCaseId, sealed_.keys, {identities_[1]});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->keys.empty());
  ASSERT_EQ(again->sealed.people_size(), 1);
  EXPECT_EQ(again->sealed.people(0).person_id(), "p2");
  EXPECT_NE(again->sealed.people(0).identity(), sealed_.sealed.people(1).identity());
  const auto opened = OpenIdentity(*keyring_, sealed_.keys, again->sealed.people(0));
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->given_names(), identities_[1].identity.given_names());
}

TEST_F(SealingTest, WithoutTheRightKeyNothingOpens) {
  v1::SealedPerson swapped = sealed_.sealed.people(0);
  swapped.set_person_id("p2");
  v1::SealedPerson altered = sealed_.sealed.people(0);
  (*altered.mutable_identity())[altered.identity().size() / 2] ^= 1;
  v1::SealedPerson empty = sealed_.sealed.people(0);
  empty.clear_identity();
  std::vector<engine::KeyRow> moved = sealed_.keys;
  for (engine::KeyRow& key : moved) key.stream = "another";
  const struct {
    const char* name;
    std::vector<engine::KeyRow> keys;
    v1::SealedPerson person;
  } rows[] = {
      {"no key", {}, sealed_.sealed.people(0)},
      {"only the other person's", {sealed_.keys[1]}, sealed_.sealed.people(0)},
      {"another person's text", sealed_.keys, swapped},
      {"altered", sealed_.keys, altered},
      {"empty", sealed_.keys, empty},
      {"another case's key", moved, sealed_.sealed.people(0)},
      {"another master key", SealNew(*NewKeyring(), kCaseId, identities_)->keys,
       sealed_.sealed.people(0)},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(OpenIdentity(*keyring_, row.keys, row.person).status().code(),
              absl::StatusCode::kDataLoss)
        << row.name;
  }
}

// After a restore, which cannot bring keys back.
TEST_F(SealingTest, WhoHasNoKeyGetsOneWithTheNextUpdate) {
  const auto again = SealAgain(*keyring_, kCaseId, {sealed_.keys[0]}, identities_);
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_EQ(again->keys.size(), identities_.size() - 1);
  EXPECT_EQ(again->keys[0].stream, kCaseId);
  EXPECT_EQ(again->keys[0].person_id, "p2");
  EXPECT_TRUE(OpenIdentity(*keyring_, {sealed_.keys[0]}, again->sealed.people(0)).ok());
  EXPECT_TRUE(OpenIdentity(*keyring_, again->keys, again->sealed.people(1)).ok());
}

}  // namespace
}  // namespace pathways::intake
