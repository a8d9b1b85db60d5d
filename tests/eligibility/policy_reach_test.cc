// Goal: whoever is to put a pack in force is told of each difference how many cases it reaches,
// from what to what, and what they will read. Method: small packs that differ in one or two places,
// and states made by hand.
#include "services/eligibility/domain/policy_reach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/eligibility/difference_reach.h"
#include "services/eligibility/domain/changes.h"
#include "services/eligibility/domain/simulation.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/eligibility/policy_file.h"
#include "tests/eligibility/builders.h"
#include "tests/eligibility/random_facts.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

v1::EligibilityState State(const type::v1::CaseFacts& facts) {
  v1::EligibilityState state;
  *state.mutable_facts() = facts;
  state.set_based_on(1);
  return state;
}

// `count` cases of one person each.
void AddCases(int count, const std::string& nationality, std::optional<bool> in_mexico,
              std::vector<v1::EligibilityState>& states) {
  type::v1::CaseFacts facts = Facts({"p1"});
  type::v1::PersonFacts& person = *facts.mutable_people(0);
  person.set_nationalities(0, nationality);
  Forget(person, "in_mexico");
  if (in_mexico) SetAnswer(person, "in_mexico", *in_mexico);
  for (int i = 0; i < count; ++i) states.push_back(State(facts));
}

