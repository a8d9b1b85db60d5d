// Keys as bytes: what the key files have in common.
//
// A key is 32 bytes that are wiped when their owner ends. Texts that are hashed together go through
// Joined, so that no two lists of parts are the same bytes. What is stored and sent depends on
// these functions: none may ever change. Thread-safe.
#ifndef PATHWAYS_SERVICES_HOST_KEYS_BYTES_H_
#define PATHWAYS_SERVICES_HOST_KEYS_BYTES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pathways::host {

inline constexpr size_t kKeyBytes = 32;
using KeyArray = std::array<uint8_t, kKeyBytes>;

// A key, wiped when the scope ends.
struct ScopedKey {
  ScopedKey() = default;
  ~ScopedKey();
  ScopedKey(const ScopedKey&) = delete;
  ScopedKey& operator=(const ScopedKey&) = delete;

  KeyArray bytes = {};
};

// Before any other function here. INTERNAL: libsodium cannot be started. More than once does no
// harm.
absl::Status StartSodium();

// A new key in 64 hex digits. The caller wipes it.
std::string NewHexKey();
// False when the text is not 64 hex digits.
bool ParseHexKey(absl::string_view hex, ScopedKey& key);

// Each part behind its length (8 bytes, little-endian): no two lists of parts give the same bytes.
std::string Joined(std::initializer_list<absl::string_view> parts);
// BLAKE2b of `bytes` bytes, from 16 to 64.
std::string KeyedHash(const KeyArray& key, absl::string_view text, size_t bytes);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_KEYS_BYTES_H_
