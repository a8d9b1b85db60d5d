#include "services/host/grpc/tls_greeting.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "absl/strings/str_cat.h"

namespace pathways::host {
namespace {

constexpr uint16_t kTls12 = 0x0303;
constexpr size_t kRandomBytes = 32;

std::string Number(size_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

// With its length before it.
std::string Vector(int length_bytes, const std::string& content) {
  return absl::StrCat(Number(content.size(), length_bytes), content);
}

std::string Codes(std::initializer_list<uint16_t> codes) {
  std::string text;
  for (const uint16_t code : codes) absl::StrAppend(&text, Number(code, 2));
  return Vector(2, text);
}

std::string Extension(uint16_t type, const std::string& content) {
  return absl::StrCat(Number(type, 2), Vector(2, content));
}

}  // namespace

std::string TlsGreeting() {
  // ECDHE with AES-GCM, for keys of elliptic curves and of RSA: what gRPC offers.
  const std::string suites = Codes({0xC02B, 0xC02C, 0xC02F, 0xC030});
  const std::string no_compression = Vector(1, std::string(1, '\0'));
  const std::string extensions =
      absl::StrCat(Extension(10, Codes({0x001D, 0x0017, 0x0018})),  // Groups: x25519, P-256, P-384.
                   Extension(11, Vector(1, std::string(1, '\0'))),  // Points are not compressed.
                   // Signatures: RSA-PSS, ECDSA, Ed25519 and RSA of PKCS #1.
                   Extension(13, Codes({0x0804, 0x0805, 0x0806, 0x0403, 0x0503, 0x0603, 0x0807,
                                        0x0401, 0x0501, 0x0601})),
                   Extension(16, Vector(2, Vector(1, "h2"))));  // The protocol that will be spoken.
  const std::string hello =
      absl::StrCat(Number(kTls12, 2), std::string(kRandomBytes, '\0'), Vector(1, ""), suites,
                   no_compression, Vector(2, extensions));
  const std::string handshake = absl::StrCat(Number(1, 1), Vector(3, hello));
  return absl::StrCat(Number(22, 1), Number(kTls12, 2), Vector(2, handshake));
}

}  // namespace pathways::host
