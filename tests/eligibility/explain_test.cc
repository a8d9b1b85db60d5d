// Goal: every determination has words in every language, which say that it is a screening and, in
// Haitian Creole, that nobody has signed them. Method: random families explained with both packs of
// the tree; patterns one by one.
#include "services/eligibility/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/eligibility/domain/interactions.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/eligibility/policy_file.h"
#include "services/type/languages.h"
#include "tests/eligibility/builders.h"
#include "tests/eligibility/random_facts.h"

namespace pathways::eligibility {
namespace {

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

TEST(Explain, EveryDeterminationInEveryLanguageForEveryAudience) {
  const RulesOfDay today = Current().On({kToday, kToday});
  for (const std::string& language : type::Languages()) {
    for (const v1::Audience audience : {v1::AUDIENCE_PERSON, v1::AUDIENCE_STAFF}) {
      const Explainer explainer(Current(), language, audience);
      for (unsigned seed = 0; seed < 40; ++seed) {
        Random random(seed);
        const type::v1::CaseFacts facts = RandomCase(random);
        for (const v1::Determination& determination : today.Screen(facts).determinations) {
          const v1::Explanation explanation = explainer.Explain(determination);
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
