// Goal: what is said of a case follows from the flat rules alone, holds until the day it names, and
// learning more never takes back what was certain. Method: small packs for counts, windows and
// statuses; random families screened with both packs of the tree.
#include "services/eligibility/domain/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/eligibility/policy_file.h"
#include "tests/eligibility/builders.h"
#include "tests/eligibility/random_facts.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::ElementsAre;

constexpr int kFamilies = 300;

std::shared_ptr<const Rules> Load(const std::string& name) {
  auto rules = LoadRules(absl::StrCat(PATHWAYS_SOURCE_DIR "/policies/", name));
  EXPECT_TRUE(rules.ok()) << rules.status();
  return *rules;
}

AsOf SameDay(absl::CivilDay day) { return {day, day}; }

const absl::CivilDay kToday(2026, 11, 24);

TEST(Rules, RefuseAPackWithFaults) {
  v1::PolicyPack pack = SmallPack();
  pack.clear_version();
  EXPECT_EQ(Rules::Compile(pack).status().code(), absl::StatusCode::kInvalidArgument);
}

// A text that packs need since a later release is asked of those that are accepted from then on.
TEST(Rules, CompileAStoredPackThatLacksATextOfToday) {
  v1::PolicyPack pack = SmallPack();
  for (v1::Catalogue& catalogue : *pack.mutable_catalogues()) {
    auto& texts = *catalogue.mutable_texts();
    texts.erase(std::remove_if(texts.begin(), texts.end(),
                               [](const v1::Text& text) { return text.key() == kTurnNoticeKey; }),
                texts.end());
  }
  EXPECT_EQ(CheckedPack(pack).status().code(), absl::StatusCode::kInvalidArgument);
  const auto rules = Rules::Compile(pack);
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_EQ((*rules)->Screen(Facts({"p1"}), SameDay(kToday)).determinations[0].outcome(),
            v1::OUTCOME_MEETS);
}

TEST(Rules, RefuseMoreSetsThanThereIsRoomFor) {
  const std::array<std::string, 16> countries = {"ARG", "BLZ", "BOL", "BRA", "CHL", "COL",
                                                 "CRI", "CUB", "DOM", "ECU", "GTM", "HND",
                                                 "HTI", "NIC", "PAN", "PER"};
  for (const int sets : {64, 65}) {
    v1::PolicyPack pack = SmallPack();
    pack.clear_pathways();
    for (int i = 0; i < sets; ++i) {
      if (i % 16 == 0) {
        v1::Pathway& pathway = *pack.add_pathways();
        pathway = SmallPack().pathways(0);
        pathway.set_id(absl::StrCat("road-", i));
        pathway.clear_criteria();
      }
      v1::Criterion& criterion = *pack.mutable_pathways()->rbegin()->add_criteria();
      criterion = SmallPack().pathways(0).criteria(0);
      criterion.set_id(absl::StrCat("c-", i));
      // Each of one or two countries, and no two the same.
      v1::StringSet& set = *criterion.mutable_predicate()->mutable_nationality_in();
      set.add_of(countries[static_cast<size_t>(i % 8)]);
      if (i >= 8) set.add_of(countries[static_cast<size_t>(7 + i / 8)]);
    }
    AddFacts(pack);
    AddTexts(pack);
    EXPECT_EQ(Rules::Compile(pack).ok(), sets == 64) << Rules::Compile(pack).status();
  }
}

TEST(AsOfTime, IsTheDayAtThePlace) {
  const absl::Time midnight =
      absl::FromCivil(absl::CivilSecond(2026, 7, 1, 6, 0, 0), absl::UTCTimeZone());
  EXPECT_EQ(AsOfTime("MX-CHP", midnight).day, absl::CivilDay(2026, 7, 1));
  EXPECT_EQ(AsOfTime("MX-CHP", midnight - absl::Seconds(1)).day, absl::CivilDay(2026, 6, 30));
  EXPECT_EQ(AsOfTime("MX-CHP", midnight).known, absl::CivilDay(2026, 7, 1));
  EXPECT_EQ(AsOfTime("MX-ROO", midnight - absl::Hours(1)).day, absl::CivilDay(2026, 7, 1));
  EXPECT_EQ(AsOfTime("MX-SON", midnight).day, absl::CivilDay(2026, 6, 30));
}

