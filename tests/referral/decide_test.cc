// Goal: events of intake and eligibility, in whatever order they come, leave exactly the referrals
// that may leave. Method: scenarios of commands and the events they make; boundaries have a row on
// each side.
#include "services/referral/domain/decide.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "services/engine/sealed_fields.h"
#include "services/referral/domain/validate.h"
#include "tests/referral/builders.h"

namespace pathways::referral {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kDoesNotMeet = eligibility::v1::OUTCOME_DOES_NOT_MEET;
constexpr char kInternal[] = "error INTERNAL";

const std::vector<Unit> kMeets = {{kResettlement, {"p1"}}};
const std::vector<Unit> kMeetsNot = {{kResettlement, {"p1"}, kDoesNotMeet}};

constexpr char kFirst[] = "submitted r1 us-refugee-resettlement p1 to unhcr-mx, attempt 1";

// Without consent from the start, or with it.
Case RegisteredCase(bool consent = true) {
  Case of;
  EXPECT_THAT(of.Do(Registered(1, Facts({"p1", "p2"}, consent))), ElementsAre("noted 1"));
  return of;
}

TEST(CaseOfIntake, IsNotedWhenOthersAreInItOrConsentTurns) {
  Case of = RegisteredCase();
  EXPECT_THAT(of.Do(Updated(2, Facts({"p1", "p2"}))), IsEmpty());
  EXPECT_THAT(of.Do(AgeBand(3, "p2", type::v1::AGE_BAND_60_PLUS)), IsEmpty());
  EXPECT_EQ(of.state().noted_from(), 1);
  EXPECT_TRUE(of.state().consent());
  EXPECT_THAT(of.Do(Updated(5, Facts({"p1"}))), ElementsAre("noted 5"));
  EXPECT_THAT(of.state().person_ids(), ElementsAre("p1"));
  EXPECT_EQ(of.state().consent_from(), 1);
  EXPECT_THAT(of.Do(Updated(6, Facts({"p1"}, /*consent=*/false))), ElementsAre("noted 6"));
  EXPECT_EQ(of.state().consent_from(), 6);
}

TEST(CaseOfIntake, LeavesNoFactAtReferral) {
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  facts.mutable_people(0)->add_needs("SV-VA");
  Case of;
  of.Do(Registered(1, facts));
  of.Do(Updated(2, Facts({"p1"})));
  for (const v1::ReferralEvent& event : of.events()) {
    EXPECT_FALSE(absl::StrContains(event.SerializeAsString(), "SV-VA"));
  }
  EXPECT_FALSE(absl::StrContains(of.state().SerializeAsString(), "SV-VA"));
}

TEST(FactsOfPeople, GoToAnAgencyAsFarAsItsEntryPermits) {
  Case of = RegisteredCase();
  of.Do(Screened(1, 1, {{kResettlement, {"p1"}}, {kRefugeeStatus, {"p1"}}}));
  const type::v1::PersonFacts& at_unhcr = of.referral(0).people(0);
  EXPECT_EQ(at_unhcr.age_band(), type::v1::AGE_BAND_21_59);
  EXPECT_THAT(at_unhcr.nationalities(), IsEmpty());
  EXPECT_THAT(of.referral(1).people(0).nationalities(), ElementsAre("HTI"));
}

TEST(FactsOfPeople, ThatAreCorrectedReachTheAgencyOfALiveReferral) {
  for (const v1::ReferralState state : AllStates()) {
    Case of(state);
    const std::vector<std::string> lines =
        of.Do(WithAge(Screened(2, 1, kMeets), type::v1::AGE_BAND_60_PLUS));
    const bool is_given =
        state == v1::REFERRAL_STATE_SUBMITTED || state == v1::REFERRAL_STATE_RECEIVED ||
        state == v1::REFERRAL_STATE_ACCEPTED || state == v1::REFERRAL_STATE_IN_PROGRESS;
    ASSERT_EQ(lines.size(), is_given ? 2 : 1) << v1::ReferralState_Name(state);
    EXPECT_EQ(of.referral().state(), state);
    EXPECT_EQ(of.referral().people(0).age_band(),
              is_given ? type::v1::AGE_BAND_60_PLUS : type::v1::AGE_BAND_21_59);
    if (is_given) {
      EXPECT_THAT(lines[1], testing::StartsWith("r1 CORRECT -> "));
    }
  }
}

TEST(FactsOfPeople, ThatAnAgencyMayNotKnowAreNoCorrection) {
  Case of(v1::REFERRAL_STATE_RECEIVED);
  v1::ReferralCommand screened = Screened(2, 1, kMeets);
  screened.mutable_eligibility_event()
      ->mutable_event()
      ->mutable_case_screened()
      ->mutable_disclosures(0)
      ->mutable_people(0)
      ->set_nationalities(0, "CUB");
  EXPECT_THAT(of.Do(screened), ElementsAre("qualifies for 1"));
}

TEST(FactsOfPeople, AreGoneWithConsent) {
  Case of(v1::REFERRAL_STATE_ACCEPTED);
  EXPECT_EQ(of.state().disclosures_size(), 1);
  of.Do(Updated(2, Facts({"p1", "p2"}, /*consent=*/false)));
  EXPECT_THAT(of.state().disclosures(), IsEmpty());
  // A screening from before it is no consent.
  of.Do(Screened(2, 1, {{kResettlement, {"p1"}}, {kRefugeeStatus, {"p1"}}}));
  EXPECT_THAT(of.state().disclosures(), IsEmpty());
  of.Do(Updated(3, Facts({"p1", "p2"})));
  of.Do(Screened(3, 2, kMeets));
  EXPECT_THAT(of.state().disclosures(), IsEmpty());
  of.Do(Screened(4, 3, kMeets));
  EXPECT_EQ(of.state().disclosures_size(), 1);
}

// What is left of events when their sealed columns are lost.
v1::ReferralEvent Published(const v1::ReferralEvent& event) {
  v1::ReferralEvent published;
  EXPECT_TRUE(engine::JoinEvent(engine::SplitEvent(event).data, "", published));
  return published;
}

TEST(FactsOfPeople, ThatWereLostComeBackWithTheScreeningsThatToldThem) {
  const std::vector<v1::ReferralCommand> screenings = {
      Screened(1, 1, kMeetsNot), Screened(3, 1, kMeets), Screened(4, 1, kMeets),
      WithAge(Screened(6, 1, kMeets), type::v1::AGE_BAND_60_PLUS)};
  Case of = RegisteredCase();
  for (const v1::ReferralCommand& screened : screenings) of.Do(screened);
  const v1::ReferralCaseState whole = of.state();
  Case restored;
  for (const v1::ReferralEvent& event : of.events()) restored.Apply(Published(event));
  EXPECT_TRUE(restored.state().facts_lost());
  EXPECT_THAT(restored.referral().people(), IsEmpty());
  for (size_t i = 0; i + 1 < screenings.size(); ++i) {
    EXPECT_THAT(restored.Do(screenings[i]), IsEmpty()) << "nothing that is over happens again";
  }
  EXPECT_THAT(restored.Do(screenings.back()),
              ElementsAre("qualifies for 1", "r1 CORRECT -> SUBMITTED"));
  EXPECT_FALSE(restored.state().facts_lost());
  EXPECT_EQ(restored.referral().people(0).age_band(), type::v1::AGE_BAND_60_PLUS);
  EXPECT_EQ(restored.state().disclosures(0).SerializeAsString(),
            whole.disclosures(0).SerializeAsString());
  EXPECT_THAT(restored.Do(screenings.back()), IsEmpty());
}

TEST(Screening, BecomesReferralsInOrderOfScreening) {
  Case of = RegisteredCase();
  EXPECT_THAT(
      of.Do(Screened(7, 1,
                     {{kRefugeeStatus, {"p1", "p2"}},
                      {kUnrouted, {"p1"}},
                      {kResettlement, {"p2"}},
                      {kResettlement, {"p1"}, kDoesNotMeet},
                      {kRefugeeStatus, {"p1"}, eligibility::v1::OUTCOME_NEEDS_INFORMATION},
                      {kRefugeeStatus, {"p2"}, eligibility::v1::OUTCOME_UNSPECIFIED}})),
      ElementsAre("qualifies for 3", "submitted r1 mx-refugee-status p1+p2 to comar, attempt 1",
                  "submitted r2 us-refugee-resettlement p2 to unhcr-mx, attempt 1"));
  const v1::Referral& referral = of.referral();
  EXPECT_EQ(referral.pathway(), kRefugeeStatus);
  EXPECT_EQ(referral.agency(), kComar);
  EXPECT_EQ(referral.state(), v1::REFERRAL_STATE_SUBMITTED);
  EXPECT_EQ(referral.policy_version(), "2023-07-28");
  EXPECT_EQ(referral.people_size(), 2);
  EXPECT_EQ(referral.people(1).SerializeAsString(),
            of.state().disclosures(0).people(1).SerializeAsString());
  EXPECT_EQ(of.state().referrals(1).version(), 4);
  EXPECT_EQ(of.events()[3].referral_submitted().determination_number(), 7);
}

TEST(Screening, MakesNothingTwice) {
  Case of = RegisteredCase();
  const Unit& unit = kMeets[0];
  EXPECT_THAT(of.Do(Screened(1, 1, {unit, unit})), ElementsAre("qualifies for 2", kFirst));
  EXPECT_THAT(of.Do(Screened(2, 1, {unit, unit})), IsEmpty());
  EXPECT_THAT(of.Do(Screened(3, 1, kMeets, "2024-01-01")), ElementsAre("qualifies for 1"));
  EXPECT_EQ(of.referral().policy_version(), "2023-07-28");
}

TEST(Screening, WithoutConsentIsOnlyNoted) {
  Case of = RegisteredCase(/*consent=*/false);
  EXPECT_THAT(of.Do(WithoutFacts(Screened(1, 1, kMeets))), ElementsAre("qualifies for 1"));
  EXPECT_THAT(of.Do(Updated(2, Facts({"p1", "p2"}))), ElementsAre("noted 2"));
  EXPECT_THAT(of.Do(Screened(2, 2, kMeets)), ElementsAre("qualifies for 1", kFirst));
}

TEST(Screening, MayBeOlderThanWhoIsInTheCase) {
  Case of = RegisteredCase();
  EXPECT_THAT(of.Do(Updated(2, Facts({"p1"}))), ElementsAre("noted 2"));
  // p2 is gone: who is not in the case any more is not referred, and a newer screening will say so.
  EXPECT_THAT(of.Do(Screened(1, 1, {{kResettlement, {"p2"}}, {kResettlement, {"p1"}}})),
              ElementsAre("qualifies for 2", kFirst));
  EXPECT_THAT(of.Do(Updated(3, Facts({"p1", "p2"}))), ElementsAre("noted 3"));
  EXPECT_THAT(
      of.Do(Screened(2, 3, {{kResettlement, {"p2"}}, {kResettlement, {"p1"}}}, "2024-01-01")),
      ElementsAre("qualifies for 2",
                  "submitted r2 us-refugee-resettlement p2 to unhcr-mx, attempt 1"));
}

TEST(Screening, AfterTheWithdrawalIsDropped) {
  Case of = RegisteredCase();
  EXPECT_THAT(of.Do(Withdrawn(2)), ElementsAre("case withdrawn 2"));
  EXPECT_THAT(of.Do(Screened(1, 1, kMeets)), IsEmpty());
  EXPECT_THAT(of.Do(Updated(3, Facts({"p1"}))), IsEmpty());
  EXPECT_THAT(of.Do(AgeBand(4, "p1", type::v1::AGE_BAND_60_PLUS)), IsEmpty());
  EXPECT_THAT(of.Do(Withdrawn(5)), IsEmpty());
  EXPECT_EQ(of.version(), 2);
}

TEST(Screening, OfEligibilityItselfIsNotOurs) {
  Case of = RegisteredCase();
  v1::ReferralCommand command = Screened(1, 1, {});
  command.mutable_eligibility_event()->mutable_event()->mutable_facts_recorded();
  EXPECT_THAT(of.Do(command), IsEmpty());
  command.mutable_eligibility_event()->mutable_event()->mutable_screening_closed();
  EXPECT_THAT(of.Do(command), IsEmpty());
}

TEST(ScreeningChanged, HoldsEveryLiveReferralAndReleasesIt) {
  for (const v1::ReferralState state : AllStates()) {
    Case of(state);
    const std::vector<std::string> held = of.Do(Screened(2, 1, kMeetsNot));
    const std::vector<std::string> released = of.Do(Screened(3, 1, kMeets));
    ASSERT_EQ(held.size(), IsLive(state) ? 2 : 1) << v1::ReferralState_Name(state);
    EXPECT_EQ(of.referral().state(), state);
    EXPECT_FALSE(of.referral().on_hold());
    if (IsLive(state)) {
      EXPECT_THAT(held[1], testing::HasSubstr("r1 HOLD -> "));
      EXPECT_THAT(held[1], testing::EndsWith(", SCREENING_CHANGED"));
      EXPECT_THAT(released, ElementsAre("qualifies for 1", testing::HasSubstr("r1 RELEASE -> ")));
    } else {
      EXPECT_THAT(released, ElementsAre("qualifies for 1"));  // Never made again.
    }
  }
}

TEST(ScreeningChanged, LeavesTheHoldOfTheStaff) {
  Case of(v1::REFERRAL_STATE_RECEIVED);
  of.Do(Action(v1::REFERRAL_ACTION_HOLD));
  EXPECT_THAT(of.Do(Screened(2, 1, kMeetsNot)), ElementsAre("qualifies for 0"));
  EXPECT_THAT(of.Do(Screened(3, 1, kMeets)), ElementsAre("qualifies for 1"));
  EXPECT_TRUE(of.referral().on_hold());
  EXPECT_EQ(of.referral().hold_reason(), "REASON");
}

// A screening of r1's pathway and person, with what the text says of its determination.
v1::ReferralCommand ScreenedAs(int64_t number, const std::string& text) {
  v1::ReferralCommand command = Screened(number, 1, kMeets);
  auto& determination = *command.mutable_eligibility_event()
                             ->mutable_event()
                             ->mutable_case_screened()
                             ->mutable_determinations(0);
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &determination)) << text;
  return command;
}

