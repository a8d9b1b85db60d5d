// Goal: every determination has words in every language, which say that it is a screening and, in
// Haitian Creole, that nobody has signed them. Method: random families explained with both packs of
// the tree; patterns one by one.
#include "services/eligibility/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/domain/interactions.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/eligibility/explain_grounds.h"
#include "services/eligibility/policy_file.h"
#include "services/type/languages.h"
#include "tests/eligibility/builders.h"
#include "tests/eligibility/random_facts.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const absl::CivilDay kToday(2026, 11, 24);

const Rules& Current() {
  static const std::shared_ptr<const Rules>& rules =
      *new std::shared_ptr<const Rules>(*LoadRules(PATHWAYS_SOURCE_DIR "/policies/current"));
  return *rules;
}

void ExpectText(const v1::ShownText& text, const std::string& language) {
  EXPECT_FALSE(text.text().empty());
  EXPECT_FALSE(absl::StrContains(text.text(), "{")) << text.text();
  EXPECT_EQ(text.unreviewed(), language == "ht") << text.text();
}

Determinations Screened(const RulesOfDay& rules, const type::v1::CaseFacts& facts) {
  Determinations determinations;
  for (v1::Determination& one : rules.Screen(facts).determinations) {
    *determinations.Add() = std::move(one);
  }
  return determinations;
}

// It says by what it goes, and each way to another outcome or that there is none to be told of.
void ExpectGrounds(const v1::Explanation& explanation, const v1::Determination& determination,
                   const std::string& language) {
  EXPECT_EQ(explanation.assumes().policy_version(), determination.policy_version());
  EXPECT_EQ(explanation.assumes().status(), determination.status());
  EXPECT_GE(explanation.assumes().sentences_size(), 4);
  for (const auto& sentence : explanation.assumes().sentences()) ExpectText(sentence, language);
  std::set<std::string> looked_at;
  for (const auto& result : determination.criteria()) {
    looked_at.insert(result.facts().begin(), result.facts().end());
  }
  for (const v1::AssumedFact& fact : explanation.assumes().facts()) {
    EXPECT_TRUE(looked_at.contains(fact.fact())) << fact.fact();
    EXPECT_NE(fact.basis(), v1::FACT_BASIS_UNSPECIFIED);
  }
  EXPECT_EQ(explanation.has_turns_notice(), !explanation.turns().empty());
  if (explanation.has_turns_notice()) ExpectText(explanation.turns_notice(), language);
  for (const v1::OutcomeTurn& turn : explanation.turns()) {
    EXPECT_NE(turn.outcome(), determination.outcome());
    for (const v1::FactsChange& change : turn.changes()) ExpectText(change.text(), language);
    if (turn.has_text()) ExpectText(turn.text(), language);
  }
  if (explanation.has_time_turn()) ExpectText(explanation.time_turn().text(), language);
}

TEST(Explain, EveryDeterminationInEveryLanguageForEveryAudience) {
  const RulesOfDay today = Current().On({kToday, kToday});
  for (const std::string& language : type::Languages()) {
    for (const v1::Audience audience : {v1::AUDIENCE_PERSON, v1::AUDIENCE_STAFF}) {
      const Explainer explainer(Current(), language, audience);
      for (unsigned seed = 0; seed < 40; ++seed) {
        Random random(seed);
        const type::v1::CaseFacts facts = RandomCase(random);
        const Determinations determinations = Screened(today, facts);
        google::protobuf::RepeatedPtrField<v1::Explanation> explanations;
        ExplainAll(explainer, Current(), facts, "2026-11-30", determinations, explanations);
        ASSERT_EQ(explanations.size(), determinations.size());
        for (int i = 0; i < determinations.size(); ++i) {
          const v1::Determination& determination = determinations[i];
          const v1::Explanation& explanation = explanations[i];
          ExpectGrounds(explanation, determination, language);
          ExpectText(explanation.notice(), language);
          ExpectText(explanation.title(), language);
          ExpectText(explanation.outcome(), language);
          ExpectText(explanation.status(), language);
          EXPECT_FALSE(explanation.status_citation().empty());
          ASSERT_EQ(explanation.criteria_size(), determination.criteria_size());
          for (const v1::CriterionText& criterion : explanation.criteria()) {
            ExpectText(criterion.text(), language);
            EXPECT_FALSE(criterion.citation().empty());
          }
          EXPECT_EQ(explanation.questions_size(), determination.missing_facts_size());
          for (const auto& question : explanation.questions())
            ExpectText(question.text(), language);
          for (const auto& change : explanation.changes()) ExpectText(change, language);
          EXPECT_EQ(explanation.has_review(), determination.review_required());
        }
      }
    }
  }
}

