// Goal: an agency sees and hears of its own referrals, of all of them, and of nothing else. Method:
// one agency asks for another's, in every way; watches are resumed, cancelled and stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tests/rpc/site.h"
#include "tests/support/eventually.h"

namespace pathways {
namespace {

using referral::v1::AgencyService;
using referral::v1::Referral;
using testing::IsEmpty;
using testing_support::CallRaw;
using testing_support::kComar;
using testing_support::kUnhcr;
using testing_support::NewRequestId;
using testing_support::Registration;
using testing_support::Site;

constexpr char kNowhere[] = "cases/3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c/referrals/r1";

// One watch, read by hand.
class Watch {
 public:
  Watch(Site& site, const std::string& principal, const std::string& token = "")
      : stub_(AgencyService::NewStub(site.channel())) {
    site.Prepare(context_, principal);
    referral::v1::WatchReferralsRequest request;
    request.set_resume_token(token);
    reader_ = stub_->WatchReferrals(&context_, request);
  }

  // "name state" of the next changes. Fewer: the watch ended.
  std::vector<std::string> Read(int count) {
    std::vector<std::string> changes;
    referral::v1::WatchReferralsResponse response;
    while (static_cast<int>(changes.size()) < count && reader_->Read(&response)) {
      token = response.resume_token();
      changes.push_back(response.referral().name() + " " +
                        referral::v1::ReferralState_Name(response.referral().state()));
    }
    return changes;
  }
  void Cancel() { context_.TryCancel(); }
  // The status of a watch that has ended.
  grpc::Status Finish() { return reader_->Finish(); }

  std::string token;

 private:
  std::unique_ptr<AgencyService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<referral::v1::WatchReferralsResponse>> reader_;
};

class AgencyTest : public testing::Test {
 protected:
  absl::Status Receive(const std::string& principal, const std::string& name) {
    referral::v1::ReceiveReferralRequest request;
    request.set_name(name);
    request.set_request_id(NewRequestId());
    return site_.As(principal).Call(&AgencyService::Stub::ReceiveReferral, request).status();
  }
  static std::string Submitted(const std::string& case_name) {
    return case_name + "/referrals/r1 REFERRAL_STATE_SUBMITTED";
  }
  static std::string Received(const std::string& case_name) {
    return case_name + "/referrals/r1 REFERRAL_STATE_RECEIVED";
  }

