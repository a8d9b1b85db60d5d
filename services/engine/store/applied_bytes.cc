#include "services/engine/store/applied_bytes.h"

#include <cstdint>

namespace pathways::engine {
namespace {

void AddBigEndian(uint64_t value, int bytes, std::string& to) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    to.push_back(static_cast<char>(value >> shift));
  }
}

// Takes the first `size` bytes off. False: there are fewer.
bool Take(absl::string_view& bytes, uint64_t size, absl::string_view& taken) {
  if (bytes.size() < size) return false;
  taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

bool TakeBigEndian(absl::string_view& bytes, int size, uint64_t& value) {
  absl::string_view taken;
  if (!Take(bytes, static_cast<uint64_t>(size), taken)) return false;
  value = 0;
  for (const char c : taken) value = value << 8 | static_cast<unsigned char>(c);
  return true;
}

}  // namespace

std::string AppliedBytes(const std::map<std::string, Applied>& applied) {
  std::string bytes;
  for (const auto& [upstream, of] : applied) {
    AddBigEndian(upstream.size(), 1, bytes);
    bytes += upstream;
    AddBigEndian(static_cast<uint64_t>(of.number), 8, bytes);
    AddBigEndian(of.fingerprints.size(), 4, bytes);
    bytes += of.fingerprints;
  }
  return bytes;
}

bool ParseApplied(absl::string_view bytes, std::map<std::string, Applied>& applied) {
  while (!bytes.empty()) {
    uint64_t size = 0;
    uint64_t number = 0;
    absl::string_view upstream;
    absl::string_view fingerprints;
    const bool is_whole = TakeBigEndian(bytes, 1, size) && Take(bytes, size, upstream) &&
                          TakeBigEndian(bytes, 8, number) && TakeBigEndian(bytes, 4, size) &&
                          Take(bytes, size, fingerprints);
    if (!is_whole) return false;
    applied[std::string(upstream)] = {static_cast<int64_t>(number), std::string(fingerprints)};
  }
  return true;
}

}  // namespace pathways::engine
