#include "services/base/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace pathways::base {
namespace {

constexpr int kPortMax = 65535;
constexpr size_t kHostBytesMax = 253;  // RFC 1035, section 2.3.4, without the last dot.
constexpr unsigned char kLoopbackNet = 127;

}  // namespace

std::optional<Address> ParseAddress(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return std::nullopt;
  absl::string_view host = text.substr(0, colon);
  const absl::string_view port = text.substr(colon + 1);
  const bool bracketed = absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  if (bracketed) host = host.substr(1, host.size() - 2);
  // Without brackets nobody can tell where an IPv6 address ends.
  if (!bracketed && absl::StrContains(host, ":")) return std::nullopt;
  const auto in_host = [bracketed](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_' || (bracketed && c == ':') ||
           (bracketed && c == '%');
  };
  if (host.empty() || host.size() > kHostBytesMax ||
      !std::all_of(host.begin(), host.end(), in_host)) {
    return std::nullopt;
  }
  int number = 0;
  if (port.empty() || !std::all_of(port.begin(), port.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(port, &number) || number > kPortMax) {
    return std::nullopt;
  }
  return Address{std::string(host), number};
}

bool IsLoopback(absl::string_view host) {
  const std::string text(host);
  if (absl::StrContains(text, '\0')) return false;  // The rest would not be looked at.
  in_addr v4 = {};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24) == kLoopbackNet;
  }
  in6_addr v6 = {};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
  return absl::EqualsIgnoreCase(host, "localhost");
}

}  // namespace pathways::base
