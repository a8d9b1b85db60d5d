// Goal: an answer by id decides as its kind says, as long as it holds, for those for whom it
// counts, and goes no further than its pathway needs; and what is missing is asked in the right
// order. Method: packs of one condition over a fact of each kind.
#include "services/eligibility/domain/facts.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/domain/disclosure.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/eligibility/domain/questions.h"
#include "services/type/problem.h"
#include "tests/eligibility/builders.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::CivilDay kToday(2026, 11, 30);

// A fact like seeks_work, but for these fields.
type::v1::Fact FactOf(const std::string& id, const std::string& how) {
  type::v1::Fact fact;
  for (const type::v1::Fact& known : Catalogue().facts()) {
    if (known.id() == "seeks_work") fact = known;
  }
  fact.set_id(id);
  for (type::v1::FactWords& words : *fact.mutable_words()) words.clear_columns();
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(how, &fact));
  for (type::v1::FactCode& code : *fact.mutable_codes()) *code.mutable_words() = fact.words();
  return fact;
}

std::vector<type::v1::Fact> Added() {
  return {FactOf("home", "kind: FACT_KIND_ONE_OF codes { code: 'HOUSE' } codes { code: 'TENT' }"),
          FactOf("trades", "kind: FACT_KIND_SOME_OF list: CODE_LIST_ISCO_08"),
          FactOf("hearing", "kind: FACT_KIND_PARTIAL_DATE"),
          FactOf("children", "kind: FACT_KIND_NUMBER least: 0 greatest: 20"),
          FactOf("vehicle", "scope: FACT_SCOPE_CASE"),
          FactOf("permit", "stale_after_days: 30")};
}

v1::PolicyPack PackWith(const std::string& predicate) {
  v1::PolicyPack pack = PackOf(predicate);
  for (type::v1::Fact& fact : Added()) {
    if (FactsNamedIn(pack).contains(fact.id())) *pack.add_facts() = fact;
  }
  return pack;
}

std::shared_ptr<const Rules> RulesWith(const std::string& predicate) {
  auto rules = Rules::Compile(PackWith(predicate));
  EXPECT_TRUE(rules.ok()) << rules.status();
  return *rules;
}

void Answer(type::v1::PersonFacts& person, const std::string& text) {
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, person.add_answers())) << text;
}

std::string OutcomeOf(const std::string& predicate, const std::string& answer,
                      absl::CivilDay day = kToday) {
  type::v1::CaseFacts facts = Facts({"p1"});
  if (!answer.empty()) Answer(*facts.mutable_people(0), answer);
  const v1::Determination determination =
      RulesWith(predicate)->Screen(facts, {day, day}).determinations.at(0);
  std::string line = v1::Outcome_Name(determination.outcome()).substr(8);
  if (!determination.missing_facts().empty()) {
    absl::StrAppend(&line, " ", absl::StrJoin(determination.missing_facts(), ","));
  }
  return line;
}