TEST(PathwayHalted, HoldsWithItsOwnReasonWhateverTheOutcome) {
  const struct {
    std::string text;
    std::string reason;
  } rows[] = {
      {"status: PATHWAY_STATUS_SUSPENDED", "PATHWAY_SUSPENDED"},
      {"status: PATHWAY_STATUS_ENJOINED outcome: OUTCOME_DOES_NOT_MEET", "PATHWAY_ENJOINED"},
      {"status: PATHWAY_STATUS_TERMINATED outcome: OUTCOME_NEEDS_INFORMATION",
       "PATHWAY_TERMINATED"},
      {"status: PATHWAY_STATUS_PROPOSED", "PATHWAY_PROPOSED"},
      {"status: PATHWAY_STATUS_REPORTED", "PATHWAY_REPORTED"},
      {"status: 99", "PATHWAY_HALTED"},
      {"status: PATHWAY_STATUS_ACTIVE review_required: true", "REVIEW_PENDING"},
      {"status: PATHWAY_STATUS_ACTIVE outcome: OUTCOME_DOES_NOT_MEET", "SCREENING_CHANGED"},
      {"status: PATHWAY_STATUS_ACTIVE mode: REFERRAL_MODE_INFORM", "SCREENING_CHANGED"},
  };
  for (const auto& row : rows) {
    Case of(v1::REFERRAL_STATE_RECEIVED);
    of.Do(ScreenedAs(2, row.text));
    EXPECT_EQ(of.referral().hold_reason(), row.reason) << row.text;
    of.Do(ScreenedAs(3, "status: PATHWAY_STATUS_SUSPENDED"));
    EXPECT_EQ(of.referral().hold_reason(), "PATHWAY_SUSPENDED") << "the reason follows";
    of.Do(ScreenedAs(4, "status: PATHWAY_STATUS_ACTIVE mode: REFERRAL_MODE_REFER"));
    EXPECT_FALSE(of.referral().on_hold()) << row.text;
  }
}

