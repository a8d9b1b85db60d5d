// Random ids and hashes that the runtime mints.
//
// Ids come from the operating system's random source (libsodium); none is derived from content,
// time or a counter.
#ifndef PATHWAYS_SERVICES_BASE_IDS_H_
#define PATHWAYS_SERVICES_BASE_IDS_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace pathways::base {

// Random bytes. Thread-safe.
std::string RandomBytes(size_t count);

// A random UUID (version 4), lower case. Thread-safe.
std::string NewUuid();

// A UUID (version 8, RFC 9562) that depends only on `text`: BLAKE2b-128. For request ids that must
// be the same on every retry of the same form.
std::string UuidOf(absl::string_view text);

// SHA-256 of some bytes, 64 hex digits in lower case: names them for everybody who has them.
std::string Sha256Hex(absl::string_view bytes);

// Four bytes that stand for a ce_id in the list of applied events.
std::string FingerprintOf(absl::string_view ce_id);

// The fingerprint of a number that was applied and whose event nobody knows any more, after a
// restore: whatever comes under that number is taken for the same.
inline constexpr absl::string_view kUnknownFingerprint("\0\0\0\0", 4);

// The id by which an event names the request that caused it: the key under which the request is
// remembered, so that it can be remembered again from the event. A random id where there is no key.
std::string RequestCauseId(absl::string_view request_key);
// The key in such an id. Empty: there is none.
std::string RequestKeyIn(absl::string_view cause_id);

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_IDS_H_
