// Goal: events of intake and commands leave exactly the events that tell something new. Method:
// scenarios of commands and what came of them; every error has a row.
#include "services/eligibility/domain/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "services/eligibility/domain/changes.h"
#include "services/eligibility/domain/rules.h"
#include "services/engine/sealed_fields.h"
#include "services/type/dates.h"
#include "services/type/desk.h"
#include "tests/eligibility/builders.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kInternal[] = "error INTERNAL";
constexpr char kAllMeet[] = "screened 1: road p1 MEETS, road p2 MEETS, bridge p1+p2 MEETS";

Case RegisteredCase() {
  Case of;
  EXPECT_THAT(of.Do(Registered(1, Facts({"p1", "p2"}))), ElementsAre("facts 1", kAllMeet));
  return of;
}

type::v1::CaseFacts OutsideMexico() {
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  SetAnswer(*facts.mutable_people(1), "in_mexico", false);
  return facts;
}

TEST(Registration, RecordsTheFactsAndScreensThem) {
  Case of = RegisteredCase();
  EXPECT_EQ(of.state().facts_from(), 1);
  EXPECT_EQ(of.state().based_on(), 1);
  EXPECT_EQ(of.state().facts().SerializeAsString(), Facts({"p1", "p2"}).SerializeAsString());
  EXPECT_EQ(of.state().screen_time().seconds(), absl::ToUnixSeconds(of.now()));
  const std::vector<v1::Determination> screened =
      RulesOf(SmallPack())
          ->Screen(Facts({"p1", "p2"}), AsOfTime(type::kDefaultPlace, of.now()))
          .determinations;
  ASSERT_EQ(of.state().determinations_size(), static_cast<int>(screened.size()));
  for (size_t i = 0; i < screened.size(); ++i) {
    EXPECT_EQ(of.state().determinations(static_cast<int>(i)).SerializeAsString(),
              screened[i].SerializeAsString());
  }
}

TEST(Registration, ComingTwiceChangesNothing) {
  Case of = RegisteredCase();
  EXPECT_THAT(of.Do(Registered(1, Facts({"p1", "p2"}))), IsEmpty());
}

TEST(Update, ThatChangesNoFactsGivesNoEvent) {
  Case of = RegisteredCase();
  EXPECT_THAT(of.Do(Updated(2, Facts({"p1", "p2"}))), IsEmpty());
  EXPECT_EQ(of.state().facts_from(), 1);
}

TEST(Update, ThatChangesFactsButNoOutcomeIsRecordedOnly) {
  Case of = RegisteredCase();
  const int64_t before = of.state().screen_time().seconds();
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  facts.mutable_people(0)->set_state("MX-TAB");
  EXPECT_THAT(of.Do(Updated(4, facts)), ElementsAre("facts 4"));
  EXPECT_EQ(of.state().facts_from(), 4);
  EXPECT_EQ(of.state().based_on(), 1);
  EXPECT_EQ(of.state().screen_time().seconds(), before);
}

TEST(Update, ThatChangesWhatGoesFurtherIsTold) {
  Case of = RegisteredCase();
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  facts.mutable_people(0)->set_age_band(type::v1::AGE_BAND_60_PLUS);
  EXPECT_THAT(of.Do(Updated(2, facts)), SizeIs(2)) << "the bridge looks at the age";
  EXPECT_THAT(of.events().back().case_screened().changes(), IsEmpty());
  facts.set_consent(false);
  EXPECT_THAT(of.Do(Updated(3, facts)), SizeIs(2));
  EXPECT_THAT(of.state().disclosures(), IsEmpty());
  facts.mutable_people(0)->set_age_band(type::v1::AGE_BAND_21_59);
  EXPECT_THAT(of.Do(Updated(4, facts)), ElementsAre("facts 4")) << "it goes nowhere";
  facts.set_consent(true);
  EXPECT_THAT(of.Do(Updated(5, facts)), SizeIs(2));
  EXPECT_EQ(of.state().disclosures_size(), 3);
}

