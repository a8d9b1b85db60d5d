// Small secrets: random tokens, their hashes, and wiping what held them.
//
// A token is as good as a password, so a process keeps only its hash: memory that leaks then opens
// no door. Tokens hold 256 random bits, so a plain hash needs neither salt nor stretching.
// Thread-safe.
#ifndef PATHWAYS_SERVICES_HOST_KEYS_SECRET_H_
#define PATHWAYS_SERVICES_HOST_KEYS_SECRET_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace pathways::host {

using SecretHash = std::array<uint8_t, 32>;

// 256 random bits in base64url without padding: 43 characters.
std::string NewSecret();

// BLAKE2b-256.
SecretHash HashSecret(absl::string_view secret);

// Takes the same time wherever they differ.
bool SameHash(const SecretHash& a, const SecretHash& b);

// Overwrites a text in a way that the compiler keeps, and empties it.
void Wipe(std::string& text);

// Wipes a text when the scope ends.
class Wiper {
 public:
  explicit Wiper(std::string& text) : text_(text) {}
  ~Wiper() { Wipe(text_); }
  Wiper(const Wiper&) = delete;
  Wiper& operator=(const Wiper&) = delete;

 private:
  std::string& text_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_KEYS_SECRET_H_
