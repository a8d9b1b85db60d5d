// Goal: the status shows what each upstream published last, whatever the order between the two and
// however often an event comes. Method: tables for each event, and all interleavings of two
// streams.
#include "services/intake/domain/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/type/names.h"
#include "tests/intake/builders.h"

namespace pathways::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

eligibility::v1::EligibilityEvent Screened(int64_t based_on, eligibility::v1::Outcome outcome) {
  eligibility::v1::EligibilityEvent event;
  event.set_case_id(kCaseId);
  eligibility::v1::CaseScreened& screened = *event.mutable_case_screened();
  screened.set_based_on(based_on);
  eligibility::v1::Determination& determination = *screened.add_determinations();
  determination.set_pathway("us-refugee-resettlement");
  determination.add_person_ids("p1");
  determination.add_person_ids("p2");
  determination.set_outcome(outcome);
  determination.add_missing_facts("entry_date");
  determination.set_policy_version("2023-07-28");
  determination.add_criteria()->set_message_key("not.shown");
  return event;
}

eligibility::v1::EligibilityEvent Recorded() {
  eligibility::v1::EligibilityEvent event;
  event.set_case_id(kCaseId);
  event.mutable_facts_recorded()->set_based_on(7);
  return event;
}

eligibility::v1::EligibilityEvent Closed(int64_t based_on) {
  eligibility::v1::EligibilityEvent event;
  event.set_case_id(kCaseId);
  event.mutable_screening_closed()->set_based_on(based_on);
  return event;
}

referral::v1::ReferralEvent Noted() {
  referral::v1::ReferralEvent event;
  event.set_case_id(kCaseId);
  event.mutable_case_noted()->set_based_on(1);
  return event;
}

referral::v1::ReferralEvent Submitted(const std::string& id) {
  referral::v1::ReferralEvent event;
  event.set_case_id(kCaseId);
  referral::v1::ReferralSubmitted& submitted = *event.mutable_referral_submitted();
  submitted.set_referral_id(id);
  submitted.set_pathway("mx-refugee-status");
  submitted.set_agency("comar");
  submitted.add_person_ids("p1");
  return event;
}

referral::v1::ReferralEvent Changed(const std::string& id, referral::v1::ReferralAction action,
                                    referral::v1::ReferralState state,
                                    const std::string& reason = "") {
  referral::v1::ReferralEvent event;
  event.set_case_id(kCaseId);
  referral::v1::ReferralChanged& changed = *event.mutable_referral_changed();
  changed.set_referral_id(id);
  changed.set_action(action);
  changed.set_state(state);
  changed.set_reason_code(reason);
  return event;
}

TEST(ProjectEligibility, ShowsTheLastScreening) {
  v1::CaseStatus status;
  ASSERT_TRUE(ProjectEligibility(status, Recorded(), 1).ok());
  EXPECT_EQ(status.name(), std::string("cases/") + kCaseId + "/status");
  EXPECT_EQ(status.eligibility_number(), 1);
  EXPECT_EQ(status.based_on(), 0) << "facts are not a screening";
  ASSERT_TRUE(ProjectEligibility(status, Screened(1, eligibility::v1::OUTCOME_MEETS), 2).ok());
  ASSERT_TRUE(
      ProjectEligibility(status, Screened(3, eligibility::v1::OUTCOME_NEEDS_INFORMATION), 3).ok());
  EXPECT_EQ(status.based_on(), 3);
  ASSERT_THAT(status.outcomes(), SizeIs(1));
  const v1::PathwayOutcome& outcome = status.outcomes(0);
  EXPECT_EQ(outcome.pathway(), "us-refugee-resettlement");
  EXPECT_THAT(outcome.person_ids(), ElementsAre("p1", "p2"));
  EXPECT_EQ(outcome.outcome(), "OUTCOME_NEEDS_INFORMATION");
  EXPECT_THAT(outcome.missing_facts(), ElementsAre("entry_date"));
  EXPECT_EQ(outcome.policy_version(), "2023-07-28");
  EXPECT_EQ(status.notice(), "");
}

TEST(ProjectEligibility, ShowsNoOutcomeOnceScreeningEnded) {
  v1::CaseStatus status;
  ASSERT_TRUE(ProjectEligibility(status, Screened(1, eligibility::v1::OUTCOME_MEETS), 1).ok());
  ASSERT_TRUE(ProjectEligibility(status, Closed(2), 2).ok());
  EXPECT_THAT(status.outcomes(), IsEmpty());
  EXPECT_EQ(status.based_on(), 2);
}

