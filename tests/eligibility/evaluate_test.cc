// Goal: every condition is true, false or unknown exactly where its comment says, on both sides of
// each boundary, and outcomes follow from them. Method: tables of predicates and facts; whole truth
// tables for the connectives.
#include "services/eligibility/domain/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/domain/predicate_check.h"
#include "services/eligibility/domain/rules.h"
#include "tests/eligibility/builders.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const AsOf kDay = {absl::CivilDay(2023, 7, 28), absl::CivilDay(2023, 7, 28)};

struct Verdict {
  Truth truth;
  std::vector<std::string> used;
  std::vector<std::string> missing;
};

// Beneath the check of packs, so that conditions without sense can be looked at too.
Verdict VerdictOf(const v1::Predicate& predicate, const type::v1::PersonFacts& person) {
  const v1::PolicyPack pack = PackOf(predicate);
  const auto program = LayOut(pack);
  EXPECT_TRUE(program.ok()) << program.status();
  const DayPlan plan = PlanDay(pack, *program, NumberOf(kDay.day), NumberOf(kDay.known));
  Bits bits;
  Evaluate(*program, plan, RowOf(*program, person, NumberOf(kDay.day)), {}, bits);
  const CriterionPlan& criterion = program->pathways[0].criteria[0];
  return {TruthAt(criterion.place, bits), program->NamesOf(criterion.facts),
          program->NamesOf(MissingAt(*program, criterion.place, bits, {bits}))};
}

// "met", "not met" or "ask", then the missing facts.
std::string Line(const v1::Predicate& predicate, const type::v1::PersonFacts& person) {
  const Verdict verdict = VerdictOf(predicate, person);
  if (verdict.truth == Truth::kTrue) return "met";
  if (verdict.truth == Truth::kFalse) return "not met";
  return absl::StrCat("ask", verdict.missing.empty() ? "" : " ",
                      absl::StrJoin(verdict.missing, " "));
}

std::string Line(const std::string& predicate, const type::v1::PersonFacts& person) {
  return Line(Parse<v1::Predicate>(predicate), person);
}

TEST(NationalityIn, HoldsWhenOneOfThePersonsIsInTheSet) {
  const std::pair<std::vector<std::string>, std::string> rows[] = {
      {{"CUB"}, "met"},         {{"VEN"}, "met"},
      {{"COL"}, "not met"},     {{"XXA"}, "not met"},
      {{"cub"}, "not met"},     {{"COL", "VEN"}, "met"},
      {{"CUB", "VEN"}, "met"},  {{"COL", "ESP"}, "not met"},
      {{}, "ask nationalities"}};
  for (const auto& [nationalities, line] : rows) {
    type::v1::PersonFacts person = Person("p1");
    person.mutable_nationalities()->Assign(nationalities.begin(), nationalities.end());
    EXPECT_EQ(Line(R"pb(nationality_in { of: "CUB" of: "VEN" })pb", person), line)
        << absl::StrJoin(nationalities, ",");
  }
}

TEST(Yes, AsksEveryQuestionOfItsOwnFact) {
  for (const type::v1::Fact& fact : Catalogue().facts()) {
    if (fact.kind() != type::v1::FACT_KIND_YES_NO) continue;
    v1::Predicate predicate;
    predicate.set_yes(fact.id());
    const std::string ask = absl::StrCat("ask ", fact.id());
    type::v1::PersonFacts person;
    EXPECT_EQ(Line(predicate, person), ask);
    EXPECT_THAT(VerdictOf(predicate, person).used, ElementsAre(fact.id()));
    SetAnswer(person, fact.id(), true);
    EXPECT_EQ(Line(predicate, person), "met") << fact.id();
    SetAnswer(person, fact.id(), false);
    EXPECT_EQ(Line(predicate, person), "not met") << fact.id();
    Forget(person, fact.id());
    EXPECT_EQ(Line(predicate, person), ask);
    person.add_answers()->set_fact(fact.id());
    EXPECT_EQ(Line(predicate, person), ask) << "an answer that says nothing";
    person.mutable_answers(0)->set_number(1);
    EXPECT_EQ(Line(predicate, person), ask) << "an answer of another kind";
  }
}

