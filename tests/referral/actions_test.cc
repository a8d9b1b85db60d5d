// Goal: callers change a referral only as the protocol, the case and a hold allow, and are told why
// not. Method: all states times all actions through Decide against the machine, and tables of what
// the machine does not know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/machine.h"
#include "services/type/problem.h"
#include "tests/referral/builders.h"

namespace pathways::referral {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kRefusedState[] = "error FAILED_PRECONDITION REFERRAL_STATE";
constexpr char kRefusedHold[] = "error FAILED_PRECONDITION REFERRAL_ON_HOLD";
constexpr char kRefusedCase[] = "error FAILED_PRECONDITION CASE_WITHDRAWN";

v1::ReferralCommand WithReason(v1::ReferralAction action, const std::string& reason_code) {
  v1::ReferralCommand command = Action(action);
  command.mutable_action()->set_reason_code(reason_code);
  return command;
}

TEST(Act, FollowsTheMachineInEveryState) {
  for (const v1::ReferralState state : AllStates()) {
    for (const v1::ReferralAction action : AllActions()) {
      if (ActorOf(action) == Actor::kSystem) continue;
      SCOPED_TRACE(v1::ReferralState_Name(state) + " " + v1::ReferralAction_Name(action));
      Case of(state);
      const std::vector<std::string> lines = of.Do(Action(action));
      const Transition expected = TransitionOf(state, action);
      if (state == v1::REFERRAL_STATE_DRAFT && ActorOf(action) == Actor::kAgency) {
        EXPECT_THAT(lines, ElementsAre("error NOT_FOUND REFERRAL_NOT_FOUND"));
      } else if (expected.step == Step::kRefused) {
        EXPECT_THAT(lines, ElementsAre(kRefusedState));
      } else if (expected.step == Step::kMoves) {
        ASSERT_EQ(lines.size(), 1);
        EXPECT_EQ(of.referral().state(), expected.next);
      } else if (expected.step == Step::kGoesBack) {
        EXPECT_THAT(lines, ElementsAre("r1 REFUSE_WITHDRAWAL -> ACCEPTED, REASON"));
        EXPECT_EQ(of.referral().state_before_withdrawal(), v1::REFERRAL_STATE_UNSPECIFIED);
      } else {
        EXPECT_EQ(of.referral().state(), state);
      }
    }
  }
}

TEST(Act, RepeatedHasNoEffect) {
  for (const v1::ReferralState state : AllStates()) {
    for (const v1::ReferralAction action : AllActions()) {
      Case of(state);
      if (ActorOf(action) == Actor::kSystem || !of.Try(Action(action)).ok()) continue;
      of.Do(Action(action));
      EXPECT_THAT(of.Do(Action(action)), IsEmpty())
          << v1::ReferralState_Name(state) << " " << v1::ReferralAction_Name(action);
    }
  }
}

TEST(Act, WithOtherWordsIsNoRepetition) {
  Case rejected(v1::REFERRAL_STATE_REJECTED);
  EXPECT_THAT(rejected.Do(WithReason(v1::REFERRAL_ACTION_REJECT, "OTHER")),
              ElementsAre(kRefusedState));
  Case closed(v1::REFERRAL_STATE_CLOSED_WITHOUT_OUTCOME);
  EXPECT_THAT(closed.Do(WithReason(v1::REFERRAL_ACTION_CLOSE, "OTHER")),
              ElementsAre(kRefusedState));
  Case returned(v1::REFERRAL_STATE_RETURNED);
  v1::ReferralCommand other_fields = Action(v1::REFERRAL_ACTION_RETURN);
  other_fields.mutable_action()->add_fields_to_correct("state");
  EXPECT_THAT(returned.Do(other_fields), ElementsAre(kRefusedState));
  Case working(v1::REFERRAL_STATE_IN_PROGRESS);
  v1::ReferralCommand other_stage = Action(v1::REFERRAL_ACTION_REPORT_STAGE);
  other_stage.mutable_action()->set_stage("DEPARTED");
  EXPECT_THAT(working.Do(other_stage), ElementsAre("r1 REPORT_STAGE -> IN_PROGRESS"));
  EXPECT_EQ(working.referral().stage(), "DEPARTED");
  working.Do(Action(v1::REFERRAL_ACTION_HOLD));
  EXPECT_THAT(working.Do(WithReason(v1::REFERRAL_ACTION_HOLD, "OTHER")),
              ElementsAre("r1 HOLD -> IN_PROGRESS, OTHER"));
  EXPECT_EQ(working.referral().hold_reason(), "OTHER");
}

TEST(Act, RefusedWithdrawalMayBeRepeatedOnly) {
  Case of(v1::REFERRAL_STATE_ACCEPTED);
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL)), ElementsAre(kRefusedState));
  of.Do(Action(v1::REFERRAL_ACTION_WITHDRAW));
  EXPECT_EQ(of.referral().state_before_withdrawal(), v1::REFERRAL_STATE_ACCEPTED);
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL)),
              ElementsAre("r1 REFUSE_WITHDRAWAL -> ACCEPTED, REASON"));
  EXPECT_TRUE(of.referral().withdrawal_refused());
  EXPECT_THAT(of.Do(WithReason(v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL, "OTHER")),
              ElementsAre(kRefusedState));
  of.Do(Action(v1::REFERRAL_ACTION_REPORT_STAGE));
  EXPECT_EQ(of.referral().reason_code(), "REASON");
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL)), IsEmpty());
  // Asked again, it goes back to where it is now.
  of.Do(Action(v1::REFERRAL_ACTION_WITHDRAW));
  EXPECT_EQ(of.referral().reason_code(), "");
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL)),
              ElementsAre("r1 REFUSE_WITHDRAWAL -> IN_PROGRESS, REASON"));
}

