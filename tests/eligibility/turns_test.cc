// Goal: the smallest change told of a determination is the smallest there is, and every answer that
// it names gives the outcome. Method: small packs and people at random; an oracle that knows no
// grid writes every combination of answers into the facts and screens them; then single cases by
// hand, and the two packs of the tree.
#include "services/eligibility/domain/turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/policy_file.h"
#include "services/type/dates.h"
#include "tests/eligibility/builders.h"
#include "tests/eligibility/random_facts.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::CivilDay kToday(2026, 11, 24);
constexpr const char* kQuestions[] = {"in_mexico", "job_offer", "seeks_work"};

// One way to answer a fact, as a person and a test can say it.
struct Way {
  std::string said;  // For example "CUB" or "2023-07-28".
  std::function<void(type::v1::PersonFacts&)> say;
};

// Every fact that the random packs look at, with answers on all sides of all their conditions.
const std::map<std::string, std::vector<Way>>& Ways() {
  static const auto& ways = *new std::map<std::string, std::vector<Way>>([] {
    std::map<std::string, std::vector<Way>> all;
    for (const char* const question : kQuestions) {
      for (const bool yes : {true, false}) {
        all[question].push_back(
            {yes ? "YES" : "NO",
             [question, yes](type::v1::PersonFacts& person) { SetAnswer(person, question, yes); }});
      }
    }
    for (const char* const code : {"CUB", "HTI", "VEN", "ESP"}) {
      all["nationalities"].push_back({code, [code](type::v1::PersonFacts& person) {
                                        person.clear_nationalities();
                                        person.add_nationalities(code);
                                      }});
    }
    for (int claim = 1; claim < type::v1::RefugeeClaim_ARRAYSIZE; ++claim) {
      const auto value = static_cast<type::v1::RefugeeClaim>(claim);
      all["refugee_claim"].push_back(
          {type::v1::RefugeeClaim_Name(value).substr(14),
           [value](type::v1::PersonFacts& person) { person.set_refugee_claim(value); }});
    }
    for (const int age : {3, 10, 15, 19, 40, 70}) {
      all["age_band"].push_back({absl::StrCat(age), [age](type::v1::PersonFacts& person) {
                                   person.set_age_band(type::BandOfAge(age));
                                 }});
    }
    for (const absl::CivilDay day :
         {absl::CivilDay(2023, 7, 27), absl::CivilDay(2023, 7, 28), absl::CivilDay(2023, 7, 29),
          kToday - 31, kToday - 30, kToday - 29, kToday}) {
      all["entry_date"].push_back(
          {absl::FormatCivilTime(day), [day](type::v1::PersonFacts& person) {
             *person.mutable_entry_date() = type::FromDay(day);
           }});
    }
    return all;
  }());
  return ways;
}

template <typename Value>
Value AnyOf(Random& random, const std::vector<Value>& values) {
  return values[static_cast<size_t>(Below(random, static_cast<int>(values.size())))];
}

std::string RandomCondition(Random& random, int depth) {
  if (depth > 0 && Below(random, 2) == 0) {
    const std::string one = RandomCondition(random, depth - 1);
    const std::string other = RandomCondition(random, depth - 1);
    switch (Below(random, 5)) {
      case 0:
        return absl::StrCat("not { ", one, " }");
      case 1:
        return absl::StrCat("ask_unless { ", one, " }");
      case 2:
        return absl::StrCat("all { of { ", one, " } of { ", other, " } }");
      default:
        return absl::StrCat("any { of { ", one, " } of { ", other, " } }");
    }
  }
  return AnyOf<std::string>(
      random,
      {"yes: 'in_mexico'", "yes: 'job_offer'", "yes: 'seeks_work'",
       "nationality_in { of: 'CUB' of: 'HTI' }", "nationality_in { of: 'HTI' of: 'VEN' }",
       "refugee_claim_in { of: REFUGEE_CLAIM_FILED }",
       "refugee_claim_in { of: REFUGEE_CLAIM_NONE of: REFUGEE_CLAIM_FILED }",
       "age_band_in { of: AGE_BAND_21_59 of: AGE_BAND_60_PLUS }",
       "age_band_in { of: AGE_BAND_12_17 }", "entered_on_or_before { year: 2023 month: 7 day: 28 }",
       "within { date: 'entry_date' days: 30 }",
       "members { where { refugee_claim_in { of: REFUGEE_CLAIM_RECOGNISED } } at_least: 1 }",
       "members { where { yes: 'in_mexico' } limited: true at_most: 1 }"});
}