TEST(AgeBandIn, HoldsForTheBandsOfTheSet) {
  const std::map<int, std::string> lines = {{type::v1::AGE_BAND_UNSPECIFIED, "ask age_band"},
                                            {type::v1::AGE_BAND_0_4, "not met"},
                                            {type::v1::AGE_BAND_5_11, "not met"},
                                            {type::v1::AGE_BAND_12_17, "not met"},
                                            {type::v1::AGE_BAND_18_20, "met"},
                                            {type::v1::AGE_BAND_21_59, "not met"},
                                            {type::v1::AGE_BAND_60_PLUS, "met"},
                                            {type::v1::AGE_BAND_UNKNOWN, "ask age_band"},
                                            {type::v1::AgeBand_MAX + 1, "ask age_band"}};
  ASSERT_EQ(lines.size(), type::v1::AgeBand_ARRAYSIZE + 1);
  for (const auto& [band, line] : lines) {
    type::v1::PersonFacts person = Person("p1");
    person.set_age_band(static_cast<type::v1::AgeBand>(band));
    EXPECT_EQ(Line("age_band_in { of: AGE_BAND_18_20 of: AGE_BAND_60_PLUS }", person), line)
        << band;
  }
}

TEST(RefugeeClaimIn, HoldsForTheStatesOfTheSet) {
  const std::map<int, std::string> lines = {
      {type::v1::REFUGEE_CLAIM_UNSPECIFIED, "ask refugee_claim"},
      {type::v1::REFUGEE_CLAIM_NONE, "met"},
      {type::v1::REFUGEE_CLAIM_FILED, "not met"},
      {type::v1::REFUGEE_CLAIM_RECOGNISED, "not met"},
      {type::v1::REFUGEE_CLAIM_REFUSED, "met"},
      {type::v1::RefugeeClaim_MAX + 1, "ask refugee_claim"}};
  ASSERT_EQ(lines.size(), type::v1::RefugeeClaim_ARRAYSIZE + 1);
  for (const auto& [claim, line] : lines) {
    type::v1::PersonFacts person = Person("p1");
    person.set_refugee_claim(static_cast<type::v1::RefugeeClaim>(claim));
    EXPECT_EQ(Line("refugee_claim_in { of: REFUGEE_CLAIM_NONE of: REFUGEE_CLAIM_REFUSED }", person),
              line)
        << claim;
  }
}

struct EntryRow {
  int year, month, day;
  std::string line;
};

TEST(EnteredOnOrBefore, LooksAtTheWholeRangeOfThePossibleDays) {
  const EntryRow rows[] = {
      {2023, 7, 27, "met"},        {2023, 7, 28, "met"},        {2023, 7, 29, "not met"},
      {2024, 7, 28, "not met"},    {2023, 6, 0, "met"},         {2023, 7, 0, "ask entry_date"},
      {2023, 8, 0, "not met"},     {2022, 0, 0, "met"},         {2023, 0, 0, "ask entry_date"},
      {2024, 0, 0, "not met"},     {0, 0, 0, "ask entry_date"}, {2023, 2, 30, "ask entry_date"},
      {0, 7, 28, "ask entry_date"}};
  for (const EntryRow& row : rows) {
    type::v1::PersonFacts person = Person("p1");
    person.mutable_entry_date()->set_year(row.year);
    person.mutable_entry_date()->set_month(row.month);
    person.mutable_entry_date()->set_day(row.day);
    EXPECT_EQ(Line("entered_on_or_before { year: 2023 month: 7 day: 28 }", person), row.line)
        << row.year << "-" << row.month << "-" << row.day;
  }
}