TEST(ProjectReferral, FollowsEachReferral) {
  using namespace referral::v1;  // NOLINT(google-build-using-namespace)
  pathways::intake::v1::CaseStatus status;
  int64_t number = 0;
  const auto fold = [&](const ReferralEvent& event) {
    ASSERT_TRUE(ProjectReferral(status, event, ++number).ok());
  };
  fold(Noted());
  EXPECT_THAT(status.referrals(), IsEmpty());
  fold(Submitted("r1"));
  fold(Submitted("r2"));
  ASSERT_THAT(status.referrals(), SizeIs(2));
  const auto& shown = status.referrals(1);
  EXPECT_EQ(shown.referral(), type::ReferralName(kCaseId, "r2"));
  EXPECT_EQ(shown.pathway(), "mx-refugee-status");
  EXPECT_EQ(shown.agency(), "comar");
  EXPECT_THAT(shown.person_ids(), ElementsAre("p1"));
  EXPECT_EQ(shown.state(), "REFERRAL_STATE_SUBMITTED");

  ReferralEvent returned =
      Changed("r2", REFERRAL_ACTION_RETURN, REFERRAL_STATE_RETURNED, "INCOMPLETE");
  returned.mutable_referral_changed()->add_fields_to_correct("entry_date");
  fold(returned);
  EXPECT_EQ(shown.state(), "REFERRAL_STATE_RETURNED");
  EXPECT_EQ(shown.reason_code(), "INCOMPLETE");
  EXPECT_THAT(shown.fields_to_correct(), ElementsAre("entry_date"));

  ReferralEvent held = Changed("r2", REFERRAL_ACTION_HOLD, REFERRAL_STATE_RETURNED, "OTHER_REASON");
  held.mutable_referral_changed()->set_on_hold(true);
  fold(held);
  EXPECT_TRUE(shown.on_hold());
  EXPECT_EQ(shown.reason_code(), "INCOMPLETE") << "a hold has its own reason";

  fold(Changed("r2", REFERRAL_ACTION_RESUBMIT, REFERRAL_STATE_SUBMITTED));
  EXPECT_EQ(shown.reason_code(), "");
  EXPECT_FALSE(shown.on_hold());
  EXPECT_THAT(shown.fields_to_correct(), IsEmpty());

  ReferralEvent stage =
      Changed("r2", REFERRAL_ACTION_REPORT_STAGE, REFERRAL_STATE_IN_PROGRESS, "IGNORED");
  stage.mutable_referral_changed()->set_stage("INTERVIEW");
  fold(stage);
  EXPECT_EQ(shown.state(), "REFERRAL_STATE_IN_PROGRESS");
  EXPECT_EQ(shown.stage(), "INTERVIEW");
  EXPECT_EQ(shown.reason_code(), "");
  EXPECT_EQ(status.referrals(0).state(), "REFERRAL_STATE_SUBMITTED") << "r1 did not change";
  EXPECT_EQ(status.referral_number(), number);
}

TEST(ProjectReferral, KeepsTheReasonThroughFlagsAndStages) {
  const referral::v1::ReferralAction keeping[] = {
      referral::v1::REFERRAL_ACTION_HOLD,         referral::v1::REFERRAL_ACTION_RELEASE,
      referral::v1::REFERRAL_ACTION_ESCALATE,     referral::v1::REFERRAL_ACTION_DEESCALATE,
      referral::v1::REFERRAL_ACTION_REPORT_STAGE, referral::v1::REFERRAL_ACTION_CORRECT};
  for (int i = 1; i <= referral::v1::ReferralAction_MAX; ++i) {
    const auto action = static_cast<referral::v1::ReferralAction>(i);
    v1::CaseStatus status;
    const auto state = referral::v1::REFERRAL_STATE_IN_PROGRESS;
    ASSERT_TRUE(ProjectReferral(status, Submitted("r1"), 1).ok());
    ASSERT_TRUE(ProjectReferral(
                    status,
                    Changed("r1", referral::v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL, state, "FIRST"),
                    2)
                    .ok());
    ASSERT_TRUE(ProjectReferral(status, Changed("r1", action, state, "SECOND"), 3).ok());
    const bool keeps =
        std::find(std::begin(keeping), std::end(keeping), action) != std::end(keeping);
    EXPECT_EQ(status.referrals(0).reason_code(), keeps ? "FIRST" : "SECOND") << i;
  }
}

