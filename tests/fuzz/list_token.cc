#include <cstdint>
#include <optional>
#include <string>

#include "services/eligibility/list_tokens.h"
#include "services/host/ledger_pages.h"
#include "services/host/pages.h"
#include "tests/fuzz/targets.h"

namespace pathways::fuzz {
namespace {

constexpr int64_t kPolicyNumber = 3;

void ReadToken(const std::string& token) {
  if (const std::optional<int> before = host::VersionOfToken(token); before && *before > 0) {
    Require(*before > 1, "behind the first version there is no page");
    Require(host::VersionsTokenOf(*before) == token, "a version has one token");
  }
  const auto change = eligibility::ChangesKeyOfToken(token, kPolicyNumber);
  if (change && !change->empty()) {
    Require(change->rfind(eligibility::ChangesPrefix(kPolicyNumber), 0) == 0,
            "a change is one of its version");
    Require(host::PageTokenOf(*change) == token, "a change has one token");
  }
  Require(!token.empty() || change, "a list begins without a token");
}

}  // namespace

void ListToken(absl::string_view bytes) {
  ReadToken(std::string(bytes));
  ReadToken(host::PageTokenOf(bytes));
}

}  // namespace pathways::fuzz
