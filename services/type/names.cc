#include "services/type/names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace pathways::type {
namespace {

constexpr size_t kCodeLengthMax = 64;
constexpr size_t kIdLengthMax = 64;

bool IsReferralId(absl::string_view text) {
  if (text.size() < 2 || text.size() > 8 || text[0] != 'r' || text[1] == '0') return false;
  return std::all_of(text.begin() + 1, text.end(), [](char c) { return absl::ascii_isdigit(c); });
}

}  // namespace

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

void CheckRequestId(absl::string_view request_id, Violations& violations) {
  if (!IsUuid(request_id)) {
    violations.Add("request_id", "must be a UUID, the same on every retry");
  }
}

std::string CaseName(absl::string_view case_id) { return absl::StrCat("cases/", case_id); }

std::optional<std::string> ParseCaseName(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, "cases/") || !IsUuid(name)) return std::nullopt;
  return absl::AsciiStrToLower(name);
}

std::optional<std::string> ParseSingletonName(absl::string_view name, absl::string_view singleton) {
  if (!absl::ConsumeSuffix(&name, singleton) || !absl::ConsumeSuffix(&name, "/"))
    return std::nullopt;
  return ParseCaseName(name);
}

std::string ReferralName(absl::string_view case_id, absl::string_view referral_id) {
  return absl::StrCat("cases/", case_id, "/referrals/", referral_id);
}

std::optional<ReferralKey> ParseReferralName(absl::string_view name) {
  const size_t slash = name.rfind('/');
  if (slash == absl::string_view::npos || !IsReferralId(name.substr(slash + 1)))
    return std::nullopt;
  const std::string referral_id(name.substr(slash + 1));
  name = name.substr(0, slash);
  std::optional<std::string> case_id = ParseSingletonName(name, "referrals");
  if (!case_id) return std::nullopt;
  return ReferralKey{*case_id, referral_id};
}

bool IsId(absl::string_view text) {
  return !text.empty() && text.size() <= kIdLengthMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

bool IsCode(absl::string_view text) {
  if (text.empty() || text.size() > kCodeLengthMax || !absl::ascii_isupper(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isupper(c) || absl::ascii_isdigit(c) || c == '_';
  });
}

}  // namespace pathways::type
