// Goal: over Kafka and PostgreSQL, with two replicas of each program, switching the caseload to
// policies/current reaches every case once: what changed is listed, the holds arrive at referral by
// the topic, a replay gives the same bytes on either replica; also when the replica that screens
// again is killed amid it. Method: the built programs and the command line as child processes; the
// databases and the topics are read at the end.
#include "tests/support/policy_switch.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pathways/eligibility/v1/eligibility_service.grpc.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/base/clock.h"
#include "services/base/ids.h"
#include "services/host/principal.h"
#include "services/type/dates.h"
#include "services/type/desk.h"
#include "services/type/names.h"
#include "tests/distributed/deployment.h"
#include "tests/distributed/topic_check.h"
#include "tests/support/eventually.h"
#include "tests/support/switch_check.h"
#include "tests/support/two_officers.h"

namespace pathways {
namespace {

using eligibility::v1::EligibilityService;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using testing_support::Deployment;
using testing_support::Eventually;
using testing_support::kMexico;
using testing_support::kSuspended;
using testing_support::kUnitedStates;
using testing_support::Stores;

constexpr char kOfficer[] = "staff/policy";
constexpr char kSecond[] = "staff/policy-2";
constexpr int kFew = 6;
constexpr int kMany = 40;

// One of three is for Mexico, and stays as it is.
bool IsMexican(int index) { return index % 3 == 0; }

class DistributedSwitchTest : public testing::Test {
 protected:
  void Start(const testing_support::DeploymentOptions& options, int cases) {
    deployment_.emplace(options);
    ASSERT_TRUE(deployment_->Start()) << deployment_->Logs();
    for (int i = 0; i < cases; ++i) {
      const absl::StatusOr<std::string> id = Register(i);
      ASSERT_TRUE(id.ok()) << id.status();
      holds_[*id] = IsMexican(i) ? "" : kSuspended;
    }
    Stores stores(deployment_->databases());
    ASSERT_TRUE(Eventually([&] { return HaveReferrals(stores) && AreScreenedBy(stores, 1); }))
        << deployment_->Logs();
  }

  absl::StatusOr<std::string> Register(int index) {
    auto request = testing_support::RegistrationOf("switch", index, history_);
    intake::v1::Person& person = *request.mutable_case_()->mutable_people(0);
    if (IsMexican(index)) {
      // Lately, by the clock of the programs: the filing period runs.
      const absl::CivilDay today = type::DeskDay(type::kDefaultPlace, base::SystemClock().Now());
      testing_support::MakeMexicanCase(type::FromDay(today - 7), person);
    } else {
      testing_support::MakeUnitedStatesCase("HTI", person);
    }
    const auto registered = deployment_->CallerTo("intake").Call(
        &intake::v1::IntakeService::Stub::RegisterCase, request);
    if (!registered.ok()) return registered.status();
    return registered->name().substr(registered->name().find('/') + 1);
  }

  // Every case has its one referral.
  bool HaveReferrals(Stores& stores) {
    for (const auto& [id, unused] : holds_) {
      referral::v1::ReferralCaseState state;
      const auto row = stores.referral().store->ReadState(id);
      if (!row.ok() || !state.ParseFromString(row->state.open)) return false;
      if (state.referrals_size() != 1) return false;
    }
    return true;
  }

