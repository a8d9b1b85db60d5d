#include "tests/distributed/alarms.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace pathways::testing_support {
namespace {

// Of a part that cannot reach whom it needs, or that lost a race with who took its place.
constexpr std::array<const char*, 4> kExplained = {
    "\"code\":\"UNAVAILABLE\"", "\"code\":\"DEADLINE_EXCEEDED\"", "\"code\":\"ABORTED\"",
    "\"code\":\"CANCELLED\""};

constexpr std::array<const char*, 4> kNever = {"\"command_given_up\"", "\"upstream_tail_lost\"",
                                               "\"own_tail_lost\"", "\"feed_record_refused\""};

template <typename Parts>
bool HasAny(absl::string_view line, const Parts& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char* part) { return absl::StrContains(line, part); });
}

}  // namespace

std::vector<std::string> UnexplainedAlarms(const std::string& log) {
  std::vector<std::string> alarms;
  for (const absl::string_view line : absl::StrSplit(log, '\n')) {
    const bool has_failed = absl::StrContains(line, "\"part_failed\"");
    if ((has_failed && !HasAny(line, kExplained)) || HasAny(line, kNever)) {
      alarms.emplace_back(line);
    }
  }
  return alarms;
}

}  // namespace pathways::testing_support