TEST(ScreeningChanged, AQuestionThatComesUpLaterHoldsNothingAndSendsNothing) {
  Case of(v1::REFERRAL_STATE_RECEIVED);
  const std::string asks = "status: PATHWAY_STATUS_ACTIVE outcome: OUTCOME_NEEDS_INFORMATION";
  EXPECT_THAT(of.Do(ScreenedAs(2, asks)), ElementsAre("qualifies for 1"));
  EXPECT_FALSE(of.referral().on_hold());
  of.Do(ScreenedAs(3, "status: PATHWAY_STATUS_SUSPENDED"));
  EXPECT_EQ(of.referral().hold_reason(), "PATHWAY_SUSPENDED");
  of.Do(ScreenedAs(4, asks));
  EXPECT_FALSE(of.referral().on_hold()) << "the reason is gone, and a question is none";
  of.Do(ScreenedAs(5, "status: PATHWAY_STATUS_ACTIVE outcome: OUTCOME_DOES_NOT_MEET"));
  EXPECT_EQ(of.referral().hold_reason(), kScreeningChanged);
  Case fresh;
  fresh.Do(Registered(1, Facts({"p1"})));
  EXPECT_THAT(fresh.Do(ScreenedAs(1, asks)), testing::IsEmpty()) << "nobody is referred";
}

