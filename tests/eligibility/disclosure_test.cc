// Goal: nothing of a person goes further but what the pathway looks at, and that only where it can
// be sent. Method: packs of one pathway, with a row for each thing that stops a determination, and
// every fact filled in.
#include "services/eligibility/domain/disclosure.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/type/fact_fields.h"
#include "tests/eligibility/builders.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Who can be sent where, as "pathway person".
Disclosures Sent(const std::vector<std::pair<std::string, std::string>>& units) {
  Disclosures disclosures;
  for (const auto& [pathway, person] : units) {
    type::v1::Disclosure& one = *disclosures.Add();
    one.set_pathway(pathway);
    one.add_people()->set_person_id(person);
  }
  return disclosures;
}

Determinations Asked(v1::PathwayStatus status, bool review = false) {
  Determinations determinations;
  v1::Determination& one = *determinations.Add();
  one.set_pathway("road");
  one.add_person_ids("p1");
  one.set_outcome(v1::OUTCOME_NEEDS_INFORMATION);
  one.set_status(status);
  one.set_review_required(review);
  return determinations;
}

// "referrals, holds".
std::string Moved(const Disclosures& before, const Disclosures& now,
                  const Determinations& determinations = {}) {
  const type::v1::LedgerEffect effect = EffectOf(before, now, determinations);
  return absl::StrCat(effect.referrals(), ", ", effect.holds());
}

TEST(EffectOf, CountsWhoCanBeSentAnewAndWhoMayNotAnyMore) {
  const Disclosures nobody;
  EXPECT_EQ(Moved(nobody, nobody), "0, 0");
  EXPECT_EQ(Moved(nobody, Sent({{"road", "p1"}, {"road", "p2"}, {"bridge", "p1"}})), "3, 0");
  EXPECT_EQ(Moved(Sent({{"road", "p1"}}), Sent({{"road", "p1"}})), "0, 0");
  EXPECT_EQ(Moved(Sent({{"road", "p1"}}), Sent({{"road", "p2"}})), "1, 1");
  EXPECT_EQ(Moved(Sent({{"road", "p1"}, {"bridge", "p1"}}), nobody), "0, 2");
}

TEST(EffectOf, AQuestionTakesNothingBack) {
  const Disclosures nobody;
  const Disclosures before = Sent({{"road", "p1"}});
  EXPECT_EQ(Moved(before, nobody, Asked(v1::PATHWAY_STATUS_ACTIVE)), "0, 0");
  EXPECT_EQ(Moved(before, nobody, Asked(v1::PATHWAY_STATUS_SUSPENDED)), "0, 1");
  EXPECT_EQ(Moved(before, nobody, Asked(v1::PATHWAY_STATUS_ACTIVE, /*review=*/true)), "0, 1");
  EXPECT_EQ(Moved(Sent({{"road", "p2"}}), nobody, Asked(v1::PATHWAY_STATUS_ACTIVE)), "0, 1");
}

const AsOf kToday = {absl::CivilDay(2026, 3, 1), absl::CivilDay(2026, 3, 1)};

// Two people with every fact filled in; the first is the principal applicant.
type::v1::CaseFacts Everything() {
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  for (type::v1::PersonFacts& person : *facts.mutable_people()) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(
        R"pb(
          age_precision: DATE_PRECISION_DAY
          entry_date { year: 2026 month: 2 day: 1 }
          answers { fact: 'in_mexico' yes: true }
          state: "MX-CHP"
          refugee_claim: REFUGEE_CLAIM_NONE
          answers { fact: 'left_country_for_fear' yes: true }
          answers { fact: 'seeks_work' yes: true }
          needs: "SV-VA"
          answers { fact: 'risk_on_return' yes: true }
          answers { fact: 'crime_in_mexico' yes: true }
          answers { fact: 'job_offer' yes: true }
          answers { fact: 'us_family_petition' yes: true }
          answers { fact: 'us_employer_petition' yes: true }
          answers { fact: 'work_papers' yes: true }
          answers { fact: 'job_place' code: 'MX-CHP' }
        )pb",
        &person));
  }
  return facts;
}

Disclosures Handed(const v1::PolicyPack& pack, const type::v1::CaseFacts& facts) {
  const auto rules = RulesOf(pack);
  Determinations determinations;
  for (v1::Determination& one : rules->Screen(facts, kToday).determinations) {
    *determinations.Add() = std::move(one);
  }
  return DisclosuresOf(*rules, facts, determinations);
}

// Every fact that can be kept of a person.
std::vector<std::string> AllFacts() {
  std::vector<std::string> names = type::FieldNames();
  for (const type::v1::Fact& fact : Catalogue().facts()) {
    if (fact.storage() == type::v1::FACT_STORAGE_ANSWER) names.push_back(fact.id());
  }
  return names;
}