TEST(Explain, WarningsOfEveryStep) {
  const RulesOfDay today = Current().On({kToday, kToday});
  for (const std::string& language : type::Languages()) {
    const Explainer explainer(Current(), language, v1::AUDIENCE_PERSON);
    for (unsigned seed = 0; seed < 20; ++seed) {
      Random random(seed);
      for (const v1::StepAdvice& advice : StepsFor(today, RandomCase(random))) {
        const v1::StepText step = explainer.Advise(advice);
        ExpectText(step.text(), language);
        ASSERT_EQ(step.effects_size(), advice.effects_size());
        for (const v1::EffectText& effect : step.effects()) {
          ExpectText(effect.text(), language);
          EXPECT_FALSE(effect.citation().empty());
        }
        EXPECT_EQ(step.must_acknowledge(), advice.must_acknowledge());
      }
    }
  }
}

TEST(Explain, ASuspendedPathwayCanOnlyBePrepared) {
  const type::v1::CaseFacts facts = Facts({"p1"});
  for (const v1::Determination& determination :
       Current().Screen(facts, {kToday, kToday}).determinations) {
    if (determination.pathway() != "us-refugee-resettlement") continue;
    EXPECT_EQ(determination.outcome(), v1::OUTCOME_MEETS);
    EXPECT_FALSE(determination.can_submit());
    const v1::Explanation shown =
        Explainer(Current(), "es", v1::AUDIENCE_PERSON).Explain(determination);
    EXPECT_THAT(shown.status().text(), HasSubstr("está detenida desde enero de 2025"));
    EXPECT_THAT(shown.status().text(), HasSubstr("no se puede presentar nada"));
  }
}

v1::Explanation ExplanationOf(const std::string& pathway, const type::v1::CaseFacts& facts,
                              const std::string& language, v1::Audience audience) {
  const Determinations determinations = Screened(Current().On({kToday, kToday}), facts);
  google::protobuf::RepeatedPtrField<v1::Explanation> explanations;
  ExplainAll(Explainer(Current(), language, audience), Current(), facts, "2026-11-30",
             determinations, explanations);
  for (const v1::Explanation& explanation : explanations) {
    if (explanation.pathway() == pathway) return explanation;
  }
  return {};
}

std::vector<std::string> TextsOf(const google::protobuf::RepeatedPtrField<v1::ShownText>& texts) {
  std::vector<std::string> lines;
  for (const v1::ShownText& text : texts) lines.push_back(text.text());
  return lines;
}

TEST(Explain, OpensWithWhatItAssumes) {
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  type::v1::PersonFacts& person = *facts.mutable_people(0);
  person.mutable_entry_date()->clear_day();
  Forget(person, "in_mexico");
  const v1::Explanation explanation =
      ExplanationOf("us-refugee-resettlement", facts, "en", v1::AUDIENCE_STAFF);
  EXPECT_THAT(TextsOf(explanation.assumes().sentences()),
              ElementsAre("Assumes the policies current, as of 2026-11-24, as known on 2026-11-24.",
                          "The facts are those of the fact catalogue 2026-11-30.",
                          "Takes the status that holds from 2025-03-25 on.",
                          "Taken as recorded of p1: the nationality; the day of entry to Mexico.",
                          "Not known of p1, and counted neither for nor against: being in Mexico.",
                          "Known by its month only, each day of which is taken as possible: the "
                          "day of entry to Mexico."));
  const v1::Explanation derived = ExplanationOf("mx-tvrh", facts, "en", v1::AUDIENCE_STAFF);
  EXPECT_THAT(TextsOf(derived.assumes().sentences()),
              Contains("Worked out of p1 from something else: the age, by the birth date."));
  EXPECT_THAT(TextsOf(derived.assumes().sentences()),
              Contains("Also counts the people registered together by: the age, by the birth "
                       "date."));
}

