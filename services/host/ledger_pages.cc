#include "services/host/ledger_pages.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/host/pages.h"
#include "services/type/problem.h"

namespace pathways::host {
namespace {

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;

}  // namespace

std::optional<std::string> KeyAsGiven(absl::string_view token) {
  std::optional<std::string> key = KeyOfPageToken(token);
  if (!key || key->empty() || PageTokenOf(*key) == token) return key;
  return std::nullopt;
}

std::string VersionsTokenOf(int before) { return PageTokenOf(absl::StrCat(before)); }

std::optional<int> VersionOfToken(absl::string_view token) {
  const std::optional<std::string> key = KeyAsGiven(token);
  if (!key) return std::nullopt;
  if (key->empty()) return 0;
  int before = 0;
  const bool is_number = absl::SimpleAtoi(*key, &before) && absl::StrCat(before) == *key;
  return is_number && before >= 2 ? std::optional(before) : std::nullopt;
}

absl::Status ReadVersionsPage(const type::v1::LedgerState& ledger, int page_size,
                              const std::string& token, VersionsPage& page) {
  type::Violations violations;
  const int size = CheckPageSize(page_size, kPageUsual, kPageMax, "page_size", violations);
  const std::optional<int> before = VersionOfToken(token);
  if (!before || *before > ledger.versions_size()) {
    violations.Add("page_token", kNotAPageToken);
  }
  absl::Status status = violations.ToStatus(kInvalidRequest);
  if (!status.ok()) return status;
  page.last = *before > 0 ? *before - 1 : ledger.versions_size();
  page.first = std::max(page.last - size + 1, std::min(page.last, 1));
  return absl::OkStatus();
}

}  // namespace pathways::host