TEST(PathwayHalted, RefersNobodyUntilItIsActive) {
  Case of;
  of.Do(Registered(1, Facts({"p1"})));
  EXPECT_THAT(of.Do(ScreenedAs(1, "status: PATHWAY_STATUS_SUSPENDED")),
              ElementsAre("qualifies for 1"));
  EXPECT_THAT(of.Do(ScreenedAs(2, "mode: REFERRAL_MODE_INFORM")), ElementsAre("qualifies for 0"));
  EXPECT_THAT(of.Do(ScreenedAs(3, "review_required: true")), ElementsAre("qualifies for 1"));
  EXPECT_THAT(of.Do(ScreenedAs(4, "status: PATHWAY_STATUS_ACTIVE")), testing::SizeIs(2));
}

TEST(PathwayHalted, LeavesTheHoldOfTheStaff) {
  Case of(v1::REFERRAL_STATE_RECEIVED);
  of.Do(Action(v1::REFERRAL_ACTION_HOLD));
  of.Do(ScreenedAs(2, "status: PATHWAY_STATUS_SUSPENDED"));
  EXPECT_EQ(of.referral().hold_reason(), "REASON");
  of.Do(ScreenedAs(3, "status: PATHWAY_STATUS_ACTIVE"));
  EXPECT_EQ(of.referral().hold_reason(), "REASON");
}