// Of a stored pack that has no texts of what an explanation stands on nothing is shown without
// words.
TEST(Explain, SaysNothingThatThePackHasNoTextFor) {
  v1::PolicyPack pack = SmallPack();
  for (v1::Catalogue& catalogue : *pack.mutable_catalogues()) {
    auto& texts = *catalogue.mutable_texts();
    texts.erase(std::remove_if(texts.begin(), texts.end(),
                               [](const v1::Text& text) {
                                 return absl::StartsWith(text.key(), "assume.") ||
                                        absl::StartsWith(text.key(), "turn.");
                               }),
                texts.end());
  }
  const auto rules = RulesOf(pack);
  ASSERT_NE(rules, nullptr);
  const type::v1::CaseFacts facts = Facts({"p1"});
  google::protobuf::RepeatedPtrField<v1::Explanation> explanations;
  ExplainAll(Explainer(*rules, "en", v1::AUDIENCE_PERSON), *rules, facts, "2026-11-30",
             Screened(rules->On({kToday, kToday}), facts), explanations);
  ASSERT_EQ(explanations.size(), 2);
  EXPECT_EQ(explanations[0].title().text(), "pathway.road");
  EXPECT_EQ(explanations[0].assumes().facts_size(), 1);
  EXPECT_EQ(explanations[0].assumes().sentences_size(), 0);
  EXPECT_EQ(explanations[0].turns_size(), 0) << "never without how they are to be read";
  EXPECT_FALSE(explanations[0].has_turns_notice());
}

// What is recorded is a reason, and what is missing a question.
TEST(Explain, SaysTheSmallestChangeAsAReasonAndNotAsAdvice) {
  type::v1::CaseFacts facts = Facts({"p1"});
  facts.mutable_people(0)->set_nationalities(0, "COL");
  Forget(*facts.mutable_people(0), "in_mexico");
  const v1::Explanation shown =
      ExplanationOf("us-refugee-resettlement", facts, "en", v1::AUDIENCE_STAFF);
  ASSERT_EQ(shown.turns_size(), 2);
  EXPECT_EQ(
      shown.turns(0).changes(0).text().text(),
      "The published conditions would be met if this were so: the nationality: CUB, HTI, NIC, "
      "VEN (recorded otherwise); being in Mexico: yes (not known yet). It promises nothing.");
  EXPECT_EQ(shown.turns(1).changes(0).text().text(),
            "The pathway would be open to a question if this were so: the nationality: CUB, HTI, "
            "NIC, VEN (recorded otherwise).");
  EXPECT_THAT(shown.turns_notice().text(), HasSubstr("no advice"));
  EXPECT_THAT(shown.turns_notice().text(), HasSubstr("it never decides a status"));
}

// What another member of the family could say when alone is not told to a person; staff see it.
// Of a fact with several codes the search tries one at a time, and says so: with two nationalities
// the conditions would be met.
TEST(Explain, SaysWhichAnswersWereTriedWhereNoneWasFound) {
  v1::PolicyPack pack = PackOf("nationality_in { of: 'CUB' }");
  v1::Criterion& second = *pack.mutable_pathways(0)->add_criteria();
  second = pack.pathways(0).criteria(0);
  second.set_id("second");
  *second.mutable_predicate() = Parse<v1::Predicate>("nationality_in { of: 'HTI' }");
  pack.mutable_catalogues()->Clear();
  for (const v1::Catalogue& catalogue : Current().pack().catalogues()) {
    *pack.add_catalogues() = catalogue;
  }
  const auto rules = RulesOf(pack);
  type::v1::CaseFacts facts = Facts({"p1"});
  const auto explained = [&](v1::Audience audience) {
    google::protobuf::RepeatedPtrField<v1::Explanation> explanations;
    ExplainAll(Explainer(*rules, "en", audience), *rules, facts, "2026-11-30",
               Screened(rules->On({kToday, kToday}), facts), explanations);
    return explanations[0].turns(0);
  };
  EXPECT_EQ(explained(v1::AUDIENCE_STAFF).outcome(), v1::OUTCOME_MEETS);
  EXPECT_EQ(explained(v1::AUDIENCE_STAFF).search(), v1::TURN_SEARCH_NONE);
  EXPECT_THAT(explained(v1::AUDIENCE_STAFF).text().text(),
              HasSubstr("of a fact with several codes one of them"));
  EXPECT_THAT(explained(v1::AUDIENCE_PERSON).text().text(), HasSubstr("one to each question"));
  facts.mutable_people(0)->add_nationalities("HTI");
  EXPECT_EQ(rules->Screen(facts, {kToday, kToday}).determinations[0].outcome(), v1::OUTCOME_MEETS);
}

