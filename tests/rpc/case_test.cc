// Goal: what a desk does with a case, from registration to the agency's answer, over the API alone.
// Method: one site; each answer is compared with what the case must then be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "services/type/notice.h"
#include "tests/rpc/site.h"
#include "tests/support/answers.h"

namespace pathways {
namespace {

using intake::v1::IntakeService;
using referral::v1::AgencyService;
using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Describe;
using testing_support::kDesk;
using testing_support::kPlanted;
using testing_support::kUnhcr;
using testing_support::kViewer;
using testing_support::NewRequestId;
using testing_support::Registration;
using testing_support::Site;

class CaseTest : public testing::Test {
 protected:
  absl::StatusOr<intake::v1::Case> Get(const std::string& name) {
    intake::v1::GetCaseRequest request;
    request.set_name(name);
    return site_.As(kDesk).Call(&IntakeService::Stub::GetCase, request);
  }
  intake::v1::CaseStatus Status(const std::string& name) {
    intake::v1::GetCaseStatusRequest request;
    request.set_name(name + "/status");
    const auto status = site_.As(kViewer).Call(&IntakeService::Stub::GetCaseStatus, request);
    EXPECT_TRUE(status.ok()) << status.status();
    return status.value_or(intake::v1::CaseStatus());
  }
  // What referral r1 says in the status once all have followed.
  std::string ReferralState(const std::string& name) {
    EXPECT_TRUE(site_.Settle());
    const auto status = Status(name);
    return status.referrals_size() == 1 ? status.referrals(0).state() : "none";
  }
  template <typename Request>
  absl::StatusOr<referral::v1::Referral> Act(
      grpc::Status (AgencyService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                  referral::v1::Referral*),
      const std::string& name, Request request = {}) {
    request.set_name(name + "/referrals/r1");
    request.set_request_id(NewRequestId());
    return site_.As(kUnhcr).Call(method, request);
  }
  absl::StatusOr<intake::v1::Case> Withdraw(const std::string& name, const std::string& etag = "") {
    intake::v1::WithdrawCaseRequest request;
    request.set_name(name);
    request.set_etag(etag);
    request.set_request_id(NewRequestId());
    return site_.As(kDesk).Call(&IntakeService::Stub::WithdrawCase, request);
  }
  std::vector<std::string> Audit() {
    return site_.Sql("intake",
                     "SELECT principal, method, stream, number FROM audit "
                     "WHERE principal LIKE 'staff/%' ORDER BY id");
  }