// A pack of one pathway that CheckPack takes. Null: what came up says nothing, as most often.
std::shared_ptr<const Rules> RandomRules(Random& random) {
  v1::PolicyPack pack = PackOf(RandomCondition(random, 3));
  v1::Pathway& pathway = *pack.mutable_pathways(0);
  if (Below(random, 2) == 0) pathway.set_unit(v1::SCREENING_UNIT_FAMILY);
  for (int i = Below(random, 3); i > 0; --i) {
    v1::Criterion& criterion = *pathway.add_criteria();
    criterion = pathway.criteria(0);
    criterion.set_id(absl::StrCat("more-", i));
    *criterion.mutable_predicate() = Parse<v1::Predicate>(RandomCondition(random, 2));
    if (Below(random, 8) == 0) criterion.set_confidence(v1::CONFIDENCE_S3);
  }
  pack.clear_facts();
  AddFacts(pack);
  const auto rules = Rules::Compile(pack);
  return rules.ok() ? *rules : nullptr;
}

v1::Outcome OutcomeOf(const RulesOfDay& rules, const type::v1::CaseFacts& facts, size_t unit) {
  return rules.Screen(facts).determinations[unit].outcome();
}

// Facts of people: {person, fact}.
using FactsOfPeople = std::set<std::pair<std::string, std::string>>;

struct Smallest {
  size_t size = 0;
  std::set<FactsOfPeople> of;
};

// By brute force: for each other outcome the fewest facts whose answers can give it.
class Oracle {
 public:
  Oracle(const RulesOfDay& rules, const type::v1::CaseFacts& facts, size_t unit)
      : rules_(rules), facts_(facts), unit_(unit), present_(OutcomeOf(rules, facts, unit)) {
    Visit(0, 0, {});
  }
  const std::map<v1::Outcome, Smallest>& smallest() const { return smallest_; }

 private:
  static constexpr size_t kMost = 4;

  void Visit(int person, size_t next, const FactsOfPeople& changed) {
    const v1::Outcome outcome = OutcomeOf(rules_, facts_, unit_);
    if (outcome != present_) {
      Smallest& known = smallest_[outcome];
      if (known.of.empty() || changed.size() < known.size) known = {changed.size(), {}};
      if (changed.size() == known.size) known.of.insert(changed);
    }
    if (changed.size() == kMost) return;
    const auto& facts = rules_.rules().pack().facts();
    for (int i = person; i < facts_.people_size(); ++i) {
      type::v1::PersonFacts& changing = *facts_.mutable_people(i);
      const type::v1::PersonFacts before = changing;
      for (size_t j = i == person ? next : 0; j < static_cast<size_t>(facts.size()); ++j) {
        const std::string& fact = facts[static_cast<int>(j)].id();
        FactsOfPeople more = changed;
        more.insert({changing.person_id(), fact});
        for (const Way& way : Ways().at(fact)) {
          way.say(changing);
          Visit(i, j + 1, more);
          changing = before;
        }
      }
    }
  }

  const RulesOfDay& rules_;
  type::v1::CaseFacts facts_;
  const size_t unit_;
  const v1::Outcome present_;
  std::map<v1::Outcome, Smallest> smallest_;
};

// Whether what is told of a fact has this answer in it.
bool Names(const v1::FactWouldBe& fact, const Way& way) {
  int64_t number = 0;
  for (const v1::NumberRange& range : fact.numbers()) {
    if (absl::SimpleAtoi(way.said, &number) && number >= range.least() &&
        number <= range.greatest()) {
      return true;
    }
  }
  absl::CivilDay day;
  for (const v1::Period& period : fact.days()) {
    if (absl::ParseCivilTime(way.said, &day) && SpanOf(period).Has(NumberOf(day))) return true;
  }
  if (fact.codes().empty()) return false;
  const bool is_named =
      std::find(fact.codes().begin(), fact.codes().end(), way.said) != fact.codes().end();
  return is_named != fact.other_than();
}

