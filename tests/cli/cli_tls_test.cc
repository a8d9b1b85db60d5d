// Goal: a command sends its token over TLS to the service that it asked for, or in clear to this
// machine, and to nobody else. Method: a service with real certificates that records what it gets,
// under addresses that reach it and are not loopback.
#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/cli/exit_codes.h"
#include "tests/cli/cli_support.h"
#include "tests/support/kafka_tls.h"

namespace pathways::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing_support::KafkaTls;

constexpr char kToken[] = "token-that-nobody-may-see";

std::string Text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string PortOf(const FakeServices& services) {
  return services.address().substr(services.address().rfind(':'));
}

TEST(CliTls, ATokenIsNotSentInClearToAnotherMachine) {
  FakeServices services;
  const std::string port = PortOf(services);
  // The first reaches the service on Linux, and so would tell if the token was sent.
  for (const std::string& host :
       {"0.0.0.0", "[::]", "127.1", "example.org", "127.0.0.1.example.org", "dns:///localhost"}) {
    for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
             {"case", "list", "--timeout-seconds", "2"},
             {"parked", "redrive", kCaseId, "--service", "intake", "--timeout-seconds", "2"}}) {
      const Ran ran = RunCli(host + port, command, kToken);
      EXPECT_EQ(ran.exit_code, kExitUsage) << host << ran.err;
      EXPECT_THAT(ran.err, Not(HasSubstr(kToken)));
    }
  }
  EXPECT_THAT(RunCli("0.0.0.0" + port, {"case", "list"}, kToken).err,
              testing::AllOf(HasSubstr("--tls-ca"), HasSubstr("without TLS")));
  EXPECT_THAT(services.calls(), IsEmpty());
  EXPECT_EQ(services.authorization(), "");
  for (const char* host : {"127.0.0.1", "localhost"}) {
    EXPECT_EQ(RunCli(host + port, {"case", "list"}, kToken).exit_code, kExitOk);
  }
}

class CliTlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = KafkaTls::Make();
    ASSERT_TRUE(made.ok()) << made.status();
    files_ = *std::move(made);
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back(
        {Text(files_->folder() + "/broker.key"), Text(files_->folder() + "/broker.pem")});
    options.pem_root_certs = Text(files_->ca());
    options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
    services_ = std::make_unique<FakeServices>(grpc::SslServerCredentials(options));
  }
  Ran List(const std::vector<std::string>& tls) const {
    std::vector<std::string> arguments = {"case", "list", "--timeout-seconds", "5"};
    arguments.insert(arguments.end(), tls.begin(), tls.end());
    return RunCli("localhost" + PortOf(*services_), arguments, kToken);
  }

  std::unique_ptr<KafkaTls> files_;
  std::unique_ptr<FakeServices> services_;
};

TEST_F(CliTlsTest, BothEndsProveThemselves) {
  const Ran ran = List(
      {"--tls-ca", files_->ca(), "--tls-cert", files_->certificate(), "--tls-key", files_->key()});
  EXPECT_EQ(ran.exit_code, kExitOk) << ran.err;
  EXPECT_EQ(services_->authorization(), absl::StrCat("Bearer ", kToken));
}

TEST_F(CliTlsTest, NothingIsSentWhereOneDoesNot) {
  const std::string certificate = files_->certificate();
  const std::string key = files_->key();
  EXPECT_EQ(
      List({"--tls-ca", files_->wrong_ca(), "--tls-cert", certificate, "--tls-key", key}).exit_code,
      kExitUnreachable);
  EXPECT_EQ(List({"--tls-ca", files_->ca()}).exit_code, kExitUnreachable);
  EXPECT_THAT(services_->calls(), IsEmpty());
}

TEST_F(CliTlsTest, FilesThatCannotBeUsedAreToldBeforeTheCall) {
  const std::string ca = files_->ca();
  const std::string certificate = files_->certificate();
  const std::string key = files_->key();
  ASSERT_EQ(chmod(key.c_str(), 0644), 0);
  const Ran open = List({"--tls-ca", ca, "--tls-cert", certificate, "--tls-key", key});
  EXPECT_EQ(open.exit_code, kExitUsage);
  EXPECT_THAT(open.err, HasSubstr("chmod 600"));
  ASSERT_EQ(chmod(key.c_str(), 0600), 0);
  EXPECT_EQ(List({"--tls-ca", ca, "--tls-cert", certificate}).exit_code, kExitUsage);
  EXPECT_EQ(List({"--tls-ca", ca, "--tls-key", key}).exit_code, kExitUsage);
  EXPECT_EQ(List({"--tls-cert", certificate, "--tls-key", key}).exit_code, kExitUsage);
  EXPECT_EQ(List({"--tls-ca", files_->folder() + "/none"}).exit_code, kExitUsage);
  EXPECT_THAT(services_->calls(), IsEmpty());
}

}  // namespace
}  // namespace pathways::cli