TEST(Act, ByAnotherAgencyIsAnsweredAsIfThereWereNone) {
  const Case of(v1::REFERRAL_STATE_SUBMITTED);
  const absl::Status other = of.Try(Action(v1::REFERRAL_ACTION_RECEIVE, "r1", kComar));
  EXPECT_EQ(Describe(other), "error NOT_FOUND REFERRAL_NOT_FOUND");
  // A case that has no r1 at all, and one that is not known.
  Case empty;
  EXPECT_EQ(empty.Try(Action(v1::REFERRAL_ACTION_RECEIVE, "r1", kComar)), other);
  empty.Do(Registered(1, Facts({"p1"})));
  EXPECT_EQ(empty.Try(Action(v1::REFERRAL_ACTION_RECEIVE, "r1", kComar)), other);
  EXPECT_EQ(Case(v1::REFERRAL_STATE_DRAFT).Try(Action(v1::REFERRAL_ACTION_RECEIVE)), other);
  EXPECT_EQ(Describe(of.Try(Action(v1::REFERRAL_ACTION_WITHDRAW, "r2"))),
            "error NOT_FOUND REFERRAL_NOT_FOUND");
  // The etag is not compared before it is known whose referral it is.
  v1::ReferralCommand stale = Action(v1::REFERRAL_ACTION_RECEIVE, "r1", kComar);
  stale.mutable_action()->set_etag("1");
  EXPECT_EQ(of.Try(stale), other);
}

TEST(Act, BelongsToAnAgencyOrToTheStaff) {
  for (const v1::ReferralAction action : AllActions()) {
    const std::string wrong = ActorOf(action) == Actor::kAgency ? "" : kUnhcr;
    const Case of(v1::REFERRAL_STATE_RECEIVED);
    EXPECT_EQ(Describe(of.Try(Action(action, "r1", wrong))),
              "error INVALID_ARGUMENT INVALID_REFERRAL_ACTION");
  }
  const Case of(v1::REFERRAL_STATE_RECEIVED);
  EXPECT_EQ(Describe(of.Try(Action(v1::REFERRAL_ACTION_EXPIRE, "r1", ""))),
            "error INVALID_ARGUMENT INVALID_REFERRAL_ACTION");
  EXPECT_EQ(Describe(of.Try(Action(v1::REFERRAL_ACTION_UNSPECIFIED, "r1", ""))),
            "error INVALID_ARGUMENT INVALID_REFERRAL_ACTION");
}

