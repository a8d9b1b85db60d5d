#include "services/base/ids.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace pathways::base {
namespace {

constexpr size_t kRequestKeyBytes = 32;  // Of a keyed hash.

std::string Format(std::array<uint8_t, 16> bytes, uint8_t version) {
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | (version << 4));
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20));
}

}  // namespace

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::string NewUuid() {
  std::array<uint8_t, 16> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  return Format(bytes, 4);
}

std::string Sha256Hex(absl::string_view bytes) {
  std::array<uint8_t, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256(digest.data(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

std::string UuidOf(absl::string_view text) {
  std::array<uint8_t, 16> bytes;
  crypto_generichash(bytes.data(), bytes.size(), reinterpret_cast<const uint8_t*>(text.data()),
                     text.size(), nullptr, 0);
  return Format(bytes, 8);
}

std::string FingerprintOf(absl::string_view ce_id) {
  std::array<uint8_t, 16> bytes;
  crypto_generichash(bytes.data(), bytes.size(), reinterpret_cast<const uint8_t*>(ce_id.data()),
                     ce_id.size(), nullptr, 0);
  return std::string(reinterpret_cast<const char*>(bytes.data()), 4);
}

std::string RequestCauseId(absl::string_view request_key) {
  if (request_key.size() != kRequestKeyBytes) return NewUuid();
  return absl::BytesToHexString(request_key);
}

std::string RequestKeyIn(absl::string_view cause_id) {
  const bool is_hex = std::all_of(cause_id.begin(), cause_id.end(), absl::ascii_isxdigit);
  if (cause_id.size() != 2 * kRequestKeyBytes || !is_hex) return "";
  return absl::HexStringToBytes(cause_id);
}

}  // namespace pathways::base
