#include "services/host/grpc/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "services/host/grpc/tls_greeting.h"

namespace pathways::host {
namespace {

using SteadyClock = std::chrono::steady_clock;

// How long to wait for a descriptor to come free.
constexpr int kNoDescriptorMilliseconds = 50;
// A peer that acknowledges nothing for so long is gone. As gRPC sets it on what it accepts.
constexpr unsigned kUnacknowledgedMilliseconds = 20'000;

void SetOption(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof(value));
}

bool IsAny(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    return reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr == htonl(INADDR_ANY);
  }
  return IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

// The port, in the byte order of the network, and where it is.
in_port_t& PortOf(sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return reinterpret_cast<sockaddr_in&>(address).sin_port;
  return reinterpret_cast<sockaddr_in6&>(address).sin6_port;
}

sockaddr_storage AnyAddress(in_port_t port) {
  sockaddr_storage address{};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_any;
  v6.sin6_port = port;
  return address;
}

void UseLoopback(sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else {
    reinterpret_cast<sockaddr_in6&>(address).sin6_addr = in6addr_loopback;
  }
}

bool SameAddress(const sockaddr_storage& a, const sockaddr_storage& b) {
  if (a.ss_family != b.ss_family) return false;
  if (a.ss_family == AF_INET) {
    const auto& a4 = reinterpret_cast<const sockaddr_in&>(a);
    const auto& b4 = reinterpret_cast<const sockaddr_in&>(b);
    return a4.sin_port == b4.sin_port && a4.sin_addr.s_addr == b4.sin_addr.s_addr;
  }
  const auto& a6 = reinterpret_cast<const sockaddr_in6&>(a);
  const auto& b6 = reinterpret_cast<const sockaddr_in6&>(b);
  return a.ss_family == AF_INET6 && a6.sin6_port == b6.sin6_port &&
         IN6_ARE_ADDR_EQUAL(&a6.sin6_addr, &b6.sin6_addr);
}

uint64_t CookieOf(int socket) {
  uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  return getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

size_t HalfOfDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<size_t>(limit.rlim_cur / 2);
}

bool WaitFor(int socket, short events, SteadyClock::time_point until) {
  pollfd wanted{.fd = socket, .events = events, .revents = 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
  return poll(&wanted, 1, static_cast<int>(std::max<int64_t>(left.count(), 0))) > 0;
}

}  // namespace

Listener::Listener(size_t connections_max)
    : connections_max_(std::min(connections_max, HalfOfDescriptors())),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Open(const std::string& address,
                                                         size_t connections_max) {
  std::unique_ptr<Listener> listener(new Listener(connections_max));
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  const absl::Status bound = listener->Bind(host, port);
  if (bound.ok()) return listener;
  return absl::UnavailableError(absl::StrCat(address, ": cannot listen; ", bound.message()));
}

Listener::~Listener() {
  Stop();
  if (wake_ >= 0) close(wake_);
}

absl::Status Listener::Bind(const std::string& host, const std::string& port) {
  if (wake_ < 0) return absl::UnavailableError("no descriptor is free");
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) {
    return absl::UnavailableError("is it an address of this machine?");
  }
  const absl::Cleanup free = [found] { freeaddrinfo(found); };
  int error = 0;
  for (const addrinfo* next = found; next != nullptr; next = next->ai_next) {
    sockaddr_storage address{};
    std::memcpy(&address, next->ai_addr, next->ai_addrlen);
    if (address.ss_family != AF_INET && address.ss_family != AF_INET6) continue;
    // One socket for both kinds, where the machine knows both.
    if (address.ss_family == AF_INET && IsAny(address) &&
        BindOne(AF_INET6, AnyAddress(PortOf(address)), sizeof(sockaddr_in6)) == 0) {
      continue;
    }
    const int result = BindOne(address.ss_family, address, next->ai_addrlen);
    // Half of a name would serve half of the clients. Kinds that the machine has not do no harm.
    if (result == EADDRINUSE) return absl::UnavailableError("is it in use?");
    if (result != 0) error = result;
  }
  if (!listening_.empty()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("error ", error, " of the system"));
}