// Every hold that the system sets, as the determination that leads to it.
const std::pair<std::string, std::string> kSystemHolds[] = {
    {"status: PATHWAY_STATUS_SUSPENDED", "PATHWAY_SUSPENDED"},
    {"status: PATHWAY_STATUS_ENJOINED", "PATHWAY_ENJOINED"},
    {"status: PATHWAY_STATUS_TERMINATED", "PATHWAY_TERMINATED"},
    {"status: PATHWAY_STATUS_PROPOSED", "PATHWAY_PROPOSED"},
    {"status: PATHWAY_STATUS_REPORTED", "PATHWAY_REPORTED"},
    {"status: 99", "PATHWAY_HALTED"},
    {"review_required: true", "REVIEW_PENDING"},
    {"outcome: OUTCOME_DOES_NOT_MEET", "SCREENING_CHANGED"}};

TEST(SystemHold, IsNotTakenOffByTheStaffInAnyState) {
  for (const v1::ReferralState state : AllStates()) {
    if (!IsLive(state)) continue;
    for (const auto& [text, reason] : kSystemHolds) {
      SCOPED_TRACE(v1::ReferralState_Name(state) + " " + reason);
      Case of(state);
      of.Do(ScreenedAs(2, text));
      ASSERT_EQ(of.referral().hold_reason(), reason);
      EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_RELEASE)),
                  ElementsAre("error FAILED_PRECONDITION SYSTEM_HOLD"));
      EXPECT_EQ(of.referral().hold_reason(), reason);
      of.Do(ScreenedAs(3, ""));
      EXPECT_FALSE(of.referral().on_hold()) << "its reason is gone";
      EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_RELEASE)), IsEmpty());
    }
  }
}

