// Goal: nobody is led to close a pathway that is open to them without a warning that must be
// acknowledged. Method: the cases that the pack of today is about, one by one; then random families
// that follow the steps in any order, where each pathway that is lost must have been warned of.
#include "services/eligibility/domain/interactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/eligibility/policy_file.h"
#include "tests/eligibility/builders.h"
#include "tests/eligibility/random_facts.h"

namespace pathways::eligibility {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

const RulesOfDay& Today() {
  static const RulesOfDay& today = []() -> const RulesOfDay& {
    auto rules = LoadRules(PATHWAYS_SOURCE_DIR "/policies/current");
    EXPECT_TRUE(rules.ok()) << rules.status();
    const absl::CivilDay day(2026, 11, 24);
    return *new RulesOfDay((*rules)->On({day, day}));
  }();
  return today;
}

std::string Line(const v1::StepEffect& effect) {
  const std::string& name = v1::Effect_Name(effect.effect());
  return absl::StrCat(absl::StripPrefix(name, "EFFECT_"), " ", effect.pathway());
}

// Effects of a step for one person; "!" first where it must be acknowledged.
std::vector<std::string> EffectsOf(const std::string& step, const type::v1::PersonFacts& person) {
  type::v1::CaseFacts facts = Facts({"p1"});
  *facts.mutable_people(0) = person;
  facts.mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  std::vector<std::string> lines;
  for (const v1::StepAdvice& advice : StepsFor(Today(), facts)) {
    if (advice.step() != step) continue;
    lines.push_back(advice.must_acknowledge() ? "!" : "-");
    for (const v1::StepEffect& effect : advice.effects()) {
      EXPECT_FALSE(effect.source().empty() || effect.message_key().empty());
      lines.push_back(Line(effect));
    }
  }
  return lines;
}

type::v1::PersonFacts With(type::v1::RefugeeClaim claim) {
  type::v1::PersonFacts person = Person("p1");
  person.set_refugee_claim(claim);
  return person;
}

TEST(Steps, FilingAClaimOpensTheHumanitarianCard) {
  EXPECT_THAT(EffectsOf("file-refugee-claim", With(type::v1::REFUGEE_CLAIM_NONE)),
              ElementsAre("-", "OPENS mx-tvrh"));
  EXPECT_THAT(EffectsOf("file-refugee-claim", With(type::v1::REFUGEE_CLAIM_FILED)), IsEmpty());
}

TEST(Steps, LeavingTheStateOrMissingTheSigningEndangersTheClaim) {
  for (const char* const step : {"leave-state", "miss-weekly-signing"}) {
    EXPECT_THAT(
        EffectsOf(step, With(type::v1::REFUGEE_CLAIM_FILED)),
        ElementsAre("!", "ENDANGERS mx-refugee-status", "ENDANGERS mx-complementary-protection"));
    EXPECT_THAT(EffectsOf(step, With(type::v1::REFUGEE_CLAIM_NONE)), IsEmpty());
  }
}

TEST(Steps, PermanentResidenceEndangersResettlementAndTheHumanitarianCard) {
  EXPECT_THAT(EffectsOf("accept-permanent-residence", With(type::v1::REFUGEE_CLAIM_RECOGNISED)),
              ElementsAre("!", "ENDANGERS us-refugee-resettlement", "ENDANGERS us-unhcr-referral",
                          "ENDANGERS mx-tvrh", "OPENS mx-labour"));
}

TEST(Steps, WithdrawingTheClaimEndangersTheCardThatHangsOnIt) {
  EXPECT_THAT(EffectsOf("withdraw-claim", With(type::v1::REFUGEE_CLAIM_FILED)),
              ElementsAre("!", "ENDANGERS mx-tvrh"));
}

TEST(Steps, IrregularEntryClosesTheParoleForVenezuelaAndEndangersItWhereNoSourceIsFound) {
  type::v1::PersonFacts person = Person("p1");
  const std::pair<std::string, std::string> rows[] = {{"VEN", "CLOSES us-chnv-parole"},
                                                      {"CUB", "ENDANGERS us-chnv-parole"}};
  for (const auto& [code, line] : rows) {
    person.set_nationalities(0, code);
    EXPECT_THAT(EffectsOf("enter-irregularly", person), ElementsAre("!", line));
  }
  person.set_nationalities(0, "COL");
  EXPECT_THAT(EffectsOf("enter-irregularly", person), ElementsAre("-"));
}

TEST(Steps, LeavingMexicoClosesWhatNeedsPresence) {
  const std::vector<std::string> lines =
      EffectsOf("leave-mexico", With(type::v1::REFUGEE_CLAIM_NONE));
  EXPECT_EQ(lines.at(0), "!");
  EXPECT_THAT(lines, Contains("CLOSES us-refugee-resettlement"));
  EXPECT_THAT(lines, Contains("CLOSES mx-labour"));
  EXPECT_THAT(lines, Not(Contains("CLOSES us-h2")));
}

TEST(Steps, ThatWarnComeAfterThoseThatDoNot) {
  bool warned = false;
  for (const v1::StepAdvice& advice : StepsFor(Today(), Facts({"p1"}))) {
    EXPECT_FALSE(warned && !advice.must_acknowledge()) << advice.step();
    warned |= advice.must_acknowledge();
  }
  EXPECT_TRUE(warned);
}

// Pathway and people, where it is open.
std::map<std::string, bool> OpenOf(const type::v1::CaseFacts& facts) {
  std::map<std::string, bool> open;
  for (const v1::Determination& determination : Today().Screen(facts).determinations) {
    bool& entry = open[determination.pathway()];
    entry |= IsOpen(determination.status(), determination.outcome());
  }
  return open;
}

const v1::Step& StepOf(const std::string& id) {
  for (const v1::Step& step : Today().rules().pack().steps()) {
    if (step.id() == id) return step;
  }
  ADD_FAILURE() << id;
  static const v1::Step& none = *new v1::Step();
  return none;
}

TEST(Steps, CloseNoOpenPathwayWithoutAWarningWhateverTheOrder) {
  int lost = 0;
  for (unsigned seed = 0; seed < 500; ++seed) {
    Random random(seed);
    type::v1::CaseFacts facts = RandomCase(random);
    for (int taken = 0; taken < 6; ++taken) {
      const std::vector<v1::StepAdvice> steps = StepsFor(Today(), facts);
      if (steps.empty()) break;
      const v1::StepAdvice& advice =
          steps[static_cast<size_t>(Below(random, static_cast<int>(steps.size())))];
      const std::map<std::string, bool> before = OpenOf(facts);
      for (type::v1::PersonFacts& person : *facts.mutable_people()) {
        if (person.person_id() != advice.person_ids(0)) continue;
        TakeStep(StepOf(advice.step()), person);
      }
      for (const auto& [pathway, open] : OpenOf(facts)) {
        if (open || !before.at(pathway) || pathway == advice.pathway()) continue;
        ++lost;
        bool warned = false;
        for (const v1::StepEffect& effect : advice.effects()) {
          warned |= effect.pathway() == pathway && effect.effect() != v1::EFFECT_OPENS;
        }
        EXPECT_TRUE(warned && advice.must_acknowledge())
            << "seed " << seed << ": " << advice.step() << " closes " << pathway;
      }
    }
  }
  EXPECT_GT(lost, 100);  // Else the test showed nothing.
}

}  // namespace
}  // namespace pathways::eligibility