int Listener::BindOne(int family, sockaddr_storage address, socklen_t size) {
  const int listening = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listening < 0) return errno;
  // Connections of a process that ended hold the port for a minute without it.
  SetOption(listening, SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(listening, IPPROTO_TCP, TCP_NODELAY, 1);
  if (family == AF_INET6) SetOption(listening, IPPROTO_IPV6, IPV6_V6ONLY, IsAny(address) ? 0 : 1);
  if (port_ != 0) PortOf(address) = htons(static_cast<uint16_t>(port_));
  socklen_t bound_size = size;
  if (bind(listening, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listening, SOMAXCONN) != 0 ||
      getsockname(listening, reinterpret_cast<sockaddr*>(&address), &bound_size) != 0) {
    const int error = errno;
    close(listening);
    return error;
  }
  port_ = ntohs(PortOf(address));
  listening_.push_back(listening);
  return 0;
}

void Listener::Start(Take take) {
  take_ = std::move(take);
  thread_ = std::thread([this] { Run(); });
}

void Listener::Stop() {
  if (thread_.joinable()) {
    (void)eventfd_write(wake_, 1);
    thread_.join();
  }
  for (const int listening : listening_) close(listening);
  listening_.clear();
}

void Listener::Run() {
  std::vector<pollfd> wanted = {{.fd = wake_, .events = POLLIN, .revents = 0}};
  for (const int listening : listening_) {
    wanted.push_back({.fd = listening, .events = POLLIN, .revents = 0});
  }
  for (;;) {
    (void)poll(wanted.data(), wanted.size(), -1);
    if (wanted[0].revents != 0) return;
    bool has_descriptors = true;
    for (const int listening : listening_) has_descriptors &= Accept(listening);
    // What waits in the kernel would wake the loop again at once.
    if (!has_descriptors) (void)poll(wanted.data(), 1, kNoDescriptorMilliseconds);
  }
}

bool Listener::Accept(int listening) {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  const int connection =
      accept4(listening, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (connection < 0) {
    // Whatever else it is, it is over with this connection, or is looked at again in a moment.
    return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
  }
  const bool is_own = IsOwn(peer);
  if (!is_own && !HasRoom()) {
    close(connection);
    return true;
  }
  SetOption(connection, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(connection, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMilliseconds);
  if (!is_own) held_.push_back({connection, CookieOf(connection)});
  take_(connection);
  return true;
}

bool Listener::HasRoom() {
  if (held_.size() < connections_max_) return true;
  std::erase_if(held_, [](const Held& held) { return CookieOf(held.connection) != held.cookie; });
  return held_.size() < connections_max_;
}

bool Listener::IsOwn(const sockaddr_storage& peer) {
  std::lock_guard<std::mutex> lock(mutex_);
  return SameAddress(peer, own_);
}

bool Listener::Answers(bool tls, absl::Duration limit) {
  const auto until = SteadyClock::now() + absl::ToChronoMilliseconds(limit);
  if (listening_.empty()) return false;
  sockaddr_storage target{};
  socklen_t size = sizeof(target);
  getsockname(listening_.front(), reinterpret_cast<sockaddr*>(&target), &size);
  if (IsAny(target)) UseLoopback(target);
  const int connection = socket(target.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (connection < 0) return false;
  const absl::Cleanup hang_up = [connection] { close(connection); };
  sockaddr_storage own = target;
  PortOf(own) = 0;
  if (bind(connection, reinterpret_cast<sockaddr*>(&own), size) != 0) return false;
  getsockname(connection, reinterpret_cast<sockaddr*>(&own), &size);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    own_ = own;
  }
  if (connect(connection, reinterpret_cast<sockaddr*>(&target), size) != 0 &&
      (errno != EINPROGRESS || !WaitFor(connection, POLLOUT, until))) {
    return false;
  }
  const std::string greeting = tls ? TlsGreeting() : "";
  if (send(connection, greeting.data(), greeting.size(), MSG_NOSIGNAL) < 0) return false;
  char first = 0;
  return WaitFor(connection, POLLIN, until) && recv(connection, &first, 1, MSG_DONTWAIT) == 1;
}

}  // namespace pathways::host
