// Goal: a token goes over a network to the right server alone, keys that others can read are not
// used, and two services that ask each other for certificates reach each other. Method: real
// certificates, a server that answers and nothing more, and the client of the services.
#include "services/host/grpc/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pathways/stream/v1/stream_service.grpc.pb.h"
#include "services/host/grpc/server.h"
#include "services/host/grpc/stream_client.h"
#include "tests/support/kafka_tls.h"

namespace pathways::host {
namespace {

using ::testing::HasSubstr;
using testing_support::KafkaTls;

// Answers that there is no stream.
class NoStreams : public stream::v1::StreamService::CallbackService {
 public:
  grpc::ServerUnaryReactor* ReadHeads(grpc::CallbackServerContext* context,
                                      const stream::v1::ReadHeadsRequest*,
                                      stream::v1::ReadHeadsResponse*) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = KafkaTls::Make();
    ASSERT_TRUE(made.ok()) << made.status();
    files_ = *std::move(made);
  }
  std::string At(const std::string& name) const { return files_->folder() + "/" + name; }
  TlsFiles ServerFiles() const { return {At("broker.pem"), At("broker.key"), files_->ca()}; }

  // How a service that reads another one's streams gets on. The certificate names localhost.
  absl::Status Read(StreamClientOptions options, int port) const {
    options.service = "intake";
    options.address = absl::StrCat("localhost:", port);
    options.token = "token";
    const auto client = StreamClient::Make(options);
    if (!client.ok()) return client.status();
    return (*client)->ReadHeads("", 1).status();
  }