TEST(Conditions, OverEachKindOfAnswer) {
  const std::string home = "code_in { fact: 'home' of: 'TENT' }";
  const std::string trades = "code_in { fact: 'trades' of: '61' of: '9211' }";
  const std::string children = "number_in { fact: 'children' at_least: 1 at_most: 3 }";
  const std::string hearing = "date_in { date: 'hearing' from { year: 2026 month: 11 day: 1 } }";
  const std::string within = "within { date: 'hearing' days: 10 }";
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {home, "fact: 'home' code: 'TENT'", "MEETS"},
      {home, "fact: 'home' code: 'HOUSE'", "DOES_NOT_MEET"},
      {home, "", "NEEDS_INFORMATION home"},
      {home, "fact: 'home' yes: true", "NEEDS_INFORMATION home"},
      {trades, "fact: 'trades' codes { of: '11' of: '9211' }", "MEETS"},
      {trades, "fact: 'trades' codes { of: '11' }", "DOES_NOT_MEET"},
      {trades, "", "NEEDS_INFORMATION trades"},
      {children, "fact: 'children' number: 0", "DOES_NOT_MEET"},
      {children, "fact: 'children' number: 1", "MEETS"},
      {children, "fact: 'children' number: 3", "MEETS"},
      {children, "fact: 'children' number: 4", "DOES_NOT_MEET"},
      {children, "", "NEEDS_INFORMATION children"},
      {hearing, "fact: 'hearing' date { year: 2026 month: 11 day: 1 }", "MEETS"},
      {hearing, "fact: 'hearing' date { year: 2026 month: 10 }", "DOES_NOT_MEET"},
      {hearing, "fact: 'hearing' date { year: 2026 }", "NEEDS_INFORMATION hearing"},
      {hearing, "", "NEEDS_INFORMATION hearing"},
      {within, "fact: 'hearing' date { year: 2026 month: 11 day: 20 }", "MEETS"},
      {within, "fact: 'hearing' date { year: 2026 month: 11 day: 19 }", "DOES_NOT_MEET"},
  };
  for (const auto& [predicate, answer, line] : rows) {
    EXPECT_EQ(OutcomeOf(predicate, answer), line) << predicate << " " << answer;
  }
}

TEST(Conditions, ThatDoNotFitTheirFactAreRefused) {
  const std::pair<std::string, std::string> rows[] = {
      {"yes: 'home'", ".yes"},
      {"code_in { fact: 'children' of: 'A' }", ".code_in.fact"},
      {"code_in { fact: 'home' of: 'BARN' }", ".code_in.of[0]"},
      {"code_in { fact: 'home' of: 'tent' }", ".code_in.of[0]"},
      {"code_in { fact: 'trades' of: '99' }", ".code_in.of[0]"},
      {"code_in { fact: 'home' }", ".code_in.of"},
      {"number_in { fact: 'home' at_least: 1 at_most: 2 }", ".number_in.fact"},
      {"number_in { fact: 'children' at_least: 2 at_most: 1 }", ".number_in"},
      {"number_in { fact: 'children' at_least: 1 at_most: 21 }", ".number_in"},
      {"date_in { date: 'home' from { year: 2026 month: 1 day: 1 } }", ".date_in.date"},
      {"date_in { from { year: 2026 month: 1 day: 1 } }", ".date_in.date"},
      {"within { date: 'as_of' days: 3 }", ".within.date"},
      {"yes: 'zodiac'", ".yes"},
  };
  for (const auto& [predicate, field] : rows) {
    const type::v1::Problem problem = type::ProblemOf(CheckPack(PackWith(predicate)));
    ASSERT_EQ(problem.violations_size(), 1) << predicate << problem.ShortDebugString();
    EXPECT_EQ(problem.violations(0).field(), "pathways[0].criteria[0].predicate" + field);
  }
}

TEST(StaleAnswers, AreUnknownFromTheirDayOnWhichIsSaid) {
  const std::string given = "fact: 'permit' yes: true answered_on { year: 2026 month: 11 day: 1 }";
  const absl::CivilDay last(2026, 11, 30);
  EXPECT_EQ(OutcomeOf("yes: 'permit'", given, last), "MEETS");
  EXPECT_EQ(OutcomeOf("yes: 'permit'", given, last + 1), "NEEDS_INFORMATION permit");
  EXPECT_EQ(OutcomeOf("yes: 'permit'", "fact: 'permit' yes: true", last + 1), "MEETS")
      << "of whom the day is not known";
  type::v1::CaseFacts facts = Facts({"p1"});
  Answer(*facts.mutable_people(0), given);
  const Screening screening = RulesWith("yes: 'permit'")->Screen(facts, {last, last});
  EXPECT_EQ(screening.holds_until, last + 1);
  EXPECT_EQ(RulesWith("yes: 'in_mexico'")->Screen(facts, {last, last}).holds_until, std::nullopt)
      << "nobody looks at it";
}