// What is left of an event when its sealed column is lost.
v1::EligibilityEvent Published(const v1::EligibilityEvent& event) {
  v1::EligibilityEvent published;
  EXPECT_TRUE(engine::JoinEvent(engine::SplitEvent(event).data, "", published));
  return published;
}

TEST(LostFacts, ArePutTogetherAgainByTheEventsThatToldThem) {
  type::v1::CaseFacts outside = OutsideMexico();
  outside.mutable_people(0)->set_state("MX-TAB");
  const std::vector<v1::EligibilityCommand> told = {
      Registered(1, Facts({"p1", "p2"})), Updated(2, OutsideMexico()), Updated(3, OutsideMexico()),
      Updated(4, outside), AgeBand(5, "p2", type::v1::AGE_BAND_12_17)};
  Case of;
  for (const v1::EligibilityCommand& command : told) of.Do(command);
  Case restored;
  for (const v1::EligibilityEvent& event : of.events()) {
    const v1::EligibilityEvent published = Published(event);
    EXPECT_FALSE(absl::StrContains(published.SerializeAsString(), "MX-TAB"));
    restored.Apply(published);
  }
  EXPECT_TRUE(restored.state().facts_lost());
  EXPECT_THAT(restored.Do(Rescreen()), IsEmpty());
  EXPECT_THAT(restored.Do(ScreenCase()), ElementsAre("error UNAVAILABLE FACTS_LOST"));
  EXPECT_THAT(restored.Do(told[0]), ElementsAre("facts 1"));
  EXPECT_THAT(restored.Do(told[1]), ElementsAre("facts 2"));
  EXPECT_THAT(restored.Do(told[2]), IsEmpty());
  EXPECT_THAT(restored.Do(told[3]), ElementsAre("facts 4"));
  EXPECT_TRUE(restored.state().facts_lost());
  EXPECT_THAT(restored.Do(told[4]), ElementsAre("facts 5")) << "and no other screening";
  EXPECT_FALSE(restored.state().facts_lost());
  EXPECT_EQ(restored.state().facts().SerializeAsString(), of.state().facts().SerializeAsString());
  EXPECT_EQ(restored.state().facts_from(), 5);
  EXPECT_THAT(restored.Do(Updated(6, Facts({"p1", "p2"}))), SizeIs(2));
}

TEST(LostFacts, ComeBackAlsoWhereAScreeningWasLaterThanThey) {
  Case of = RegisteredCase();
  of.pack().mutable_pathways()->RemoveLast();
  of.Do(Updated(3, Facts({"p1", "p2"})));  // No other facts, and screened by another pack.
  ASSERT_EQ(of.state().based_on(), 3);
  Case restored;
  restored.pack() = of.pack();
  for (const v1::EligibilityEvent& event : of.events()) restored.Apply(Published(event));
  EXPECT_THAT(restored.Do(Registered(1, Facts({"p1", "p2"}))), ElementsAre("facts 1"));
  EXPECT_THAT(restored.Do(Updated(2, Facts({"p1", "p2"}))), IsEmpty());
  EXPECT_THAT(restored.Do(Updated(3, Facts({"p1", "p2"}))), IsEmpty());
}

TEST(Update, ThatChangesAnOutcomeIsScreened) {
  Case of = RegisteredCase();
  EXPECT_THAT(of.Do(Updated(2, OutsideMexico())),
              ElementsAre("facts 2",
                          "screened 2: road p1 MEETS, road p2 DOES_NOT_MEET, bridge p1+p2 MEETS"));
  EXPECT_EQ(of.state().based_on(), 2);
  EXPECT_EQ(of.state().screen_time().seconds(), absl::ToUnixSeconds(of.now()));
  EXPECT_THAT(of.Do(Updated(3, Facts({"p1", "p2", "p3"}))),
              ElementsAre("facts 3",
                          "screened 3: road p1 MEETS, road p2 MEETS, road p3 MEETS, "
                          "bridge p1+p2+p3 MEETS"));
}

TEST(Update, ComingTwiceChangesNothing) {
  Case of = RegisteredCase();
  of.Do(Updated(2, OutsideMexico()));
  EXPECT_THAT(of.Do(Updated(2, OutsideMexico())), IsEmpty());
}