TEST(EnteredOnOrBefore, KnowsTheFirstAndLastDayOfAMonthAndOfAYear) {
  type::v1::PersonFacts person = Person("p1");
  person.mutable_entry_date()->clear_day();
  person.mutable_entry_date()->set_month(2);
  EXPECT_EQ(Line("entered_on_or_before { year: 2023 month: 2 day: 28 }", person), "met");
  EXPECT_EQ(Line("entered_on_or_before { year: 2023 month: 2 day: 27 }", person), "ask entry_date");
  EXPECT_EQ(Line("entered_on_or_before { year: 2023 month: 2 day: 1 }", person), "ask entry_date");
  EXPECT_EQ(Line("entered_on_or_before { year: 2023 month: 1 day: 31 }", person), "not met");
  person.mutable_entry_date()->clear_month();
  EXPECT_EQ(Line("entered_on_or_before { year: 2023 month: 12 day: 31 }", person), "met");
  EXPECT_EQ(Line("entered_on_or_before { year: 2023 month: 12 day: 30 }", person),
            "ask entry_date");
}

// One predicate of each truth value, each over a fact of its own.
const std::map<char, std::string> kOf = {{'T', "{ yes: 'in_mexico' }"},
                                         {'F', "{ yes: 'left_country_for_fear' }"},
                                         {'U', "{ yes: 'seeks_work' }"}};

type::v1::PersonFacts ThreeValuedPerson() {
  type::v1::PersonFacts person = Person("p1");
  SetAnswer(person, "in_mexico", true);
  SetAnswer(person, "left_country_for_fear", false);
  Forget(person, "seeks_work");
  return person;
}

TEST(Connectives, FollowKleene) {
  const std::string unknown = "ask seeks_work";
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"TT", "met", "met"},         {"TF", "not met", "met"},    {"FT", "not met", "met"},
      {"FF", "not met", "not met"}, {"TU", unknown, "met"},      {"UT", unknown, "met"},
      {"FU", "not met", unknown},   {"UF", "not met", unknown},  {"UU", unknown, unknown},
      {"T", "met", "met"},          {"F", "not met", "not met"}, {"U", unknown, unknown},
      {"TTU", unknown, "met"},      {"FFU", "not met", unknown}, {"TFU", "not met", "met"}};
  for (const auto& [values, all, any] : rows) {
    std::string of;
    for (const char value : values) absl::StrAppend(&of, " of ", kOf.at(value));
    const type::v1::PersonFacts person = ThreeValuedPerson();
    EXPECT_EQ(Line(absl::StrCat("all {", of, "}"), person), all) << values;
    EXPECT_EQ(Line(absl::StrCat("any {", of, "}"), person), any) << values;
    // De Morgan: the same with everything negated.
    std::string negated;
    for (const char value : values) absl::StrAppend(&negated, " of { not ", kOf.at(value), " }");
    EXPECT_EQ(Line(absl::StrCat("not { any {", negated, "} }"), person), all) << values;
    EXPECT_EQ(Line(absl::StrCat("not { all {", negated, "} }"), person), any) << values;
  }
}

TEST(Connectives, NotAndAskUnlessOfEachValue) {
  const std::tuple<char, std::string, std::string> rows[] = {
      {'T', "not met", "met"}, {'F', "met", "ask"}, {'U', "ask seeks_work", "ask seeks_work"}};
  for (const auto& [value, negated, asked] : rows) {
    const type::v1::PersonFacts person = ThreeValuedPerson();
    EXPECT_EQ(Line(absl::StrCat("not ", kOf.at(value)), person), negated) << value;
    EXPECT_EQ(Line(absl::StrCat("ask_unless ", kOf.at(value)), person), asked) << value;
  }
}