TEST(Act, ComparesTheEtagWithTheVersionOfTheReferral) {
  const std::pair<std::string, bool> rows[] = {{"", true},   {"4", true},   {"3", false},
                                               {"5", false}, {"04", false}, {"x", false}};
  for (const auto& [etag, matches] : rows) {
    Case of(v1::REFERRAL_STATE_RECEIVED);
    of.Do(Updated(2, Facts({"p1"})));  // Another event of the case: not of the referral.
    ASSERT_EQ(of.version(), 5);
    v1::ReferralCommand command = Action(v1::REFERRAL_ACTION_ACCEPT);
    command.mutable_action()->set_etag(etag);
    EXPECT_THAT(of.Do(command),
                ElementsAre(matches ? "r1 ACCEPT -> ACCEPTED" : "error ABORTED ETAG_MISMATCH"))
        << etag;
  }
}

TEST(Hold, StopsAcceptanceAndResubmissionOnly) {
  for (const v1::ReferralState state : AllStates()) {
    for (const v1::ReferralAction action : AllActions()) {
      if (!IsLive(state) || state == v1::REFERRAL_STATE_DRAFT) continue;
      Case of(state);
      const absl::Status before = of.Try(Action(action));
      const bool moves = TransitionOf(state, action).step == Step::kMoves;
      of.Do(Action(v1::REFERRAL_ACTION_HOLD));
      EXPECT_EQ(Describe(of.Try(Action(action))),
                moves && WaitsOnHold(action) ? kRefusedHold : Describe(before))
          << v1::ReferralState_Name(state) << " " << v1::ReferralAction_Name(action);
    }
  }
}

TEST(Hold, LastsUntilItIsReleasedOrTheReferralEnds) {
  Case of(v1::REFERRAL_STATE_SUBMITTED);
  of.Do(Action(v1::REFERRAL_ACTION_HOLD));
  of.Do(Action(v1::REFERRAL_ACTION_ESCALATE));
  of.Do(Action(v1::REFERRAL_ACTION_RECEIVE));
  EXPECT_TRUE(of.referral().on_hold());
  EXPECT_TRUE(of.referral().escalated());
  EXPECT_EQ(of.referral().hold_reason(), "REASON");
  EXPECT_THAT(of.Do(WithReason(v1::REFERRAL_ACTION_RELEASE, "CHECKED")),
              ElementsAre("r1 RELEASE -> RECEIVED, CHECKED"));
  EXPECT_FALSE(of.referral().on_hold());
  EXPECT_EQ(of.referral().hold_reason(), "");
  EXPECT_EQ(of.referral().reason_code(), "");
  of.Do(Action(v1::REFERRAL_ACTION_DEESCALATE));
  EXPECT_FALSE(of.referral().escalated());
  of.Do(Action(v1::REFERRAL_ACTION_HOLD));
  of.Do(Action(v1::REFERRAL_ACTION_ESCALATE));
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_REJECT)),
              ElementsAre("r1 REJECT -> REJECTED, REASON"));
  EXPECT_FALSE(of.referral().on_hold());
  EXPECT_EQ(of.referral().hold_reason(), "");
  EXPECT_FALSE(of.referral().escalated());
}

TEST(CaseWithdrawn, LeavesTheRestToTheAgency) {
  for (const v1::ReferralState state : AllStates()) {
    for (const v1::ReferralAction action : AllActions()) {
      if (ActorOf(action) != Actor::kStaff) continue;
      Case of(state);
      of.Do(Withdrawn(2));
      const bool stands = action == v1::REFERRAL_ACTION_WITHDRAW &&
                          (of.referral().state() == v1::REFERRAL_STATE_WITHDRAWN ||
                           of.referral().state() == v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED);
      const bool off = IsLive(of.referral().state()) && (action == v1::REFERRAL_ACTION_RELEASE ||
                                                         action == v1::REFERRAL_ACTION_DEESCALATE);
      EXPECT_EQ(Describe(of.Try(Action(action))), stands || off ? "OK" : kRefusedCase)
          << v1::ReferralState_Name(state) << " " << v1::ReferralAction_Name(action);
    }
  }
  const std::pair<v1::ReferralAction, std::string> rows[] = {
      {v1::REFERRAL_ACTION_GRANT_WITHDRAWAL, "r1 GRANT_WITHDRAWAL -> WITHDRAWN, CASE_WITHDRAWN"},
      {v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL, "r1 REFUSE_WITHDRAWAL -> IN_PROGRESS, REASON"},
      {v1::REFERRAL_ACTION_COMPLETE, "r1 COMPLETE -> COMPLETED"},
      {v1::REFERRAL_ACTION_CLOSE, kRefusedState},
      {v1::REFERRAL_ACTION_REPORT_STAGE, kRefusedState}};
  for (const auto& [action, line] : rows) {
    Case of(v1::REFERRAL_STATE_IN_PROGRESS);
    of.Do(Withdrawn(2));
    EXPECT_THAT(of.Do(Action(action)), ElementsAre(line));
  }
  Case refused(v1::REFERRAL_STATE_ACCEPTED);
  refused.Do(Withdrawn(2));
  refused.Do(Action(v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL));
  EXPECT_THAT(refused.Do(Action(v1::REFERRAL_ACTION_REPORT_STAGE)),
              ElementsAre("r1 REPORT_STAGE -> IN_PROGRESS"));
  EXPECT_THAT(refused.Do(Action(v1::REFERRAL_ACTION_CLOSE)),
              ElementsAre("r1 CLOSE -> CLOSED_WITHOUT_OUTCOME, REASON"));
}