TEST(AgeBand, OfOnePersonIsPatchedIntoTheFacts) {
  Case of = RegisteredCase();
  EXPECT_THAT(of.Do(AgeBand(2, "p2", type::v1::AGE_BAND_60_PLUS)), ElementsAre("facts 2"));
  EXPECT_EQ(of.state().facts().people(0).age_band(), type::v1::AGE_BAND_21_59);
  EXPECT_EQ(of.state().facts().people(1).age_band(), type::v1::AGE_BAND_60_PLUS);
  EXPECT_THAT(of.Do(AgeBand(3, "p2", type::v1::AGE_BAND_60_PLUS)), IsEmpty());
  EXPECT_THAT(of.Do(AgeBand(4, "p1", type::v1::AGE_BAND_12_17)),
              ElementsAre("facts 4",
                          "screened 4: road p1 MEETS, road p2 MEETS, bridge p1+p2 DOES_NOT_MEET"));
  EXPECT_THAT(
      of.Do(AgeBand(5, "p1", type::v1::AGE_BAND_18_20)),
      ElementsAre("facts 5", "screened 5: road p1 MEETS, road p2 MEETS, bridge p1+p2 MEETS"));
  EXPECT_THAT(of.Do(AgeBand(6, "p1", type::v1::AGE_BAND_UNKNOWN)),
              ElementsAre("facts 6",
                          "screened 6: road p1 MEETS, road p2 MEETS, "
                          "bridge p1+p2 NEEDS_INFORMATION"));
}

TEST(AgeBand, OfAnUnknownPersonParksTheStream) {
  Case of = RegisteredCase();
  EXPECT_THAT(of.Do(AgeBand(2, "p3", type::v1::AGE_BAND_60_PLUS)), ElementsAre(kInternal));
}

TEST(Withdrawal, ClosesTheScreeningOnce) {
  Case of = RegisteredCase();
  EXPECT_THAT(of.Do(Withdrawn(2)), ElementsAre("closed 2"));
  EXPECT_TRUE(of.state().withdrawn());
  EXPECT_THAT(of.Do(Withdrawn(2)), IsEmpty());
  EXPECT_THAT(of.Do(Withdrawn(3)), IsEmpty());
  EXPECT_THAT(of.Do(Updated(3, OutsideMexico())), IsEmpty());
  EXPECT_THAT(of.Do(AgeBand(4, "p1", type::v1::AGE_BAND_0_4)), IsEmpty());
  EXPECT_THAT(of.Do(Registered(1, Facts({"p1"}))), IsEmpty());
  EXPECT_THAT(of.Do(ScreenCase()), ElementsAre("error FAILED_PRECONDITION CASE_WITHDRAWN"));
  EXPECT_EQ(of.state().determinations_size(), 3);
}

TEST(ScreenCase, OfAnUnknownCaseIsNotFound) {
  Case of;
  EXPECT_THAT(of.Do(ScreenCase()), ElementsAre("error NOT_FOUND CASE_NOT_FOUND"));
}

TEST(ScreenCase, TellsOnlyWhatIsNew) {
  Case of = RegisteredCase();
  EXPECT_THAT(of.Do(ScreenCase()), IsEmpty());
  of.pack().set_version("2024-01-01");
  EXPECT_THAT(of.Do(ScreenCase()), IsEmpty()) << "another version alone";
  of.pack().mutable_pathways()->RemoveLast();
  EXPECT_THAT(of.Do(ScreenCase()), ElementsAre("screened 1: road p1 MEETS, road p2 MEETS"));
  EXPECT_EQ(of.state().determinations(0).policy_version(), "2024-01-01");
  EXPECT_THAT(of.Do(ScreenCase()), IsEmpty());
}

TEST(ScreenCase, IsBasedOnTheFactsItSaw) {
  Case of = RegisteredCase();
  of.Do(AgeBand(3, "p2", type::v1::AGE_BAND_60_PLUS));
  of.pack().mutable_pathways()->RemoveLast();
  EXPECT_THAT(of.Do(ScreenCase()), ElementsAre("screened 3: road p1 MEETS, road p2 MEETS"));
}