  Site site_;
};

TEST_F(AgencyTest, AnothersReferralIsAnsweredLikeOneThatDoesNotExist) {
  const std::string others = site_.RegisterAndSettle() + "/referrals/r1";
  const char* const kMethods[] = {"GetReferral",      "ReceiveReferral", "AcceptReferral",
                                  "RejectReferral",   "ReturnReferral",  "ReportStage",
                                  "CompleteReferral", "CloseReferral",   "AnswerWithdrawal"};
  const auto compare = [&](const std::string& when) {
    for (const std::string method : kMethods) {
      const auto call = [&](const std::string& name) {
        const std::string full = "/pathways.referral.v1.AgencyService/" + method;
        const auto with = [&](auto request) {
          request.set_name(name);
          return CallRaw(site_.channel(), full, site_.token(kComar), request.SerializeAsString())
              .status;
        };
        const auto change = [&](auto request) {
          request.set_request_id(NewRequestId());
          request.set_etag("1");
          return with(request);
        };
        if (method == "GetReferral") return with(referral::v1::AgencyServiceGetReferralRequest());
        if (method == "ReceiveReferral") return change(referral::v1::ReceiveReferralRequest());
        if (method == "AcceptReferral") return change(referral::v1::AcceptReferralRequest());
        if (method == "CompleteReferral") return change(referral::v1::CompleteReferralRequest());
        if (method == "ReportStage") {
          referral::v1::ReportStageRequest request;
          request.set_stage("STAGE");
          return change(request);
        }
        if (method == "ReturnReferral") {
          referral::v1::ReturnReferralRequest request;
          request.add_fields_to_correct("identity.date_of_birth");
          return change(request);
        }
        if (method == "RejectReferral") {
          referral::v1::RejectReferralRequest request;
          request.set_reason_code("REASON");
          return change(request);
        }
        if (method == "CloseReferral") {
          referral::v1::CloseReferralRequest request;
          request.set_reason_code("REASON");
          return change(request);
        }
        referral::v1::AnswerWithdrawalRequest request;
        request.set_granted(true);
        return change(request);
      };
      // A message may repeat the name that was asked for.
      const auto told = [&](const std::string& name) {
        const grpc::Status status = call(name);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND) << method << when;
        return absl::StrReplaceAll(status.error_message() + status.error_details(), {{name, "X"}});
      };
      EXPECT_EQ(told(others), told(kNowhere)) << method << when;
    }
  };
  compare("");
  const std::string id = others.substr(6, 36);
  site_.Sql("referral", "INSERT INTO parked VALUES ('" + id + "', '', 0, 'TEST', 0)");
  compare(", parked");
  // Its own agency is told.
  EXPECT_EQ(testing_support::Describe(Receive(kUnhcr, others)),
            "FAILED_PRECONDITION STREAM_PARKED");
}

TEST_F(AgencyTest, AListHoldsTheAgencysOwn) {
  const std::string name = site_.RegisterAndSettle();
  const auto of = [&](const char* principal) {
    return site_.As(principal).Call(&AgencyService::Stub::ListReferrals, {})->referrals_size();
  };
  EXPECT_EQ(of(kUnhcr), 1);
  EXPECT_EQ(of(kComar), 0);
  referral::v1::AgencyServiceListReferralsRequest request;
  request.set_state(referral::v1::REFERRAL_STATE_RECEIVED);
  const auto received = [&] {
    return site_.As(kUnhcr).Call(&AgencyService::Stub::ListReferrals, request)->referrals_size();
  };
  EXPECT_EQ(received(), 0);
  ASSERT_TRUE(Receive(kUnhcr, name + "/referrals/r1").ok());
  EXPECT_EQ(received(), 1);
}

TEST_F(AgencyTest, AWatchTellsEveryChangeFromTheFirst) {
  const std::string one = site_.RegisterAndSettle();
  Watch watch(site_, kUnhcr);
  EXPECT_THAT(watch.Read(1), testing::ElementsAre(Submitted(one)));
  ASSERT_TRUE(Receive(kUnhcr, one + "/referrals/r1").ok());
  EXPECT_THAT(watch.Read(1), testing::ElementsAre(Received(one)));
  const std::string two = site_.RegisterAndSettle();
  EXPECT_THAT(watch.Read(1), testing::ElementsAre(Submitted(two)));
  watch.Cancel();
  EXPECT_THAT(watch.Read(1), IsEmpty());
  EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(AgencyTest, AWatchIsResumedWithoutAGap) {
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i) names.push_back(site_.RegisterAndSettle());
  std::string token;
  {
    Watch watch(site_, kUnhcr);
    ASSERT_EQ(watch.Read(2).size(), 2U);
    token = watch.token;
    watch.Cancel();
    watch.Finish();
  }
  site_.Restart();
  Watch watch(site_, kUnhcr, token);
  EXPECT_THAT(watch.Read(2), testing::ElementsAre(Submitted(names[2]), Submitted(names[3])));
  // Two changes right after one another: the token of the first names the second as next.
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(Receive(kUnhcr, names[i] + "/referrals/r1").ok());
  EXPECT_THAT(watch.Read(1), testing::ElementsAre(Received(names[0])));
  Watch next(site_, kUnhcr, watch.token);
  EXPECT_THAT(next.Read(1), testing::ElementsAre(Received(names[1])));
  for (Watch* one : {&watch, &next}) {
    one->Cancel();
    one->Finish();
  }
}

TEST_F(AgencyTest, ManyChangesWhileNobodyReadsAreAllTold) {
  constexpr int kCases = 300;  // More than a page of the watch.
  Watch watch(site_, kUnhcr);
  std::set<std::string> expected;
  for (int i = 0; i < kCases; ++i) {
    const auto registered =
        site_.As(testing_support::kDesk)
            .Call(&intake::v1::IntakeService::Stub::RegisterCase, Registration());
    ASSERT_TRUE(registered.ok());
    expected.insert(Submitted(registered->name()));
  }
  const std::vector<std::string> told = watch.Read(kCases);
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()), expected);
  watch.Cancel();
  watch.Finish();
}

