#include "services/referral/domain/keys.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace pathways::referral {
namespace {

constexpr size_t kOrdinalDigits = 6;
constexpr size_t kMicrosecondDigits = 20;

bool IsDigits(absl::string_view text, size_t length) {
  return text.size() == length &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c); });
}

int OrdinalOf(const v1::StoredReferral& stored) {
  int ordinal = 0;
  // Evolve lets in no id but "r" and a number.
  (void)absl::SimpleAtoi(absl::string_view(stored.referral_id()).substr(1), &ordinal);
  return ordinal;
}

}  // namespace

std::string AgencyIndex(absl::string_view agency) { return absl::StrCat("agency/", agency); }

std::string CasePrefix(absl::string_view case_id) { return absl::StrCat(case_id, "/"); }

std::string ReferralId(int ordinal) { return absl::StrCat("r", ordinal); }

std::string ReferralsKey(absl::string_view case_id, const v1::StoredReferral& stored) {
  return absl::StrFormat("%s/%0*d/%s", case_id, kOrdinalDigits, OrdinalOf(stored), case_id);
}

std::string AgencyKey(absl::string_view case_id, const v1::StoredReferral& stored) {
  return absl::StrFormat("%0*d/%s", kOrdinalDigits, OrdinalOf(stored), case_id);
}

std::string WaitingKey(absl::string_view case_id, const v1::StoredReferral& stored) {
  const google::protobuf::Timestamp& time = stored.referral().update_time();
  const int64_t microseconds = time.seconds() * 1'000'000 + time.nanos() / 1'000;
  return absl::StrFormat("%0*d/%s", kMicrosecondDigits, microseconds, AgencyKey(case_id, stored));
}

std::string BroughtByRoutesPrefix(int64_t routes_number) {
  return absl::StrFormat("%010d/", routes_number);
}

std::string BroughtByRoutesKey(absl::string_view case_id, const v1::StoredReferral& stored) {
  return absl::StrCat(BroughtByRoutesPrefix(stored.brought_by_routes()),
                      ReferralsKey(case_id, stored));
}

std::optional<type::ReferralKey> ParseListKey(absl::string_view key) {
  const std::vector<absl::string_view> parts = absl::StrSplit(key, absl::MaxSplits('/', 3));
  if (parts.size() != 3 || !type::IsUuid(parts[2]) || !IsDigits(parts[1], kOrdinalDigits)) {
    return std::nullopt;
  }
  if (parts[0] != parts[2] && !IsDigits(parts[0], kMicrosecondDigits)) return std::nullopt;
  int ordinal = 0;
  if (!absl::SimpleAtoi(parts[1], &ordinal) || ordinal < 1) return std::nullopt;
  return type::ReferralKey{std::string(parts[2]), ReferralId(ordinal)};
}

bool IsReferralsKey(absl::string_view key) {
  const std::optional<type::ReferralKey> parsed = ParseListKey(key);
  return parsed && absl::StartsWith(key, CasePrefix(parsed->case_id));
}

bool IsAgencyKey(absl::string_view key) {
  const std::vector<absl::string_view> parts = absl::StrSplit(key, '/');
  int ordinal = 0;
  return parts.size() == 2 && IsDigits(parts[0], kOrdinalDigits) &&
         absl::SimpleAtoi(parts[0], &ordinal) && ordinal >= 1 && type::IsUuid(parts[1]);
}

}  // namespace pathways::referral