// The second pathway is gone, and nobody meets the first any more.
v1::PolicyPack ClosedPack() {
  v1::PolicyPack pack = SmallPack();
  pack.set_version("2024-01-01");
  *pack.mutable_pathways(0)->mutable_criteria(0)->mutable_predicate() =
      Parse<v1::Predicate>("not { yes: 'in_mexico' }");
  pack.mutable_pathways()->RemoveLast();
  return pack;
}

TEST(NewPack, IsAppliedByTheNextEventOfIntake) {
  Case of = RegisteredCase();
  of.pack().mutable_pathways()->RemoveLast();
  EXPECT_THAT(of.Do(Updated(2, Facts({"p1", "p2"}))),
              ElementsAre("screened 2: road p1 MEETS, road p2 MEETS"));
  EXPECT_EQ(of.state().facts_from(), 1);
  // The number never goes back.
  of.pack() = ClosedPack();
  EXPECT_THAT(of.Do(ScreenCase()),
              ElementsAre("screened 2: road p1 DOES_NOT_MEET, road p2 DOES_NOT_MEET"));
  EXPECT_THAT(of.Do(Registered(1, Facts({"p1", "p2"}))), ElementsAre(kInternal));
}

TEST(Rescreening, TellsWhatChangedAndListsTheCaseUnderTheVersion) {
  Case of = RegisteredCase();
  EXPECT_TRUE(of.events().back().case_screened().changes().empty());
  of.pack() = ClosedPack();
  of.set_policy_number(2);
  EXPECT_THAT(of.Do(Rescreen()),
              ElementsAre("screened 1: road p1 DOES_NOT_MEET, road p2 DOES_NOT_MEET"));
  const v1::CaseScreened& screened = of.events().back().case_screened();
  EXPECT_EQ(screened.policy_number(), 2);
  ASSERT_EQ(screened.changes_size(), 3);
  EXPECT_EQ(screened.changes(0).DebugString(),
            Parse<v1::DeterminationChange>(
                "pathway: 'road' person_ids: 'p1' from: OUTCOME_MEETS to: OUTCOME_DOES_NOT_MEET "
                "criteria: 'in-mexico' tell: RECIPIENT_PEOPLE tell: RECIPIENT_AGENCY "
                "status_from: PATHWAY_STATUS_ACTIVE status_to: PATHWAY_STATUS_ACTIVE")
                .DebugString());
  EXPECT_EQ(screened.changes(2).pathway(), "bridge");
  EXPECT_EQ(screened.changes(2).to(), v1::OUTCOME_UNSPECIFIED);
  EXPECT_THAT(Fold(kCase, of.state()).lists,
              Contains(type::ListEntry{kPolicyChangesIndex, absl::StrCat("0000000002/", kCase)}));
  of.set_policy_number(3);
  EXPECT_THAT(of.Do(Rescreen()), IsEmpty());
}

TEST(Rescreening, ListsAChangeOfFactsUnderNoVersion) {
  Case of = RegisteredCase();
  EXPECT_THAT(of.Do(Updated(2, OutsideMexico())), SizeIs(2));
  EXPECT_EQ(of.events().back().case_screened().changes_size(), 1);
  EXPECT_TRUE(of.state().policy_effects().empty());
}

TEST(Rescreening, KeepsTheLatestVersionsOnly) {
  Case of = RegisteredCase();
  for (int number = 2; number < 2 + kPolicyEffectsMax + 5; ++number) {
    of.pack() = number % 2 == 0 ? ClosedPack() : SmallPack();
    of.set_policy_number(number);
    EXPECT_THAT(of.Do(Rescreen()), SizeIs(1));
  }
  ASSERT_EQ(of.state().policy_effects_size(), kPolicyEffectsMax);
  EXPECT_EQ(of.state().policy_effects(0).policy_number(), 2 + 5);
}

TEST(Rescreening, LeavesAloneWhatIsNotScreened) {
  Case of;
  EXPECT_THAT(of.Do(Rescreen()), IsEmpty());
  of = RegisteredCase();
  of.Do(Withdrawn(2));
  of.pack() = ClosedPack();
  EXPECT_THAT(of.Do(Rescreen()), IsEmpty());
}