TEST(Outcomes, AreThoseOfTheDeterminations) {
  for (const char* const name : {"2023-07-28", "current"}) {
    const auto rules = Load(name);
    std::vector<v1::Outcome> outcomes;
    CaseRow row;
    for (unsigned seed = 0; seed < kFamilies; ++seed) {
      Random random(seed);
      type::v1::CaseFacts facts = RandomCase(random);
      if (seed % 7 == 0) facts.mutable_people(0)->clear_relationship();
      const RulesOfDay today = rules->On(SameDay(kToday - Below(random, 2000)));
      ReadFacts(rules->program(), facts, today.plan().day, row);
      today.Outcomes(row, outcomes);
      const Screening screening = today.Screen(facts);
      ASSERT_EQ(outcomes.size(), screening.determinations.size());
      for (size_t i = 0; i < outcomes.size(); ++i) {
        EXPECT_EQ(outcomes[i], screening.determinations[i].outcome()) << name << " " << seed;
      }
    }
  }
}

// A determination follows from its criteria, and is reasons enough for nobody to be refused.
TEST(Determinations, FollowFromTheirCriteriaAndStatus) {
  const auto rules = Load("current");
  for (unsigned seed = 0; seed < kFamilies; ++seed) {
    Random random(seed);
    const Screening screening = rules->Screen(RandomCase(random), SameDay(kToday));
    for (const v1::Determination& determination : screening.determinations) {
      bool fails = false;
      bool asks = determination.criteria().empty();
      for (const v1::CriterionResult& result : determination.criteria()) {
        fails |= result.outcome() == v1::OUTCOME_DOES_NOT_MEET;
        asks |= result.outcome() == v1::OUTCOME_NEEDS_INFORMATION;
      }
      EXPECT_EQ(determination.outcome(), fails  ? v1::OUTCOME_DOES_NOT_MEET
                                         : asks ? v1::OUTCOME_NEEDS_INFORMATION
                                                : v1::OUTCOME_MEETS);
      EXPECT_EQ(determination.can_submit(),
                determination.outcome() == v1::OUTCOME_MEETS &&
                    determination.status() == v1::PATHWAY_STATUS_ACTIVE);
      if (determination.status() == v1::PATHWAY_STATUS_TERMINATED) {
        EXPECT_TRUE(determination.missing_facts().empty() && determination.changes().empty());
      }
    }
  }
}

// The day until which a determination holds; `otherwise` where it names none.
absl::CivilDay EndOf(const v1::Determination& determination, absl::CivilDay otherwise) {
  if (!determination.has_holds_until()) return otherwise;
  const auto& until = determination.holds_until();
  return absl::CivilDay(until.year(), until.month(), until.day());
}

TEST(Determinations, SayTheSameOnEveryDayBeforeTheyChange) {
  constexpr int kDays = 60;
  const auto rules = Load("current");
  int changed = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const type::v1::CaseFacts facts = RandomCase(random);
    const absl::CivilDay first = kToday - Below(random, 900);
    const Screening screening = rules->Screen(facts, {first, kToday});
    for (absl::CivilDay day = first + 1; day < first + kDays; ++day) {
      const Screening later = rules->Screen(facts, {day, kToday});
      for (size_t i = 0; i < later.determinations.size(); ++i) {
        const v1::Determination& then = screening.determinations[i];
        const v1::Determination& now = later.determinations[i];
        const absl::CivilDay end = EndOf(then, first + kDays);
        const bool same = now.outcome() == then.outcome() && now.status() == then.status();
        EXPECT_GT(end, first);
        if (day < end) {
          // What another day of entry would change moves with the day; the answer does not.
          EXPECT_TRUE(same) << seed << " " << day << " " << now.pathway();
          EXPECT_EQ(EndOf(now, first + kDays), end) << seed << " " << day << " " << now.pathway();
        }
        changed += day == end && !same;
      }
    }
  }
  EXPECT_GT(changed, 20);
}

