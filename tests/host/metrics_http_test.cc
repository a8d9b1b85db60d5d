#include "services/host/metrics_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pathways::host {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A connection to a port of this machine.
class Connection {
 public:
  explicit Connection(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{.tv_sec = 60, .tv_usec = 0};  // A server that hangs fails the test.
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool open() const { return open_; }
  void Send(const std::string& bytes) { (void)!send(socket_, bytes.data(), bytes.size(), 0); }
  // Everything up to the end.
  std::string Receive() {
    std::string all;
    char part[4096];
    ssize_t count = 0;
    while ((count = recv(socket_, part, sizeof(part), 0)) > 0) all.append(part, count);
    return all;
  }

 private:
  const int socket_;
  bool open_ = false;
};

std::string Request(int port, const std::string& method, const std::string& path) {
  Connection connection(port);
  connection.Send(
      absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
  return connection.Receive();
}

class MetricsHttpTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<MetricsHttp>> StartOn(const std::string& host, int port) {
    return MetricsHttp::Start({.address = {host, port},
                               .metrics = [this] { return text_; },
                               .ready = [this] { return ready_.load(); }});
  }
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<MetricsHttp>> started = StartOn("127.0.0.1", 0);
    ASSERT_TRUE(started.ok()) << started.status();
    http_ = *std::move(started);
  }

  std::string text_ = "a 1\n";
  std::atomic<bool> ready_ = true;
  std::unique_ptr<MetricsHttp> http_;  // Stops before what it calls goes.
};

TEST_F(MetricsHttpTest, AnswersEachPath) {
  ready_ = false;
  const std::vector<std::tuple<std::string, std::string, std::string, std::string>> cases = {
      {"GET", "/metrics", "HTTP/1.1 200 ", "\r\n\r\na 1\n"},
      {"GET", "/healthz", "HTTP/1.1 200 ", "alive\n"},
      {"GET", "/readyz", "HTTP/1.1 503 ", "not ready\n"},
      {"GET", "/other", "HTTP/1.1 404 ", ""},
      {"POST", "/metrics", "HTTP/1.1 404 ", ""},
  };
  for (const auto& [method, path, start, end] : cases) {
    EXPECT_THAT(Request(http_->port(), method, path), AllOf(StartsWith(start), EndsWith(end)))
        << method << " " << path;
  }
  ready_ = true;
  EXPECT_THAT(Request(http_->port(), "GET", "/readyz"),
              AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("\r\n\r\nready\n")));
  EXPECT_THAT(Request(http_->port(), "GET", "/metrics"),
              HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
}

// More than the buffers of both ends hold, so it must be written in parts.
TEST_F(MetricsHttpTest, ALongTextArrivesWhole) {
  text_ = std::string(8 << 20, 'x') + "\nlast 1\n";
  const std::string answer = Request(http_->port(), "GET", "/metrics");
  EXPECT_GT(answer.size(), text_.size());
  EXPECT_THAT(answer.substr(answer.size() - 8), "\nlast 1\n");
}

TEST_F(MetricsHttpTest, APortIsNotShared) {
  EXPECT_EQ(StartOn("127.0.0.1", http_->port()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(StartOn("192.0.2.1", 0).status().code(), absl::StatusCode::kUnavailable);
  const int port = http_->port();
  http_->Stop();
  EXPECT_FALSE(Connection(port).open());
  EXPECT_TRUE(StartOn("127.0.0.1", port).ok());
}

TEST_F(MetricsHttpTest, SilentClientsDoNotHoldThePort) {
  std::vector<std::unique_ptr<Connection>> silent;
  for (int i = 0; i < 4; ++i) {  // As many as there are threads.
    silent.push_back(std::make_unique<Connection>(http_->port()));
    silent.back()->Send("GET /healthz HT");
  }
  EXPECT_THAT(Request(http_->port(), "GET", "/healthz"), StartsWith("HTTP/1.1 200 "));
}

// Each held a thread for a second, and a place in a queue that held up the next to connect: with so
// many, the answer came after some ten.
TEST_F(MetricsHttpTest, ManyHalfRequestsHoldNobodyUp) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<Connection>> silent;
  for (int i = 0; i < 40; ++i) {
    silent.push_back(std::make_unique<Connection>(http_->port()));
    silent.back()->Send("GET /healthz HT");
  }
  EXPECT_THAT(Request(http_->port(), "GET", "/healthz"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  for (const auto& connection : silent) EXPECT_EQ(connection->Receive(), "");  // Given up.
}

// More than may wait: the oldest go, and who sends a whole head at once is answered. It took 75 s.
TEST_F(MetricsHttpTest, AFloodOfHalfRequestsPushesOutItsOwn) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<Connection>> silent;
  for (int i = 0; i < 300; ++i) {
    silent.push_back(std::make_unique<Connection>(http_->port()));
    silent.back()->Send("GET");
  }
  EXPECT_THAT(Request(http_->port(), "GET", "/healthz"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST_F(MetricsHttpTest, ARequestInPartsIsAnswered) {
  Connection connection(http_->port());
  for (const char* part : {"GET /healthz HT", "TP/1.1\r\nHost: x\r", "\n\r", "\n"}) {
    connection.Send(part);
  }
  EXPECT_THAT(connection.Receive(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(MetricsHttpTest, AHeadWithoutAnEndIsGivenUp) {
  Connection connection(http_->port());
  connection.Send("GET / HTTP/1.1\r\nX: " + std::string(16 << 10, 'x'));
  EXPECT_EQ(connection.Receive(), "");
}

TEST_F(MetricsHttpTest, WhatOnlyARestartMendsIsSaid) {
  std::atomic<bool> alive = true;
  const auto started = MetricsHttp::Start({.address = {"127.0.0.1", 0},
                                           .metrics = [] { return ""; },
                                           .ready = [] { return true; },
                                           .alive = [&alive] { return alive.load(); }});
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_THAT(Request((*started)->port(), "GET", "/healthz"), StartsWith("HTTP/1.1 200 "));
  alive = false;
  EXPECT_THAT(Request((*started)->port(), "GET", "/healthz"), StartsWith("HTTP/1.1 503 "));
}

// Without a cut the stop would take as long as the client is given for the answer, five seconds.
TEST_F(MetricsHttpTest, AClientThatDoesNotReadDoesNotHoldTheStop) {
  std::promise<void> asked;
  absl::StatusOr<std::unique_ptr<MetricsHttp>> started =
      MetricsHttp::Start({.address = {"127.0.0.1", 0},
                          .metrics =
                              [&asked] {
                                asked.set_value();
                                return std::string(8 << 20, 'x');
                              },
                          .ready = [] { return true; }});
  ASSERT_TRUE(started.ok()) << started.status();
  Connection connection((*started)->port());
  connection.Send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  asked.get_future().wait();
  const auto begin = std::chrono::steady_clock::now();
  (*started)->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

TEST_F(MetricsHttpTest, AStopRightAfterTheStartIsHeard) {
  for (int i = 0; i < 100; ++i) {
    absl::StatusOr<std::unique_ptr<MetricsHttp>> started = StartOn("127.0.0.1", 0);
    ASSERT_TRUE(started.ok()) << started.status();
    (*started)->Stop();
  }
}

}  // namespace
}  // namespace pathways::host