TEST(Explain, TellsAPersonNothingOfWhatOthersSayAlone) {
  v1::PolicyPack pack = PackOf("members { where { yes: 'risk_on_return' } at_least: 1 }");
  const auto rules = RulesOf(pack);
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  const Determinations determinations = Screened(rules->On({kToday, kToday}), facts);
  for (const v1::Audience audience : {v1::AUDIENCE_STAFF, v1::AUDIENCE_PERSON}) {
    google::protobuf::RepeatedPtrField<v1::Explanation> explanations;
    ExplainAll(Explainer(*rules, "en", audience), *rules, facts, "", determinations, explanations);
    std::set<std::string> people;
    for (const v1::AssumedFact& fact : explanations[0].assumes().facts()) {
      people.insert(fact.person_id());
    }
    EXPECT_EQ(people.contains("p2"), audience == v1::AUDIENCE_STAFF);
    const std::vector<std::string> sentences = TextsOf(explanations[0].assumes().sentences());
    EXPECT_EQ(std::any_of(sentences.begin(), sentences.end(),
                          [](const std::string& sentence) { return sentence == "assume.counted"; }),
              audience == v1::AUDIENCE_STAFF)
        << absl::StrJoin(sentences, "\n");
    people.clear();
    for (const v1::OutcomeTurn& turn : explanations[0].turns()) {
      for (const v1::FactsChange& change : turn.changes()) {
        for (const v1::FactWouldBe& fact : change.facts()) people.insert(fact.person_id());
      }
    }
    EXPECT_EQ(people.contains("p2"), audience == v1::AUDIENCE_STAFF);
  }
}

TEST(Explain, ASignedTextIsNoLongerMarked) {
  v1::PolicyPack pack = SmallPack();
  for (v1::Catalogue& catalogue : *pack.mutable_catalogues()) {
    for (v1::Text& text : *catalogue.mutable_texts()) {
      if (text.key() != kNoticeKey) continue;
      text.set_reviewed_by("A. Speaker");
      *text.mutable_reviewed_on() = pack.recorded_on();
    }
  }
  const auto rules = RulesOf(pack);
  const Explainer explainer(*rules, "ht", v1::AUDIENCE_PERSON);
  EXPECT_FALSE(explainer.TextOf(kNoticeKey).unreviewed());
  EXPECT_TRUE(explainer.TextOf(kReviewKey).unreviewed());
  EXPECT_EQ(explainer.TextOf("no-such-key").text(), "");
}

TEST(Fill, PutsArgumentsWhereTheLanguageNeedsThem) {
  EXPECT_EQ(*Fill("Until {day}, it's so.", "en", {{"day", "2026-11-24"}}),
            "Until 2026-11-24, it's so.");
  EXPECT_EQ(*Fill("{b} {a}", "ht", {{"a", "é"}, {"b", "{x}"}}), "{x} é");
  EXPECT_EQ(*Fill("{n, plural, other {# jou}}", "ht", {{"n", "3"}}), "3 jou");
  for (const char* const broken : {"{", "{day", "{day, nothing}"}) {
    EXPECT_FALSE(Fill(broken, "en", {{"day", "x"}}).ok()) << broken;
  }
}

}  // namespace
}  // namespace pathways::eligibility
