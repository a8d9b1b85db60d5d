// Page sizes and page tokens of the API (AIP-158).
//
// A page token is the key of the last entry shown, made opaque; whoever reads it back checks that
// it is a key. Pure functions.
#ifndef PATHWAYS_SERVICES_HOST_PAGES_H_
#define PATHWAYS_SERVICES_HOST_PAGES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "services/type/problem.h"

namespace pathways::host {

// Reason of every refusal of a request whose fields are at fault and that has no reason of its own.
inline constexpr char kInvalidRequest[] = "INVALID_REQUEST";

// Entries wanted: 0 means `usual`. Adds a violation when it is not 0 to `most`.
int CheckPageSize(int wanted, int usual, int most, absl::string_view field,
                  type::Violations& violations);

std::string PageTokenOf(absl::string_view key);

// The key in a token; empty for an empty token, nothing for one that was never given out.
std::optional<std::string> KeyOfPageToken(absl::string_view token);

// The same for a list in order of commit (type::ListEntry::event). Its stored keys hold positions
// in the log of one store, so a token of another incarnation (EventReader::Incarnation) is refused
// with kNotAPlaceToken: after a restore the list may be in another order.
inline constexpr char kNotAPlaceToken[] =
    "must be a next_page_token of this list, given out since the service was last restored";
std::string PlaceTokenOf(absl::string_view incarnation, absl::string_view stored_key);
// `is_key` tells whether the part behind the position is a key of the list.
std::optional<std::string> StoredKeyOfToken(absl::string_view token, absl::string_view incarnation,
                                            bool (*is_key)(absl::string_view));

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_PAGES_H_
