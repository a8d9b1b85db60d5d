// Goal: whatever goes wrong, the exit code says what kind it is and the text says all of it.
// Method: every status code through the translation, and a refusal, a retry and a dead service
// through a command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "services/base/trace.h"
#include "services/cli/client.h"
#include "tests/cli/cli_support.h"
#include "tests/support/temp_folder.h"

namespace pathways::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CliFailure, EveryCodeHasItsExitCode) {
  struct Row {
    grpc::StatusCode code;
    ExitCode from_service;
    ExitCode found_here;
  };
  const std::vector<Row> rows = {
      {grpc::StatusCode::OK, kExitOk, kExitOk},
      {grpc::StatusCode::CANCELLED, kExitFailed, kExitFailed},
      {grpc::StatusCode::UNKNOWN, kExitFailed, kExitFailed},
      {grpc::StatusCode::INVALID_ARGUMENT, kExitRefused, kExitUsage},
      {grpc::StatusCode::DEADLINE_EXCEEDED, kExitUnreachable, kExitUnreachable},
      {grpc::StatusCode::NOT_FOUND, kExitNotFound, kExitUsage},
      {grpc::StatusCode::ALREADY_EXISTS, kExitRefused, kExitUsage},
      {grpc::StatusCode::PERMISSION_DENIED, kExitNotAllowed, kExitNotAllowed},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, kExitUnreachable, kExitUsage},
      {grpc::StatusCode::FAILED_PRECONDITION, kExitRefused, kExitUsage},
      {grpc::StatusCode::ABORTED, kExitRefused, kExitUsage},
      {grpc::StatusCode::OUT_OF_RANGE, kExitFailed, kExitFailed},
      {grpc::StatusCode::UNIMPLEMENTED, kExitFailed, kExitFailed},
      {grpc::StatusCode::INTERNAL, kExitFailed, kExitFailed},
      {grpc::StatusCode::UNAVAILABLE, kExitUnreachable, kExitUnreachable},
      {grpc::StatusCode::DATA_LOSS, kExitFailed, kExitFailed},
      {grpc::StatusCode::UNAUTHENTICATED, kExitNotAllowed, kExitNotAllowed},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ExitCodeOf(ToStatus({row.code, "m"})), row.from_service) << row.code;
    EXPECT_EQ(ExitCodeOf(absl::Status(static_cast<absl::StatusCode>(row.code), "m")),
              row.found_here)
        << row.code;
  }
}

TEST(CliFailure, RetryInfoIsTakenOver) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(250'000'000);
  google::rpc::Status details;
  details.add_details()->PackFrom(retry);
  const Failure failure = FailureOf(
      ToStatus({grpc::StatusCode::RESOURCE_EXHAUSTED, "full", details.SerializeAsString()}));
  EXPECT_EQ(failure.retry_after, absl::Milliseconds(250));
  EXPECT_TRUE(failure.is_from_service);
}

class CliFailureTest : public ::testing::Test {
 protected:
  FakeServices services_;
};

TEST_F(CliFailureTest, ARefusalIsPrintedWhole) {
  const grpc::Status refusal =
      Refusal(grpc::StatusCode::FAILED_PRECONDITION, "CASE_WITHDRAWN",
              {{"name", "is a case that was withdrawn"}, {"etag", "is out of date"}});
  services_.Answer("WithdrawCase", refusal);
  services_.Answer("WithdrawCase", refusal);
  const Ran text =
      RunCli(services_.address(), {"case", "withdraw", kCaseId, "--request-id", kRequestId});
  EXPECT_EQ(text.exit_code, kExitRefused);
  EXPECT_THAT(text.out, IsEmpty());
  EXPECT_EQ(text.err, absl::StrCat("error: CASE_WITHDRAWN: what happened\n"
                                   "  name: is a case that was withdrawn\n"
                                   "  etag: is out of date\n"
                                   "to try the same again: --request-id ",
                                   kRequestId, "\n"));
  const Ran json = RunCli(services_.address(), {"case", "withdraw", kCase, "--request-id",
                                                kRequestId, "--output", "json"});
  EXPECT_EQ(json.exit_code, kExitRefused);
  EXPECT_THAT(
      json.err,
      AllOf(HasSubstr(R"("code":"FAILED_PRECONDITION")"), HasSubstr(R"("reason":"CASE_WITHDRAWN")"),
            HasSubstr(R"("message":"what happened")"), HasSubstr(R"("field":"etag")"),
            HasSubstr(R"("description":"is out of date")"), HasSubstr(kRequestId)));
}

