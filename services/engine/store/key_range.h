// Ranges of sort keys that begin alike.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_KEY_RANGE_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_KEY_RANGE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace pathways::engine {

// The smallest key above every key that starts with `prefix`. Empty: there is none, as for the
// empty prefix.
std::string EndOfPrefix(absl::string_view prefix);

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_KEY_RANGE_H_
