// Goal: a port lets in as many connections as it should, comes back when it could not, and its
// server knows whether it can be reached; what gRPC logs holds nothing that a peer sent. Method:
// raw connections to a listener or a server in this process.
#include "services/host/grpc/listener.h"

#include <gmock/gmock.h>
#include <grpc/support/log.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/host/grpc/grpc_log.h"
#include "services/host/grpc/server.h"
#include "tests/rpc/raw_http2.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_folder.h"

namespace pathways::host {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_support::ConnectTo;
using testing_support::Eventually;
using testing_support::RawHttp2;

// A port of health alone takes as many.
constexpr int kHealthConnections = 32;

std::vector<std::unique_ptr<RawHttp2>> Fill(int port, int connections) {
  std::vector<std::unique_ptr<RawHttp2>> clients;
  for (int i = 0; i < connections; ++i) {
    clients.push_back(std::make_unique<RawHttp2>(port));
    clients.back()->WaitForPing();
    EXPECT_TRUE(clients.back()->is_open()) << i;
  }
  return clients;
}

bool IsLetIn(int port) {
  RawHttp2 client(port);
  client.WaitForPing();
  return client.is_open();
}

TEST(ListenerTest, BeyondTheBoundConnectionsAreClosedAndAnEndMakesRoom) {
  const auto server = RpcServer::Start({"127.0.0.1:0"}, {});
  ASSERT_TRUE(server.ok()) << server.status();
  auto clients = Fill((*server)->port(), kHealthConnections);
  EXPECT_FALSE(IsLetIn((*server)->port()));
  for (const auto& client : clients) {
    client->WaitForPing();
    EXPECT_TRUE(client->is_open());
  }
  clients.pop_back();
  EXPECT_TRUE(Eventually([&] { return IsLetIn((*server)->port()); }));
}

TEST(ListenerTest, AFullServerStillReachesItself) {
  RpcOptions options;
  options.listen = "127.0.0.1:0";
  options.check_every = absl::Milliseconds(1);
  std::atomic<bool> unreachable = false;
  options.on_unreachable = [&] { unreachable = true; };
  const auto server = RpcServer::Start(options, {});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto clients = Fill((*server)->port(), kHealthConnections);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(IsLetIn((*server)->port()));
  EXPECT_TRUE((*server)->is_reachable());
  EXPECT_FALSE(unreachable);
}

TEST(ListenerTest, AHealthPortTakesFewStreams) {
  const auto server = RpcServer::Start({"127.0.0.1:0"}, {});
  ASSERT_TRUE(server.ok()) << server.status();
  RawHttp2 client((*server)->port());
  client.WaitForPing();
  EXPECT_EQ(client.streams_max(), 4);
}

TEST(ListenerTest, WhoSaysNothingDoesNotAnswer) {
  const auto listener = Listener::Open("127.0.0.1:0", 8);
  ASSERT_TRUE(listener.ok()) << listener.status();
  // Nobody accepts: the kernel alone connects.
  EXPECT_FALSE((*listener)->Answers(false, absl::Milliseconds(50)));
  std::mutex mutex;
  std::vector<int> taken;
  bool speaks = false;
  (*listener)->Start([&](int connection) {
    std::lock_guard<std::mutex> lock(mutex);
    taken.push_back(connection);
    if (speaks) (void)!write(connection, "x", 1);
  });
  EXPECT_FALSE((*listener)->Answers(false, absl::Milliseconds(50)));
  {
    std::lock_guard<std::mutex> lock(mutex);
    speaks = true;
  }
  EXPECT_TRUE((*listener)->Answers(false, absl::Seconds(30)));
  (*listener)->Stop();
  EXPECT_FALSE((*listener)->Answers(false, absl::Milliseconds(50)));
  for (const int connection : taken) close(connection);
}

TEST(ListenerTest, EachKindOfAddressAnswers) {
  for (const char* address : {"127.0.0.1:0", "localhost:0", "0.0.0.0:0", "[::1]:0", "[::]:0"}) {
    const auto server = RpcServer::Start({address}, {});
    if (std::string(address).front() == '[' && !server.ok()) continue;  // No such addresses here.
    ASSERT_TRUE(server.ok()) << address << server.status();
    if (std::string(address) == "[::1]:0") continue;  // The client knows the other kind.
    EXPECT_TRUE(IsLetIn((*server)->port())) << address;
  }
  EXPECT_EQ(RpcServer::Start({"192.0.2.1:0"}, {}).status().code(), absl::StatusCode::kUnavailable);
}

// The server's self-call shows no certificate, also where one is asked for, and gRPC has nothing to
// complain of.
TEST(ListenerTest, WithTlsItAnswersItselfToo) {
  const testing_support::TempFolder folder;
  const std::string key = folder.path() + "/key.pem";
  const std::string certificate = folder.path() + "/certificate.pem";
  ASSERT_EQ(std::system(absl::StrCat("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost"
                                     " -days 2 -keyout ",
                                     key, " -out ", certificate, " 2>/dev/null")
                            .c_str()),
            0);
  const base::SystemClock clock;
  std::string lines;
  base::Logger log(base::LogLevel::kInfo, clock,
                   [&](absl::string_view line) { lines += std::string(line); });
  const GrpcLog grpc_log(log, clock);
  for (const std::string& client_ca : {std::string(), certificate}) {
    RpcOptions options;
    options.listen = "127.0.0.1:0";
    options.tls = {certificate, key, client_ca};
    const auto server = RpcServer::Start(options, {});
    ASSERT_TRUE(server.ok()) << server.status();
  }
  EXPECT_EQ(lines, "");
  RpcOptions bad;
  bad.listen = "127.0.0.1:0";
  bad.tls = {key, key, ""};  // A file, and no certificate.
  EXPECT_EQ(RpcServer::Start(bad, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ListenerTest, AServerThatIsStoppedRefuses) {
  const auto server = RpcServer::Start({"127.0.0.1:0"}, {});
  ASSERT_TRUE(server.ok()) << server.status();
  (*server)->Shutdown(absl::ZeroDuration());
  EXPECT_FALSE(ConnectTo((*server)->port()).has_value());
}

TEST(GrpcLogTest, KeepsNothingOfAMessage) {
  base::ManualClock clock(absl::FromUnixSeconds(1'697'500'000));
  std::string lines;
  base::Logger log(base::LogLevel::kInfo, clock,
                   [&](absl::string_view line) { lines += std::string(line); });
  {
    const GrpcLog grpc_log(log, clock);
    gpr_log("src/core/a.cc", 7, GPR_LOG_SEVERITY_ERROR, "%s", "bad value: planted\n{\"a\":1}");
    EXPECT_THAT(lines, HasSubstr("\"level\":\"error\",\"event\":\"grpc_error\",\"source\":\"a.cc\","
                                 "\"line\":7,\"left_out\":0}\n"));
    for (int i = 0; i < 100; ++i) gpr_log("b.cc", 8, GPR_LOG_SEVERITY_ERROR, "planted");
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), kGrpcLinesPerSecond);
    clock.Advance(absl::Seconds(1));
    gpr_log("c.cc", 9, GPR_LOG_SEVERITY_ERROR, "planted");
    EXPECT_THAT(lines, HasSubstr("\"source\":\"c.cc\",\"line\":9,\"left_out\":91}\n"));
    EXPECT_THAT(lines, Not(HasSubstr("planted")));
  }
  lines.clear();
  gpr_log("d.cc", 10, GPR_LOG_SEVERITY_ERROR, "planted");
  EXPECT_EQ(lines, "");
}

}  // namespace
}  // namespace pathways::host