TEST(Resubmit, SendsTheFactsAsTheyAreNow) {
  Case of(v1::REFERRAL_STATE_RETURNED);
  of.Do(WithAge(Screened(2, 1, {{kResettlement, {"p1"}}}), type::v1::AGE_BAND_60_PLUS));
  EXPECT_EQ(of.referral().people(0).age_band(), type::v1::AGE_BAND_21_59);
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_RESUBMIT)), ElementsAre("r1 RESUBMIT -> SUBMITTED"));
  EXPECT_EQ(of.referral().people(0).age_band(), type::v1::AGE_BAND_60_PLUS);
  EXPECT_EQ(of.referral().people_size(), 1);
  EXPECT_EQ(of.referral().fields_to_correct_size(), 0);
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_RESUBMIT)), IsEmpty()) << "it says the same";
  // It is submitted already, but these facts did not go: the caller has to know.
  of.state().clear_disclosures();
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_RESUBMIT)), ElementsAre(kRefusedState));
}

TEST(Resubmit, NeedsEveryPersonAndConsent) {
  Case of(v1::REFERRAL_STATE_RETURNED);
  of.Do(Updated(2, Facts({"p2"})));
  EXPECT_THAT(of.Do(Action(v1::REFERRAL_ACTION_RESUBMIT)), ElementsAre(kRefusedState));
  Case asked(v1::REFERRAL_STATE_RETURNED);  // No facts go while the screening has a question.
  asked.Do(Screened(2, 1, {{kResettlement, {"p1"}, eligibility::v1::OUTCOME_NEEDS_INFORMATION}}));
  EXPECT_THAT(asked.Do(Action(v1::REFERRAL_ACTION_RESUBMIT)), ElementsAre(kRefusedState));
  Case broken(v1::REFERRAL_STATE_RETURNED);
  broken.state().set_consent(false);
  EXPECT_THAT(broken.Do(Action(v1::REFERRAL_ACTION_RESUBMIT)), ElementsAre("error INTERNAL"));
}

TEST(Returned, KeepsItsFieldsUntilItIsSentAgain) {
  Case of(v1::REFERRAL_STATE_RETURNED);
  EXPECT_THAT(of.referral().fields_to_correct(), ElementsAre("identity.date_of_birth"));
  of.Do(Action(v1::REFERRAL_ACTION_HOLD));
  EXPECT_THAT(of.referral().fields_to_correct(), ElementsAre("identity.date_of_birth"));
  EXPECT_THAT(of.events().back().referral_changed().fields_to_correct(),
              ElementsAre("identity.date_of_birth"));
  of.Do(Action(v1::REFERRAL_ACTION_WITHDRAW));
  EXPECT_EQ(of.referral().fields_to_correct_size(), 0);
}

TEST(Granted, KeepsTheReasonOfTheRequestUnlessItHasItsOwn) {
  for (const std::string own : {"", "LET_GO"}) {
    Case of(v1::REFERRAL_STATE_ACCEPTED);
    of.Do(Updated(2, Facts({"p1"}, /*consent=*/false)));
    of.Do(WithReason(v1::REFERRAL_ACTION_GRANT_WITHDRAWAL, own));
    EXPECT_EQ(of.referral().reason_code(), own.empty() ? "CONSENT_WITHDRAWN" : own);
    EXPECT_TRUE(of.state().referrals(0).consent_lost());
  }
}

}  // namespace
}  // namespace pathways::referral
