// Addresses as people write them, and whether they leave this machine.
//
// What travels beside every call, tokens and people's codes, goes in plain text over loopback only.
// All parts ask IsLoopback for what that is, so that none is laxer than another. Names are not
// looked up: what a name server says may change between the question and the connection.
#ifndef PATHWAYS_SERVICES_BASE_ADDRESS_H_
#define PATHWAYS_SERVICES_BASE_ADDRESS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pathways::base {

struct Address {
  std::string host;  // Name or number; of IPv6 without the brackets. Empty: not set.
  int port = 0;      // 0: any free port.
};

// "host:port" or "[IPv6]:port"; none: it is neither.
std::optional<Address> ParseAddress(absl::string_view text);

// Whether a host, as in Address, is this machine and nobody else: a number of 127.0.0.0/8 in four
// parts, ::1, or the name localhost.
bool IsLoopback(absl::string_view host);

// As a message says what IsLoopback takes.
inline constexpr char kLoopbackHosts[] = "loopback (127.0.0.0/8, localhost, [::1])";

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_ADDRESS_H_