// The facts that are filled in.
std::vector<std::string> NamesIn(const type::v1::PersonFacts& person) {
  std::vector<std::string> names;
  for (const std::string& name : AllFacts()) {
    type::v1::PersonFacts empty;
    empty.set_person_id(person.person_id());
    if (type::KeepFacts(person, {name}).SerializeAsString() != empty.SerializeAsString()) {
      names.push_back(name);
    }
  }
  return names;
}

TEST(Disclosure, IsWhatThePathwayLooksAtAndNoMore) {
  ASSERT_EQ(NamesIn(Everything().people(0)), AllFacts());
  const Disclosures handed = Handed(PackOf("yes: 'seeks_work'"), Everything());
  ASSERT_EQ(handed.size(), 2) << "one for each person";
  for (const type::v1::Disclosure& one : handed) {
    ASSERT_EQ(one.people_size(), 1);
    EXPECT_THAT(NamesIn(one.people(0)), ElementsAre("seeks_work"));
  }
  EXPECT_EQ(handed[1].people(0).person_id(), "p2");
}

TEST(Disclosure, HasTheFactsOfEveryConditionAlsoWhereAnotherOneSettledIt) {
  const Disclosures handed =
      Handed(PackOf("any { of { yes: 'seeks_work' } of { age_band_in { of: AGE_BAND_0_4 } } "
                    "of { within { date: 'entry_date' days: 3000 } } }"),
             Everything());
  ASSERT_FALSE(handed.empty());
  EXPECT_THAT(NamesIn(handed[0].people(0)), ElementsAre("age_band", "entry_date", "seeks_work"));
}

TEST(Disclosure, OfAFamilyHasOfTheOthersWhatTheyAreCountedBy) {
  v1::PolicyPack pack = PackOf(
      "all { of { yes: 'seeks_work' } of { members { where { nationality_in { of: "
      "'CUB' } } at_least: 0 at_most: 9 limited: true } } }");
  pack.mutable_pathways(0)->set_unit(v1::SCREENING_UNIT_FAMILY);
  const Disclosures handed = Handed(pack, Everything());
  ASSERT_EQ(handed.size(), 1);
  ASSERT_EQ(handed[0].people_size(), 2);
  EXPECT_THAT(NamesIn(handed[0].people(0)), ElementsAre("nationalities", "seeks_work"));
  EXPECT_THAT(NamesIn(handed[0].people(1)), ElementsAre("nationalities"));
}

TEST(Disclosure, IsNoneWhereNothingCanBeSent) {
  const v1::PolicyPack open = PackOf("yes: 'seeks_work'");
  ASSERT_EQ(Handed(open, Everything()).size(), 2);
  type::v1::CaseFacts no_consent = Everything();
  no_consent.set_consent(false);
  EXPECT_THAT(Handed(open, no_consent), IsEmpty());
  type::v1::CaseFacts not_met = Everything();
  SetAnswer(*not_met.mutable_people(0), "seeks_work", false);
  Forget(*not_met.mutable_people(1), "seeks_work");
  EXPECT_THAT(Handed(open, not_met), IsEmpty()) << "not met, and not known";
  for (const char* change :
       {"mode: REFERRAL_MODE_INFORM", "review: REVIEW_RULE_ALWAYS",
        "statuses { status: PATHWAY_STATUS_SUSPENDED source: 'book' confidence: CONFIDENCE_S1 }"}) {
    v1::PolicyPack pack = open;
    v1::Pathway& pathway = *pack.mutable_pathways(0);
    if (std::string(change).find("status") == 0) pathway.clear_statuses();
    ASSERT_TRUE(google::protobuf::TextFormat::MergeFromString(change, &pathway));
    EXPECT_THAT(Handed(pack, Everything()), IsEmpty()) << change;
  }
}

TEST(KeepFacts, HasAnEntryForEveryFieldOfAPerson) {
  std::vector<std::string> fields;
  const auto& descriptor = *type::v1::PersonFacts::descriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const std::string& name = descriptor.field(i)->name();
    if (name != "person_id" && name != "age_precision" && name != "answers") {
      fields.push_back(name);
    }
  }
  EXPECT_EQ(type::FieldNames(), fields);
  const std::vector<std::string> all = AllFacts();
  const type::v1::PersonFacts person = Everything().people(0);
  EXPECT_EQ(type::KeepFacts(person, {all.begin(), all.end()}).SerializeAsString(),
            person.SerializeAsString());
}

TEST(KeepFacts, KeepsNothingThatItDoesNotKnow) {
  type::v1::PersonFacts person = Everything().people(0);
  person.GetReflection()->MutableUnknownFields(&person)->AddVarint(999, 1);
  const type::v1::PersonFacts kept = type::KeepFacts(person, {"sex", "irregular_entry"});
  EXPECT_EQ(kept.person_id(), "p1");
  EXPECT_THAT(NamesIn(kept), ElementsAre("sex"));
  EXPECT_TRUE(kept.GetReflection()->GetUnknownFields(kept).empty());
}

}  // namespace
}  // namespace pathways::eligibility