  Site site_;
};

TEST_F(CaseTest, IsScreenedReferredAnsweredAndShown) {
  const std::string name = site_.RegisterAndSettle();
  intake::v1::CaseStatus status = Status(name);
  EXPECT_EQ(status.name(), name + "/status");
  EXPECT_EQ(status.notice(), type::kScreeningNotice);
  EXPECT_EQ(status.based_on(), 1);
  std::map<std::string, std::string> outcomes;
  for (const auto& outcome : status.outcomes()) outcomes[outcome.pathway()] = outcome.outcome();
  EXPECT_EQ(outcomes["us-refugee-resettlement"], "OUTCOME_MEETS");
  EXPECT_GT(outcomes.size(), 2U);
  ASSERT_EQ(status.referrals_size(), 1);
  EXPECT_EQ(status.referrals(0).agency(), "unhcr-mx");
  EXPECT_EQ(status.referrals(0).state(), "REFERRAL_STATE_SUBMITTED");

  ASSERT_TRUE(Act(&AgencyService::Stub::ReceiveReferral, name).ok());
  EXPECT_EQ(ReferralState(name), "REFERRAL_STATE_RECEIVED");
  ASSERT_TRUE(Act(&AgencyService::Stub::AcceptReferral, name).ok());
  EXPECT_EQ(ReferralState(name), "REFERRAL_STATE_ACCEPTED");
  referral::v1::ReportStageRequest stage;
  stage.set_stage("INTERVIEW_SCHEDULED");
  ASSERT_TRUE(Act(&AgencyService::Stub::ReportStage, name, stage).ok());
  EXPECT_EQ(ReferralState(name), "REFERRAL_STATE_IN_PROGRESS");
  EXPECT_EQ(Status(name).referrals(0).stage(), "INTERVIEW_SCHEDULED");
  ASSERT_TRUE(Act(&AgencyService::Stub::CompleteReferral, name).ok());
  EXPECT_EQ(ReferralState(name), "REFERRAL_STATE_COMPLETED");
  EXPECT_EQ(Describe(Act(&AgencyService::Stub::AcceptReferral, name).status()),
            "FAILED_PRECONDITION REFERRAL_STATE");
}

TEST_F(CaseTest, IdentityIsAnsweredByTheAuditedReadAlone) {
  const auto request = Registration();
  const auto registered = site_.As(kDesk).Call(&IntakeService::Stub::RegisterCase, request);
  ASSERT_TRUE(registered.ok()) << registered.status();
  const std::string name = registered->name();
  const std::string id = name.substr(name.find('/') + 1);
  EXPECT_FALSE(absl::StrContains(registered->SerializeAsString(), kPlanted));
  EXPECT_THAT(Audit(), ElementsAre("staff/desk|RegisterCase|" + id + "|1"));
  const auto listed = site_.As(kDesk).Call(&IntakeService::Stub::ListCases, {});
  ASSERT_TRUE(listed.ok());
  EXPECT_FALSE(absl::StrContains(listed->SerializeAsString(), kPlanted));
  const auto read = Get(name);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->people(0).identity().given_names(), kPlanted);
  EXPECT_THAT(Audit(), ElementsAre("staff/desk|RegisterCase|" + id + "|1",
                                   "staff/desk|GetCase|" + id + "|1"));
  EXPECT_EQ(Describe(Get("cases/3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c").status()),
            "NOT_FOUND CASE_NOT_FOUND");
}

TEST_F(CaseTest, AnIdentityThatCannotBeAuditedIsNotAnswered) {
  const std::string name = site_.RegisterAndSettle();
  site_.Sql("intake",
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'full'); END");
  const auto read = Get(name);
  EXPECT_FALSE(read.ok());
  EXPECT_FALSE(absl::StrContains(read.status().ToString(), kPlanted));
  site_.Sql("intake", "DROP TRIGGER full");
  EXPECT_TRUE(Get(name).ok());
}

TEST_F(CaseTest, ARequestIdNamesOneRegistration) {
  auto request = Registration();
  const auto first = site_.As(kDesk).Call(&IntakeService::Stub::RegisterCase, request);
  ASSERT_TRUE(first.ok());
  const auto again = site_.As(kDesk).Call(&IntakeService::Stub::RegisterCase, request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  request.mutable_case_()->mutable_people(0)->mutable_identity()->set_given_names("Otra");
  const auto other = site_.As(kDesk).Call(&IntakeService::Stub::RegisterCase, request);
  EXPECT_EQ(Describe(other.status()), "ALREADY_EXISTS REQUEST_ID_REUSED");
  EXPECT_FALSE(absl::StrContains(other.status().ToString(), "Otra"));
  site_.Restart();
  request.mutable_case_()->mutable_people(0)->mutable_identity()->set_given_names(kPlanted);
  EXPECT_EQ(site_.As(kDesk).Call(&IntakeService::Stub::RegisterCase, request)->name(),
            first->name());
}

TEST_F(CaseTest, EveryBadFieldIsNamedAndNoneIsShown) {
  auto request = Registration();
  request.set_request_id("none");
  request.mutable_case_()->clear_consent();
  request.mutable_case_()->mutable_people(0)->add_nationalities("QQQ");
  request.mutable_case_()->mutable_people(0)->mutable_identity()->set_phone("5550001");
  const auto refused = site_.As(kDesk).Call(&IntakeService::Stub::RegisterCase, request);
  EXPECT_EQ(Describe(refused.status()), "INVALID_ARGUMENT INVALID_CASE");
  std::vector<std::string> fields;
  for (const auto& violation : cli::FailureOf(refused.status()).violations) {
    fields.push_back(violation.field());
  }
  EXPECT_THAT(fields, testing::UnorderedElementsAre("case.people[0].identity.phone",
                                                    "case.people[0].nationalities[1]",
                                                    "case.consent", "request_id"));
  for (const char* value : {"QQQ", "5550001", kPlanted}) {
    EXPECT_FALSE(absl::StrContains(refused.status().ToString(), value)) << value;
  }
}

TEST_F(CaseTest, AnUpdateIsScreenedAgainAndKeepsTheIdentity) {
  const std::string name = site_.RegisterAndSettle();
  intake::v1::UpdateCaseRequest request;
  *request.mutable_case_() = *Get(name);
  request.mutable_case_()->mutable_people(0)->clear_identity();
  SetAnswer(*request.mutable_case_()->mutable_people(0), "in_mexico", false);
  request.mutable_update_mask()->add_paths("people");
  request.set_request_id(NewRequestId());
  const auto updated = site_.As(kDesk).Call(&IntakeService::Stub::UpdateCase, request);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->etag(), "2");
  EXPECT_FALSE(updated->people(0).has_identity());
  EXPECT_EQ(Get(name)->people(0).identity().given_names(), kPlanted);
  ASSERT_TRUE(site_.Settle());
  EXPECT_EQ(Status(name).based_on(), 2);
  const intake::v1::CaseStatus status = Status(name);
  for (const auto& outcome : status.outcomes()) {
    if (outcome.pathway() == "us-refugee-resettlement") {
      EXPECT_NE(outcome.outcome(), "OUTCOME_MEETS");
    }
  }
  // The same again is the same; the etag that was read is not that of the case any more.
  EXPECT_EQ(site_.As(kDesk).Call(&IntakeService::Stub::UpdateCase, request)->etag(), "2");
  request.set_request_id(NewRequestId());
  EXPECT_EQ(site_.As(kDesk).Call(&IntakeService::Stub::UpdateCase, request).status().code(),
            absl::StatusCode::kAborted);
  request.mutable_case_()->set_etag("2");
  request.mutable_case_()->mutable_people(0)->mutable_identity()->set_given_names("Nueva");
  request.mutable_update_mask()->set_paths(0, "people.*.identity.given_names");
  request.set_request_id(NewRequestId());
  ASSERT_TRUE(site_.As(kDesk).Call(&IntakeService::Stub::UpdateCase, request).ok());
  EXPECT_EQ(Get(name)->people(0).identity().given_names(), "Nueva");
}

TEST_F(CaseTest, WithdrawalBeforeAcceptanceTakesTheReferralBack) {
  const std::string name = site_.RegisterAndSettle();
  EXPECT_EQ(Withdraw(name, "7").status().code(), absl::StatusCode::kAborted);
  const auto withdrawn = Withdraw(name, "1");
  ASSERT_TRUE(withdrawn.ok()) << withdrawn.status();
  EXPECT_EQ(withdrawn->state(), intake::v1::CASE_STATE_WITHDRAWN);
  EXPECT_EQ(ReferralState(name), "REFERRAL_STATE_WITHDRAWN");
  EXPECT_THAT(Status(name).outcomes(), IsEmpty());
  EXPECT_TRUE(Withdraw(name).ok());
  EXPECT_EQ(Describe(Act(&AgencyService::Stub::AcceptReferral, name).status()),
            "FAILED_PRECONDITION REFERRAL_STATE");
}

TEST_F(CaseTest, WithdrawalAfterAcceptanceAsksTheAgency) {
  const std::string name = site_.RegisterAndSettle();
  ASSERT_TRUE(Act(&AgencyService::Stub::ReceiveReferral, name).ok());
  ASSERT_TRUE(Act(&AgencyService::Stub::AcceptReferral, name).ok());
  ASSERT_TRUE(Withdraw(name).ok());
  EXPECT_EQ(ReferralState(name), "REFERRAL_STATE_WITHDRAWAL_REQUESTED");
  referral::v1::AnswerWithdrawalRequest answer;
  answer.set_granted(true);
  ASSERT_TRUE(Act(&AgencyService::Stub::AnswerWithdrawal, name, answer).ok());
  EXPECT_EQ(ReferralState(name), "REFERRAL_STATE_WITHDRAWN");
}

TEST_F(CaseTest, StaffHoldEscalateAndWithdrawAReferral) {
  using referral::v1::ReferralService;
  const std::string name = site_.RegisterAndSettle() + "/referrals/r1";
  referral::v1::SetHoldRequest hold;
  hold.set_name(name);
  hold.set_on_hold(true);
  hold.set_request_id(NewRequestId());
  EXPECT_EQ(site_.As(kDesk).Call(&ReferralService::Stub::SetHold, hold).status().code(),
            absl::StatusCode::kInvalidArgument);  // No reason.
  hold.set_reason_code("MISSING_PAPERS");
  auto changed = site_.As(kDesk).Call(&ReferralService::Stub::SetHold, hold);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_TRUE(changed->on_hold());
  referral::v1::SetEscalationRequest escalate;
  escalate.set_name(name);
  escalate.set_escalated(true);
  escalate.set_request_id(NewRequestId());
  escalate.set_etag(changed->etag() + "0");
  EXPECT_EQ(site_.As(kDesk).Call(&ReferralService::Stub::SetEscalation, escalate).status().code(),
            absl::StatusCode::kAborted);
  escalate.set_etag(changed->etag());
  changed = site_.As(kDesk).Call(&ReferralService::Stub::SetEscalation, escalate);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_TRUE(changed->escalated());
  referral::v1::ReturnReferralRequest give_back;
  give_back.add_fields_to_correct("identity.date_of_birth");
  const std::string case_name = name.substr(0, name.find("/referrals"));
  ASSERT_TRUE(Act(&AgencyService::Stub::ReceiveReferral, case_name).ok());
  ASSERT_TRUE(Act(&AgencyService::Stub::ReturnReferral, case_name, give_back).ok());
  hold.set_on_hold(false);
  hold.set_request_id(NewRequestId());
  changed = site_.As(kDesk).Call(&ReferralService::Stub::SetHold, hold);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_FALSE(changed->on_hold());
  referral::v1::ResubmitReferralRequest resubmit;
  resubmit.set_name(name);
  resubmit.set_request_id(NewRequestId());
  changed = site_.As(kDesk).Call(&ReferralService::Stub::ResubmitReferral, resubmit);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->state(), referral::v1::REFERRAL_STATE_SUBMITTED);
  referral::v1::WithdrawReferralRequest withdraw;
  withdraw.set_name(name);
  withdraw.set_request_id(NewRequestId());
  changed = site_.As(kDesk).Call(&ReferralService::Stub::WithdrawReferral, withdraw);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->state(), referral::v1::REFERRAL_STATE_WITHDRAWN);
  EXPECT_FALSE(changed->on_hold() || changed->escalated());
}

