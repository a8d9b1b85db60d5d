#include <optional>
#include <string>

#include "services/engine/store/key_range.h"
#include "services/host/pages.h"
#include "services/referral/domain/keys.h"
#include "services/type/names.h"
#include "tests/fuzz/targets.h"

namespace pathways::fuzz {
namespace {

constexpr char kIncarnation[] = "0";  // Short, so that random bytes come upon it.

void ReadKey(absl::string_view key) {
  if (const auto parsed = referral::ParseListKey(key)) {
    Require(type::IsUuid(parsed->case_id), "a key names a case");
    Require(type::ParseReferralName(type::ReferralName(parsed->case_id, parsed->referral_id))
                .has_value(),
            "a key names a referral");
    (void)referral::IsReferralsKey(key);
  }
}

void ReadPlaceToken(absl::string_view token) {
  const auto stored = host::StoredKeyOfToken(token, kIncarnation, type::IsUuid);
  Require(!token.empty() || stored, "a list begins without a token");
  if (!stored || stored->empty()) return;
  Require(type::IsUuid(engine::KeyOfPlaced(*stored).value_or("")), "a key names a case");
  const std::string again = host::PlaceTokenOf(kIncarnation, *stored);
  Require(host::StoredKeyOfToken(again, kIncarnation, type::IsUuid) == stored,
          "a token keeps its key");
  Require(!host::StoredKeyOfToken(again, "another", type::IsUuid),
          "a token is for the store that gave it out");
}

}  // namespace

void PageToken(absl::string_view bytes) {
  ReadKey(bytes);
  ReadPlaceToken(bytes);
  ReadPlaceToken(host::PlaceTokenOf(kIncarnation, bytes));
  const std::optional<std::string> key = host::KeyOfPageToken(bytes);
  if (!key) return;
  ReadKey(*key);
  if (key->empty()) return;
  Require(host::KeyOfPageToken(host::PageTokenOf(*key)) == key, "a token keeps its key");
}

}  // namespace pathways::fuzz