v1::EligibilityEvent Confirmed(int year, int month, int day, int64_t based_on = 1) {
  v1::EligibilityEvent event;
  event.set_case_id(kCase);
  v1::ScreeningConfirmed& confirmed = *event.mutable_screening_confirmed();
  confirmed.mutable_holds_until()->set_year(year);
  confirmed.mutable_holds_until()->set_month(month);
  confirmed.mutable_holds_until()->set_day(day);
  confirmed.set_based_on(based_on);
  return event;
}

TEST(HoldsUntil, IsATimerWhenTheDayBeginsAtTheDesks) {
  Case of = RegisteredCase();
  EXPECT_THAT(Fold(kCase, of.state()).timers, IsEmpty());
  ASSERT_TRUE(Evolve(of.state(), Confirmed(2024, 3, 1), {kCase, 3, of.now()}).ok());
  // 06:00 UTC is midnight at the desks.
  const int64_t due =
      absl::ToUnixSeconds(absl::FromCivil(absl::CivilHour(2024, 3, 1, 6), absl::UTCTimeZone()));
  EXPECT_THAT(Fold(kCase, of.state()).timers, ElementsAre(type::TimerEntry{kHoldsUntilTimer, due}));
  EXPECT_EQ(type::DeskDay(type::kDefaultPlace, absl::FromUnixSeconds(due)),
            absl::CivilDay(2024, 3, 1));
  EXPECT_EQ(type::DeskDay(type::kDefaultPlace, absl::FromUnixSeconds(due - 1)),
            absl::CivilDay(2024, 2, 29));
  EXPECT_THAT(of.Do(Rescreen()), SizeIs(1)) << "the evaluator names no day, so the timer goes";
  EXPECT_TRUE(of.events().back().has_screening_confirmed());
  EXPECT_THAT(Fold(kCase, of.state()).timers, IsEmpty());
  ASSERT_TRUE(Evolve(of.state(), Confirmed(2024, 3, 1), {kCase, 5, of.now()}).ok());
  of.Do(Withdrawn(2));
  EXPECT_THAT(Fold(kCase, of.state()).timers, IsEmpty());
}

TEST(HoldsUntil, CannotBeConfirmedOutOfOrder) {
  Case of;
  EXPECT_EQ(Evolve(of.state(), Confirmed(2024, 3, 1), {kCase, 1, of.now()}).code(),
            absl::StatusCode::kInternal);
  of = RegisteredCase();
  EXPECT_EQ(Evolve(of.state(), Confirmed(2024, 3, 1, 0), {kCase, 3, of.now()}).code(),
            absl::StatusCode::kInternal);
}

TEST(Changes, AreOfOutcomeOrStatusAndNotOfDays) {
  const auto screened = [](const std::string& text) {
    return Parse<v1::CaseScreened>(
               "determinations { pathway: 'a' person_ids: 'p1' outcome: "
               "OUTCOME_MEETS " +
               text + "}")
        .determinations();
  };
  const Determinations before = screened("status: PATHWAY_STATUS_ACTIVE as_of { year: 2023 }");
  const Determinations later = screened(
      "status: PATHWAY_STATUS_ACTIVE as_of { year: 2024 } holds_until { year: 2025 } "
      "calendars: 'mx@1' policy_version: 'b' evaluator_version: 2");
  const Determinations halted = screened("status: PATHWAY_STATUS_SUSPENDED");
  EXPECT_TRUE(SameSubstance(before, later));
  EXPECT_THAT(ChangesOf(before, later), IsEmpty());
  EXPECT_FALSE(SameSubstance(before, halted));
  ASSERT_THAT(ChangesOf(before, halted), SizeIs(1));
  EXPECT_EQ(ChangesOf(before, halted)[0].status_from(), v1::PATHWAY_STATUS_ACTIVE);
  EXPECT_EQ(ChangesOf(before, halted)[0].status_to(), v1::PATHWAY_STATUS_SUSPENDED);
}