TEST_F(AgencyTest, AWatchTellsNothingOfOthers) {
  const std::string name = site_.RegisterAndSettle();
  Watch other(site_, kComar);
  std::thread reader([&] { EXPECT_THAT(other.Read(1), IsEmpty()); });
  Watch own(site_, kUnhcr);
  EXPECT_EQ(own.Read(1).size(), 1U);
  ASSERT_TRUE(Receive(kUnhcr, name + "/referrals/r1").ok());
  EXPECT_EQ(own.Read(1).size(), 1U);
  other.Cancel();
  reader.join();
  EXPECT_EQ(other.Finish().error_code(), grpc::StatusCode::CANCELLED);
  own.Cancel();
  own.Finish();
}

TEST_F(AgencyTest, SeveralWatchesHearTheSameAndEndWhenTheServiceStops) {
  const std::string name = site_.RegisterAndSettle();
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < 8; ++i) watches.push_back(std::make_unique<Watch>(site_, kUnhcr));
  for (const auto& watch : watches) {
    EXPECT_THAT(watch->Read(1), testing::ElementsAre(Submitted(name)));
  }
  watches.back()->Cancel();  // One that goes takes no other with it.
  ASSERT_TRUE(Receive(kUnhcr, name + "/referrals/r1").ok());
  watches.pop_back();
  for (const auto& watch : watches) {
    EXPECT_THAT(watch->Read(1), testing::ElementsAre(Received(name)));
  }
  std::thread stop([&] { site_.Stop(); });
  for (const auto& watch : watches) {
    EXPECT_THAT(watch->Read(1), IsEmpty());
    EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  stop.join();
}

TEST_F(AgencyTest, WatchesThatComeAndGoWhileChangesAreMade) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 25; ++k) {
        Watch watch(site_, kUnhcr);
        if (k % 2 == 0) watch.Read(1);
        watch.Cancel();
        watch.Finish();
      }
    });
  }
  for (int i = 0; i < 20; ++i) site_.RegisterAndSettle();
  for (std::thread& thread : threads) thread.join();
  // The places of those that went are free once the service has noticed.
  const bool told = testing_support::Eventually([&] {
    Watch watch(site_, kUnhcr);
    const bool all = watch.Read(20).size() == 20;
    watch.Cancel();
    watch.Finish();
    return all;
  });
  EXPECT_TRUE(told);
}

TEST_F(AgencyTest, ATokenOfAnotherStoreBeginsAtTheFirstAndNoTokenIsRefused) {
  const std::string name = site_.RegisterAndSettle();
  {
    Site other;
    other.RegisterAndSettle();
    other.RegisterAndSettle();
    Watch watch(other, kUnhcr);
    ASSERT_EQ(watch.Read(2).size(), 2U);
    Watch here(site_, kUnhcr, watch.token);
    EXPECT_THAT(here.Read(1), testing::ElementsAre(Submitted(name)));
    here.Cancel();
    here.Finish();
    watch.Cancel();
    watch.Finish();
  }
  for (const char* token : {"none", "MS8", "!!!", "MS94LzE", "MS8vLTE"}) {
    Watch watch(site_, kUnhcr, token);
    if (watch.Read(1).empty()) {
      EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT) << token;
    } else {
      // "1/x/1": well formed, of no store that is known.
      EXPECT_STREQ(token, "MS94LzE");
      watch.Cancel();
      watch.Finish();
    }
  }
}

// What an agency reads of a referral whose door is closed, beside its name.
bool IsNumberAndState(const Referral& referral) {
  Referral shown;
  shown.set_name(referral.name());
  shown.set_state(referral.state());
  *shown.mutable_create_time() = referral.create_time();
  *shown.mutable_update_time() = referral.update_time();
  shown.set_etag(referral.etag());
  return shown.SerializeAsString() == referral.SerializeAsString();
}

// Drives referrals to where their door is open or closed, and asks for them in every way that
// AgencyService has.
class DoorTest : public AgencyTest {
 protected:
  using Answer = absl::StatusOr<Referral>;