TEST_F(CaseTest, ScreeningsAndPathwaysAreShown) {
  using eligibility::v1::EligibilityService;
  const std::string name = site_.RegisterAndSettle() + "/screening";
  eligibility::v1::GetScreeningRequest get;
  get.set_name(name);
  const auto screening = site_.As(kViewer).Call(&EligibilityService::Stub::GetScreening, get);
  ASSERT_TRUE(screening.ok()) << screening.status();
  EXPECT_EQ(screening->notice(), type::kScreeningNotice);
  ASSERT_EQ(screening->explanations_size(), screening->determinations_size());
  for (const auto& explanation : screening->explanations()) {
    EXPECT_FALSE(explanation.notice().text().empty());
    for (const auto& criterion : explanation.criteria()) {
      EXPECT_FALSE(criterion.text().text().empty() || criterion.citation().empty());
    }
  }
  std::set<std::string> outcomes;
  for (const char* language : {"en", "es", "ht"}) {
    get.set_language(language);
    get.set_audience(eligibility::v1::AUDIENCE_PERSON);
    const auto told = site_.As(kViewer).Call(&EligibilityService::Stub::GetScreening, get);
    ASSERT_TRUE(told.ok()) << told.status();
    EXPECT_EQ(told->explanations(0).language(), language);
    EXPECT_EQ(told->explanations(0).outcome().unreviewed(), language == std::string("ht"));
    outcomes.insert(told->explanations(0).outcome().text());
  }
  EXPECT_EQ(outcomes.size(), 3u);
  get.set_language("de");
  EXPECT_EQ(Describe(site_.As(kViewer).Call(&EligibilityService::Stub::GetScreening, get).status()),
            "INVALID_ARGUMENT INVALID_REQUEST");
  get.clear_language();
  eligibility::v1::ScreenCaseRequest again;
  again.set_name(name);
  again.set_request_id(NewRequestId());
  const auto screened = site_.As(kDesk).Call(&EligibilityService::Stub::ScreenCase, again);
  ASSERT_TRUE(screened.ok()) << screened.status();
  EXPECT_EQ(screened->etag(), screening->etag());  // The same outcome changes nothing.
  get.set_name("cases/3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c/screening");
  EXPECT_EQ(Describe(site_.As(kViewer).Call(&EligibilityService::Stub::GetScreening, get).status()),
            "NOT_FOUND CASE_NOT_FOUND");
  const auto pathways = site_.As(kViewer).Call(&EligibilityService::Stub::ListPathways, {});
  ASSERT_TRUE(pathways.ok());
  ASSERT_GT(pathways->pathways_size(), 0);
  eligibility::v1::GetPathwayRequest one;
  one.set_name("pathways/" + pathways->pathways(0).id());
  const auto shown = site_.As(kUnhcr).Call(&EligibilityService::Stub::GetPathway, one);
  EXPECT_EQ(shown->id(), pathways->pathways(0).id());
  EXPECT_EQ(shown->shown().criteria_size(), shown->criteria_size());
  EXPECT_FALSE(shown->shown().status().text().empty());
  one.set_name("pathways/none");
  EXPECT_EQ(Describe(site_.As(kUnhcr).Call(&EligibilityService::Stub::GetPathway, one).status()),
            "NOT_FOUND PATHWAY_NOT_FOUND");
}

}  // namespace
}  // namespace pathways