TEST(BrokenInvariant, AFactOfAnUnknownCodeIsNamed) {
  type::v1::CaseFacts facts = Facts({"p1"});
  facts.mutable_people(0)->set_age_band(static_cast<type::v1::AgeBand>(99));
  Case of;
  EXPECT_THAT(of.Do(Registered(1, facts)), ElementsAre("error INTERNAL FACT_UNKNOWN"));
}

v1::EligibilityCommand WithCase(v1::EligibilityCommand command, const std::string& case_id) {
  command.mutable_intake_event()->mutable_event()->set_case_id(case_id);
  return command;
}

v1::EligibilityCommand WithoutKind(v1::EligibilityCommand command) {
  command.mutable_intake_event()->mutable_event()->clear_kind();
  return command;
}

type::v1::CaseFacts WithRelationship(int person, type::v1::Relationship relationship) {
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  facts.mutable_people(person)->set_relationship(relationship);
  return facts;
}

TEST(BrokenInvariant, BeforeTheRegistrationParksTheStream) {
  const std::pair<std::string, v1::EligibilityCommand> rows[] = {
      {"update first", Updated(2, Facts({"p1"}))},
      {"update as number 1", Updated(1, Facts({"p1"}))},
      {"age band first", AgeBand(2, "p1", type::v1::AGE_BAND_0_4)},
      {"withdrawal first", Withdrawn(2)},
      {"withdrawal as number 1", Withdrawn(1)},
      {"number 0", Registered(0, Facts({"p1"}))},
      {"registration as number 2", Registered(2, Facts({"p1"}))},
      {"another case", WithCase(Registered(1, Facts({"p1"})), "another")},
      {"unknown kind", WithoutKind(Registered(1, Facts({"p1"})))},
      {"no kind of command", v1::EligibilityCommand()},
      {"nobody", Registered(1, Facts({}))},
      {"a person without id", Registered(1, Facts({"p1", ""}))},
      {"a person twice", Registered(1, Facts({"p1", "p1"}))},
      {"no principal", Registered(1, WithRelationship(0, type::v1::RELATIONSHIP_SPOUSE))},
      {"two principals", Registered(1, WithRelationship(1, type::v1::RELATIONSHIP_PRINCIPAL))}};
  for (const auto& [name, command] : rows) {
    Case of;
    EXPECT_THAT(of.Do(command), ElementsAre(kInternal)) << name;
  }
}

TEST(BrokenInvariant, AfterTheRegistrationParksTheStream) {
  const std::pair<std::string, v1::EligibilityCommand> rows[] = {
      {"an older number", Updated(4, Facts({"p1", "p2"}))},
      {"other facts of the same number", Updated(5, Facts({"p1"}))},
      {"registered again", Registered(1, Facts({"p1", "p2"}))},
      {"registered later", Registered(6, Facts({"p1", "p2"}))},
      {"an older withdrawal", Withdrawn(4)},
      {"another case", WithCase(Withdrawn(6), "another")},
      {"unknown kind", WithoutKind(Withdrawn(6))},
      {"facts of nobody", Updated(6, Facts({}))}};
  for (const auto& [name, command] : rows) {
    Case of = RegisteredCase();
    ASSERT_EQ(of.Do(Updated(5, OutsideMexico())).size(), 2);
    EXPECT_THAT(of.Do(command), ElementsAre(kInternal)) << name;
  }
}

TEST(Decide, GivesTheSameBytesTwice) {
  std::vector<std::string> runs;
  for (int run = 0; run < 2; ++run) {
    Case of = RegisteredCase();
    of.Do(Updated(2, OutsideMexico()));
    of.Do(AgeBand(3, "p1", type::v1::AGE_BAND_12_17));
    of.Do(Withdrawn(4));
    std::string bytes = of.state().SerializeAsString();
    for (const v1::EligibilityEvent& event : of.events()) bytes += event.SerializeAsString();
    runs.push_back(bytes);
  }
  EXPECT_EQ(runs[0], runs[1]);
}

