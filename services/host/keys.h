// The keys of a service: the master key, and the data key of each person.
//
// Identity is stored only encrypted, each person's with a data key of their own; that data key is
// stored beside it, wrapped by a key that comes from the master key. Erasing a person is deleting
// the wrapped data key. The master key lies in a private file (see private_file.h) and nowhere
// else: whoever loses it loses every identity, so it belongs in a backup apart from the store's.
// It is one line, `pathways-master-key-v1 <64 hex digits>`. What is stored depends on the bytes
// that these functions make: a change needs a new version, not another algorithm in the same place.
#ifndef PATHWAYS_SERVICES_HOST_KEYS_H_
#define PATHWAYS_SERVICES_HOST_KEYS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/engine/store/event_store.h"

namespace pathways::host {

// Makes a new master key file, mode 0600, atomically and durably. ALREADY_EXISTS: there is one; it
// is never replaced, and a second call changes nothing. UNAVAILABLE: cannot be written.
absl::Status CreateMasterKey(const std::string& path);

// Thread-safe: nothing changes after Load. No method blocks.
class Keyring {
 public:
  // Reads the master key. NOT_FOUND: no file. FAILED_PRECONDITION: the user does not own it, or
  // group or others have access. INVALID_ARGUMENT: not a key file. RESOURCE_EXHAUSTED: no memory.
  static absl::StatusOr<std::unique_ptr<Keyring>> Load(const std::string& path);
  // Wipes the keys.
  ~Keyring();
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;

  // A fresh random data key of one person, wrapped. It opens only under the same stream and person.
  engine::KeyRow NewPersonKey(absl::string_view stream, absl::string_view person_id) const;

  // Encrypts with the person's key: XChaCha20-Poly1305-IETF, random nonce first, bound to stream
  // and person. Two results for one text differ. DATA_LOSS: the wrapped key does not open.
  absl::StatusOr<std::string> Seal(const engine::KeyRow& key, absl::string_view plain) const;

  // Decrypts what Seal made. DATA_LOSS: wrong key, or another person's or altered text or key.
  absl::StatusOr<std::string> Open(const engine::KeyRow& key, absl::string_view sealed) const;

  // Keyed hash (BLAKE2b-256, 32 bytes) of a request's content. Its key is not in the store, so that
  // a store that leaks cannot be used to guess contents.
  std::string Fingerprint(absl::string_view content) const;

  // Key under which a request is remembered: keyed hash (BLAKE2b-256, 32 bytes) of principal,
  // method and request id, each with its length before it.
  std::string RequestKey(absl::string_view principal, absl::string_view method,
                         absl::string_view request_id) const;

 private:
  struct Subkeys;  // In memory that is kept out of swap where the system allows it.

  explicit Keyring(Subkeys* subkeys) : subkeys_(subkeys) {}

  Subkeys* const subkeys_;  // Owned; freed with sodium_free, which wipes.
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_KEYS_H_