  // One action of the agency, by the name of its method.
  Answer Act(const std::string& method, const std::string& name) {
    const auto call = [&](auto rpc, auto request) -> Answer {
      request.set_name(name);
      request.set_request_id(NewRequestId());
      return site_.As(kUnhcr).Call(rpc, request);
    };
    if (method == "Receive") {
      return call(&AgencyService::Stub::ReceiveReferral, referral::v1::ReceiveReferralRequest());
    }
    if (method == "Accept") {
      return call(&AgencyService::Stub::AcceptReferral, referral::v1::AcceptReferralRequest());
    }
    if (method == "Complete") {
      return call(&AgencyService::Stub::CompleteReferral, referral::v1::CompleteReferralRequest());
    }
    if (method == "Reject") {
      referral::v1::RejectReferralRequest request;
      request.set_reason_code("REASON");
      return call(&AgencyService::Stub::RejectReferral, request);
    }
    if (method == "Close") {
      referral::v1::CloseReferralRequest request;
      request.set_reason_code("REASON");
      return call(&AgencyService::Stub::CloseReferral, request);
    }
    if (method == "Return") {
      referral::v1::ReturnReferralRequest request;
      request.add_fields_to_correct("needs");
      return call(&AgencyService::Stub::ReturnReferral, request);
    }
    if (method == "Report") {
      referral::v1::ReportStageRequest request;
      request.set_stage("STAGE");
      return call(&AgencyService::Stub::ReportStage, request);
    }
    referral::v1::AnswerWithdrawalRequest request;
    request.set_granted(method == "Grant");
    request.set_reason_code("REASON");
    return call(&AgencyService::Stub::AnswerWithdrawal, request);
  }

  // What the staff do at intake and at referral.
  void Do(const std::string& step, const std::string& name) {
    const std::string case_name = name.substr(0, name.find("/referrals"));
    if (step == "withdraw") {
      referral::v1::WithdrawReferralRequest request;
      request.set_name(name);
      request.set_request_id(NewRequestId());
      const auto done = site_.As(testing_support::kDesk)
                            .Call(&referral::v1::ReferralService::Stub::WithdrawReferral, request);
      ASSERT_TRUE(done.ok()) << done.status();
    } else if (step == "no consent") {
      intake::v1::UpdateCaseRequest request;
      request.mutable_case_()->set_name(case_name);
      request.mutable_case_()->set_consent(false);
      request.mutable_update_mask()->add_paths("consent");
      request.set_request_id(NewRequestId());
      const auto done = site_.As(testing_support::kDesk)
                            .Call(&intake::v1::IntakeService::Stub::UpdateCase, request);
      ASSERT_TRUE(done.ok()) << done.status();
    } else if (step == "no case") {
      intake::v1::WithdrawCaseRequest request;
      request.set_name(case_name);
      request.set_request_id(NewRequestId());
      const auto done = site_.As(testing_support::kDesk)
                            .Call(&intake::v1::IntakeService::Stub::WithdrawCase, request);
      ASSERT_TRUE(done.ok()) << done.status();
    } else {
      const Answer answer = Act(step, name);
      ASSERT_TRUE(answer.ok()) << step << ": " << answer.status();
    }
    ASSERT_TRUE(site_.Settle());
  }

  static void Expect(const Referral& referral, bool open, const std::string& where) {
    if (open) {
      EXPECT_GT(referral.people_size(), 0) << where;
    } else {
      EXPECT_TRUE(IsNumberAndState(referral)) << where << referral.ShortDebugString();
    }
  }

  // The reads.
  void ExpectReads(const std::string& name, bool open, const std::string& where) {
    referral::v1::AgencyServiceGetReferralRequest get;
    get.set_name(name);
    const Answer got = site_.As(kUnhcr).Call(&AgencyService::Stub::GetReferral, get);
    ASSERT_TRUE(got.ok()) << where;
    Expect(*got, open, where + ", get ");
    for (const auto state : {referral::v1::REFERRAL_STATE_UNSPECIFIED, got->state()}) {
      referral::v1::AgencyServiceListReferralsRequest list;
      list.set_state(state);
      list.set_page_size(1000);
      const auto listed = site_.As(kUnhcr).Call(&AgencyService::Stub::ListReferrals, list);
      ASSERT_TRUE(listed.ok()) << where;
      int found = 0;
      for (const Referral& referral : listed->referrals()) {
        if (referral.name() != name) continue;
        Expect(referral, open, where + ", list ");
        ++found;
      }
      EXPECT_EQ(found, 1) << where;
    }
  }

  // Every change of the log, as a watch that begins now is told of it.
  void ExpectWatched(const std::map<std::string, bool>& open, int changes) {
    std::unique_ptr<AgencyService::Stub> stub = AgencyService::NewStub(site_.channel());
    grpc::ClientContext context;
    site_.Prepare(context, kUnhcr);
    const auto reader = stub->WatchReferrals(&context, {});
    referral::v1::WatchReferralsResponse response;
    for (int i = 0; i < changes; ++i) {
      ASSERT_TRUE(reader->Read(&response));
      const Referral& referral = response.referral();
      Expect(referral, open.at(referral.name()), "watch ");
    }
    context.TryCancel();
    reader->Finish();
  }
};

