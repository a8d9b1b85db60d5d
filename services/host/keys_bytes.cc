#include "services/host/keys_bytes.h"

#include <sodium.h>

#include "absl/strings/str_cat.h"

namespace pathways::host {
namespace {

const uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

}  // namespace

ScopedKey::~ScopedKey() { sodium_memzero(bytes.data(), bytes.size()); }

absl::Status StartSodium() {
  // It answers 1 when it was started before.
  if (sodium_init() < 0) return absl::InternalError("libsodium cannot be started");
  return absl::OkStatus();
}

std::string NewHexKey() {
  ScopedKey key;
  randombytes_buf(key.bytes.data(), key.bytes.size());
  std::string hex(2 * kKeyBytes + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), key.bytes.data(), key.bytes.size());
  hex.pop_back();  // The closing zero.
  return hex;
}

bool ParseHexKey(absl::string_view hex, ScopedKey& key) {
  size_t filled = 0;
  return hex.size() == 2 * kKeyBytes &&
         sodium_hex2bin(key.bytes.data(), key.bytes.size(), hex.data(), hex.size(), nullptr,
                        &filled, nullptr) == 0 &&
         filled == kKeyBytes;
}

std::string Joined(std::initializer_list<absl::string_view> parts) {
  std::string joined;
  for (const absl::string_view part : parts) {
    for (int shift = 0; shift < 64; shift += 8) {
      joined.push_back(static_cast<char>(static_cast<uint64_t>(part.size()) >> shift & 0xff));
    }
    absl::StrAppend(&joined, part);
  }
  return joined;
}

std::string KeyedHash(const KeyArray& key, absl::string_view text, size_t bytes) {
  std::string hash(bytes, '\0');
  crypto_generichash(reinterpret_cast<uint8_t*>(hash.data()), hash.size(), Bytes(text), text.size(),
                     key.data(), key.size());
  return hash;
}

}  // namespace pathways::host
