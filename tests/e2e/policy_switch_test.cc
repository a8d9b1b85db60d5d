// Goal: switching a caseload from policies/2023-07-28 to policies/current lists what changed and
// nothing else, puts the referrals to the United States on hold with the reason in three languages,
// and leaves every screening as it was to a replay. Method: the three services in one process on
// SQLite, cases of every kind under the packs of the tree, on the day that `current` was written;
// what changed is reckoned from the screenings before and after.
#include "tests/support/policy_switch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/type/dates.h"
#include "services/type/desk.h"
#include "tests/rpc/site.h"
#include "tests/support/answers.h"
#include "tests/support/eventually.h"
#include "tests/support/two_officers.h"

namespace pathways {
namespace {

using eligibility::v1::EligibilityService;
using referral::v1::AgencyService;
using referral::v1::ReferralService;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using testing_support::Describe;
using testing_support::Eventually;
using testing_support::ExplanationOf;
using testing_support::kDesk;
using testing_support::kMexico;
using testing_support::kOfficer;
using testing_support::kSuspended;
using testing_support::kUnitedStates;
using testing_support::NewRequestId;
using testing_support::PackNamed;

constexpr absl::CivilDay kToday(2026, 11, 24);
constexpr char kLabour[] = "mx-labour";
// Numbers of a case's events; 1 is its facts.
constexpr int kScreenedFirst = 2;
constexpr int kScreenedAgain = 3;
constexpr char kSpanish[] = "es";
constexpr char kHaitianCreole[] = "ht";
constexpr char kEnglish[] = "en";

class PolicySwitchTest : public testing::Test {
 protected:
  PolicySwitchTest() {
    site_.clock().Advance(type::DeskMidnight(type::kDefaultPlace, kToday) + absl::Hours(12) -
                          site_.clock().Now());
    for (const char* nationality : {"CUB", "HTI", "NIC", "VEN"}) {
      for (int i = 0; i < 2; ++i) {
        testing_support::MakeUnitedStatesCase(nationality, Person());
        united_states_.push_back(Register());
      }
    }
    for (int i = 0; i < 3; ++i) {
      testing_support::MakeMexicanCase(type::FromDay(kToday - 10 * i), Person());
      mexican_.push_back(Register());
    }
    // For both the United States and work, for which the new pack asks one thing more.
    testing_support::MakeUnitedStatesCase("HTI", Person());
    SetAnswer(Person(), "seeks_work", true);
    both_ = Register();
    testing_support::MakeUnitedStatesCase("GTM", Person());
    none_ = Register();
    testing_support::MakeUnitedStatesCase("CUB", Person());
    withdrawn_ = Register();
    intake::v1::WithdrawCaseRequest withdrawal;
    withdrawal.set_name(withdrawn_);
    withdrawal.set_request_id(NewRequestId());
    EXPECT_TRUE(
        site_.As(kDesk).Call(&intake::v1::IntakeService::Stub::WithdrawCase, withdrawal).ok());
    EXPECT_TRUE(site_.Settle());
  }

  intake::v1::Person& Person() { return *registration_.mutable_case_()->mutable_people(0); }
  std::string Register() {
    registration_.set_request_id(NewRequestId());
    return site_.RegisterAndSettle(registration_);
  }

  // Cases that are not withdrawn, in order of their names.
  std::set<std::string> OpenCases() const {
    std::set<std::string> cases = {both_, none_};
    cases.insert(united_states_.begin(), united_states_.end());
    cases.insert(mexican_.begin(), mexican_.end());
    return cases;
  }