struct Way {
  std::vector<std::string> steps;
  bool open;  // The agency reads the referral at their end.
};

const Way kWays[] = {{{}, true},
                     {{"Receive"}, true},
                     {{"Receive", "Return"}, true},
                     {{"Receive", "Accept"}, true},
                     {{"Receive", "Accept", "Report"}, true},
                     {{"Receive", "Accept", "withdraw"}, true},
                     {{"Receive", "Accept", "withdraw", "Refuse"}, true},
                     {{"Receive", "Reject"}, false},
                     {{"Receive", "Accept", "Complete"}, false},
                     {{"Receive", "Accept", "Close"}, false},
                     {{"withdraw"}, false},
                     {{"no consent"}, false},
                     {{"no case"}, false},
                     {{"Receive", "no consent"}, false},
                     {{"Receive", "Accept", "no consent"}, false},
                     {{"Receive", "Accept", "no case"}, false},
                     {{"Receive", "Accept", "no consent", "Refuse"}, false},
                     {{"Receive", "Accept", "no case", "Refuse"}, false},
                     {{"Receive", "Accept", "withdraw", "Grant"}, false}};

TEST_F(DoorTest, IsClosedToEveryMethodOnceTheReferralOrTheConsentHasEnded) {
  const char* const kActions[] = {"Receive", "Accept",   "Reject", "Return", "Report",
                                  "Close",   "Complete", "Grant",  "Refuse"};
  std::map<std::string, bool> open;
  for (const Way& way : kWays) {
    const std::string name = site_.RegisterAndSettle() + "/referrals/r1";
    for (const std::string& step : way.steps) Do(step, name);
    const std::string where = absl::StrJoin(way.steps, ", ");
    ExpectReads(name, way.open, where);
    open[name] = way.open;
    // The answers of actions. One that succeeds may close the door, and none opens it.
    for (const std::string action : kActions) {
      if (way.open && (action == "Reject" || action == "Close" || action == "Complete")) continue;
      const Answer answer = Act(action, name);
      if (!answer.ok()) continue;
      const bool granted = answer->state() == referral::v1::REFERRAL_STATE_WITHDRAWN;
      open[name] = way.open && !granted;
      Expect(*answer, open[name], where + ", " + action + " ");
    }
  }
  const std::vector<std::string> count =
      site_.Sql("referral",
                "SELECT count(*) FROM events WHERE type LIKE '%ReferralSubmitted%' OR "
                "type LIKE '%ReferralChanged%'");
  int changes = 0;
  ASSERT_TRUE(absl::SimpleAtoi(count.at(0), &changes));
  ExpectWatched(open, changes);
}

TEST_F(DoorTest, ClosesInTheAnswerThatEndsTheReferral) {
  for (const std::string end : {"Reject", "Complete", "Close"}) {
    const std::string name = site_.RegisterAndSettle() + "/referrals/r1";
    Do("Receive", name);
    if (end != "Reject") Do("Accept", name);
    const Answer answer = Act(end, name);
    ASSERT_TRUE(answer.ok());
    Expect(*answer, /*open=*/false, end);
  }
}

TEST_F(AgencyTest, AnAgencyHasABoundedNumberOfWatches) {
  site_.RegisterAndSettle();
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < 16; ++i) {
    watches.push_back(std::make_unique<Watch>(site_, kUnhcr));
    EXPECT_EQ(watches.back()->Read(1).size(), 1U);
  }
  Watch refused(site_, kUnhcr);
  EXPECT_THAT(refused.Read(1), IsEmpty());
  const grpc::Status status = refused.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_details(), testing::HasSubstr("WATCHES_FULL"));
  // Another agency is not concerned.
  Watch other(site_, kComar);
  std::thread reader([&] { other.Read(1); });
  other.Cancel();
  reader.join();
  EXPECT_EQ(other.Finish().error_code(), grpc::StatusCode::CANCELLED);
  for (const auto& watch : watches) {
    watch->Cancel();
    watch->Finish();
  }
  // A place is free again once the service has noticed.
  const bool again = testing_support::Eventually([&] {
    Watch watch(site_, kUnhcr);
    const bool begun = watch.Read(1).size() == 1;
    watch.Cancel();
    watch.Finish();
    return begun;
  });
  EXPECT_TRUE(again);
}

}  // namespace
}  // namespace pathways
