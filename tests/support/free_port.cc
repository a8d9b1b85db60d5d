#include "tests/support/free_port.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"

namespace pathways::testing_support {
namespace {

constexpr int kFirst = 12000;
constexpr int kTries = 1000;

// The first port that the kernel gives to outgoing connections.
int FirstOutgoing() {
  int first = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first;
  return first;
}

// Binds the name of the port in the abstract namespace, for as long as this process lives. False:
// another process has it.
bool Reserve(int port) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const std::string text = absl::StrCat("pathways-test-port-", port);
  std::memcpy(name.sun_path + 1, text.data(), text.size());  // A name that begins with 0.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  if (bind(fd, reinterpret_cast<const sockaddr*>(&name), length) == 0) return true;
  close(fd);
  return false;
}

bool IsUnused(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return bound;
}

}  // namespace

int FreePort() {
  static std::mt19937 random(std::random_device{}());
  const int end = FirstOutgoing();
  if (end <= kFirst) return 0;
  std::uniform_int_distribution<int> any(kFirst, end - 1);
  for (int i = 0; i < kTries; ++i) {
    const int port = any(random);
    if (Reserve(port) && IsUnused(port)) return port;
  }
  return 0;
}

}  // namespace pathways::testing_support