// As many as a service names, each with a long path: more than gRPC takes of metadata by default.
TEST_F(CliFailureTest, ARefusalOfAHundredFieldsArrives) {
  std::vector<std::pair<std::string, std::string>> violations;
  for (int i = 0; i < 100; ++i) {
    violations.emplace_back(absl::StrCat("pack.catalogues[2].texts[", i, "].plain"),
                            std::string(300, 'x'));
  }
  services_.Answer("GetCase",
                   Refusal(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_CASE", violations));
  const Ran ran = RunCli(services_.address(), {"case", "get", kCaseId});
  EXPECT_EQ(ran.exit_code, kExitRefused);
  EXPECT_THAT(ran.err, HasSubstr("pack.catalogues[2].texts[99].plain: xxx"));
}

TEST_F(CliFailureTest, WhatCouldNotBeTakenIsSentAgainUnchanged) {
  services_.Answer("ScreenCase", grpc::Status(grpc::StatusCode::UNAVAILABLE, "starting"));
  services_.Answer("ScreenCase", grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full"));
  const Ran ran = RunCli(services_.address(), {"screen", kCaseId});
  EXPECT_EQ(ran.exit_code, kExitOk) << ran.err;
  const std::vector<std::string> calls = services_.calls();
  ASSERT_EQ(calls.size(), 3);
  EXPECT_THAT(calls[0], HasSubstr("request_id: \""));
  EXPECT_EQ(calls[1], calls[0]);
  EXPECT_EQ(calls[2], calls[0]);
}

TEST_F(CliFailureTest, ALostRaceIsNotSentAgain) {
  services_.Answer("ScreenCase", grpc::Status(grpc::StatusCode::ABORTED, "lost a race"));
  EXPECT_EQ(RunCli(services_.address(), {"screen", kCaseId}).exit_code, kExitRefused);
  EXPECT_EQ(services_.calls().size(), 1);
}

TEST(CliFailure, AServiceThatIsNotThereEndsWithinTheDeadline) {
  std::string address;
  {
    const FakeServices gone;
    address = gone.address();
  }
  const Ran ran = RunCli(address, {"case", "list", "--timeout-seconds", "1"});
  EXPECT_EQ(ran.exit_code, kExitUnreachable);
  EXPECT_THAT(ran.err, HasSubstr("error: "));
}

TEST_F(CliFailureTest, TheTokenIsSentAndNeverShown) {
  EXPECT_EQ(RunCli(services_.address(), {"case", "list"}).exit_code, kExitOk);
  EXPECT_EQ(services_.authorization(), "");
  EXPECT_EQ(RunCli(services_.address(), {"case", "list"}, "from-environment").exit_code, kExitOk);
  EXPECT_EQ(services_.authorization(), "Bearer from-environment");
  const testing_support::TempFolder folder;
  const std::string path = folder.path() + "/token";
  std::ofstream(path) << " from-file \r\nsecond line\n";
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(RunCli(services_.address(), {"case", "list", "--token-file", path}, "env").exit_code,
            kExitOk);
  EXPECT_EQ(services_.authorization(), "Bearer from-file");
  const Ran bad = RunCli(services_.address(), {"case", "list"}, "two words");
  EXPECT_EQ(bad.exit_code, kExitUsage);
  EXPECT_THAT(bad.err, ::testing::Not(HasSubstr("two words")));
}

TEST_F(CliFailureTest, ATokenThatOthersCanReadIsNotSent) {
  const testing_support::TempFolder folder;
  const std::string path = folder.path() + "/token";
  std::ofstream(path) << "from-file\n";
  for (const mode_t mode : {0644, 0640, 0604, 0660}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    const Ran ran = RunCli(services_.address(), {"case", "list", "--token-file", path}, "env");
    EXPECT_EQ(ran.exit_code, kExitUsage) << mode << " " << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(path + ": group or others have access; chmod 600 it"));
    EXPECT_THAT(ran.err, ::testing::Not(HasSubstr("from-file")));
  }
  EXPECT_TRUE(services_.calls().empty());
  const Ran missing = RunCli(services_.address(), {"case", "list", "--token-file", path + "-not"});
  EXPECT_EQ(missing.exit_code, kExitUsage) << missing.err;
}

TEST_F(CliFailureTest, EveryCallBeginsATraceAndATryAgainDoesNot) {
  services_.Answer("ScreenCase", grpc::Status(grpc::StatusCode::UNAVAILABLE, "starting"));
  const Ran first = RunCli(services_.address(), {"screen", kCaseId});
  const Ran second = RunCli(services_.address(), {"screen", kCaseId});
  EXPECT_EQ(first.exit_code, kExitOk) << first.err;
  const std::vector<std::string> sent = services_.traceparents();
  ASSERT_EQ(sent.size(), 3);
  for (const std::string& one : sent) {
    EXPECT_FALSE(base::Trace::Parse(one).IsNone()) << one;
    EXPECT_THAT(first.out + first.err, ::testing::Not(HasSubstr(one.substr(3, 32))));
  }
  EXPECT_EQ(sent[0], sent[1]);
  EXPECT_NE(sent[1].substr(3, 32), sent[2].substr(3, 32));
}

TEST_F(CliFailureTest, WrongUsageReachesNoService) {
  const std::vector<std::vector<std::string>> rows = {
      {},
      {"nothing"},
      {"case"},
      {"case", "get"},
      {"case", "get", "not-a-uuid"},
      {"case", "get", kCaseId, "--output", "xml"},
      {"case", "get", kCaseId, "--timeout-seconds", "0"},
      {"case", "withdraw", kCaseId, "--request-id", "1"},
      {"case", "update", kCaseId},
      {"case", "update", kCaseId, "--person", "p1"},
      {"case", "update", kCaseId, "--set", "state=MX-CHP"},
      {"case", "update", kCaseId, "--file", "f"},
      {"case", "update", kCaseId, "--consent", "maybe"},
      {"case", "update", kCaseId, "--person", "p1", "--set", "identity=x"},
      {"case", "update", kCaseId, "--person", "p1", "--set", "identity.documents=x"},
      {"case", "update", kCaseId, "--person", "p1", "--set", "identity.identity=x"},
      {"case", "update", kCaseId, "--person", "p1", "--set", "sex=secret"},
      {"case", "update", kCaseId, "--person", "p1", "--set", "entry_date=secret"},
      {"case", "register", "/no/such/file"},
      {"import", "/no/such/file"},
      {"referral", "accept", kCaseId},
      {"referral", "reject", std::string(kCaseId) + "/r1"},
      {"referral", "answer-withdrawal", std::string(kCaseId) + "/r1"},
      {"referral", "answer-withdrawal", std::string(kCaseId) + "/r1", "--refuse"},
      {"referral", "list", "--state", "SUBMITTED"},
      {"referral", "list", kCaseId, "--as-agency"},
      {"cases", "stuck", "--hours", "8761"},
      {"parked", "redrive", kCaseId},
      {"parked", "list", "--service", "dashboard"},
      {"withheld", "list", "--service", "dashboard"},
  };
  for (const std::vector<std::string>& arguments : rows) {
    const Ran ran = RunCli(services_.address(), arguments);
    EXPECT_EQ(ran.exit_code, kExitUsage) << ::testing::PrintToString(arguments) << ran.err;
    EXPECT_THAT(ran.err, ::testing::Not(IsEmpty())) << ::testing::PrintToString(arguments);
    EXPECT_THAT(ran.err, ::testing::Not(HasSubstr("secret")));
    EXPECT_THAT(ran.out, IsEmpty());
  }
  EXPECT_THAT(services_.calls(), IsEmpty());
  EXPECT_EQ(RunCli(services_.address(), {"case", "--help"}).exit_code, kExitOk);
}

}  // namespace
}  // namespace pathways::cli