// Kleene: an answer turns unknown into known and never one known answer into another.
TEST(Answers, NeverTakeBackWhatWasCertain) {
  const auto rules = Load("current");
  const RulesOfDay today = rules->On(SameDay(kToday));
  const auto* const descriptor = type::v1::PersonFacts::descriptor();
  for (unsigned seed = 0; seed < kFamilies; ++seed) {
    Random random(seed);
    const type::v1::CaseFacts full = RandomCase(random);
    type::v1::CaseFacts part = full;
    type::v1::PersonFacts& person = *part.mutable_people(Below(random, part.people_size()));
    for (const char* const name :
         {"nationalities", "age_band", "entry_date", "state", "refugee_claim"}) {
      if (Below(random, 2) == 0) continue;
      person.GetReflection()->ClearField(&person, descriptor->FindFieldByName(name));
    }
    for (const char* const fact : {"in_mexico", "job_offer", "job_place", "work_papers"}) {
      if (Below(random, 2) == 0) Forget(person, fact);
    }
    const Screening less = today.Screen(part);
    const Screening more = today.Screen(full);
    for (size_t i = 0; i < less.determinations.size(); ++i) {
      const v1::Outcome before = less.determinations[i].outcome();
      if (before == v1::OUTCOME_NEEDS_INFORMATION) continue;
      EXPECT_EQ(more.determinations[i].outcome(), before) << seed;
    }
  }
}

TEST(Changes, NameTheAnswersThatWouldChangeTheOutcome) {
  const auto rules = RulesOf(SmallPack());
  const auto changes = [&](const type::v1::CaseFacts& facts, size_t index) {
    std::vector<std::string> lines;
    const Screening screening = rules->Screen(facts, SameDay(kToday));
    for (const v1::FactChange& change : screening.determinations[index].changes()) {
      lines.push_back(absl::StrCat(change.fact(), " ", v1::Outcome_Name(change.outcome())));
    }
    return lines;
  };
  type::v1::CaseFacts facts = Facts({"p1"});
  EXPECT_THAT(changes(facts, 0), ElementsAre("in_mexico OUTCOME_DOES_NOT_MEET"));
  EXPECT_THAT(changes(facts, 1),
              ElementsAre("age_band OUTCOME_DOES_NOT_MEET", "nationalities OUTCOME_DOES_NOT_MEET"));
  Forget(*facts.mutable_people(0), "in_mexico");
  EXPECT_THAT(changes(facts, 0),
              ElementsAre("in_mexico OUTCOME_MEETS", "in_mexico OUTCOME_DOES_NOT_MEET"));
  // Where two answers are wrong no single one helps.
  facts.mutable_people(0)->set_nationalities(0, "COL");
  facts.mutable_people(0)->set_age_band(type::v1::AGE_BAND_0_4);
  EXPECT_THAT(changes(facts, 1), ElementsAre());
}

// "How many of the people are adults" for people of the given bands.
v1::Outcome Adults(const std::string& bounds, const std::vector<type::v1::AgeBand>& bands) {
  const v1::PolicyPack pack = PackOf(absl::StrCat(
      "members { where { age_band_in { of: AGE_BAND_18_20 of: AGE_BAND_21_59 } } ", bounds, " }"));
  type::v1::CaseFacts facts;
  for (const type::v1::AgeBand band : bands) {
    type::v1::PersonFacts& person = *facts.add_people();
    person = Person(absl::StrCat("p", facts.people_size()));
    person.set_age_band(band);
  }
  return RulesOf(pack)->Screen(facts, SameDay(kToday)).determinations[0].outcome();
}

TEST(Members, AreCountedWithThoseWhoCouldTipIt) {
  constexpr auto kChild = type::v1::AGE_BAND_5_11;
  constexpr auto kAdult = type::v1::AGE_BAND_21_59;
  constexpr auto kUnknown = type::v1::AGE_BAND_UNKNOWN;
  EXPECT_EQ(Adults("at_least: 2", {kAdult, kAdult, kChild}), v1::OUTCOME_MEETS);
  EXPECT_EQ(Adults("at_least: 2", {kAdult, kChild, kChild}), v1::OUTCOME_DOES_NOT_MEET);
  EXPECT_EQ(Adults("at_least: 2", {kAdult, kUnknown, kChild}), v1::OUTCOME_NEEDS_INFORMATION);
  EXPECT_EQ(Adults("at_least: 2", {kAdult, kAdult, kUnknown}), v1::OUTCOME_MEETS);
  EXPECT_EQ(Adults("at_least: 2", {kChild, kUnknown, kChild}), v1::OUTCOME_DOES_NOT_MEET);
  EXPECT_EQ(Adults("limited: true", {kChild, kChild}), v1::OUTCOME_MEETS);
  EXPECT_EQ(Adults("limited: true", {kChild, kUnknown}), v1::OUTCOME_NEEDS_INFORMATION);
  EXPECT_EQ(Adults("limited: true", {kChild, kAdult}), v1::OUTCOME_DOES_NOT_MEET);
  EXPECT_EQ(Adults("limited: true at_most: 1", {kAdult, kChild}), v1::OUTCOME_MEETS);
}