// An event in order, to be broken in one place.
v1::EligibilityEvent FactsEvent(int64_t based_on) {
  v1::EligibilityEvent event;
  event.set_case_id(kCase);
  event.mutable_facts_recorded()->set_based_on(based_on);
  return event;
}

v1::EligibilityEvent ScreenedEvent(int64_t based_on) {
  v1::EligibilityEvent event;
  event.set_case_id(kCase);
  event.mutable_case_screened()->set_based_on(based_on);
  return event;
}

v1::EligibilityEvent ClosedEvent() {
  v1::EligibilityEvent event;
  event.set_case_id(kCase);
  event.mutable_screening_closed();
  return event;
}

TEST(Evolve, RefusesWhatCannotFollow) {
  v1::EligibilityEvent of_another = FactsEvent(9);
  of_another.set_case_id("another");
  v1::EligibilityEvent unknown = FactsEvent(9);
  unknown.clear_kind();
  const std::tuple<std::string, v1::EligibilityEvent, bool, bool> rows[] = {
      // Event, may follow nothing, may follow facts 3 screened by 5.
      {"facts 0", FactsEvent(0), false, false},      {"facts 5", FactsEvent(5), true, false},
      {"facts 6", FactsEvent(6), true, true},        {"screened 4", ScreenedEvent(4), false, false},
      {"screened 5", ScreenedEvent(5), false, true}, {"closed", ClosedEvent(), false, true},
      {"another case", of_another, false, false},    {"unknown kind", unknown, false, false}};
  for (const auto& [name, event, first, later] : rows) {
    const type::EventContext context = {kCase, 1, absl::UnixEpoch()};
    v1::EligibilityState state;
    EXPECT_EQ(Evolve(state, event, context).ok(), first) << name;
    state.Clear();
    state.set_facts_from(3);
    state.set_based_on(5);
    EXPECT_EQ(Evolve(state, event, context).ok(), later) << name;
    state.set_withdrawn(true);
    EXPECT_EQ(Evolve(state, event, context).code(), absl::StatusCode::kInternal) << name;
  }
}

TEST(Evolve, KeepsTheTimeOfTheScreeningToTheNanosecond) {
  v1::EligibilityState state;
  state.set_facts_from(1);
  const absl::Time time = absl::FromUnixSeconds(1'690'500'000) + absl::Nanoseconds(7);
  ASSERT_TRUE(Evolve(state, ScreenedEvent(1), {kCase, 2, time}).ok());
  EXPECT_EQ(state.screen_time().seconds(), 1'690'500'000);
  EXPECT_EQ(state.screen_time().nanos(), 7);
}

TEST(Fold, ListsEveryCaseThatWasEverScreened) {
  v1::EligibilityState state;
  EXPECT_THAT(Fold(kCase, state).lists, IsEmpty());
  state.set_facts_from(1);
  EXPECT_THAT(Fold(kCase, state).lists, IsEmpty());
  state.set_based_on(1);
  const std::vector<type::ListEntry> listed = {{"screenings", kCase}};
  EXPECT_EQ(Fold(kCase, state).lists, listed);
  state.set_withdrawn(true);
  EXPECT_EQ(Fold(kCase, state).lists, listed);
  EXPECT_THAT(Fold(kCase, state).uniques, IsEmpty());
  EXPECT_THAT(Fold(kCase, state).timers, IsEmpty());
}

TEST(Fold, ListsOpenCasesThatNeedInformationByTime) {
  v1::EligibilityState state;
  state.set_facts_from(1);
  state.set_based_on(1);
  state.mutable_screen_time()->set_seconds(1'690'500'002);
  state.add_determinations()->set_outcome(v1::OUTCOME_MEETS);
  EXPECT_EQ(Fold(kCase, state).lists.size(), 1);
  state.add_determinations()->set_outcome(v1::OUTCOME_NEEDS_INFORMATION);
  const type::ListEntry waits{"needs-information", std::string("00001690500002000000/") + kCase};
  EXPECT_THAT(Fold(kCase, state).lists, Contains(waits));
  state.set_withdrawn(true);
  EXPECT_EQ(Fold(kCase, state).lists.size(), 1);
}

}  // namespace
}  // namespace pathways::eligibility