// Says every combination of the answers that a change names, and checks what comes of it.
void SayAll(const RulesOfDay& rules, const v1::FactsChange& change, int next, size_t unit,
            v1::Outcome wanted, type::v1::CaseFacts& facts, int& said) {
  if (next == change.facts_size()) {
    ++said;
    EXPECT_EQ(OutcomeOf(rules, facts, unit), wanted) << change.DebugString();
    return;
  }
  const v1::FactWouldBe& fact = change.facts(next);
  for (type::v1::PersonFacts& person : *facts.mutable_people()) {
    if (person.person_id() != fact.person_id()) continue;
    const type::v1::PersonFacts before = person;
    for (const Way& way : Ways().at(fact.fact())) {
      if (!Names(fact, way)) continue;
      way.say(person);
      SayAll(rules, change, next + 1, unit, wanted, facts, said);
      person = before;
    }
  }
}

FactsOfPeople FactsOf(const v1::FactsChange& change) {
  FactsOfPeople facts;
  for (const v1::FactWouldBe& fact : change.facts()) facts.insert({fact.person_id(), fact.fact()});
  return facts;
}

void ExpectAsOracle(const RulesOfDay& rules, type::v1::CaseFacts facts, size_t unit, int& found) {
  const v1::Determination determination = rules.Screen(facts).determinations[unit];
  const Oracle oracle(rules, facts, unit);
  const std::vector<v1::OutcomeTurn> turns = CaseTurns(rules, facts).Of(determination, 1'000'000);
  ASSERT_EQ(turns.size(), 2u);
  for (const v1::OutcomeTurn& turn : turns) {
    SCOPED_TRACE(turn.DebugString());
    ASSERT_NE(turn.outcome(), determination.outcome());
    const auto wanted = oracle.smallest().find(turn.outcome());
    if (wanted == oracle.smallest().end()) {
      // The oracle looks no further than four facts.
      EXPECT_TRUE(turn.search() == v1::TURN_SEARCH_NONE || turn.fact_count() > 4);
      continue;
    }
    ++found;
    ASSERT_EQ(turn.search(), v1::TURN_SEARCH_FOUND);
    EXPECT_EQ(static_cast<size_t>(turn.fact_count()), wanted->second.size);
    std::set<FactsOfPeople> told;
    for (const v1::FactsChange& change : turn.changes()) {
      EXPECT_TRUE(told.insert(FactsOf(change)).second) << "told twice";
      int said = 0;
      SayAll(rules, change, 0, unit, turn.outcome(), facts, said);
      EXPECT_GT(said, 0) << change.DebugString();
    }
    EXPECT_EQ(turn.has_more(), told.size() < wanted->second.of.size());
    EXPECT_TRUE(std::includes(wanted->second.of.begin(), wanted->second.of.end(), told.begin(),
                              told.end()));
    if (!turn.has_more()) {
      EXPECT_EQ(told, wanted->second.of);
    }
  }
}