  static eligibility::v1::ProposePolicyRequest Request(const eligibility::v1::PolicyPack& pack) {
    eligibility::v1::ProposePolicyRequest request;
    *request.mutable_pack() = pack;
    request.set_reason_code("RULE_CHANGED");
    request.set_request_id(NewRequestId());
    return request;
  }
  // The number of the version that is answered, or the error.
  std::string Apply(const eligibility::v1::ProposePolicyRequest& request) {
    const auto answer =
        testing_support::ApplyAsTwo(site_.As(kOfficer), site_.As(testing_support::kSecondOfficer),
                                    &EligibilityService::Stub::ProposePolicy,
                                    &EligibilityService::Stub::ConfirmPolicy, request);
    return answer.ok() ? absl::StrCat(answer->number()) : Describe(answer.status());
  }
  // Waits until every case was screened by version `number` and everything of it was followed.
  bool WaitUntilScreenedBy(int number) {
    const std::string behind = absl::StrCat(
        "SELECT s.id FROM streams s LEFT JOIN applied a ON a.stream = s.id AND a.upstream = "
        "'policy' WHERE s.id NOT LIKE 'service/%' AND coalesce(a.number, 0) < ",
        number);
    return Eventually([&] { return site_.Sql("eligibility", behind).empty(); }) && site_.Settle();
  }
  void Switch() {
    ASSERT_EQ(Apply(Request(PackNamed("current"))), "2");
    ASSERT_TRUE(WaitUntilScreenedBy(2));
  }

