#include "services/host/metrics_http.h"

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/host/waiting_room.h"

namespace pathways::host {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kThreads = 4;
constexpr size_t kServedMax = 16;    // With one of the threads, or next.
constexpr size_t kWaitingMax = 256;  // Whose head is not there yet.
// For a whole request and a whole answer. httplib's own limits are for each read and so let a
// client that sends a byte now and then stay for hours.
constexpr std::chrono::seconds kRequestLimit{1};
constexpr std::chrono::seconds kAnswerLimit{5};
constexpr size_t kPayloadBytesMax = 1024;  // No request here has a body.

constexpr char kTextType[] = "text/plain; charset=utf-8";
constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

// A connection, with a deadline for each direction.
class DeadlineStream : public httplib::Stream {
 public:
  explicit DeadlineStream(int socket) : socket_(socket) {}

  bool is_readable() const override { return Wait(POLLIN, read_by_); }
  bool is_writable() const override { return Wait(POLLOUT, SteadyClock::now() + kAnswerLimit); }

  ssize_t read(char* to, size_t size) override {
    if (taken_ == received_) {  // httplib reads byte by byte.
      if (!Wait(POLLIN, read_by_)) return -1;
      const ssize_t got = recv(socket_, buffer_, sizeof(buffer_), MSG_DONTWAIT);
      if (got <= 0) return got;
      taken_ = 0;
      received_ = static_cast<size_t>(got);
    }
    const size_t count = std::min(size, received_ - taken_);
    std::copy_n(buffer_ + taken_, count, to);
    taken_ += count;
    return static_cast<ssize_t>(count);
  }

  // Writes everything: httplib takes a part for the whole.
  ssize_t write(const char* from, size_t size) override {
    if (!write_by_) write_by_ = SteadyClock::now() + kAnswerLimit;
    for (size_t sent = 0; sent < size;) {
      if (!Wait(POLLOUT, *write_by_)) return -1;
      const ssize_t count = send(socket_, from + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0 && errno != EAGAIN && errno != EINTR) return -1;
      if (count > 0) sent += static_cast<size_t>(count);
    }
    return static_cast<ssize_t>(size);
  }

  // Nothing here depends on who asks.
  void get_remote_ip_and_port(std::string& ip, int& port) const override {}
  void get_local_ip_and_port(std::string& ip, int& port) const override {}
  socket_t socket() const override { return socket_; }

 private:
  bool Wait(short events, SteadyClock::time_point until) const {
    for (;;) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now()).count();
      if (left <= 0) return false;
      pollfd wanted{.fd = socket_, .events = events, .revents = 0};
      const int result = poll(&wanted, 1, static_cast<int>(left));
      if (result >= 0 || errno != EINTR) return result > 0;
    }
  }

  const int socket_;
  const SteadyClock::time_point read_by_ = SteadyClock::now() + kRequestLimit;
  std::optional<SteadyClock::time_point> write_by_;  // Set when the answer is ready.
  char buffer_[4096];
  size_t taken_ = 0;
  size_t received_ = 0;
};

// What the accepting thread has to do with a connection takes no time.
class TasksAtOnce : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> task) override { task(); }
  void shutdown() override {}
};

// Holds back who brings a task while there are kServedMax.
class BoundedTasks {
 public:
  ~BoundedTasks() { Stop(); }

  void enqueue(std::function<void()> task) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      done_.wait(lock, [this] { return open_ < kServedMax; });
      ++open_;
    }
    threads_.enqueue([this, task = std::move(task)] {
      task();
      std::lock_guard<std::mutex> lock(mutex_);
      --open_;
      done_.notify_one();
    });
  }
  // Waits for all. Idempotent.
  void Stop() {
    if (!std::exchange(stopped_, true)) threads_.shutdown();
  }

 private:
  std::mutex mutex_;  // Guards open_.
  std::condition_variable done_;
  size_t open_ = 0;
  bool stopped_ = false;
  httplib::ThreadPool threads_{kThreads};
};

}  // namespace