TEST(SystemHold, ComesBackWhenTheStaffTakeTheirOwnHoldOff) {
  for (const auto& [text, reason] : kSystemHolds) {
    SCOPED_TRACE(reason);
    const std::vector<std::string> released = {"r1 RELEASE -> RECEIVED",
                                               "r1 HOLD -> RECEIVED, " + reason};
    Case over(v1::REFERRAL_STATE_RECEIVED);  // The staff hold what the system held.
    over.Do(ScreenedAs(2, text));
    over.Do(Action(v1::REFERRAL_ACTION_HOLD));
    EXPECT_EQ(over.referral().hold_reason(), "REASON");
    EXPECT_EQ(over.Do(Action(v1::REFERRAL_ACTION_RELEASE)), released);
    Case before(v1::REFERRAL_STATE_RECEIVED);  // The staff held it already.
    before.Do(Action(v1::REFERRAL_ACTION_HOLD));
    before.Do(ScreenedAs(2, text));
    EXPECT_EQ(before.Do(Action(v1::REFERRAL_ACTION_RELEASE)), released);
    EXPECT_EQ(Describe(before.Try(Action(v1::REFERRAL_ACTION_ACCEPT))),
              "error FAILED_PRECONDITION REFERRAL_ON_HOLD");
  }
}

TEST(SystemHold, IsNotLiftedByAQuestion) {
  const std::string asks = "outcome: OUTCOME_NEEDS_INFORMATION ";
  for (const std::string text : {"review_required: true", "outcome: OUTCOME_DOES_NOT_MEET"}) {
    Case of(v1::REFERRAL_STATE_RECEIVED);
    of.Do(ScreenedAs(2, text));
    const std::string reason = of.referral().hold_reason();
    of.Do(ScreenedAs(3, asks));
    EXPECT_EQ(of.referral().hold_reason(), reason) << "nobody has said that it may go on";
    of.Do(ScreenedAs(4, ""));
    EXPECT_FALSE(of.referral().on_hold());
  }
  Case reviewed(v1::REFERRAL_STATE_RECEIVED);  // A question of which people have to judge.
  reviewed.Do(ScreenedAs(2, asks + "review_required: true"));
  EXPECT_EQ(reviewed.referral().hold_reason(), "REVIEW_PENDING");
  for (const auto& [text, reason] : kSystemHolds) {
    if (!absl::StartsWith(reason, "PATHWAY_")) continue;
    Case halted(v1::REFERRAL_STATE_RECEIVED);
    halted.Do(ScreenedAs(2, asks));
    EXPECT_FALSE(halted.referral().on_hold());
    halted.Do(ScreenedAs(3, asks + text));
    EXPECT_EQ(halted.referral().hold_reason(), reason);
  }
}

TEST(ScreeningChanged, LooksAtPathwayAndPeople) {
  Case of(v1::REFERRAL_STATE_RECEIVED);
  EXPECT_THAT(of.Do(Screened(2, 1, {{kResettlement, {"p1", "p2"}}, {kRefugeeStatus, {"p1"}}})),
              ElementsAre("qualifies for 2", "r1 HOLD -> RECEIVED, SCREENING_CHANGED",
                          "submitted r2 us-refugee-resettlement p1+p2 to unhcr-mx, attempt 1",
                          "submitted r3 mx-refugee-status p1 to comar, attempt 1"));
  EXPECT_EQ(of.referral().hold_reason(), kScreeningChanged);
}

