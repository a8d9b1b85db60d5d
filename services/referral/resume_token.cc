#include "services/referral/resume_token.h"

#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/host/pages.h"
#include "services/type/problem.h"

namespace pathways::referral {

std::string ResumeTokenOf(absl::string_view incarnation, int64_t position) {
  return host::PageTokenOf(absl::StrCat(incarnation, "/", position));
}

absl::StatusOr<int64_t> PositionOfResumeToken(absl::string_view token,
                                              absl::string_view incarnation) {
  if (token.empty()) return 0;
  int64_t position = 0;
  const std::optional<std::string> text = host::KeyOfPageToken(token);
  const std::vector<std::string> parts = absl::StrSplit(text.value_or(""), '/');
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &position) || position < 0) {
    type::Violations violations;
    violations.Add("resume_token", "must be a resume_token of this watch, or empty");
    return violations.ToStatus(host::kInvalidRequest);
  }
  return parts[0] == incarnation ? position : 0;
}

}  // namespace pathways::referral
