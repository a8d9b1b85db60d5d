#include "services/eligibility/list_tokens.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "services/host/pages.h"
#include "services/type/names.h"

namespace pathways::eligibility {
namespace {

constexpr size_t kTimeDigits = 20;  // Of the microseconds that a key of kReviewsIndex begins with.

// The key in a token that is written as tokens are; base64 has other forms of the same bytes.
std::optional<std::string> KeyOf(absl::string_view token) {
  std::optional<std::string> key = host::KeyOfPageToken(token);
  if (!key || key->empty() || host::PageTokenOf(*key) == token) return key;
  return std::nullopt;
}

}  // namespace

std::string VersionsTokenOf(int before) { return host::PageTokenOf(absl::StrCat(before)); }

std::optional<int> VersionOfToken(absl::string_view token) {
  const std::optional<std::string> key = KeyOf(token);
  if (!key) return std::nullopt;
  if (key->empty()) return 0;
  int before = 0;
  const bool is_number = absl::SimpleAtoi(*key, &before) && absl::StrCat(before) == *key;
  return is_number && before >= 2 ? std::optional(before) : std::nullopt;
}

std::string ChangesPrefix(int64_t policy_number) {
  return absl::StrFormat("%010d/", policy_number);
}

std::optional<std::string> ChangesKeyOfToken(absl::string_view token, int64_t policy_number) {
  std::optional<std::string> key = KeyOf(token);
  if (!key || key->empty()) return key;
  absl::string_view rest = *key;
  if (!absl::ConsumePrefix(&rest, ChangesPrefix(policy_number)) || !type::IsUuid(rest)) {
    return std::nullopt;
  }
  return key;
}

std::optional<std::string> ReviewsKeyOfToken(absl::string_view token) {
  std::optional<std::string> key = KeyOf(token);
  if (!key || key->empty()) return key;
  const absl::string_view time = absl::string_view(*key).substr(0, kTimeDigits);
  absl::string_view rest = absl::string_view(*key).substr(time.size());
  const bool is_time =
      time.size() == kTimeDigits && std::all_of(time.begin(), time.end(), absl::ascii_isdigit);
  if (!is_time || !absl::ConsumePrefix(&rest, "/") || !type::IsUuid(rest)) return std::nullopt;
  return key;
}

}  // namespace pathways::eligibility