// What becomes of r1 in each state when it is withdrawn by the system.
v1::ReferralState AfterWithdrawal(v1::ReferralState state) {
  switch (state) {
    case v1::REFERRAL_STATE_ACCEPTED:
    case v1::REFERRAL_STATE_IN_PROGRESS:
    case v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED:
      return v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED;
    default:
      return IsLive(state) ? v1::REFERRAL_STATE_WITHDRAWN : state;
  }
}

TEST(Withdrawal, OfTheCaseReachesEveryLiveReferral) {
  for (const v1::ReferralState state : AllStates()) {
    Case of(state);
    const std::vector<std::string> lines = of.Do(Withdrawn(2));
    const v1::ReferralState after = AfterWithdrawal(state);
    EXPECT_EQ(of.referral().state(), after);
    EXPECT_EQ(lines[0], "case withdrawn 2");
    EXPECT_EQ(lines.size(), after == state ? 1 : 2) << v1::ReferralState_Name(state);
    if (after != state) {
      EXPECT_EQ(of.referral().reason_code(), kCaseWithdrawn);
      EXPECT_FALSE(of.state().referrals(0).consent_lost());
    }
  }
}

TEST(Withdrawal, OfConsentIsAnsweredByANewReferralWhenItIsGivenAgain) {
  for (const v1::ReferralState state : AllStates()) {
    Case of(state);
    of.Do(Updated(2, Facts({"p1", "p2"}, /*consent=*/false)));
    const v1::ReferralState after = AfterWithdrawal(state);
    EXPECT_EQ(of.referral().state(), after);
    if (after != state) {
      EXPECT_EQ(of.referral().reason_code(), kConsentWithdrawn);
    }
    EXPECT_EQ(of.state().referrals(0).consent_lost(), after != state);
    EXPECT_THAT(of.Do(Screened(2, 1, kMeets)), IsEmpty());
    EXPECT_THAT(of.Do(Updated(3, Facts({"p1", "p2"}))), ElementsAre("noted 3"));
    const std::vector<std::string> lines = of.Do(Screened(3, 3, kMeets));
    if (after != state && after == v1::REFERRAL_STATE_WITHDRAWN) {
      EXPECT_THAT(lines, ElementsAre("qualifies for 1",
                                     "submitted r2 us-refugee-resettlement p1 to unhcr-mx, "
                                     "attempt 2"));
    } else {
      EXPECT_THAT(lines, ElementsAre("qualifies for 1")) << v1::ReferralState_Name(state);
    }
  }
}

TEST(Withdrawal, GrantedAfterConsentCameBackLeadsToANewReferral) {
  Case of(v1::REFERRAL_STATE_IN_PROGRESS);
  of.Do(Updated(2, Facts({"p1", "p2"}, /*consent=*/false)));
  EXPECT_THAT(of.Do(Updated(3, Facts({"p1", "p2"}))), ElementsAre("noted 3"));
  EXPECT_THAT(of.Do(Screened(2, 3, kMeets)), ElementsAre("qualifies for 1"));
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_GRANT_WITHDRAWAL)),
              ElementsAre("r1 GRANT_WITHDRAWAL -> WITHDRAWN, CONSENT_WITHDRAWN",
                          "submitted r2 us-refugee-resettlement p1 to unhcr-mx, attempt 2"));
  // And so on: the third is the third attempt.
  of.Do(Updated(4, Facts({"p1", "p2"}, /*consent=*/false)));
  EXPECT_THAT(of.Do(Updated(5, Facts({"p1", "p2"}))), ElementsAre("noted 5"));
  EXPECT_THAT(of.Do(Screened(3, 5, kMeets)),
              ElementsAre("qualifies for 1",
                          "submitted r3 us-refugee-resettlement p1 to unhcr-mx, attempt 3"));
}

