#include "services/eligibility/list_tokens.h"

#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "services/host/ledger_pages.h"
#include "services/type/names.h"

namespace pathways::eligibility {
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

}  // namespace pathways::eligibility
