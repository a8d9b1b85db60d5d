// Random ids and hashes that the runtime mints.
//
// Ids come from the operating system's random source (libsodium); none is derived from content,
// time or a counter.
#ifndef PATHWAYS_SERVICES_RUNTIME_IDS_H_
#define PATHWAYS_SERVICES_RUNTIME_IDS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace pathways::runtime {

// A random UUID (version 4), lower case. Thread-safe.
std::string NewUuid();

// A UUID (version 8, RFC 9562) that depends only on `text`: BLAKE2b-128. For request ids that must
// be the same on every retry of the same form.
std::string UuidOf(absl::string_view text);

// Four bytes that stand for a ce_id in the list of applied events.
std::string FingerprintOf(absl::string_view ce_id);

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_IDS_H_