  eligibility::v1::Screening ScreeningOf(const std::string& case_name,
                                         const std::string& language = kEnglish,
                                         eligibility::v1::Audience audience = {}) {
    eligibility::v1::GetScreeningRequest request;
    request.set_name(case_name + "/screening");
    request.set_language(language);
    request.set_audience(audience);
    const auto answer = site_.As(kDesk).Call(&EligibilityService::Stub::GetScreening, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.value_or(eligibility::v1::Screening());
  }
  std::map<std::string, eligibility::v1::Screening> Screenings() {
    std::map<std::string, eligibility::v1::Screening> screenings;
    for (const std::string& name : OpenCases()) screenings[name] = ScreeningOf(name);
    return screenings;
  }
  // What a version changed, by case.
  std::map<std::string, eligibility::v1::PolicyChange> Changes(const std::string& version = "") {
    eligibility::v1::ListPolicyChangesRequest request;
    request.set_page_size(5);  // So that it takes pages.
    if (!version.empty()) request.set_name("policyVersions/" + version);
    std::map<std::string, eligibility::v1::PolicyChange> changes;
    do {
      const auto page =
          site_.As(kOfficer).Call(&EligibilityService::Stub::ListPolicyChanges, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const auto& change : page->changes()) {
        const std::string name = change.screening().substr(0, change.screening().rfind('/'));
        EXPECT_TRUE(changes.emplace(name, change).second) << "twice: " << name;
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return changes;
  }
  // The determinations of a screening made again, which must be those that were recorded.
  std::string Replay(const std::string& case_name, int number, const std::string& version) {
    eligibility::v1::ReplayScreeningRequest request;
    request.set_name(case_name + "/screening");
    request.set_number(number);
    const auto answer =
        site_.As(kOfficer).Call(&EligibilityService::Stub::ReplayScreening, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    if (!answer.ok()) return "";
    EXPECT_TRUE(answer->same_bytes()) << answer->DebugString();
    EXPECT_TRUE(answer->same_outcomes());
    EXPECT_EQ(answer->policy_version(), version);
    EXPECT_EQ(answer->number(), number);
    EXPECT_EQ(testing_support::BytesOf(answer->recorded()),
              testing_support::BytesOf(answer->replayed()));
    return testing_support::BytesOf(answer->replayed());
  }

  std::vector<referral::v1::Referral> ReferralsOf(const std::string& case_name) {
    referral::v1::ListReferralsRequest request;
    request.set_parent(case_name);
    const auto page = site_.As(kDesk).Call(&ReferralService::Stub::ListReferrals, request);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return {};
    return {page->referrals().begin(), page->referrals().end()};
  }
  // "pathway STATE stage hold" of each referral, with a - for what is not there.
  std::vector<std::string> StandOf(const std::string& case_name) {
    std::vector<std::string> lines;
    for (const referral::v1::Referral& referral : ReferralsOf(case_name)) {
      EXPECT_EQ(referral.on_hold(), !referral.hold_reason().empty());
      const std::string state = referral::v1::ReferralState_Name(referral.state());
      lines.push_back(absl::StrCat(referral.pathway(), " ",
                                   state.substr(std::string("REFERRAL_STATE_").size()), " ",
                                   referral.stage().empty() ? "-" : referral.stage(), " ",
                                   referral.on_hold() ? referral.hold_reason() : "-"));
    }
    return lines;
  }
  // One action of unhcr-mx on r1 of a case.
  template <typename Action, typename Method>
  void Act(const std::string& case_name, Method method, Action request = {}) {
    request.set_name(case_name + "/referrals/r1");
    request.set_request_id(NewRequestId());
    const auto answer = site_.As(testing_support::kUnhcr).Call(method, request);
    ASSERT_TRUE(answer.ok()) << answer.status();
  }
  void Receive(const std::string& case_name) {
    Act<referral::v1::ReceiveReferralRequest>(case_name, &AgencyService::Stub::ReceiveReferral);
  }
  // Events of the cases in a service.
  std::vector<std::string> Events(const std::string& service) {
    return site_.Sql(service,
                     "SELECT stream || '/' || number || '/' || type FROM events WHERE stream NOT "
                     "LIKE 'service/%' ORDER BY 1");
  }
  std::vector<std::string> EventsOf(const std::string& service, const std::string& case_name) {
    return site_.Sql(service, absl::StrCat("SELECT number FROM events WHERE stream = '",
                                           case_name.substr(case_name.find('/') + 1), "'"));
  }

  testing_support::Site site_;
  intake::v1::RegisterCaseRequest registration_ = testing_support::Registration();
  std::vector<std::string> united_states_;
  std::vector<std::string> mexican_;
  std::string both_;
  std::string none_;
  std::string withdrawn_;
};

TEST_F(PolicySwitchTest, ListsExactlyWhatChangedAndWhy) {
  const auto before = Screenings();
  const std::vector<std::string> withdrawn_events = EventsOf("eligibility", withdrawn_);
  ASSERT_NO_FATAL_FAILURE(Switch());
  const auto after = Screenings();
  const auto changes = Changes();
  // The new pack adds pathways, so every open case has another screening.
  std::set<std::string> listed;
  for (const auto& [name, change] : changes) {
    listed.insert(name);
    ASSERT_TRUE(before.contains(name)) << name;
    EXPECT_EQ(change.number(), kScreenedAgain);
    EXPECT_EQ(testing_support::Told(change),
              testing_support::Seen(before.at(name), after.at(name)));
  }
  EXPECT_EQ(listed, OpenCases());
  // Of those: the pathways of the old pack that are told, and by what.
  const std::string halted = absl::StrCat(kUnitedStates, " p1 MEETS>MEETS ACTIVE>SUSPENDED");
  for (const std::string& name : united_states_) {
    const std::vector<std::string> told = testing_support::Told(changes.at(name));
    EXPECT_THAT(told, Contains(halted));
    EXPECT_THAT(told, Not(Contains(StartsWith(kMexico))));
    EXPECT_THAT(told, Not(Contains(StartsWith(kLabour))));
  }
  for (const std::string& name : mexican_) {
    EXPECT_THAT(testing_support::Told(changes.at(name)), Not(Contains(StartsWith(kMexico))));
  }
  EXPECT_THAT(testing_support::Told(changes.at(both_)),
              IsSupersetOf({halted, absl::StrCat(kLabour, " p1 MEETS>NEEDS_INFORMATION ",
                                                 "ACTIVE>ACTIVE")}));
  for (const auto& change : changes.at(both_).changes()) {
    EXPECT_THAT(change.tell(), Contains(eligibility::v1::RECIPIENT_PEOPLE));
    if (change.pathway() == kUnitedStates) {
      EXPECT_THAT(change.criteria(), IsEmpty()) << "it is the status alone";
      EXPECT_THAT(change.tell(), Contains(eligibility::v1::RECIPIENT_AGENCY));
    }
    if (change.pathway() == kLabour) {
      EXPECT_EQ(change.from(), eligibility::v1::OUTCOME_MEETS);
      EXPECT_EQ(change.to(), eligibility::v1::OUTCOME_NEEDS_INFORMATION);
      EXPECT_THAT(change.criteria(), ElementsAre("work-papers"));
      EXPECT_THAT(change.tell(), Contains(eligibility::v1::RECIPIENT_AGENCY));
    }
  }
  EXPECT_EQ(EventsOf("eligibility", withdrawn_), withdrawn_events);
  EXPECT_THAT(Changes("2023-07-28"), IsEmpty()) << "the first version changed nothing";
}

// The same rules under another name: every case is screened again, and none is told of.
TEST_F(PolicySwitchTest, CasesThatStayAsTheyAreGetNoEvent) {
  ASSERT_NO_FATAL_FAILURE(Switch());
  const std::vector<std::string> screened = Events("eligibility");
  const std::vector<std::string> referred = Events("referral");
  const auto switched = Changes("current");
  auto pack = PackNamed("current");
  pack.set_version("current-again");
  ASSERT_EQ(Apply(Request(pack)), "3");
  ASSERT_TRUE(WaitUntilScreenedBy(3));
  EXPECT_EQ(Events("eligibility"), screened);
  EXPECT_EQ(Events("referral"), referred);
  EXPECT_THAT(Changes(), IsEmpty());
  EXPECT_THAT(Changes("current"), SizeIs(switched.size())) << "the list of a version stays";
}

TEST_F(PolicySwitchTest, HoldsTheReferralsToTheUnitedStatesAndNoOthers) {
  const std::string taken = united_states_[1];
  const std::string rejected = united_states_[2];
  const std::string held = united_states_[3];
  Receive(taken);
  Act<referral::v1::AcceptReferralRequest>(taken, &AgencyService::Stub::AcceptReferral);
  referral::v1::ReportStageRequest stage;
  stage.set_stage("INTERVIEW_SCHEDULED");
  Act(taken, &AgencyService::Stub::ReportStage, stage);
  Receive(rejected);
  referral::v1::RejectReferralRequest rejection;
  rejection.set_reason_code("OUT_OF_SCOPE");
  Act(rejected, &AgencyService::Stub::RejectReferral, rejection);
  referral::v1::SetHoldRequest hold;
  hold.set_name(held + "/referrals/r1");
  hold.set_on_hold(true);
  hold.set_reason_code("PAPERS_MISSING");
  hold.set_request_id(NewRequestId());
  ASSERT_TRUE(site_.As(kDesk).Call(&ReferralService::Stub::SetHold, hold).ok());
  ASSERT_TRUE(site_.Settle());
  const std::string to_us = std::string(kUnitedStates) + " ";
  EXPECT_THAT(StandOf(united_states_[0]), ElementsAre(to_us + "SUBMITTED - -"));
  EXPECT_THAT(StandOf(taken), ElementsAre(to_us + "IN_PROGRESS INTERVIEW_SCHEDULED -"));
  ASSERT_NO_FATAL_FAILURE(Switch());

  for (const std::string& name : united_states_) {
    if (name == taken || name == rejected || name == held) continue;
    EXPECT_THAT(StandOf(name), ElementsAre(to_us + "SUBMITTED - " + kSuspended));
  }
  EXPECT_THAT(StandOf(taken), ElementsAre(to_us + "IN_PROGRESS INTERVIEW_SCHEDULED " + kSuspended));
  EXPECT_THAT(StandOf(rejected), ElementsAre(to_us + "REJECTED - -")) << "it has ended";
  EXPECT_THAT(StandOf(held), ElementsAre(to_us + "SUBMITTED - PAPERS_MISSING"))
      << "what people hold stays";
  for (const std::string& name : mexican_) {
    EXPECT_THAT(StandOf(name), ElementsAre(std::string(kMexico) + " SUBMITTED - -"));
  }
  // What the new pack asks besides is no reason to hold what was sent.
  EXPECT_THAT(StandOf(both_), ElementsAre(to_us + "SUBMITTED - " + kSuspended,
                                          std::string(kLabour) + " SUBMITTED - -"));
  EXPECT_THAT(StandOf(none_), IsEmpty());
  EXPECT_THAT(StandOf(withdrawn_), ElementsAre(to_us + "WITHDRAWN - -"));
  // The agency and the desk see the same.
  referral::v1::AgencyServiceGetReferralRequest seen;
  seen.set_name(taken + "/referrals/r1");
  const auto shown =
      site_.As(testing_support::kUnhcr).Call(&AgencyService::Stub::GetReferral, seen);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->hold_reason(), kSuspended);
  intake::v1::GetCaseStatusRequest ask;
  ask.set_name(both_ + "/status");
  const auto status = site_.As(kDesk).Call(&intake::v1::IntakeService::Stub::GetCaseStatus, ask);
  ASSERT_TRUE(status.ok()) << status.status();
  ASSERT_EQ(status->referrals_size(), 2);
  for (const auto& referral : status->referrals()) {
    EXPECT_EQ(referral.on_hold(), referral.pathway() == kUnitedStates);
  }
}

TEST_F(PolicySwitchTest, WhoComesAfterwardsIsScreenedByTheNewPackAndNotReferredThere) {
  ASSERT_NO_FATAL_FAILURE(Switch());
  testing_support::MakeUnitedStatesCase("VEN", Person());
  const std::string late = Register();
  const auto screening = ScreeningOf(late);
  for (const auto& determination : screening.determinations()) {
    EXPECT_EQ(determination.policy_version(), "current");
  }
  EXPECT_THAT(StandOf(late), IsEmpty());
  testing_support::MakeMexicanCase(type::FromDay(kToday), Person());
  EXPECT_THAT(StandOf(Register()), ElementsAre(std::string(kMexico) + " SUBMITTED - -"));
  EXPECT_THAT(Changes(), SizeIs(OpenCases().size())) << "it changed nothing for them";
}

// What the suspension is called, and that it is no decision.
struct Words {
  std::string suspended;
  std::string not_decided;
};

TEST_F(PolicySwitchTest, NamesTheSuspensionInThreeLanguages) {
  using eligibility::v1::AUDIENCE_PERSON;
  using eligibility::v1::AUDIENCE_STAFF;
  const std::map<std::string, std::map<eligibility::v1::Audience, Words>> expected = {
      {kSpanish,
       {{AUDIENCE_PERSON, {"detenida desde enero de 2025", "no una decisión"}},
        {AUDIENCE_STAFF, {"suspendidas desde el 27 de enero de 2025", "no una decisión"}}}},
      {kHaitianCreole,
       {{AUDIENCE_PERSON, {"kanpe depi janvye 2025", "pa yon desizyon"}},
        {AUDIENCE_STAFF, {"sispann depi 27 janvye 2025", "pa yon desizyon"}}}},
      {kEnglish,
       {{AUDIENCE_PERSON, {"stopped since January 2025", "not a decision"}},
        {AUDIENCE_STAFF, {"suspended since 27 January 2025", "not a decision"}}}}};
  const auto before = ExplanationOf(ScreeningOf(both_), kUnitedStates);
  EXPECT_THAT(before.status().text(), Not(HasSubstr("suspended")));
  ASSERT_NO_FATAL_FAILURE(Switch());
  for (const auto audience : {AUDIENCE_PERSON, AUDIENCE_STAFF}) {
    std::set<std::string> statuses;
    std::set<std::string> notices;
    std::set<std::string> outcomes;
    for (const auto& [language, by_audience] : expected) {
      SCOPED_TRACE(absl::StrCat(language, " ", audience));
      const Words& words = by_audience.at(audience);
      for (const std::string& name : {united_states_[0], both_}) {
        const auto screening = ScreeningOf(name, language, audience);
        ASSERT_EQ(screening.explanations_size(), screening.determinations_size());
        for (const auto& explanation : screening.explanations()) {
          EXPECT_EQ(explanation.language(), language);
          EXPECT_THAT(explanation.notice().text(), HasSubstr(words.not_decided));
          EXPECT_FALSE(explanation.title().text().empty());
        }
        EXPECT_THAT(screening.notice(), HasSubstr(words.not_decided));
        const auto& explanation = ExplanationOf(screening, kUnitedStates);
        EXPECT_THAT(explanation.status().text(), HasSubstr(words.suspended));
        EXPECT_FALSE(explanation.status_citation().empty());
        EXPECT_FALSE(explanation.outcome().text().empty());
        // No speaker has signed the texts yet.
        EXPECT_EQ(explanation.status().unreviewed(), language == kHaitianCreole);
        statuses.insert(explanation.status().text());
        notices.insert(explanation.notice().text());
        outcomes.insert(explanation.outcome().text());
      }
    }
    EXPECT_THAT(statuses, SizeIs(3));
    EXPECT_THAT(notices, SizeIs(3));
    EXPECT_THAT(outcomes, SizeIs(3));
  }
}

TEST_F(PolicySwitchTest, AReplayGivesTheSameBytesBeforeAndAfterAndLater) {
  std::map<std::string, std::string> first;
  for (const std::string& name : OpenCases()) {
    first[name] = Replay(name, kScreenedFirst, "2023-07-28");
    EXPECT_FALSE(first[name].empty());
  }
  ASSERT_NO_FATAL_FAILURE(Switch());
  std::map<std::string, std::string> second;
  for (const std::string& name : OpenCases()) {
    EXPECT_EQ(Replay(name, kScreenedFirst, "2023-07-28"), first[name]);
    second[name] = Replay(name, kScreenedAgain, "current");
    EXPECT_EQ(second[name], testing_support::BytesOf(ScreeningOf(name).determinations()));
    EXPECT_NE(second[name], first[name]);
  }
  // By the day of then, from the packs in the ledger: also after a restart, on a day on which the
  // period of those who came lately has passed.
  site_.Restart();
  site_.clock().Advance(absl::Hours(24) * 90);
  for (const std::string& name : OpenCases()) {
    EXPECT_EQ(Replay(name, kScreenedFirst, "2023-07-28"), first[name]);
    EXPECT_EQ(Replay(name, kScreenedAgain, "current"), second[name]);
  }
}

TEST_F(PolicySwitchTest, TheSamePackAgainDoesNothing) {
  const auto request = Request(PackNamed("current"));
  ASSERT_EQ(Apply(request), "2");
  ASSERT_TRUE(WaitUntilScreenedBy(2));
  const std::vector<std::string> screened = Events("eligibility");
  const std::vector<std::string> referred = Events("referral");
  EXPECT_EQ(Apply(request), "FAILED_PRECONDITION POLICY_IN_FORCE") << "the same request";
  EXPECT_EQ(Apply(Request(PackNamed("current"))), "FAILED_PRECONDITION POLICY_IN_FORCE");
  EXPECT_EQ(Apply(Request(PackNamed("2023-07-28"))), "FAILED_PRECONDITION POLICY_REPLACED");
  site_.Restart();
  ASSERT_TRUE(WaitUntilScreenedBy(2));
  EXPECT_EQ(Events("eligibility"), screened);
  EXPECT_EQ(Events("referral"), referred);
  EXPECT_THAT(
      site_.Sql("eligibility",
                "SELECT number FROM events WHERE stream = 'service/policy-ledger' ORDER BY number"),
      ElementsAre("1", "2"));
}

TEST_F(PolicySwitchTest, APackWithAFaultLeavesTheOldOneInPlace) {
  const std::vector<std::string> screened = Events("eligibility");
  // The suspension without its words in one language.
  auto silent = PackNamed("current");
  for (auto& catalogue : *silent.mutable_catalogues()) {
    if (catalogue.language() != kHaitianCreole) continue;
    for (auto& text : *catalogue.mutable_texts()) {
      if (text.key() == "us-refugee.suspended") text.set_key("us-refugee.unused");
    }
  }
  EXPECT_EQ(Apply(Request(silent)), "INVALID_ARGUMENT INVALID_POLICY_PACK");
  auto unsourced = PackNamed("current");
  unsourced.mutable_pathways(0)->mutable_statuses(0)->set_source("no-such-source");
  EXPECT_EQ(Apply(Request(unsourced)), "INVALID_ARGUMENT INVALID_POLICY_PACK");
  ASSERT_TRUE(WaitUntilScreenedBy(1));
  const auto versions = site_.As(kOfficer).Call(&EligibilityService::Stub::ListPolicyVersions,
                                                eligibility::v1::ListPolicyVersionsRequest());
  ASSERT_TRUE(versions.ok()) << versions.status();
  ASSERT_EQ(versions->versions_size(), 1);
  EXPECT_EQ(versions->versions(0).version(), "2023-07-28");
  EXPECT_EQ(Events("eligibility"), screened);
  EXPECT_THAT(StandOf(united_states_[0]),
              ElementsAre(std::string(kUnitedStates) + " SUBMITTED - -"));
  ASSERT_NO_FATAL_FAILURE(Switch());  // It stands in the way of no good one.
}

}  // namespace
}  // namespace pathways
