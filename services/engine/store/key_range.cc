#include "services/engine/store/key_range.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "services/type/stream.h"

namespace pathways::engine {

std::string PlacedKey(int64_t position, absl::string_view key) {
  return absl::StrFormat("%0*d/%s", type::kPlaceDigits, position, key);
}

std::optional<absl::string_view> KeyOfPlaced(absl::string_view stored) {
  constexpr size_t kDigits = type::kPlaceDigits;
  if (stored.size() <= kDigits || stored[kDigits] != '/') return std::nullopt;
  const absl::string_view place = stored.substr(0, kDigits);
  if (!std::all_of(place.begin(), place.end(), absl::ascii_isdigit)) return std::nullopt;
  return stored.substr(kDigits + 1);
}

std::string EndOfPrefix(absl::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace pathways::engine