TEST(Windows, OfTheDayBeginAndEnd) {
  const auto rules = RulesOf(PackOf(R"pb(
    date_in {
      date: 'as_of'
      from { year: 2023 month: 7 day: 1 }
      until { year: 2023 month: 8 day: 1 }
    })pb"));
  const std::tuple<absl::CivilDay, v1::Outcome, int> rows[] = {
      {absl::CivilDay(2023, 6, 30), v1::OUTCOME_DOES_NOT_MEET, 7},
      {absl::CivilDay(2023, 7, 1), v1::OUTCOME_MEETS, 8},
      {absl::CivilDay(2023, 7, 31), v1::OUTCOME_MEETS, 8},
      {absl::CivilDay(2023, 8, 1), v1::OUTCOME_DOES_NOT_MEET, 0}};
  for (const auto& [day, outcome, month] : rows) {
    const Screening screening = rules->Screen(Facts({"p1"}), SameDay(day));
    EXPECT_EQ(screening.determinations[0].outcome(), outcome) << day;
    EXPECT_EQ(screening.holds_until.has_value(), month > 0) << day;
    if (screening.holds_until) {
      EXPECT_EQ(*screening.holds_until, absl::CivilDay(2023, month, 1)) << day;
    }
  }
}

TEST(Statuses, BeginOnTheirFirstDay) {
  v1::PolicyPack pack = PackOf("yes: 'in_mexico'");
  v1::StatusPeriod& period = *pack.mutable_pathways(0)->mutable_statuses(0);
  period.mutable_in_force()->mutable_from()->set_year(2023);
  period.mutable_in_force()->mutable_from()->set_month(7);
  period.mutable_in_force()->mutable_from()->set_day(1);
  const auto rules = RulesOf(pack);
  const absl::CivilDay first(2023, 7, 1);
  const Screening before = rules->Screen(Facts({"p1"}), SameDay(first - 1));
  EXPECT_EQ(before.determinations[0].status(), v1::PATHWAY_STATUS_UNSPECIFIED);
  EXPECT_FALSE(before.determinations[0].can_submit());
  EXPECT_EQ(before.holds_until, first);
  const Screening after = rules->Screen(Facts({"p1"}), SameDay(first));
  EXPECT_EQ(after.determinations[0].status(), v1::PATHWAY_STATUS_ACTIVE);
  EXPECT_EQ(after.holds_until, std::nullopt);
}

TEST(Criteria, AreLeftOutBeforeTheyAreInForceOrKnown) {
  v1::PolicyPack pack = SmallPack();
  v1::Criterion& criterion = *pack.mutable_pathways(0)->mutable_criteria(0);
  criterion.mutable_in_force()->mutable_from()->set_year(2023);
  criterion.mutable_in_force()->mutable_from()->set_month(7);
  criterion.mutable_in_force()->mutable_from()->set_day(1);
  *criterion.mutable_known()->mutable_from() = criterion.in_force().from();
  const auto rules = RulesOf(pack);
  const absl::CivilDay first(2023, 7, 1);
  const auto criteria = [&](absl::CivilDay day, absl::CivilDay known) {
    return rules->Screen(Facts({"p1"}), {day, known}).determinations[0].criteria_size();
  };
  EXPECT_EQ(criteria(first, first), 1);
  EXPECT_EQ(criteria(first - 1, first), 0);
  EXPECT_EQ(criteria(first, first - 1), 0);
  EXPECT_EQ(rules->Screen(Facts({"p1"}), {first - 1, first}).determinations[0].outcome(),
            v1::OUTCOME_NEEDS_INFORMATION);
}

}  // namespace
}  // namespace pathways::eligibility