TEST(AnswersOfTheCase, CountForEverybodyAndGoWithEachReferral) {
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  const auto rules = RulesWith("yes: 'vehicle'");
  EXPECT_EQ(rules->Screen(facts, {kToday, kToday}).determinations[1].outcome(),
            v1::OUTCOME_NEEDS_INFORMATION);
  Answer(*facts.mutable_people(0), "fact: 'vehicle' yes: true");
  Determinations determinations;
  for (v1::Determination& one : rules->Screen(facts, {kToday, kToday}).determinations) {
    EXPECT_EQ(one.outcome(), v1::OUTCOME_MEETS);
    *determinations.Add() = std::move(one);
  }
  const Disclosures handed = DisclosuresOf(*rules, facts, determinations);
  ASSERT_EQ(handed.size(), 2);
  for (const type::v1::Disclosure& one : handed) {
    ASSERT_EQ(one.people(0).answers_size(), 1);
    EXPECT_EQ(one.people(0).answers(0).fact(), "vehicle");
  }
}

// "fact of whom for which pathways" of each question.
std::vector<std::string> Lines(const std::vector<AskedFact>& questions) {
  std::vector<std::string> lines;
  for (const AskedFact& asked : questions) {
    lines.push_back(absl::StrCat(asked.fact->id(), " ", absl::StrJoin(asked.person_ids, "+"), " ",
                                 absl::StrJoin(asked.pathways, "+")));
  }
  return lines;
}

std::vector<std::string> QuestionsFor(const Rules& rules, const type::v1::CaseFacts& facts) {
  Determinations determinations;
  for (v1::Determination& one : rules.Screen(facts, {kToday, kToday}).determinations) {
    *determinations.Add() = std::move(one);
  }
  return Lines(QuestionsOf(rules, facts, determinations));
}

TEST(Questions, OfACaseAreWhatItMissesInTheOrderWorthAsking) {
  const std::string predicate =
      "all { of { yes: 'left_country_for_fear' } of { yes: 'vehicle' } of { yes: 'seeks_work' } "
      "of { code_in { fact: 'job_place' of: 'MX-CHP' } } of { age_band_in { of: AGE_BAND_21_59 } } "
      "}";
  const auto rules = RulesWith(predicate);
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  for (type::v1::PersonFacts& person : *facts.mutable_people()) person.clear_answers();
  SetAnswer(*facts.mutable_people(1), "job_offer", false);
  EXPECT_THAT(QuestionsFor(*rules, facts),
              ElementsAre("seeks_work p1+p2 road", "vehicle p1 road", "job_place p1 road",
                          "left_country_for_fear p1+p2 road"))
      << "asked once for the case, not without an offer, and alone at last";
  SetAnswer(*facts.mutable_people(0), "seeks_work", false);
  SetAnswer(*facts.mutable_people(1), "seeks_work", false);
  EXPECT_THAT(QuestionsFor(*rules, facts), IsEmpty()) << "nothing would change any more";
}

// Whoever has answered is not asked again, and whoever has not is.
TEST(Questions, OfPeopleWhoAreCountedAreForThoseWhoHaveNotAnswered) {
  const auto rules =
      RulesOf(PackOf("members { where { age_band_in { of: AGE_BAND_21_59 } } at_least: 2 }"));
  type::v1::CaseFacts facts = Facts({"p1", "p2", "p3"});
  facts.mutable_people(1)->clear_age_band();
  facts.mutable_people(2)->set_age_band(type::v1::AGE_BAND_5_11);
  EXPECT_THAT(QuestionsFor(*rules, facts), ElementsAre("age_band p2 road"));
}

TEST(Questions, OfPathwaysAreAllThatTheyLookAt) {
  const auto rules = RulesOf(SmallPack());
  EXPECT_THAT(Lines(QuestionsOf(*rules, {"bridge", "unknown"})),
              ElementsAre("age_band  bridge", "nationalities  bridge"));
  EXPECT_THAT(Lines(QuestionsOf(*rules, {"road", "bridge"})),
              ElementsAre("age_band  bridge", "nationalities  bridge", "in_mexico  road"));
}

}  // namespace
}  // namespace pathways::eligibility
