#include "services/host/keys.h"

#include <sodium.h>

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"
#include "services/host/keys_bytes.h"
#include "services/host/keys_secret.h"

namespace pathways::host {
namespace {

constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr size_t kHashBytes = 32;
constexpr size_t kKeyFileBytesMax = 1024;

// None of these may ever change: what is stored was made with them.
constexpr absl::string_view kFilePrefix = "pathways-master-key-v1 ";
constexpr char kKdfContext[crypto_kdf_CONTEXTBYTES + 1] = "pathways";
constexpr uint64_t kWrapKeyId = 1;
constexpr uint64_t kFingerprintKeyId = 2;
constexpr uint64_t kRequestKeyId = 3;
constexpr absl::string_view kWrapPurpose = "pathways.person-key.v1";
constexpr absl::string_view kSealPurpose = "pathways.sealed.v1";

static_assert(kKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kKeyBytes == crypto_kdf_KEYBYTES);

const uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

uint8_t* Bytes(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

// Nonce, then cipher text with tag. Random nonces of 24 bytes do not collide.
std::string Encrypt(const KeyArray& key, absl::string_view bound, absl::string_view plain) {
  std::string sealed(kNonceBytes + plain.size() + kTagBytes, '\0');
  randombytes_buf(sealed.data(), kNonceBytes);
  uint8_t* const out = Bytes(sealed);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out + kNonceBytes, nullptr, Bytes(plain), plain.size(),
                                             Bytes(bound), bound.size(), nullptr, out, key.data());
  return sealed;
}

// False when it was altered, or made with another key or for something else. `plain` holds
// sealed.size() - kNonceBytes - kTagBytes bytes.
bool Decrypt(const KeyArray& key, absl::string_view bound, absl::string_view sealed,
             uint8_t* plain) {
  const absl::string_view nonce = sealed.substr(0, kNonceBytes);
  const absl::string_view cipher = sealed.substr(kNonceBytes);
  return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, nullptr, nullptr, Bytes(cipher),
                                                    cipher.size(), Bytes(bound), bound.size(),
                                                    Bytes(nonce), key.data()) == 0;
}

absl::Status Unwrap(const KeyArray& wrap_key, const engine::KeyRow& row, ScopedKey& person_key) {
  if (row.wrapped.size() == kNonceBytes + kKeyBytes + kTagBytes &&
      Decrypt(wrap_key, Joined({kWrapPurpose, row.stream, row.person_id}), row.wrapped,
              person_key.bytes.data())) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat(row.stream, ": the data key of person ", row.person_id,
                   " does not open: it was altered, or wrapped with another master key"));
}

// Puts the key of a key file's text into `key`. False when it is not such a text.
bool ParseKey(absl::string_view text, ScopedKey& key) {
  if (!absl::ConsumePrefix(&text, kFilePrefix)) return false;
  absl::ConsumeSuffix(&text, "\n");
  return ParseHexKey(text, key);
}

}  // namespace

struct Keyring::Subkeys {
  KeyArray wrap;
  KeyArray fingerprint;
  KeyArray request;
};

absl::Status CreateMasterKey(const std::string& path) {
  RETURN_IF_ERROR(StartSodium());
  std::string hex = NewHexKey();
  const Wiper wipes_hex(hex);
  std::string line = absl::StrCat(kFilePrefix, hex, "\n");
  const Wiper wipes_line(line);
  return base::WritePrivateFile(path, line, base::Existing::kKeep);
}

absl::StatusOr<std::unique_ptr<Keyring>> Keyring::Load(const std::string& path) {
  RETURN_IF_ERROR(StartSodium());
  ASSIGN_OR_RETURN(std::string text, base::ReadPrivateFile(path, kKeyFileBytesMax));
  const Wiper wipes(text);
  ScopedKey master;
  if (!ParseKey(text, master)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a master key file: one line '",
                                                   kFilePrefix, "<64 hex digits>' is expected"));
  }
  // Locks the memory where it may, and does not fail where it may not.
  auto* const subkeys = static_cast<Subkeys*>(sodium_malloc(sizeof(Subkeys)));
  if (subkeys == nullptr) return absl::ResourceExhaustedError("no memory for the keys");
  const auto derive = [&](uint64_t id, KeyArray& subkey) {
    crypto_kdf_derive_from_key(subkey.data(), subkey.size(), id, kKdfContext, master.bytes.data());
  };
  derive(kWrapKeyId, subkeys->wrap);
  derive(kFingerprintKeyId, subkeys->fingerprint);
  derive(kRequestKeyId, subkeys->request);
  (void)sodium_mprotect_readonly(subkeys);
  return std::unique_ptr<Keyring>(new Keyring(subkeys));
}

Keyring::~Keyring() { sodium_free(subkeys_); }

engine::KeyRow Keyring::NewPersonKey(absl::string_view stream, absl::string_view person_id) const {
  ScopedKey key;
  randombytes_buf(key.bytes.data(), key.bytes.size());
  const absl::string_view plain(reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size());
  return {std::string(stream), std::string(person_id),
          Encrypt(subkeys_->wrap, Joined({kWrapPurpose, stream, person_id}), plain)};
}

absl::StatusOr<std::string> Keyring::Seal(const engine::KeyRow& key,
                                          absl::string_view plain) const {
  ScopedKey person_key;
  RETURN_IF_ERROR(Unwrap(subkeys_->wrap, key, person_key));
  return Encrypt(person_key.bytes, Joined({kSealPurpose, key.stream, key.person_id}), plain);
}

absl::StatusOr<std::string> Keyring::Open(const engine::KeyRow& key,
                                          absl::string_view sealed) const {
  ScopedKey person_key;
  RETURN_IF_ERROR(Unwrap(subkeys_->wrap, key, person_key));
  if (sealed.size() >= kNonceBytes + kTagBytes) {
    std::string plain(sealed.size() - kNonceBytes - kTagBytes, '\0');
    if (Decrypt(person_key.bytes, Joined({kSealPurpose, key.stream, key.person_id}), sealed,
                Bytes(plain))) {
      return plain;
    }
  }
  return absl::DataLossError(absl::StrCat(key.stream, ": what is sealed for person ", key.person_id,
                                          " does not open: it was altered or is another person's"));
}

std::string Keyring::Fingerprint(absl::string_view content) const {
  return KeyedHash(subkeys_->fingerprint, content, kHashBytes);
}

std::string Keyring::RequestKey(absl::string_view principal, absl::string_view method,
                                absl::string_view request_id) const {
  return KeyedHash(subkeys_->request, Joined({principal, method, request_id}), kHashBytes);
}

}  // namespace pathways::host
