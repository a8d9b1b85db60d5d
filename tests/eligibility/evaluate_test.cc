// Goal: every condition is true, false or unknown exactly where its comment says, on both sides of
// each boundary, and outcomes follow from them. Method: tables of predicates and facts; whole truth
// tables for the connectives.
#include "services/eligibility/domain/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/eligibility/builders.h"

namespace pathways::eligibility {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kVersion[] = "2023-07-28";

v1::CriterionResult ResultOf(const v1::Pathway& pathway, const type::v1::PersonFacts& person) {
  return Evaluate(pathway, {{"p1"}, person}, kVersion).criteria(0);
}

// "met", "not met" or "ask", then the missing facts.
std::string Line(const v1::CriterionResult& result) {
  if (result.missing_facts().empty()) return result.reason();
  return absl::StrCat(result.reason(), " ", absl::StrJoin(result.missing_facts(), " "));
}

std::string Line(const std::string& predicate, const type::v1::PersonFacts& person) {
  return Line(ResultOf(PathwayOf(predicate), person));
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
  const std::tuple<std::string, std::string, void (type::v1::PersonFacts::*)(type::v1::Answer)>
      questions[] = {
          {"QUESTION_FACT_IN_MEXICO", "in_mexico", &type::v1::PersonFacts::set_in_mexico},
          {"QUESTION_FACT_LEFT_COUNTRY_FOR_FEAR", "left_country_for_fear",
           &type::v1::PersonFacts::set_left_country_for_fear},
          {"QUESTION_FACT_SEEKS_WORK", "seeks_work", &type::v1::PersonFacts::set_seeks_work}};
  ASSERT_EQ(std::size(questions) + 1, v1::QuestionFact_ARRAYSIZE);
  for (const auto& [question, fact, set] : questions) {
    const std::string predicate = absl::StrCat("yes: ", question);
    const std::pair<type::v1::Answer, std::string> rows[] = {
        {type::v1::ANSWER_YES, "met"},
        {type::v1::ANSWER_NO, "not met"},
        {type::v1::ANSWER_UNSPECIFIED, absl::StrCat("ask ", fact)},
        {static_cast<type::v1::Answer>(3), absl::StrCat("ask ", fact)}};
    for (const auto& [answer, line] : rows) {
      type::v1::PersonFacts person = Person("p1");
      (person.*set)(answer);
      EXPECT_EQ(Line(predicate, person), line) << question << " " << answer;
      EXPECT_THAT(ResultOf(PathwayOf(predicate), person).facts(), ElementsAre(fact));
    }
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
const std::map<char, std::string> kOf = {{'T', "{ yes: QUESTION_FACT_IN_MEXICO }"},
                                         {'F', "{ yes: QUESTION_FACT_LEFT_COUNTRY_FOR_FEAR }"},
                                         {'U', "{ yes: QUESTION_FACT_SEEKS_WORK }"}};

type::v1::PersonFacts ThreeValuedPerson() {
  type::v1::PersonFacts person = Person("p1");
  person.set_in_mexico(type::v1::ANSWER_YES);
  person.set_left_country_for_fear(type::v1::ANSWER_NO);
  person.set_seeks_work(type::v1::ANSWER_UNSPECIFIED);
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
  const v1::Pathway pathway = PathwayOf(R"pb(
    any {
      of { yes: QUESTION_FACT_SEEKS_WORK }
      of { nationality_in { of: "CUB" } }
      of { not { refugee_claim_in { of: REFUGEE_CLAIM_NONE } } }
      of { ask_unless { entered_on_or_before { year: 2023 month: 7 day: 28 } } }
      of {
        all {
          of { yes: QUESTION_FACT_IN_MEXICO }
          of { age_band_in { of: AGE_BAND_0_4 } }
        }
      }
      of { yes: QUESTION_FACT_LEFT_COUNTRY_FOR_FEAR }
      of { yes: QUESTION_FACT_SEEKS_WORK }
    }
  )pb");
  const v1::CriterionResult known = ResultOf(pathway, Person("p1"));
  EXPECT_THAT(known.facts(),
              ElementsAre("age_band", "entry_date", "in_mexico", "left_country_for_fear",
                          "nationalities", "refugee_claim", "seeks_work"));
  EXPECT_THAT(known.missing_facts(), IsEmpty());
  const v1::CriterionResult unknown = ResultOf(pathway, type::v1::PersonFacts());
  EXPECT_THAT(unknown.facts(), ::testing::ElementsAreArray(known.facts()));
  EXPECT_THAT(unknown.missing_facts(), ::testing::ElementsAreArray(known.facts()));
}

TEST(Predicate, WithoutMeaningIsUnknownAndAsksForNothing) {
  const char* const rows[] = {"",
                              "yes: QUESTION_FACT_UNSPECIFIED",
                              "all {}",
                              "any {}",
                              "not {}",
                              "ask_unless {}",
                              "entered_on_or_before {}",
                              "entered_on_or_before { year: 2023 month: 13 }"};
  for (const char* const predicate : rows) {
    const v1::CriterionResult result = ResultOf(PathwayOf(predicate), Person("p1"));
    EXPECT_EQ(Line(result), "ask") << predicate;
    EXPECT_THAT(result.facts(), IsEmpty()) << predicate;
  }
}

// `depth` conditions within each other, the innermost true.
v1::Predicate Nested(int depth) {
  v1::Predicate predicate = Parse<v1::Predicate>("yes: QUESTION_FACT_IN_MEXICO");
  for (int i = 1; i < depth; ++i) {
    v1::Predicate outer;
    *outer.mutable_ask_unless() = predicate;
    predicate = outer;
  }
  return predicate;
}

TEST(Predicate, IsUnknownBelowTheGreatestDepth) {
  EXPECT_EQ(Line(ResultOf(PathwayOf(Nested(kPredicateDepthMax)), Person("p1"))), "met");
  EXPECT_EQ(Line(ResultOf(PathwayOf(Nested(kPredicateDepthMax + 1)), Person("p1"))), "ask");
}

TEST(Criterion, OfAnUnsureSourceIsOnlyEverAQuestion) {
  const std::tuple<v1::Confidence, std::string, std::string> rows[] = {
      {v1::CONFIDENCE_UNSPECIFIED, "ask", "ask"},
      {v1::CONFIDENCE_S1, "met", "not met"},
      {v1::CONFIDENCE_S2, "met", "not met"},
      {v1::CONFIDENCE_S3, "ask", "ask"},
      {v1::CONFIDENCE_K, "ask", "ask"},
      {static_cast<v1::Confidence>(v1::Confidence_MAX + 1), "ask", "ask"}};
  ASSERT_EQ(std::size(rows), v1::Confidence_ARRAYSIZE + 1);
  for (const auto& [confidence, when_true, when_false] : rows) {
    v1::Pathway pathway = PathwayOf("yes: QUESTION_FACT_IN_MEXICO");
    pathway.mutable_criteria(0)->set_confidence(confidence);
    type::v1::PersonFacts person = Person("p1");
    EXPECT_EQ(Line(ResultOf(pathway, person)), when_true) << confidence;
    person.set_in_mexico(type::v1::ANSWER_NO);
    EXPECT_EQ(Line(ResultOf(pathway, person)), when_false) << confidence;
    person.clear_in_mexico();
    EXPECT_EQ(Line(ResultOf(pathway, person)), "ask in_mexico") << confidence;
  }
}

TEST(Criterion, TellsOutcomeReasonAndSource) {
  const std::tuple<type::v1::Answer, v1::Outcome, std::string> rows[] = {
      {type::v1::ANSWER_YES, v1::OUTCOME_MEETS, "met"},
      {type::v1::ANSWER_NO, v1::OUTCOME_DOES_NOT_MEET, "not met"},
      {type::v1::ANSWER_UNSPECIFIED, v1::OUTCOME_NEEDS_INFORMATION, "ask"}};
  for (const auto& [answer, outcome, reason] : rows) {
    type::v1::PersonFacts person = Person("p1");
    person.set_in_mexico(answer);
    const v1::CriterionResult result = ResultOf(PathwayOf("yes: QUESTION_FACT_IN_MEXICO"), person);
    EXPECT_EQ(result.criterion(), "only");
    EXPECT_EQ(result.outcome(), outcome);
    EXPECT_EQ(result.reason(), reason);
    EXPECT_EQ(result.citation(), "Book");
  }
}

// A pathway with one criterion per letter of `values`.
v1::Determination DeterminationOf(const std::string& values) {
  v1::Pathway pathway;
  pathway.set_id("road");
  for (const char value : values) {
    *pathway.add_criteria() =
        PathwayOf(kOf.at(value).substr(1, kOf.at(value).size() - 2)).criteria(0);
  }
  return Evaluate(pathway, {{"p1", "p2"}, ThreeValuedPerson()}, kVersion);
}

TEST(Determination, IsTheWorstOfItsCriteria) {
  const std::pair<std::string, v1::Outcome> rows[] = {{"T", v1::OUTCOME_MEETS},
                                                      {"TT", v1::OUTCOME_MEETS},
                                                      {"TU", v1::OUTCOME_NEEDS_INFORMATION},
                                                      {"UT", v1::OUTCOME_NEEDS_INFORMATION},
                                                      {"TF", v1::OUTCOME_DOES_NOT_MEET},
                                                      {"FT", v1::OUTCOME_DOES_NOT_MEET},
                                                      {"UF", v1::OUTCOME_DOES_NOT_MEET},
                                                      {"FU", v1::OUTCOME_DOES_NOT_MEET},
                                                      {"", v1::OUTCOME_NEEDS_INFORMATION}};
  for (const auto& [values, outcome] : rows) {
    const v1::Determination determination = DeterminationOf(values);
    EXPECT_EQ(determination.outcome(), outcome) << values;
    EXPECT_EQ(determination.criteria_size(), static_cast<int>(values.size()));
  }
}

TEST(Determination, NamesPathwayUnitAndVersions) {
  const v1::Determination determination = DeterminationOf("T");
  EXPECT_EQ(determination.pathway(), "road");
  EXPECT_THAT(determination.person_ids(), ElementsAre("p1", "p2"));
  EXPECT_EQ(determination.policy_version(), kVersion);
  EXPECT_EQ(determination.evaluator_version(), kEvaluatorVersion);
}

TEST(Determination, AsksEachFactOnceInThePacksOrderAndOnlyWhenItHelps) {
  v1::Pathway pathway;
  for (const char* const predicate :
       {"yes: QUESTION_FACT_SEEKS_WORK", "age_band_in { of: AGE_BAND_0_4 }",
        "all { of { yes: QUESTION_FACT_SEEKS_WORK } of { yes: QUESTION_FACT_IN_MEXICO } }"}) {
    *pathway.add_criteria() = PathwayOf(predicate).criteria(0);
  }
  EXPECT_THAT(Evaluate(pathway, {}, kVersion).missing_facts(),
              ElementsAre("seeks_work", "age_band", "in_mexico"));
  // A pathway that is closed anyway is no reason to ask.
  const v1::Determination closed = DeterminationOf("UF");
  EXPECT_THAT(closed.criteria(0).missing_facts(), ElementsAre("seeks_work"));
  EXPECT_THAT(closed.missing_facts(), IsEmpty());
}

}  // namespace
}  // namespace pathways::eligibility