TEST(Connectives, TellEveryFactTheyLookAtWhateverTheAnswers) {
  const v1::Predicate predicate = Parse<v1::Predicate>(R"pb(
    any {
      of { yes: 'seeks_work' }
      of { nationality_in { of: "CUB" } }
      of { not { refugee_claim_in { of: REFUGEE_CLAIM_NONE } } }
      of { ask_unless { entered_on_or_before { year: 2023 month: 7 day: 28 } } }
      of {
        all {
          of { yes: 'in_mexico' }
          of { age_band_in { of: AGE_BAND_0_4 } }
        }
      }
      of { yes: 'left_country_for_fear' }
      of { yes: 'seeks_work' }
    }
  )pb");
  const Verdict known = VerdictOf(predicate, Person("p1"));
  EXPECT_THAT(known.used,
              ElementsAre("age_band", "entry_date", "in_mexico", "left_country_for_fear",
                          "nationalities", "refugee_claim", "seeks_work"));
  EXPECT_THAT(known.missing, IsEmpty());
  const Verdict unknown = VerdictOf(predicate, type::v1::PersonFacts());
  EXPECT_EQ(unknown.used, known.used);
  EXPECT_EQ(unknown.missing, known.used);
}

// `depth` conditions within each other, the innermost true.
v1::Predicate Nested(int depth) {
  v1::Predicate predicate = Parse<v1::Predicate>("yes: 'in_mexico'");
  for (int i = 1; i < depth; ++i) {
    v1::Predicate outer;
    *outer.mutable_ask_unless() = predicate;
    predicate = outer;
  }
  return predicate;
}

TEST(Predicate, IsEvaluatedAtTheGreatestDepth) {
  EXPECT_EQ(Line(Nested(kPredicateDepthMax), Person("p1")), "met");
}

v1::Determination FirstOf(const v1::PolicyPack& pack, const type::v1::PersonFacts& person) {
  type::v1::CaseFacts facts;
  *facts.add_people() = person;
  facts.mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  return RulesOf(pack)->Screen(facts, kDay).determinations.at(0);
}

TEST(Criterion, OfAnUnsureSourceIsOnlyEverAQuestion) {
  const std::tuple<v1::Confidence, v1::Outcome, v1::Outcome> rows[] = {
      {v1::CONFIDENCE_S1, v1::OUTCOME_MEETS, v1::OUTCOME_DOES_NOT_MEET},
      {v1::CONFIDENCE_S2, v1::OUTCOME_MEETS, v1::OUTCOME_DOES_NOT_MEET},
      {v1::CONFIDENCE_S3, v1::OUTCOME_NEEDS_INFORMATION, v1::OUTCOME_NEEDS_INFORMATION},
      {v1::CONFIDENCE_K, v1::OUTCOME_NEEDS_INFORMATION, v1::OUTCOME_NEEDS_INFORMATION}};
  ASSERT_EQ(std::size(rows) + 1, v1::Confidence_ARRAYSIZE);
  for (const auto& [confidence, when_true, when_false] : rows) {
    v1::PolicyPack pack = PackOf("yes: 'in_mexico'");
    pack.mutable_pathways(0)->mutable_criteria(0)->set_confidence(confidence);
    type::v1::PersonFacts person = Person("p1");
    EXPECT_EQ(FirstOf(pack, person).outcome(), when_true) << confidence;
    SetAnswer(person, "in_mexico", false);
    EXPECT_EQ(FirstOf(pack, person).outcome(), when_false) << confidence;
    Forget(person, "in_mexico");
    EXPECT_THAT(FirstOf(pack, person).missing_facts(), ElementsAre("in_mexico")) << confidence;
  }
}

TEST(Criterion, TellsOutcomeKeyOfTheTextAndSource) {
  const std::tuple<std::optional<bool>, v1::Outcome, std::string> rows[] = {
      {true, v1::OUTCOME_MEETS, "road.in-mexico.met"},
      {false, v1::OUTCOME_DOES_NOT_MEET, "road.in-mexico.not-met"},
      {std::nullopt, v1::OUTCOME_NEEDS_INFORMATION, "road.in-mexico.ask"}};
  for (const auto& [answer, outcome, key] : rows) {
    type::v1::PersonFacts person = Person("p1");
    Forget(person, "in_mexico");
    if (answer) SetAnswer(person, "in_mexico", *answer);
    const v1::CriterionResult result = FirstOf(PackOf("yes: 'in_mexico'"), person).criteria(0);
    EXPECT_EQ(result.criterion(), "only");
    EXPECT_EQ(result.outcome(), outcome);
    EXPECT_EQ(result.message_key(), key);
    EXPECT_EQ(result.source(), "book");
  }
}

