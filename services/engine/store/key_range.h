// Sort keys of list entries: of those in order of commit, and ranges of those that begin alike.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_KEY_RANGE_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_KEY_RANGE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pathways::engine {

// The stored key of an entry in order of commit (type::ListEntry::event), whose event is at
// `position` in the log.
std::string PlacedKey(int64_t position, absl::string_view key);
// The `key` that such a stored key was made with. Nothing when it is of another form.
std::optional<absl::string_view> KeyOfPlaced(absl::string_view stored);

// The smallest key above every key that starts with `prefix`. Empty: there is none, as for the
// empty prefix.
std::string EndOfPrefix(absl::string_view prefix);

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_KEY_RANGE_H_
