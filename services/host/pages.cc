#include "services/host/pages.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/engine/store/key_range.h"

namespace pathways::host {
namespace {

constexpr char kTokenPrefix[] = "1/";  // Version of the token's form.

}  // namespace

int CheckPageSize(int wanted, int usual, int most, absl::string_view field,
                  type::Violations& violations) {
  if (wanted < 0 || wanted > most) {
    violations.Add(field, absl::StrCat("must be 1 to ", most, ", or 0 for ", usual));
    return usual;
  }
  return wanted == 0 ? usual : wanted;
}

std::string PageTokenOf(absl::string_view key) {
  return absl::WebSafeBase64Escape(absl::StrCat(kTokenPrefix, key));
}

std::optional<std::string> KeyOfPageToken(absl::string_view token) {
  if (token.empty()) return std::string();
  std::string text;
  if (!absl::WebSafeBase64Unescape(token, &text)) return std::nullopt;
  const std::string prefix(kTokenPrefix);
  if (text.compare(0, prefix.size(), prefix) != 0 || text.size() == prefix.size()) {
    return std::nullopt;
  }
  return text.substr(prefix.size());
}

std::string PlaceTokenOf(absl::string_view incarnation, absl::string_view stored_key) {
  return PageTokenOf(absl::StrCat(incarnation, "/", stored_key));
}

std::optional<std::string> StoredKeyOfToken(absl::string_view token, absl::string_view incarnation,
                                            bool (*is_key)(absl::string_view)) {
  std::optional<std::string> text = KeyOfPageToken(token);
  if (!text || text->empty()) return text;
  absl::string_view stored = *text;
  if (!absl::ConsumePrefix(&stored, incarnation) || !absl::ConsumePrefix(&stored, "/")) {
    return std::nullopt;
  }
  const std::optional<absl::string_view> key = engine::KeyOfPlaced(stored);
  if (!key || !is_key(*key)) return std::nullopt;
  return std::string(stored);
}

}  // namespace pathways::host