  eligibility::v1::Screening ScreeningOf(const std::string& id, int replica) {
    eligibility::v1::GetScreeningRequest request;
    request.set_name(absl::StrCat("cases/", id, "/screening"));
    const auto answer = deployment_->CallerTo("eligibility", replica)
                            .Call(&EligibilityService::Stub::GetScreening, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.value_or(eligibility::v1::Screening());
  }
  std::map<std::string, eligibility::v1::Screening> Screenings(int replica) {
    std::map<std::string, eligibility::v1::Screening> screenings;
    for (const auto& [id, unused] : holds_) screenings[id] = ScreeningOf(id, replica);
    return screenings;
  }
  // The last screening as it is recorded and made again, or the one of a number.
  std::string Replay(const std::string& id, int64_t number, int replica) {
    eligibility::v1::ReplayScreeningRequest request;
    request.set_name(absl::StrCat("cases/", id, "/screening"));
    request.set_number(number);
    const auto answer = deployment_->CallerTo("eligibility", replica, kOfficer)
                            .Call(&EligibilityService::Stub::ReplayScreening, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    if (!answer.ok()) return "";
    EXPECT_TRUE(answer->same_bytes()) << answer->DebugString();
    EXPECT_EQ(testing_support::BytesOf(answer->recorded()),
              testing_support::BytesOf(answer->replayed()));
    return testing_support::BytesOf(answer->replayed());
  }

  absl::Status Apply(int replica) {
    eligibility::v1::ProposePolicyRequest request;
    *request.mutable_pack() = testing_support::PackNamed("current");
    request.set_reason_code("RULE_CHANGED");
    request.set_request_id(base::UuidOf("switch"));
    return testing_support::ApplyAsTwo(deployment_->CallerTo("eligibility", replica, kOfficer),
                                       deployment_->CallerTo("eligibility", replica, kSecond),
                                       &EligibilityService::Stub::ProposePolicy,
                                       &EligibilityService::Stub::ConfirmPolicy, request)
        .status();
  }
  // Runs a command as a principal against a service.
  std::string RunAs(const std::string& principal, const std::string& service, int replica,
                    std::vector<std::string> command) {
    const testing_support::TempFolder folder;
    const std::string file = folder.path() + "/token";
    std::ofstream(file) << host::ReadToken(deployment_->tokens(), principal).value_or("");
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    for (const std::string& flag :
         {std::string("--address"), deployment_->Address(service, replica),
          std::string("--token-file"), file}) {
      command.push_back(flag);
    }
    return deployment_->Run(command);
  }

  // Waits until nothing is missing and nothing is twice, in the databases and in the topics.
  void ExpectSwitchedOnce() {
    Stores stores(deployment_->databases());
    std::vector<std::string> faults;
    EXPECT_TRUE(Eventually([&] {
      faults = FaultsAfterSwitch(stores, holds_);
      return faults.empty() && AreScreenedBy(stores, 2);
    })) << deployment_->Logs();
    EXPECT_THAT(faults, IsEmpty());
    EXPECT_TRUE(Eventually([&] {
      return testing_support::CheckTopics(deployment_->prefix(), deployment_->databases())
          .IsClean();
    }));
    const testing_support::Verdict topics =
        testing_support::CheckTopics(deployment_->prefix(), deployment_->databases());
    EXPECT_TRUE(topics.IsClean()) << topics;
  }

  std::optional<Deployment> deployment_;
  testing_support::History history_;
  std::map<std::string, std::string> holds_;  // Why the referral of a case is held at the end.
};

TEST_F(DistributedSwitchTest, IsListedHeldExplainedAndReplayed) {
  ASSERT_NO_FATAL_FAILURE(Start({.replicas = 2}, kFew));
  const auto before = Screenings(1);
  std::map<std::string, std::string> replayed;
  for (const auto& [id, unused] : holds_) replayed[id] = Replay(id, 0, 1);
  // At the replica that was started last, which does not lead.
  type::v1::LedgerProposal proposal;
  const std::string proposed =
      RunAs(kOfficer, "eligibility", 2,
            {"policy", "propose", std::string(PATHWAYS_SOURCE_DIR) + "/policies/current",
             "--reason", "RULE_CHANGED", "--replaces", "2023-07-28", "--output", "json"});
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(proposed, &proposal).ok()) << proposed;
  const std::string applied =
      RunAs(kSecond, "eligibility", 2, {"policy", "confirm", proposal.digest()});
  ASSERT_THAT(applied, HasSubstr("policyVersions/current")) << deployment_->Logs();
  ASSERT_NO_FATAL_FAILURE(ExpectSwitchedOnce());

  const auto after = Screenings(2);
  eligibility::v1::ListPolicyChangesRequest list;
  list.set_name("policyVersions/current");
  const auto changes = deployment_->CallerTo("eligibility", 1, kOfficer)
                           .Call(&EligibilityService::Stub::ListPolicyChanges, list);
  ASSERT_TRUE(changes.ok()) << changes.status();
  ASSERT_THAT(changes->changes(), SizeIs(holds_.size()));
  for (const auto& change : changes->changes()) {
    const std::string id = *type::ParseSingletonName(change.screening(), "screening");
    const std::vector<std::string> told = testing_support::Told(change);
    EXPECT_EQ(told, testing_support::Seen(before.at(id), after.at(id)));
    const std::string halted = absl::StrCat(kUnitedStates, " p1 MEETS>MEETS ACTIVE>SUSPENDED");
    EXPECT_EQ(testing::Matches(Contains(halted))(told), !holds_.at(id).empty());
    EXPECT_THAT(told, Each(Not(StartsWith(kMexico)))) << "it stays as it is";
  }
  for (const int replica : {1, 2}) {
    for (const auto& [id, bytes] : replayed) {
      EXPECT_EQ(Replay(id, 2, replica), bytes) << "the one before";
      EXPECT_EQ(Replay(id, 0, replica), testing_support::BytesOf(after.at(id).determinations()));
    }
  }
  // As a desk reads it out.
  const auto held = std::find_if(holds_.begin(), holds_.end(),
                                 [](const auto& hold) { return !hold.second.empty(); });
  const std::map<std::string, std::pair<std::string, std::string>> expected = {
      {"es", {"detenida desde enero de 2025", "no una decisión"}},
      {"ht", {"kanpe depi janvye 2025", "pa yon desizyon"}},
      {"en", {"stopped since January 2025", "not a decision"}}};
  for (const auto& [language, words] : expected) {
    const std::string shown =
        RunAs("staff/desk", "eligibility", 1,
              {"screening", "get", held->first, "--language", language, "--plain"});
    EXPECT_THAT(shown, HasSubstr(words.first)) << language;
    EXPECT_THAT(shown, HasSubstr(words.second)) << language;
  }
  EXPECT_TRUE(deployment_->Terminate());
}

TEST_F(DistributedSwitchTest, OutlivesTheReplicaThatScreensAgain) {
  // Each case is a transaction of its own, so that the kill comes between them.
  ASSERT_NO_FATAL_FAILURE(
      Start({.replicas = 2, .flags = {"--sweep-seconds", "1", "--batch-max", "1"}}, kMany));
  ASSERT_TRUE(Apply(1).ok());
  {
    Stores stores(deployment_->databases());
    // Replica 1 was started first, so it leads.
    ASSERT_TRUE(Eventually([&] { return IsAnyScreenedBy(stores, 2); }));
  }
  deployment_->Kill("eligibility");
  ASSERT_TRUE(deployment_->WaitUntilKilled("eligibility"));
  ExpectSwitchedOnce();
}

}  // namespace
}  // namespace pathways