  std::unique_ptr<KafkaTls> files_;
};

TEST_F(TlsTest, ServicesThatAskForCertificatesReachEachOther) {
  NoStreams streams;
  const auto server = RpcServer::Start({"127.0.0.1:0", false, 1 << 20, ServerFiles()}, {&streams});
  ASSERT_TRUE(server.ok()) << server.status();
  const int port = (*server)->port();
  StreamClientOptions options;
  options.ca_file = files_->ca();
  options.certificate_file = files_->certificate();
  options.key_file = files_->key();
  EXPECT_TRUE(Read(options, port).ok()) << Read(options, port);
  StreamClientOptions without = options;
  without.certificate_file = without.key_file = "";
  EXPECT_EQ(Read(without, port).code(), absl::StatusCode::kUnavailable);
  StreamClientOptions deceived = options;
  deceived.ca_file = files_->wrong_ca();
  EXPECT_EQ(Read(deceived, port).code(), absl::StatusCode::kUnavailable);
  StreamClientOptions plain = options;  // Its certificate is for its own API then.
  plain.ca_file = "";
  EXPECT_EQ(Read(plain, port).code(), absl::StatusCode::kUnavailable);
}

TEST_F(TlsTest, NoTokenGoesOverANetworkInClear) {
  for (const char* address : {"0.0.0.0:50051", "[::]:50051", "192.0.2.1:50051",
                              "intake.example.org:50051", "127.0.0.1.example.org:50051"}) {
    StreamClientOptions options;
    options.service = "intake";
    options.address = address;
    options.token = "token";
    const absl::Status status = StreamClient::Make(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << address << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("--tls-ca")) << address;
    options.ca_file = files_->ca();
    EXPECT_TRUE(StreamClient::Make(options).ok()) << address;
  }
  for (const char* address : {"127.0.0.1:50051", "127.0.0.2:50051", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(ChannelCredentialsFor(address, {}).ok()) << address;
  }
}

TEST_F(TlsTest, AKeyThatOthersCanReadIsNotUsed) {
  NoStreams streams;
  for (const std::string& key : {At("broker.key"), files_->key()}) {
    ASSERT_EQ(chmod(key.c_str(), 0644), 0);
  }
  const absl::Status served =
      RpcServer::Start({"127.0.0.1:0", false, 1 << 20, ServerFiles()}, {&streams}).status();
  EXPECT_EQ(served.code(), absl::StatusCode::kFailedPrecondition) << served;
  EXPECT_EQ(served.message(),
            absl::StrCat(At("broker.key"), ": group or others have access; chmod 600 it"));
  const absl::Status called =
      ChannelCredentialsFor("localhost:1", {files_->ca(), files_->certificate(), files_->key()})
          .status();
  EXPECT_EQ(called.code(), absl::StatusCode::kFailedPrecondition) << called;
}

// gRPC takes an empty text of certificates for "any public authority", and a key without a
// certificate for plain text.
TEST_F(TlsTest, FilesThatWouldMeanSomethingElseAreRefused) {
  const std::string empty = At("empty.pem");
  std::ofstream(empty) << "";
  const auto code = [](const absl::Status& status) {
    return absl::StatusCodeToString(status.code());
  };
  EXPECT_EQ(code(ChannelCredentialsFor("localhost:1", {empty, "", ""}).status()),
            "INVALID_ARGUMENT");
  EXPECT_EQ(code(ChannelCredentialsFor("localhost:1", {At("none"), "", ""}).status()), "NOT_FOUND");
  EXPECT_EQ(code(ChannelCredentialsFor("localhost:1", {"", files_->certificate(), files_->key()})
                     .status()),
            "INVALID_ARGUMENT");
  EXPECT_EQ(
      code(
          ChannelCredentialsFor("localhost:1", {files_->ca(), files_->certificate(), ""}).status()),
      "INVALID_ARGUMENT");
  EXPECT_EQ(code(CheckTlsFiles({At("broker.pem"), At("broker.key"), empty})), "INVALID_ARGUMENT");
  EXPECT_EQ(code(CheckTlsFiles({"", At("broker.key"), ""})), "INVALID_ARGUMENT");
  EXPECT_EQ(code(CheckTlsFiles({At("broker.pem"), "", ""})), "INVALID_ARGUMENT");
  EXPECT_EQ(code(CheckTlsFiles({"", "", files_->ca()})), "INVALID_ARGUMENT");
  EXPECT_TRUE(CheckTlsFiles(ServerFiles()).ok());
  EXPECT_TRUE(CheckTlsFiles({}).ok());
}

TEST(ExpectTlsTest, SaysWhichSettingIsMissing) {
  struct Row {
    std::vector<std::pair<std::string, std::string>> set;
    std::vector<std::string> missing;  // By name of the setting.
  };
  const Row rows[] = {
      {{{"listen", "127.0.0.1:1"}, {"intake-address", "localhost:2"}}, {}},
      {{{"listen", "127.0.0.1:1"}, {"intake-address", "intake.example.org:2"}}, {"tls-ca"}},
      {{{"listen", "127.0.0.1:1"}, {"intake-address", "x:2"}, {"tls-ca", "ca.pem"}}, {}},
      {{{"listen", "0.0.0.0:1"}, {"intake-address", "[::1]:2"}}, {"tls-certificate"}},
      {{{"listen", "0.0.0.0:1"}, {"tls-certificate", "c"}, {"tls-key", "k"}}, {}},
      {{{"listen", "[::1]:1"}, {"tls-certificate", "c"}}, {"tls-key"}},
      {{{"listen", "[::1]:1"}, {"tls-key", "k"}}, {"tls-certificate"}},
      {{{"listen", "[::1]:1"}, {"tls-client-ca", "ca.pem"}}, {"tls-certificate"}},
  };
  for (const Row& row : rows) {
    Settings settings({{"listen", "", ""},
                       {"tls-certificate", "", ""},
                       {"tls-key", "", ""},
                       {"tls-client-ca", "", ""},
                       {"tls-ca", "", ""},
                       {"intake-address", "", ""}});
    std::string trace;
    for (const auto& [name, value] : row.set) {
      settings.Set(name, value);
      absl::StrAppend(&trace, name, "=", value, " ");
    }
    SCOPED_TRACE(trace);
    ExpectTls(settings, {"intake"});
    const absl::Status checked = settings.Check();
    EXPECT_EQ(checked.ok(), row.missing.empty()) << checked;
    for (const std::string& name : row.missing) {
      EXPECT_THAT(std::string(checked.message()), HasSubstr(absl::StrCat("--", name, " (")));
    }
    EXPECT_THAT(std::string(checked.message()), ::testing::Not(HasSubstr("example.org")));
  }
}

}  // namespace
}  // namespace pathways::host