TEST(Project, IgnoresWhatWasFoldedBefore) {
  v1::CaseStatus status;
  ASSERT_TRUE(ProjectEligibility(status, Screened(1, eligibility::v1::OUTCOME_MEETS), 1).ok());
  ASSERT_TRUE(ProjectEligibility(status, Closed(2), 2).ok());
  ASSERT_TRUE(ProjectReferral(status, Submitted("r1"), 1).ok());
  const std::string before = status.SerializeAsString();
  EXPECT_TRUE(ProjectEligibility(status, Screened(1, eligibility::v1::OUTCOME_MEETS), 1).ok());
  EXPECT_TRUE(ProjectReferral(status, Submitted("r1"), 1).ok());
  EXPECT_TRUE(ProjectReferral(status, Submitted("r1"), 0).ok());
  EXPECT_EQ(status.SerializeAsString(), before);
}

TEST(Project, RefusesWhatCannotFollowAndStaysAsItIs) {
  v1::CaseStatus started;
  ASSERT_TRUE(ProjectEligibility(started, Recorded(), 1).ok());
  ASSERT_TRUE(ProjectReferral(started, Submitted("r1"), 1).ok());
  for (const v1::CaseStatus& start : {v1::CaseStatus(), started}) {
    v1::CaseStatus status = start;
    const int64_t next = start.eligibility_number() + 1;
    eligibility::v1::EligibilityEvent unknown_screening;
    unknown_screening.set_case_id(kCaseId);
    referral::v1::ReferralEvent unknown_referral;
    unknown_referral.set_case_id(kCaseId);
    const absl::Status refused[] = {
        ProjectEligibility(status, Recorded(), next + 1),
        ProjectEligibility(status, unknown_screening, next),
        ProjectReferral(status, Noted(), next + 1), ProjectReferral(status, unknown_referral, next),
        ProjectReferral(status,
                        Changed("r9", referral::v1::REFERRAL_ACTION_RECEIVE,
                                referral::v1::REFERRAL_STATE_RECEIVED),
                        next)};
    for (const absl::Status& each : refused) {
      EXPECT_EQ(each.code(), absl::StatusCode::kInternal);
    }
    EXPECT_EQ(status.SerializeAsString(), start.SerializeAsString());
  }
  auto other = Recorded();
  other.set_case_id("11111111-9d8e-4f7a-8b6c-5d4e3f2a1b0c");
  EXPECT_FALSE(ProjectEligibility(started, other, 2).ok());
}

TEST(Project, IsTheSameInEveryInterleaving) {
  const std::vector<eligibility::v1::EligibilityEvent> screening = {
      Recorded(), Screened(1, eligibility::v1::OUTCOME_NEEDS_INFORMATION), Recorded(),
      Screened(2, eligibility::v1::OUTCOME_MEETS)};
  const std::vector<referral::v1::ReferralEvent> referring = {
      Noted(), Submitted("r1"),
      Changed("r1", referral::v1::REFERRAL_ACTION_RECEIVE, referral::v1::REFERRAL_STATE_RECEIVED),
      Submitted("r2")};
  std::string first;
  int interleavings = 0;
  // A bit says whose event is next.
  for (unsigned mask = 0; mask < 256; ++mask) {
    if (__builtin_popcount(mask) != 4) continue;
    ++interleavings;
    v1::CaseStatus status;
    size_t screened = 0;
    size_t referred = 0;
    for (int bit = 0; bit < 8; ++bit) {
      if ((mask >> bit) & 1) {
        const auto& event = screening[screened++];
        ASSERT_TRUE(ProjectEligibility(status, event, static_cast<int64_t>(screened)).ok());
      } else {
        const auto& event = referring[referred++];
        ASSERT_TRUE(ProjectReferral(status, event, static_cast<int64_t>(referred)).ok());
      }
    }
    if (first.empty()) first = status.SerializeAsString();
    EXPECT_EQ(status.SerializeAsString(), first);
  }
  EXPECT_EQ(interleavings, 70);
}

}  // namespace
}  // namespace pathways::intake
