// Goal: operators see what does not move and mend it, and services read facts without identity.
// Method: one site; a case is parked by hand in its database, as a bad event would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pathways/stream/v1/stream_service.grpc.pb.h"
#include "services/host/grpc/stream_client.h"
#include "services/type/facts.h"
#include "tests/rpc/site.h"
#include "tests/support/eventually.h"

namespace pathways {
namespace {

using operations::v1::OperationsService;
using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Describe;
using testing_support::Eventually;
using testing_support::kDesk;
using testing_support::kOperator;
using testing_support::kPlanted;
using testing_support::NewRequestId;
using testing_support::Site;

constexpr char kNowhere[] = "3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c";

std::string IdOf(const std::string& case_name) { return case_name.substr(case_name.find('/') + 1); }

class OperationsTest : public testing::Test {
 protected:
  // "service name reason" of what is parked.
  std::vector<std::string> Parked(const std::string& service = "") {
    operations::v1::ListParkedCasesRequest request;
    request.set_service(service);
    const auto response =
        site_.As(kOperator).Call(&OperationsService::Stub::ListParkedCases, request);
    std::vector<std::string> parked;
    for (const auto& entry : response->cases()) {
      parked.push_back(absl::StrCat(entry.service(), " ", entry.name(), " ", entry.reason()));
    }
    return parked;
  }
  // "service name number reason" of what is withheld.
  std::vector<std::string> Withheld(const std::string& service = "") {
    operations::v1::ListWithheldCasesRequest request;
    request.set_service(service);
    const auto response =
        site_.As(kOperator).Call(&OperationsService::Stub::ListWithheldCases, request);
    EXPECT_TRUE(response.ok()) << response.status();
    if (!response.ok()) return {};
    std::vector<std::string> withheld;
    for (const auto& entry : response->cases()) {
      withheld.push_back(absl::StrCat(entry.service(), " ", entry.name(), " ", entry.number(), " ",
                                      entry.reason()));
    }
    return withheld;
  }
  // "service name kind stage" of what is stuck.
  std::vector<std::string> Stuck(int hours = 0) {
    operations::v1::ListStuckCasesRequest request;
    request.set_hours(hours);
    const auto response =
        site_.As(kOperator).Call(&OperationsService::Stub::ListStuckCases, request);
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<std::string> stuck;
    for (const auto& entry : response->cases()) {
      stuck.push_back(absl::StrCat(entry.service(), " ", entry.name(), " ",
                                   operations::v1::StuckKind_Name(entry.kind()), " ",
                                   entry.stage()));
    }
    return stuck;
  }
  absl::StatusOr<operations::v1::RedriveCaseResponse> Redrive(const std::string& service,
                                                              const std::string& name) {
    operations::v1::RedriveCaseRequest request;
    request.set_service(service);
    request.set_name(name);
    return site_.As(kOperator).Call(&OperationsService::Stub::RedriveCase, request);
  }
  std::string ReferralState(const std::string& case_name) {
    referral::v1::GetReferralRequest request;
    request.set_name(case_name + "/referrals/r1");
    const auto referral =
        site_.As(kDesk).Call(&referral::v1::ReferralService::Stub::GetReferral, request);
    return referral.ok() ? referral::v1::ReferralState_Name(referral->state()) : "none";
  }
  void Withdraw(const std::string& name) {
    intake::v1::WithdrawCaseRequest request;
    request.set_name(name);
    request.set_request_id(NewRequestId());
    ASSERT_TRUE(site_.As(kDesk).Call(&intake::v1::IntakeService::Stub::WithdrawCase, request).ok());
  }