TEST(Turns, AreTheSmallestThereAre) {
  int packs = 0;
  int found = 0;
  for (unsigned seed = 0; packs < 150; ++seed) {
    ASSERT_LT(seed, 20'000u) << "the check takes no random pack";
    Random random(seed);
    const auto rules = RandomRules(random);
    if (rules == nullptr || rules->pack().facts_size() > 5) continue;
    SCOPED_TRACE(seed);
    ++packs;
    type::v1::CaseFacts facts;
    const int people = rules->pack().facts_size() > 3 ? 1 : 1 + Below(random, 2);
    while (facts.people_size() < people) {
      type::v1::PersonFacts& person = *facts.add_people();
      person = RandomPerson(random);
      person.set_person_id(absl::StrCat("p", facts.people_size()));
      person.set_relationship(facts.people_size() == 1 ? type::v1::RELATIONSHIP_PRINCIPAL
                                                       : type::v1::RELATIONSHIP_CHILD);
    }
    const RulesOfDay today = rules->On({kToday, kToday});
    ExpectAsOracle(today, facts, today.Screen(facts).determinations.size() - 1, found);
    if (HasFailure()) return;
  }
  EXPECT_GT(found, 150) << "hardly anything is tested";
}

// "OUTCOME [fact person (missing) answers + ...; ...]".
std::vector<std::string> Lines(const std::vector<v1::OutcomeTurn>& turns) {
  std::vector<std::string> lines;
  for (const v1::OutcomeTurn& turn : turns) {
    std::vector<std::string> changes;
    for (const v1::FactsChange& change : turn.changes()) {
      std::vector<std::string> facts;
      for (const v1::FactWouldBe& fact : change.facts()) {
        std::string answers = absl::StrJoin(fact.codes(), ",");
        for (const v1::NumberRange& range : fact.numbers()) {
          absl::StrAppend(&answers, range.least(), "-", range.greatest());
        }
        for (const v1::Period& period : fact.days()) {
          const Span span = SpanOf(period);
          absl::StrAppend(
              &answers, span.from > kFirstDay ? absl::FormatCivilTime(CivilOf(span.from)) : "",
              "..", span.until < kLastDay ? absl::FormatCivilTime(CivilOf(span.until)) : "");
        }
        facts.push_back(absl::StrCat(fact.person_id(), ".", fact.fact(), fact.missing() ? "?" : "",
                                     fact.other_than() ? "!=" : "=", answers));
      }
      changes.push_back(absl::StrJoin(facts, " + "));
    }
    lines.push_back(absl::StrCat(v1::Outcome_Name(turn.outcome()).substr(8), " ",
                                 v1::TurnSearch_Name(turn.search()).substr(12), " ",
                                 turn.fact_count(), turn.has_more() ? " and more" : "",
                                 changes.empty() ? "" : ": ", absl::StrJoin(changes, "; ")));
  }
  return lines;
}

std::vector<std::string> LinesOf(const v1::PolicyPack& pack, const type::v1::CaseFacts& facts,
                                 int trials_max = kTrialsMax) {
  const RulesOfDay rules = RulesOf(pack)->On({kToday, kToday});
  return Lines(CaseTurns(rules, facts).Of(rules.Screen(facts).determinations[0], trials_max));
}

// A pathway that demands all of these.
v1::PolicyPack PackOfAll(const std::vector<std::string>& predicates) {
  v1::PolicyPack pack = PackOf(predicates[0]);
  v1::Pathway& pathway = *pack.mutable_pathways(0);
  for (size_t i = 1; i < predicates.size(); ++i) {
    v1::Criterion& criterion = *pathway.add_criteria();
    criterion = pathway.criteria(0);
    criterion.set_id(absl::StrCat("more-", i));
    *criterion.mutable_predicate() = Parse<v1::Predicate>(predicates[i]);
  }
  pack.clear_facts();
  AddFacts(pack);
  return pack;
}

// What is recorded comes apart from what is only not known, and the other way round.
TEST(Turns, TellWhatIsMissingApartFromWhatIsRecordedOtherwise) {
  const v1::PolicyPack pack =
      PackOfAll({"nationality_in { of: 'CUB' of: 'HTI' }", "yes: 'in_mexico'",
                 "age_band_in { of: AGE_BAND_21_59 of: AGE_BAND_60_PLUS }"});
  type::v1::CaseFacts facts = Facts({"p1"});
  facts.mutable_people(0)->set_nationalities(0, "COL");
  Forget(*facts.mutable_people(0), "in_mexico");
  EXPECT_THAT(LinesOf(pack, facts),
              ElementsAre("MEETS FOUND 2: p1.nationalities=CUB,HTI + p1.in_mexico?=YES",
                          "NEEDS_INFORMATION FOUND 1: p1.nationalities=CUB,HTI"));
  facts.mutable_people(0)->set_nationalities(0, "CUB");
  EXPECT_THAT(LinesOf(pack, facts),
              ElementsAre("MEETS FOUND 1: p1.in_mexico?=YES",
                          "DOES_NOT_MEET FOUND 1: p1.age_band=0-20; p1.nationalities!=CUB,HTI; "
                          "p1.in_mexico?=NO"));
}

// A date that is not exact may be what is needed; days that have not come are not told.
TEST(Turns, TellTheDaysOfADate) {
  const v1::PolicyPack pack = PackOf("within { date: 'entry_date' days: 30 }");
  type::v1::CaseFacts facts = Facts({"p1"});
  *facts.mutable_people(0)->mutable_entry_date() = type::FromMonth(absl::CivilMonth(2026, 10));
  EXPECT_THAT(LinesOf(pack, facts),
              ElementsAre("MEETS FOUND 1: p1.entry_date?=2026-10-25..",
                          "DOES_NOT_MEET FOUND 1: p1.entry_date?=..2026-10-25"));
  *facts.mutable_people(0)->mutable_entry_date() = type::FromDay(kToday - 100);
  EXPECT_THAT(LinesOf(pack, facts),
              ElementsAre("MEETS FOUND 1: p1.entry_date=2026-10-25..", "NEEDS_INFORMATION NONE 0"));
}

// What a person alone can settle, and what nobody records, is no answer to be given.
TEST(Turns, SayThatThereAreNone) {
  v1::PolicyPack pack = PackOfAll({"yes: 'us_supporter'", "yes: 'in_mexico'"});
  EXPECT_THAT(LinesOf(pack, Facts({"p1"})),
              ElementsAre("MEETS NONE 0", "DOES_NOT_MEET FOUND 1: p1.in_mexico=NO"));
  pack = PackOf("yes: 'in_mexico'");
  pack.mutable_pathways(0)->mutable_criteria(0)->set_confidence(v1::CONFIDENCE_K);
  EXPECT_THAT(LinesOf(pack, Facts({"p1"})), ElementsAre("MEETS NONE 0", "DOES_NOT_MEET NONE 0"));
}

// A count is turned by the facts of others too.
TEST(Turns, TellOfPeopleWhoAreCounted) {
  v1::PolicyPack pack =
      PackOf("members { where { refugee_claim_in { of: REFUGEE_CLAIM_RECOGNISED } } at_least: 1 }");
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  facts.mutable_people(0)->set_refugee_claim(type::v1::REFUGEE_CLAIM_NONE);
  facts.mutable_people(1)->clear_refugee_claim();
  EXPECT_THAT(
      LinesOf(pack, facts),
      ElementsAre("MEETS FOUND 1: p1.refugee_claim=RECOGNISED; p2.refugee_claim?=RECOGNISED",
                  "DOES_NOT_MEET FOUND 1: p2.refugee_claim?=FILED,NONE,REFUSED"));
}

// Of six alternatives all have to fail.
TEST(Turns, SayWhereTheyWereNotLookedForFurther) {
  const std::vector<std::string> questions = {"in_mexico",   "seeks_work",
                                              "job_offer",   "us_family_petition",
                                              "work_papers", "risk_on_return"};
  std::string any = "any { ";
  for (const std::string& question : questions) {
    absl::StrAppend(&any, "of { yes: '", question, "' } ");
  }
  const v1::PolicyPack pack = PackOf(any + "}");
  type::v1::CaseFacts facts = Facts({"p1"});
  facts.mutable_people(0)->clear_answers();
  EXPECT_THAT(LinesOf(pack, facts, 5),
              ElementsAre("MEETS FOUND 1 and more: p1.in_mexico?=YES; p1.seeks_work?=YES; "
                          "p1.job_offer?=YES",
                          "DOES_NOT_MEET STOPPED 0"));
  EXPECT_THAT(LinesOf(pack, facts, 400)[1], "DOES_NOT_MEET STOPPED 3");
  EXPECT_THAT(LinesOf(pack, facts)[1],
              "DOES_NOT_MEET FOUND 6: p1.in_mexico?=NO + p1.seeks_work?=NO + p1.job_offer?=NO + "
              "p1.work_papers?=NO + p1.us_family_petition?=NO + p1.risk_on_return?=NO");
}

// Millions of sets of facts of fifty people can change nothing, and looking at each to see that is
// work too: six answers of one person are what it takes.
TEST(Turns, AreNotLookedForAmongEverySetOfFactsOfALargeFamily) {
  std::vector<std::string> predicates = {
      "members { where { age_band_in { of: AGE_BAND_21_59 } } at_least: 1 }"};
  const std::vector<std::string> questions = {"in_mexico",   "seeks_work",
                                              "job_offer",   "us_family_petition",
                                              "work_papers", "risk_on_return"};
  for (const std::string& question : questions) {
    predicates.push_back(absl::StrCat("yes: '", question, "'"));
  }
  std::vector<std::string> people;
  for (int i = 1; i <= 50; ++i) people.push_back(absl::StrCat("p", i));
  type::v1::CaseFacts facts = Facts(people);
  for (const std::string& question : questions) Forget(*facts.mutable_people(0), question);
  EXPECT_THAT(LinesOf(PackOfAll(predicates), facts)[0], testing::StartsWith("MEETS STOPPED"));
}

std::vector<v1::OutcomeTurn> TurnsNow(const Rules& rules, const v1::Determination& determination) {
  const RulesOfDay today = rules.On({kToday, kToday});
  const type::v1::CaseFacts facts = Facts({"p1"});
  return CaseTurns(today, facts).Of(determination);
}

TEST(Turns, AreNotToldOfWhatPeopleReviewedOrNobodyIsAskedFor) {
  v1::PolicyPack pack = PackOf("yes: 'in_mexico'");
  auto rules = RulesOf(pack);
  v1::Determination determination =
      rules->Screen(Facts({"p1"}), {kToday, kToday}).determinations[0];
  EXPECT_THAT(TurnsNow(*rules, determination), SizeIs(2));
  determination.set_reviewed(true);
  EXPECT_THAT(TurnsNow(*rules, determination), IsEmpty());
  pack.mutable_pathways(0)->mutable_statuses(0)->set_status(v1::PATHWAY_STATUS_TERMINATED);
  rules = RulesOf(pack);
  determination = rules->Screen(Facts({"p1"}), {kToday, kToday}).determinations[0];
  EXPECT_THAT(TurnsNow(*rules, determination), IsEmpty());
}

// Of the packs that people are screened by each search comes to an end within its bound.
TEST(Turns, AreWorkedOutForEveryPathwayOfTheTree) {
  for (const char* const folder : {"/policies/current", "/policies/2023-07-28"}) {
    const auto rules = *LoadRules(absl::StrCat(PATHWAYS_SOURCE_DIR, folder));
    const RulesOfDay today = rules->On({kToday, kToday});
    for (unsigned seed = 0; seed < 30; ++seed) {
      Random random(seed);
      const type::v1::CaseFacts facts = RandomCase(random);
      const CaseTurns turns(today, facts);
      for (const v1::Determination& determination : today.Screen(facts).determinations) {
        for (const v1::OutcomeTurn& turn : turns.Of(determination)) {
          EXPECT_NE(turn.search(), v1::TURN_SEARCH_STOPPED)
              << determination.pathway() << " " << turn.DebugString();
        }
      }
    }
  }
}

TEST(TimeTurns, NameTheDayOnWhichTheOutcomeIsAnother) {
  v1::PolicyPack pack = PackOfAll({"within { date: 'entry_date' days: 30 }",
                                   "any { of { yes: 'in_mexico' } of { within { date: "
                                   "'entry_date' days: 10 } } }"});
  type::v1::CaseFacts facts = Facts({"p1"});
  *facts.mutable_people(0)->mutable_entry_date() = type::FromDay(kToday - 5);
  const auto rules = RulesOf(pack);
  const Screening screening = rules->Screen(facts, {kToday, kToday});
  // A condition changes earlier, and the outcome does not.
  EXPECT_EQ(*screening.holds_until, kToday + 6);
  Determinations determinations;
  *determinations.Add() = screening.determinations[0];
  const auto turn = TimeTurnsOf(*rules, facts, {kToday, kToday}, determinations)[0];
  ASSERT_TRUE(turn);
  EXPECT_EQ(type::RangeOf(turn->day())->first, kToday + 26);
  EXPECT_EQ(turn->outcome(), v1::OUTCOME_DOES_NOT_MEET);
  determinations.Mutable(0)->set_reviewed(true);
  EXPECT_FALSE(TimeTurnsOf(*rules, facts, {kToday, kToday}, determinations)[0]);
}

}  // namespace
}  // namespace pathways::eligibility
