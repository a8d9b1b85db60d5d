#include "services/eligibility/list_tokens.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "services/host/ledger_pages.h"
#include "services/type/names.h"

namespace pathways::eligibility {
namespace {

constexpr size_t kTimeDigits = 20;  // Of the microseconds that a key of kReviewsIndex begins with.

}  // namespace

std::string ChangesPrefix(int64_t policy_number) {
  return absl::StrFormat("%010d/", policy_number);
}

std::optional<std::string> ChangesKeyOfToken(absl::string_view token, int64_t policy_number) {
  std::optional<std::string> key = host::KeyAsGiven(token);
  if (!key || key->empty()) return key;
  absl::string_view rest = *key;
  if (!absl::ConsumePrefix(&rest, ChangesPrefix(policy_number)) || !type::IsUuid(rest)) {
    return std::nullopt;
  }
  return key;
}

std::optional<std::string> ReviewsKeyOfToken(absl::string_view token) {
  std::optional<std::string> key = host::KeyAsGiven(token);
  if (!key || key->empty()) return key;
  const absl::string_view time = absl::string_view(*key).substr(0, kTimeDigits);
  absl::string_view rest = absl::string_view(*key).substr(time.size());
  const bool is_time =
      time.size() == kTimeDigits && std::all_of(time.begin(), time.end(), absl::ascii_isdigit);
  if (!is_time || !absl::ConsumePrefix(&rest, "/") || !type::IsUuid(rest)) return std::nullopt;
  return key;
}

}  // namespace pathways::eligibility