// A determination by one criterion per letter of `values`.
v1::Determination DeterminationOf(const std::string& values) {
  v1::PolicyPack pack = PackOf("yes: 'in_mexico'");
  v1::Pathway& pathway = *pack.mutable_pathways(0);
  const v1::Criterion pattern = pathway.criteria(0);
  pathway.clear_criteria();
  for (const char value : values) {
    v1::Criterion& criterion = *pathway.add_criteria();
    criterion = pattern;
    criterion.set_id(absl::StrCat("c", pathway.criteria_size()));
    *criterion.mutable_predicate() =
        Parse<v1::Predicate>(kOf.at(value).substr(1, kOf.at(value).size() - 2));
  }
  return FirstOf(pack, ThreeValuedPerson());
}

TEST(Determination, IsTheWorstOfItsCriteria) {
  const std::pair<std::string, v1::Outcome> rows[] = {{"T", v1::OUTCOME_MEETS},
                                                      {"TT", v1::OUTCOME_MEETS},
                                                      {"TU", v1::OUTCOME_NEEDS_INFORMATION},
                                                      {"UT", v1::OUTCOME_NEEDS_INFORMATION},
                                                      {"TF", v1::OUTCOME_DOES_NOT_MEET},
                                                      {"FT", v1::OUTCOME_DOES_NOT_MEET},
                                                      {"UF", v1::OUTCOME_DOES_NOT_MEET},
                                                      {"FU", v1::OUTCOME_DOES_NOT_MEET}};
  for (const auto& [values, outcome] : rows) {
    const v1::Determination determination = DeterminationOf(values);
    EXPECT_EQ(determination.outcome(), outcome) << values;
    EXPECT_EQ(determination.criteria_size(), static_cast<int>(values.size()));
  }
}

TEST(Determination, NamesPathwayUnitDaysAndVersions) {
  const v1::Determination determination = DeterminationOf("T");
  EXPECT_EQ(determination.pathway(), "road");
  EXPECT_THAT(determination.person_ids(), ElementsAre("p1"));
  EXPECT_EQ(determination.policy_version(), "2023-07-28");
  EXPECT_EQ(determination.evaluator_version(), kEvaluatorVersion);
  EXPECT_EQ(determination.as_of().day(), 28);
  EXPECT_EQ(determination.known_on().day(), 28);
}

TEST(Determination, AsksWhatHurtsLastAndOnlyWhenItHelps) {
  v1::PolicyPack pack = PackOf("yes: 'in_mexico'");
  v1::Pathway& pathway = *pack.mutable_pathways(0);
  for (const char* const predicate :
       {"yes: 'left_country_for_fear'", "age_band_in { of: AGE_BAND_0_4 }",
        "all { of { yes: 'seeks_work' } of { yes: 'in_mexico' } }"}) {
    v1::Criterion& criterion = *pathway.add_criteria();
    criterion = pathway.criteria(0);
    criterion.set_id(absl::StrCat("c", pathway.criteria_size()));
    *criterion.mutable_predicate() = Parse<v1::Predicate>(predicate);
  }
  EXPECT_THAT(FirstOf(pack, {}).missing_facts(),
              ElementsAre("age_band", "in_mexico", "seeks_work", "left_country_for_fear"));
  // A pathway that is closed anyway is no reason to ask.
  const v1::Determination closed = DeterminationOf("UF");
  EXPECT_THAT(closed.criteria(0).missing_facts(), ElementsAre("seeks_work"));
  EXPECT_THAT(closed.missing_facts(), IsEmpty());
}

}  // namespace
}  // namespace pathways::eligibility
