#include <optional>
#include <string>

#include "services/host/pages.h"
#include "services/intake/domain/decide.h"
#include "services/referral/domain/keys.h"
#include "services/type/names.h"
#include "tests/fuzz/targets.h"

namespace pathways::fuzz {
namespace {

void ReadKey(absl::string_view key) {
  if (const auto parsed = referral::ParseListKey(key)) {
    Require(type::IsUuid(parsed->case_id), "a key names a case");
    Require(type::ParseReferralName(type::ReferralName(parsed->case_id, parsed->referral_id))
                .has_value(),
            "a key names a referral");
    (void)referral::IsReferralsKey(key);
  }
  if (const auto case_id = intake::ParseCasesKey(key)) {
    Require(type::IsUuid(*case_id), "a key names a case");
  }
}

}  // namespace

void PageToken(absl::string_view bytes) {
  ReadKey(bytes);
  const std::optional<std::string> key = host::KeyOfPageToken(bytes);
  if (!key) return;
  ReadKey(*key);
  if (key->empty()) return;
  Require(host::KeyOfPageToken(host::PageTokenOf(*key)) == key, "a token keeps its key");
}

}  // namespace pathways::fuzz
