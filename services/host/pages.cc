#include "services/host/pages.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

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

}  // namespace pathways::host