TEST(Withdrawal, GrantedToThePeopleIsFinal) {
  Case of(v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED);
  of.Do(Updated(2, Facts({"p1", "p2"}, /*consent=*/false)));
  of.Do(Updated(3, Facts({"p1", "p2"})));
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_GRANT_WITHDRAWAL)),
              ElementsAre("r1 GRANT_WITHDRAWAL -> WITHDRAWN"));
  EXPECT_THAT(of.Do(Screened(2, 3, kMeets, "2024-01-01")), ElementsAre("qualifies for 1"));
}

TEST(Withdrawal, RefusedForgetsThatConsentWasLost) {
  Case of(v1::REFERRAL_STATE_ACCEPTED);
  of.Do(Updated(2, Facts({"p1", "p2"}, /*consent=*/false)));
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL)),
              ElementsAre("r1 REFUSE_WITHDRAWAL -> ACCEPTED, REASON"));
  EXPECT_FALSE(of.state().referrals(0).consent_lost());
  // Consent that was gone already is not taken away once more: the agency has answered.
  EXPECT_THAT(of.Do(Updated(3, Facts({"p1"}, /*consent=*/false))), ElementsAre("noted 3"));
  EXPECT_THAT(of.Do(Updated(4, Facts({"p1", "p2"}))), ElementsAre("noted 4"));
}

TEST(BrokenInvariants, AreInternal) {
  v1::ReferralCommand other_case = Updated(2, Facts({"p1"}));
  other_case.mutable_intake_event()->mutable_event()->set_case_id("another");
  v1::ReferralCommand other_screening = Screened(1, 1, kMeets);
  other_screening.mutable_eligibility_event()->mutable_event()->set_case_id("another");
  v1::ReferralCommand unknown_intake = Updated(2, Facts({"p1"}));
  unknown_intake.mutable_intake_event()->mutable_event()->clear_kind();
  v1::ReferralCommand unknown_screening = Screened(1, 1, kMeets);
  unknown_screening.mutable_eligibility_event()->mutable_event()->clear_kind();
  const std::pair<std::string, v1::ReferralCommand> rows[] = {
      {"no kind", v1::ReferralCommand()},
      {"intake event of another case", other_case},
      {"eligibility event of another case", other_screening},
      {"unknown kind of intake", unknown_intake},
      {"unknown kind of eligibility", unknown_screening},
      {"registered twice", Registered(2, Facts({"p1"}))},
      {"a number again", Updated(1, Facts({"p1"}))},
      {"nobody qualifies", Screened(1, 1, {{kResettlement, {}}})},
      {"somebody unknown qualifies", Screened(1, 1, {{kUnrouted, {"p1", "p3"}}})}};
  for (const auto& [name, command] : rows) {
    EXPECT_THAT(RegisteredCase().Do(command), ElementsAre(kInternal)) << name;
  }
  for (const v1::ReferralCommand& command :
       {Updated(1, Facts({"p1"})), AgeBand(1, "p1", type::v1::AGE_BAND_60_PLUS), Withdrawn(1),
        Screened(1, 1, kMeets)}) {
    EXPECT_THAT(Case().Do(command), ElementsAre(kInternal));
  }
  EXPECT_THAT(RegisteredCase().Do(Updated(2, Facts({"p1"}))), ElementsAre("noted 2"));
}

TEST(Referrals, OfOneCaseAreBounded) {
  for (const int count : {999, 1'000}) {
    Case of = RegisteredCase();
    for (int i = 1; i <= count; ++i) {
      v1::StoredReferral& stored = *of.state().add_referrals();
      stored.set_referral_id("r" + std::to_string(i));
      stored.mutable_referral()->set_state(v1::REFERRAL_STATE_REJECTED);
    }
    const std::vector<std::string> lines = of.Do(Screened(1, 1, kMeets));
    EXPECT_EQ(lines[0], count == 999 ? "qualifies for 1" : kInternal);
  }
}

}  // namespace
}  // namespace pathways::referral