class MetricsHttp::Server : public httplib::Server {
 public:
  explicit Server(MetricsHttpOptions options) : options_(std::move(options)) {
    // httplib's default is SO_REUSEPORT, with which a second process takes half of the requests.
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    set_payload_max_length(kPayloadBytesMax);
    new_task_queue = [this]() -> httplib::TaskQueue* {
      // httplib lets five wait to be accepted; one more tries again after a second.
      (void)::listen(svr_sock_, SOMAXCONN);
      NoteListening();
      return new TasksAtOnce;
    };
    Get("/metrics", [this](const httplib::Request&, httplib::Response& answer) {
      answer.set_content(options_.metrics(), kMetricsType);
    });
    Get("/healthz", [this](const httplib::Request&, httplib::Response& answer) {
      const bool alive = !options_.alive || options_.alive();
      answer.status = alive ? 200 : 503;
      answer.set_content(alive ? "alive\n" : "broken\n", kTextType);
    });
    Get("/readyz", [this](const httplib::Request&, httplib::Response& answer) {
      const bool ready = options_.ready();
      answer.status = ready ? 200 : 503;
      answer.set_content(ready ? "ready\n" : "not ready\n", kTextType);
    });
  }

  // The bound port, or nothing.
  std::optional<int> Bind() {
    const base::Address& address = options_.address;
    if (address.port == 0) {
      const int port = bind_to_any_port(address.host);
      return port > 0 ? std::optional<int>(port) : std::nullopt;
    }
    return bind_to_port(address.host, address.port) ? std::optional<int>(address.port)
                                                    : std::nullopt;
  }

  // httplib ignores a stop that comes before it listens.
  void WaitUntilListening() {
    std::unique_lock<std::mutex> lock(mutex_);
    listening_changed_.wait(lock, [this] { return listening_; });
  }

  // After Cut, and once nobody accepts any more.
  void WaitUntilServed() {
    room_.Stop();
    served_.Stop();
  }

  void Cut() {
    stop();
    std::lock_guard<std::mutex> lock(mutex_);
    cutting_ = true;
    for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
  }

 private:
  void NoteListening() {
    std::lock_guard<std::mutex> lock(mutex_);
    listening_ = true;
    listening_changed_.notify_all();
  }

  bool process_and_close_socket(socket_t socket) override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      open_.insert(socket);
    }
    room_.Add(socket);
    return true;
  }

  void Serve(int socket) {
    bool serve = true;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      serve = !cutting_;
    }
    if (serve) {
      DeadlineStream stream(socket);
      bool closed = false;
      (void)process_request(stream, /*close_connection=*/true, closed, nullptr);
    }
    Close(socket);
  }

  void Close(int socket) {
    // Under the lock: Cut must not meet the number again as another file.
    std::lock_guard<std::mutex> lock(mutex_);
    open_.erase(socket);
    ::shutdown(socket, SHUT_RDWR);
    close(socket);
  }

  const MetricsHttpOptions options_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable listening_changed_;
  bool listening_ = false;
  bool cutting_ = false;
  std::set<int> open_;  // Sockets of connections.
  BoundedTasks served_;
  WaitingRoom room_{{.wait = kRequestLimit, .sockets_max = kWaitingMax},
                    [this](int socket) { served_.enqueue([this, socket] { Serve(socket); }); },
                    [this](int socket) { Close(socket); }};
};

absl::StatusOr<std::unique_ptr<MetricsHttp>> MetricsHttp::Start(MetricsHttpOptions options) {
  const base::Address address = options.address;
  auto server = std::make_unique<Server>(std::move(options));
  const std::optional<int> port = server->Bind();
  if (!port) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address.host, " port ", address.port,
                     ": another process may hold it, or the host is not of this machine"));
  }
  return std::unique_ptr<MetricsHttp>(new MetricsHttp(std::move(server), *port));
}

MetricsHttp::MetricsHttp(std::unique_ptr<Server> server, int port)
    : server_(std::move(server)), port_(port), thread_([this] { server_->listen_after_bind(); }) {
  server_->WaitUntilListening();
}

MetricsHttp::~MetricsHttp() { Stop(); }

void MetricsHttp::Stop() {
  if (!thread_.joinable()) return;
  server_->Cut();
  thread_.join();
  server_->WaitUntilServed();
}

}  // namespace pathways::host