// With the facts that the packs have.
std::vector<v1::PolicyDifference> ToldOf(const v1::PolicyPack& before, const v1::PolicyPack& after,
                                         const std::vector<v1::EligibilityState>& states) {
  const auto rules_before = *Rules::Compile(before);
  const auto rules_after = *Rules::Compile(after);
  const std::vector<PackDifference> differences =
      DifferencesOf(rules_before->pack(), rules_after->pack());
  const std::vector<ReachTargets> targets = TargetsOf(differences, *rules_before, *rules_after);
  const PolicyInForce one{*rules_before, 1};
  const PolicyInForce other{*rules_after, 2};
  PolicyReach reach(one, other, absl::FromUnixSeconds(1'690'500'000), targets);
  Simulation simulation(other, absl::FromUnixSeconds(1'690'500'000));
  for (const v1::EligibilityState& state : states) {
    const auto now = simulation.Add(state);
    if (now) reach.Add(state, *now);
  }
  const ToldCount cases = Tell(static_cast<int64_t>(states.size()));
  DifferenceWords words(*rules_after);
  std::vector<v1::PolicyDifference> told;
  for (size_t i = 0; i < differences.size(); ++i) {
    told.push_back(words.Of(differences[i], targets[i], reach.reaches()[i], cases));
  }
  return told;
}

// With those of the catalogue.
std::vector<v1::PolicyDifference> Told(const v1::PolicyPack& before, const v1::PolicyPack& after,
                                       const std::vector<v1::EligibilityState>& states) {
  return ToldOf(RulesOf(before)->pack(), RulesOf(after)->pack(), states);
}

std::string Short(v1::Outcome outcome) { return v1::Outcome_Name(outcome).substr(8); }

// "place: cases altered [count pathway.criterion from>to by from>to 'what is read in es']".
std::vector<std::string> Lines(const std::vector<v1::PolicyDifference>& differences) {
  std::vector<std::string> lines;
  for (const v1::PolicyDifference& one : differences) {
    std::string line = absl::StrCat(one.place(), ": ");
    if (!one.counted()) {
      lines.push_back(line + "not counted");
      continue;
    }
    absl::StrAppend(&line, one.cases(), " ", one.altered());
    for (const v1::OutcomeMove& move : one.moves()) {
      absl::StrAppend(&line, " [", move.cases(), " ", move.pathway(), ".", move.criterion(), " ",
                      Short(move.from()), ">", Short(move.to()), " by ",
                      Short(move.criterion_from()), ">", Short(move.criterion_to()));
      for (const v1::ReadText& read : move.reads()) {
        if (read.language() == "es") absl::StrAppend(&line, " '", read.text().text(), "'");
      }
      line += "]";
    }
    lines.push_back(line);
  }
  return lines;
}

v1::PolicyPack Road(const std::function<void(v1::Criterion&)>& change) {
  v1::PolicyPack pack = PackOf("yes: 'in_mexico'");
  change(*pack.mutable_pathways(0)->mutable_criteria(0));
  pack.clear_facts();
  AddFacts(pack);
  return pack;
}

TEST(PolicyReach, CountsFromWhatToWhatWithTheWords) {
  std::vector<v1::EligibilityState> states;
  AddCases(30, "CUB", true, states);
  AddCases(20, "HTI", true, states);
  AddCases(1, "HTI", std::nullopt, states);
  states.back().set_withdrawn(true);
  const v1::PolicyPack before = Road([](v1::Criterion&) {});
  const v1::PolicyPack after = Road([](v1::Criterion& criterion) {
    *criterion.mutable_predicate() = Parse<v1::Predicate>("nationality_in { of: 'CUB' }");
  });
  EXPECT_THAT(
      Lines(Told(before, after, states)),
      Contains("pathways[road].criteria[only].predicate.nationality_in: 20 20 [20 road.only "
               "MEETS>DOES_NOT_MEET by MEETS>DOES_NOT_MEET 'road.in-mexico.not-met']"));
}

// A difference that alone would alter nothing is not told to have altered it.
TEST(PolicyReach, TellsACaseToTheDifferenceThatItHangsOn) {
  std::vector<v1::EligibilityState> states;
  AddCases(40, "HTI", std::nullopt, states);
  const auto pack = [](const char* one, const char* other) {
    v1::PolicyPack made = PackOf(one);
    v1::Criterion& second = *made.mutable_pathways(0)->add_criteria();
    second = made.pathways(0).criteria(0);
    second.set_id("second");
    *second.mutable_predicate() = Parse<v1::Predicate>(other);
    made.clear_facts();
    AddFacts(made);
    return made;
  };
  // The first goes from met to a question, the second from met to not met: it decides.
  const std::vector<std::string> lines =
      Lines(Told(pack("nationality_in { of: 'HTI' }", "nationality_in { of: 'HTI' of: 'CUB' }"),
                 pack("yes: 'in_mexico'", "nationality_in { of: 'CUB' }"), states));
  EXPECT_THAT(lines,
              Contains("pathways[road].criteria[second].predicate.nationality_in.of: 40 40 [40 "
                       "road.second MEETS>DOES_NOT_MEET by MEETS>DOES_NOT_MEET "
                       "'road.in-mexico.not-met']"));
  // Alone it would have made it a question.
  EXPECT_THAT(lines,
              Contains("pathways[road].criteria[only].predicate.yes: 40 40 [40 road.only "
                       "MEETS>DOES_NOT_MEET by MEETS>NEEDS_INFORMATION 'road.in-mexico.ask']"));
  // From a question to not met by the second: what the first became has no part in it.
  const std::vector<std::string> apart =
      Lines(Told(pack("nationality_in { of: 'HTI' }", "yes: 'in_mexico'"),
                 pack("yes: 'in_mexico'", "nationality_in { of: 'CUB' }"), states));
  EXPECT_THAT(apart, Contains("pathways[road].criteria[only].predicate.yes: 40 0"));
  EXPECT_THAT(apart, Contains(testing::StartsWith(
                         "pathways[road].criteria[second].predicate.nationality_in: 40 40 ")));
  // Not met before and after for another reason: the criterion comes to another result, no more.
  EXPECT_THAT(Lines(Told(pack("nationality_in { of: 'HTI' }", "nationality_in { of: 'CUB' }"),
                         pack("yes: 'in_mexico'", "nationality_in { of: 'CUB' }"), states)),
              Contains("pathways[road].criteria[only].predicate.yes: 40 0"));
}

TEST(PolicyReach, CountsAStatusAndAPathwayThatCame) {
  std::vector<v1::EligibilityState> states;
  AddCases(20, "CUB", true, states);
  const v1::PolicyPack before = Road([](v1::Criterion&) {});
  v1::PolicyPack after = before;
  after.mutable_pathways(0)->mutable_statuses(0)->set_status(v1::PATHWAY_STATUS_SUSPENDED);
  v1::Pathway& lane = *after.add_pathways();
  lane = after.pathways(0);
  lane.set_id("lane");
  AddTexts(after);
  const std::vector<std::string> lines = Lines(Told(before, after, states));
  EXPECT_THAT(lines, Contains("pathways[road].statuses: 20 20 [20 road. MEETS>MEETS by "
                              "UNSPECIFIED>UNSPECIFIED 'outcome.meets status.suspended']"));
  EXPECT_THAT(lines, Contains("pathways[lane]: 20 20 [20 lane. UNSPECIFIED>MEETS by "
                              "UNSPECIFIED>UNSPECIFIED 'outcome.meets status.suspended']"));
}

TEST(PolicyReach, CountsWhoReadsAText) {
  std::vector<v1::EligibilityState> states;
  AddCases(20, "CUB", true, states);
  AddCases(30, "CUB", false, states);
  const v1::PolicyPack before = Road([](v1::Criterion&) {});
  v1::PolicyPack after = before;
  for (v1::Catalogue& catalogue : *after.mutable_catalogues()) {
    if (catalogue.language() != "es") continue;
    for (v1::Text& text : *catalogue.mutable_texts()) {
      if (text.key() == "road.in-mexico.met") text.set_plain("Sí.");
    }
  }
  EXPECT_THAT(Lines(Told(before, after, states)),
              ElementsAre("catalogues[es].texts[road.in-mexico.met].plain: 20 0"));
  // Those who read it under the second pack.
  *after.mutable_pathways(0)->mutable_criteria(0)->mutable_predicate() =
      Parse<v1::Predicate>("not { yes: 'in_mexico' }");
  EXPECT_THAT(Lines(Told(before, after, states)),
              Contains("catalogues[es].texts[road.in-mexico.met].plain: 30 0"));
}

// What is named by a criterion or a status is read by all of whom it is.
TEST(PolicyReach, CountsWhoReadsAnotherMessageOrSource) {
  std::vector<v1::EligibilityState> states;
  AddCases(10, "CUB", true, states);
  AddCases(10, "CUB", false, states);
  v1::PolicyPack before = Road([](v1::Criterion&) {});
  v1::Source& source = *before.add_sources();
  source = before.sources(0);
  source.set_id("paper");
  v1::PolicyPack after = Road([](v1::Criterion& criterion) {
    criterion.set_message("road.anew");
    criterion.set_source("paper");
  });
  *after.mutable_sources() = before.sources();
  v1::StatusPeriod& status = *after.mutable_pathways(0)->mutable_statuses(0);
  status.set_message("road.is-open");
  AddTexts(after);
  const std::vector<std::string> lines = Lines(Told(before, after, states));
  EXPECT_THAT(lines, Contains("pathways[road].criteria[only].message: 20 0"));
  EXPECT_THAT(lines, Contains("pathways[road].criteria[only].source: 20 0"));
  EXPECT_THAT(lines, Contains("pathways[road].statuses: 20 0"));
  // Of the status the days too: an explanation opens with them.
  after = before;
  after.mutable_pathways(0)->mutable_statuses(0)->mutable_in_force()->mutable_from()->set_year(
      2020);
  after.mutable_pathways(0)->mutable_statuses(0)->mutable_in_force()->mutable_from()->set_month(1);
  after.mutable_pathways(0)->mutable_statuses(0)->mutable_in_force()->mutable_from()->set_day(1);
  EXPECT_THAT(Lines(Told(before, after, states)), Contains("pathways[road].statuses: 20 0"));
  after = before;
  after.mutable_pathways(0)->mutable_statuses(0)->set_source("paper");
  EXPECT_THAT(Lines(Told(before, after, states)), Contains("pathways[road].statuses: 20 0"));
  // Another question, to which the answer is not known either.
  states.clear();
  AddCases(20, "CUB", std::nullopt, states);
  for (v1::EligibilityState& state : states) {
    Forget(*state.mutable_facts()->mutable_people(0), "seeks_work");
  }
  after = Road([](v1::Criterion& criterion) {
    *criterion.mutable_predicate() = Parse<v1::Predicate>("yes: 'seeks_work'");
  });
  EXPECT_THAT(Lines(Told(before, after, states)),
              Contains("pathways[road].criteria[only].predicate.yes: 20 0"));
}

// Who reads what an explanation stands on, a step or a list of papers is not counted, and is not
// told to be nobody.
TEST(PolicyReach, SaysOfWhatItDoesNotCountTheReaders) {
  std::vector<v1::EligibilityState> states;
  AddCases(20, "CUB", true, states);
  AddCases(20, "CUB", std::nullopt, states);
  v1::PolicyPack before = Road([](v1::Criterion&) {});
  before.mutable_pathways(0)->add_documents("road.paper");
  v1::Step& step = *before.add_steps();
  step.set_id("walk");
  step.set_message("step.walk");
  AddTexts(before);
  const auto changed = [&](const std::string& key) {
    v1::PolicyPack after = before;
    for (v1::Catalogue& catalogue : *after.mutable_catalogues()) {
      for (v1::Text& text : *catalogue.mutable_texts()) {
        if (catalogue.language() == "es" && text.key() == key) text.set_plain("Otro.");
      }
    }
    const std::vector<std::string> lines = Lines(Told(before, after, states));
    return lines.size() == 1 ? lines[0].substr(lines[0].find(": ") + 2) : "no line";
  };
  for (const char* const key :
       {"assume.said", "assume.policies", "turn.meets", "turn.notice", "answer.yes",
        "effect.closes", "step.walk", "road.paper", "unreviewed"}) {
    EXPECT_EQ(changed(key), "not counted") << key;
  }
  EXPECT_EQ(changed(kNoticeKey), "40 0");
  EXPECT_EQ(changed("pathway.road"), "40 0");
  EXPECT_EQ(changed("outcome.meets"), "20 0");
  // The question is read by whom it is asked; the name, in other sentences too.
  const auto with = [&](const std::function<void(type::v1::FactWords&)>& change) {
    v1::PolicyPack after = before;
    change(*after.mutable_facts(0)->mutable_words(0));
    return Lines(ToldOf(before, after, states));
  };
  EXPECT_THAT(with([](auto& words) { words.set_ask("Otro."); }),
              ElementsAre(testing::EndsWith(".ask: 20 0")));
  EXPECT_THAT(with([](auto& words) { words.set_name("otro"); }),
              ElementsAre(testing::EndsWith(".name: not counted")));
}

// A review lapses when the machine gives another determination: the outcome that was people's is
// then its own, and hangs on whatever made it another.
TEST(PolicyReach, TellsAReviewedCaseToTheDifferenceThatItHangsOn) {
  std::vector<v1::EligibilityState> states;
  AddCases(20, "CUB", std::nullopt, states);
  const v1::PolicyPack before = Road([](v1::Criterion&) {});
  const auto rules = RulesOf(before);
  for (v1::EligibilityState& state : states) {
    Forget(*state.mutable_facts()->mutable_people(0), "seeks_work");
    v1::Review& review = *state.add_reviews();
    *review.mutable_evaluated() =
        ScreenState(state, {*rules, 1}, absl::FromUnixSeconds(1'690'500'000)).determinations(0);
    review.set_outcome(v1::OUTCOME_MEETS);
    review.set_settled(true);
  }
  const auto with = [](const char* predicate) {
    return Road([&](v1::Criterion& criterion) {
      *criterion.mutable_predicate() = Parse<v1::Predicate>(predicate);
    });
  };
  EXPECT_THAT(Lines(Told(before, with("nationality_in { of: 'HTI' }"), states)),
              Contains("pathways[road].criteria[only].predicate.nationality_in: 20 20 [20 "
                       "road.only MEETS>DOES_NOT_MEET by NEEDS_INFORMATION>DOES_NOT_MEET "
                       "'road.in-mexico.not-met']"));
  // The same result, of another question.
  EXPECT_THAT(Lines(Told(before, with("yes: 'seeks_work'"), states)),
              Contains("pathways[road].criteria[only].predicate.yes: 20 20 [20 road.only "
                       "MEETS>NEEDS_INFORMATION by NEEDS_INFORMATION>NEEDS_INFORMATION "
                       "'road.in-mexico.ask']"));
  // What follows is part of what was reviewed.
  v1::PolicyPack after = before;
  after.mutable_pathways(0)->set_mode(v1::REFERRAL_MODE_INFORM);
  EXPECT_THAT(Lines(Told(before, after, states)),
              ElementsAre("pathways[road].mode: 20 20 [20 road. MEETS>NEEDS_INFORMATION by "
                          "UNSPECIFIED>UNSPECIFIED 'outcome.needs-information']"));
}

// Each case counts once, however many people of it are reached.
TEST(PolicyReach, CountsACaseOnce) {
  const std::vector<v1::EligibilityState> states(10, State(Facts({"p1", "p2", "p3"})));
  const v1::PolicyPack before = Road([](v1::Criterion&) {});
  const v1::PolicyPack after =
      Road([](v1::Criterion& criterion) { criterion.set_confidence(v1::CONFIDENCE_K); });
  EXPECT_THAT(Lines(Told(before, after, states)),
              ElementsAre("pathways[road].criteria[only].confidence: 10 10 [10 road.only "
                          "MEETS>NEEDS_INFORMATION by MEETS>NEEDS_INFORMATION "
                          "'road.in-mexico.ask']"));
}

// What is told for both packs of the tree adds up: every case whose outcome for a pathway alters is
// reached by a difference.
TEST(PolicyReach, LeavesNoAlteredCaseWithoutADifference) {
  const v1::PolicyPack before = *LoadPack(PATHWAYS_SOURCE_DIR "/policies/2023-07-28");
  const v1::PolicyPack after = *LoadPack(PATHWAYS_SOURCE_DIR "/policies/current");
  const auto rules_before = *Rules::Compile(before);
  const auto rules_after = *Rules::Compile(after);
  for (unsigned seed = 0; seed < 20; ++seed) {
    Random random(seed);
    v1::EligibilityState state = State(RandomCase(random));
    bool is_altered = false;
    const absl::Time now = absl::FromUnixSeconds(1'690'500'000);
    // Of every other case people reviewed some of it.
    const v1::CaseScreened evaluated = ScreenState(state, {*rules_before, 1}, now);
    for (const v1::Determination& determination : evaluated.determinations()) {
      if (seed % 2 == 0 || Below(random, 2) == 0) continue;
      v1::Review& review = *state.add_reviews();
      *review.mutable_evaluated() = determination;
      review.set_outcome(v1::OUTCOME_MEETS);
      review.set_settled(true);
    }
    const auto then = ScreenState(state, {*rules_before, 1}, now);
    for (const v1::DeterminationChange& change : ChangesOf(
             then.determinations(), ScreenState(state, {*rules_after, 2}, now).determinations())) {
      is_altered |= change.from() != change.to();
    }
    bool is_told = false;
    for (const v1::PolicyDifference& one :
         Told(before, after, std::vector<v1::EligibilityState>(10, state))) {
      is_told |= one.altered() > 0;
      EXPECT_LE(one.altered(), one.cases());
    }
    EXPECT_EQ(is_told, is_altered) << seed;
  }
}

}  // namespace
}  // namespace pathways::eligibility