  Site site_;
};

TEST_F(OperationsTest, AParkedCaseIsListedAndAppliedOnceItIsDrivenAgain) {
  const std::string name = site_.RegisterAndSettle();
  const std::string other = site_.RegisterAndSettle();
  EXPECT_THAT(Parked(), IsEmpty());
  site_.Sql("referral",
            absl::StrCat("INSERT INTO parked VALUES ('", IdOf(name), "', 'intake', 2, 'TEST', 0)"));
  Withdraw(name);
  Withdraw(other);
  ASSERT_TRUE(Eventually([&] { return ReferralState(other) == "REFERRAL_STATE_WITHDRAWN"; }));
  EXPECT_EQ(ReferralState(name), "REFERRAL_STATE_SUBMITTED");
  EXPECT_THAT(Parked(), ElementsAre("referral " + name + " TEST"));
  EXPECT_THAT(Parked("referral"), ElementsAre("referral " + name + " TEST"));
  EXPECT_THAT(Parked("intake"), IsEmpty());
  EXPECT_THAT(Stuck(), ElementsAre("referral " + name + " STUCK_KIND_PARKED TEST"));
  const auto redriven = Redrive("referral", name);
  ASSERT_TRUE(redriven.ok()) << redriven.status();
  EXPECT_TRUE(redriven->was_parked());
  EXPECT_TRUE(Eventually([&] { return ReferralState(name) == "REFERRAL_STATE_WITHDRAWN"; }));
  EXPECT_THAT(Parked(), IsEmpty());
  EXPECT_FALSE(Redrive("referral", name)->was_parked());
}

// They go on, so nothing else tells which they are.
TEST_F(OperationsTest, CasesThatAreNotPublishedAreListed) {
  const std::string name = site_.RegisterAndSettle();
  EXPECT_THAT(Withheld(), IsEmpty());
  site_.Sql("intake", absl::StrCat("INSERT INTO withheld VALUES ('", IdOf(name),
                                   "', 2, 'RECORD_TOO_LARGE', 0)"));
  site_.Sql("eligibility",
            "INSERT INTO withheld VALUES ('service/policy-ledger', 1, 'RECORD_TOO_LARGE', 0)");
  EXPECT_THAT(Withheld(), ElementsAre("intake " + name + " 2 RECORD_TOO_LARGE",
                                      "eligibility service/policy-ledger 1 RECORD_TOO_LARGE"));
  EXPECT_THAT(Withheld("intake"), ElementsAre("intake " + name + " 2 RECORD_TOO_LARGE"));
  EXPECT_THAT(Withheld("referral"), IsEmpty());
  operations::v1::ListWithheldCasesRequest request;
  request.set_service("dashboard");
  request.set_limit(1001);
  const auto refused =
      site_.As(kOperator).Call(&OperationsService::Stub::ListWithheldCases, request);
  EXPECT_EQ(cli::FailureOf(refused.status()).violations.size(), 2U);
  EXPECT_EQ(Describe(site_.As(kDesk)
                         .Call(&OperationsService::Stub::ListWithheldCases,
                               operations::v1::ListWithheldCasesRequest())
                         .status()),
            "PERMISSION_DENIED ROLE_REQUIRED");
}

TEST_F(OperationsTest, ManyParkedCasesHideNoneThatIsBehind) {
  const std::string name = site_.RegisterAndSettle();
  // As many as a puller reads at once, and longer behind.
  for (int i = 0; i < 300; ++i) {
    const std::string id = absl::StrCat("00000000-0000-4000-8000-", 100'000'000'000 + i);
    site_.Sql("referral", "INSERT INTO parked VALUES ('" + id + "', 'intake', 1, 'TEST', 0)");
    site_.Sql("referral", "INSERT INTO behind VALUES ('" + id + "', 'intake', 1, 0)");
  }
  // What the consumer passed over when it was parked is fetched by the puller.
  site_.Sql("referral",
            absl::StrCat("INSERT INTO parked VALUES ('", IdOf(name), "', 'intake', 2, 'TEST', 0)"));
  Withdraw(name);
  ASSERT_TRUE(site_.Settle());
  ASSERT_TRUE(Redrive("referral", name)->was_parked());
  EXPECT_TRUE(Eventually([&] { return ReferralState(name) == "REFERRAL_STATE_WITHDRAWN"; }));
}

TEST_F(OperationsTest, ACaseIsStuckAfterTheHours) {
  const std::string name = site_.RegisterAndSettle();
  const auto referral =
      "referral " + name + "/referrals/r1 STUCK_KIND_NO_PROGRESS REFERRAL_STATE_SUBMITTED";
  const struct {
    absl::Duration after;
    int hours;
    bool is_stuck;
  } rows[] = {
      {absl::ZeroDuration(), 1, false},
      {absl::Hours(1) - absl::Seconds(1), 1, false},
      {absl::Hours(1) + absl::Seconds(1), 1, true},
      {absl::Hours(72) - absl::Seconds(1), 0, false},
      {absl::Hours(72) + absl::Seconds(1), 0, true},
      {absl::Hours(72) + absl::Seconds(1), 73, false},
  };
  const absl::Time start = site_.clock().Now();
  for (const auto& row : rows) {
    site_.clock().Set(start + row.after);
    const std::vector<std::string> stuck = Stuck(row.hours);
    EXPECT_EQ(std::count(stuck.begin(), stuck.end(), referral), row.is_stuck ? 1 : 0)
        << row.after << " " << row.hours;
  }
}

TEST_F(OperationsTest, WhatIsNotUnderstoodIsRefused) {
  const std::string name = absl::StrCat("cases/", kNowhere);
  EXPECT_FALSE(Redrive("intake", name)->was_parked());
  EXPECT_EQ(Describe(Redrive("dashboard", name).status()), "INVALID_ARGUMENT INVALID_REQUEST");
  EXPECT_EQ(Describe(Redrive("intake", kNowhere).status()), "INVALID_ARGUMENT INVALID_REQUEST");
  const auto both = Redrive("", "");
  EXPECT_EQ(cli::FailureOf(both.status()).violations.size(), 2U);
  operations::v1::ListStuckCasesRequest stuck;
  stuck.set_hours(8761);
  stuck.set_limit(1001);
  const auto refused = site_.As(kOperator).Call(&OperationsService::Stub::ListStuckCases, stuck);
  EXPECT_EQ(cli::FailureOf(refused.status()).violations.size(), 2U);
}

class TailLossTest : public testing::Test {
 protected:
  static void SweepOften(host::HostSettings& host) { host.sweep_every = absl::Milliseconds(50); }
  // "true" when the alarm was ringing.
  std::string Acknowledge(const std::string& service, const std::string& upstream) {
    operations::v1::AcknowledgeTailLossRequest request;
    request.set_service(service);
    request.set_upstream(upstream);
    const auto answer =
        site_.As(kOperator).Call(&OperationsService::Stub::AcknowledgeTailLoss, request);
    if (!answer.ok()) return Describe(answer.status());
    return answer->was_ringing() ? "true" : "false";
  }
  // As if intake had had an event more, and referral had applied it.
  void LoseEventOf(const std::string& name) {
    site_.Sql("referral", absl::StrCat("UPDATE applied SET number = number + 1, fingerprints = "
                                       "CAST(fingerprints || x'01020304' AS BLOB) WHERE stream = '",
                                       IdOf(name), "' AND upstream = 'intake'"));
  }

  Site site_{SweepOften};
};

TEST_F(TailLossTest, AnAcknowledgedLossIsSilentAndANewOneRings) {
  const std::string first = site_.RegisterAndSettle();
  const std::string second = site_.RegisterAndSettle();
  EXPECT_EQ(Acknowledge("referral", "intake"), "false");
  LoseEventOf(first);
  ASSERT_TRUE(Eventually([&] { return Acknowledge("referral", "intake") == "true"; }));
  EXPECT_EQ(Acknowledge("referral", "intake"), "false");
  LoseEventOf(second);
  EXPECT_TRUE(Eventually([&] { return Acknowledge("referral", "intake") == "true"; }));
  EXPECT_EQ(Acknowledge("referral", "eligibility"), "false");
  EXPECT_NE(site_.Sql("referral",
                      "SELECT count(*) FROM audit WHERE method = "
                      "'AcknowledgeTailLoss'"),
            std::vector<std::string>{"0"});
  EXPECT_EQ(Acknowledge("referral", "dashboard"), "INVALID_ARGUMENT INVALID_REQUEST");
  EXPECT_EQ(Acknowledge("eligibility", "referral"), "INVALID_ARGUMENT INVALID_REQUEST");
  EXPECT_EQ(Acknowledge("", ""), "INVALID_ARGUMENT INVALID_REQUEST");
}

// Intake does not apply what the others tell, it only shows it.
TEST_F(TailLossTest, WhatIsOnlyShownRingsForTheServiceThatLostIt) {
  const std::string name = site_.RegisterAndSettle();
  ASSERT_TRUE(site_.Settle());
  site_.Sql("referral", absl::StrCat("DELETE FROM events WHERE stream = '", IdOf(name), "'"));
  site_.Sql("referral",
            absl::StrCat("UPDATE streams SET version = 0 WHERE id = '", IdOf(name), "'"));
  const std::string alarm = R"(pathways_upstream_tail_lost{service="intake",upstream="referral"} )";
  EXPECT_TRUE(Eventually([&] { return absl::StrContains(site_.metrics(), alarm + "1"); }));
  EXPECT_FALSE(absl::StrContains(
      site_.metrics(), R"(pathways_upstream_tail_lost{service="intake",upstream="eligibility"})"));
  EXPECT_EQ(Acknowledge("intake", "referral"), "true");
  EXPECT_TRUE(absl::StrContains(site_.metrics(), alarm + "0"));
  EXPECT_EQ(Acknowledge("intake", "eligibility"), "false");
}

class StreamsTest : public OperationsTest {
 protected:
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (stream::v1::StreamService::Stub::*method)(grpc::ClientContext*,
                                                                            const Request&,
                                                                            Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    site_.Prepare(context, testing_support::kServicePrincipal);
    const auto stub = stream::v1::StreamService::NewStub(site_.channel());
    return (stub.get()->*method)(&context, request, &response);
  }
};

TEST_F(StreamsTest, NothingSealedLeaves) {
  const std::string name = site_.RegisterAndSettle();
  const std::vector<std::string> sealed =
      site_.Sql("intake", "SELECT sealed FROM events WHERE stream NOT LIKE 'service/%'");
  ASSERT_EQ(sealed.size(), 1U);
  ASSERT_GT(sealed[0].size(), 40U);
  for (const char* service : {"intake", "eligibility", "referral"}) {
    stream::v1::ReadStreamRequest request;
    request.set_service(service);
    request.set_stream(IdOf(name));
    request.set_from_number(1);
    stream::v1::ReadStreamResponse response;
    ASSERT_TRUE(Call(&stream::v1::StreamService::Stub::ReadStream, request, response).ok());
    ASSERT_GT(response.records_size(), 0) << service;
    const std::string bytes = response.SerializeAsString();
    EXPECT_FALSE(absl::StrContains(bytes, kPlanted)) << service;
    EXPECT_FALSE(absl::StrContains(bytes, sealed[0].substr(sealed[0].size() - 32))) << service;
    EXPECT_EQ(response.records(0).number(), 1);
    EXPECT_EQ(response.records(0).stream(), IdOf(name));
    EXPECT_FALSE(response.records(0).data().empty());
    // After the last there is nothing, and that is no error.
    request.set_from_number(response.records_size() + 1);
    response.Clear();
    ASSERT_TRUE(Call(&stream::v1::StreamService::Stub::ReadStream, request, response).ok());
    EXPECT_EQ(response.records_size(), 0);
  }
}

// A follower that lacks a version of the catalogue has no other way to it.
TEST_F(StreamsTest, WhoIsBehindReadsTheFactCatalogueToo) {
  stream::v1::ReadStreamRequest request;
  request.set_service("intake");
  request.set_stream(type::kFactLedger);
  request.set_from_number(1);
  stream::v1::ReadStreamResponse response;
  const grpc::Status status = Call(&stream::v1::StreamService::Stub::ReadStream, request, response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.records_size(), 1);
  EXPECT_EQ(response.records(0).stream(), type::kFactLedger);
  EXPECT_FALSE(response.records(0).data().empty());
}

// Above what a message may have at gRPC's client by default, alone and together.
TEST_F(StreamsTest, APageEndsWhereItsBytesDoAndHasOneEventAtLeast) {
  const int sizes[] = {700'000, 700'000, 9'000'000, 100, 100};
  for (int number = 1; number <= 5; ++number) {
    site_.Sql("referral",
              absl::StrCat("INSERT INTO events (stream, number, ce_id, type, time, cause, trace, "
                           "data, sealed) VALUES ('",
                           kNowhere, "', ", number, ", 'id-", number,
                           "', 'test.Large', 0, x'', '', "
                           "zeroblob(",
                           sizes[number - 1], "), x'')"));
  }
  host::StreamClientOptions options;
  options.service = "referral";
  options.address = absl::StrCat("127.0.0.1:", site_.services().port());
  options.token = site_.token(testing_support::kServicePrincipal);
  options.timeout = absl::Seconds(60);
  const auto client = host::StreamClient::Make(std::move(options));
  ASSERT_TRUE(client.ok()) << client.status();
  std::vector<size_t> pages;
  int64_t next = 1;
  for (;;) {
    const auto events = (*client)->ReadStream(kNowhere, next, 256);
    ASSERT_TRUE(events.ok()) << events.status();
    if (events->empty()) break;
    for (const engine::EventRow& event : *events) {
      EXPECT_EQ(event.data.size(), static_cast<size_t>(sizes[event.number - 1]));
    }
    pages.push_back(events->size());
    next += static_cast<int64_t>(events->size());
  }
  EXPECT_THAT(pages, ElementsAre(1, 1, 1, 2));
}

TEST_F(StreamsTest, HeadsArePagedAndRequestsChecked) {
  std::set<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.insert(IdOf(site_.RegisterAndSettle()));
  stream::v1::ReadHeadsRequest request;
  request.set_service("intake");
  request.set_limit(1);
  std::vector<std::string> read;
  for (;;) {
    stream::v1::ReadHeadsResponse response;
    ASSERT_TRUE(Call(&stream::v1::StreamService::Stub::ReadHeads, request, response).ok());
    EXPECT_FALSE(response.incarnation().empty());
    if (response.heads().empty()) break;
    ASSERT_EQ(response.heads_size(), 1);
    EXPECT_EQ(response.heads(0).version(), 1);
    read.push_back(response.heads(0).stream());
    request.set_after_stream(read.back());
  }
  std::vector<std::string> all(ids.begin(), ids.end());
  all.push_back(type::kFactLedger);
  EXPECT_EQ(read, all);
  // A page may end with a stream of the service itself; whoever compares heads reads on behind it.
  request.set_service("eligibility");
  request.clear_after_stream();
  std::string last;
  for (int page = 0; page < 10; ++page) {
    stream::v1::ReadHeadsResponse response;
    ASSERT_TRUE(Call(&stream::v1::StreamService::Stub::ReadHeads, request, response).ok()) << last;
    if (response.heads().empty()) break;
    last = response.heads(0).stream();
    request.set_after_stream(last);
  }
  EXPECT_EQ(last, "service/policy-ledger");
  stream::v1::ReadHeadsResponse heads;
  request.set_after_stream("x");
  request.set_service("none");
  request.set_limit(-1);
  const grpc::Status refused = Call(&stream::v1::StreamService::Stub::ReadHeads, request, heads);
  EXPECT_EQ(cli::FailureOf(cli::ToStatus(refused)).violations.size(), 3U);
  stream::v1::ReadStreamResponse records;
  EXPECT_EQ(
      cli::FailureOf(cli::ToStatus(Call(&stream::v1::StreamService::Stub::ReadStream, {}, records)))
          .violations.size(),
      3U);
}

}  // namespace
}  // namespace pathways
