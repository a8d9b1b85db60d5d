#include "services/base/trace.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/ids.h"

namespace pathways::base {
namespace {

constexpr absl::string_view kVersion = "00-";
constexpr size_t kTextBytes = 55;
constexpr uint8_t kSampled = 0x01;

template <size_t Bytes>
bool IsZero(const std::array<uint8_t, Bytes>& id) {
  return id == std::array<uint8_t, Bytes>{};
}

template <size_t Bytes>
std::array<uint8_t, Bytes> RandomId() {
  std::array<uint8_t, Bytes> id;
  do {
    const std::string bytes = RandomBytes(Bytes);
    std::copy(bytes.begin(), bytes.end(), id.begin());
  } while (IsZero(id));  // Which would be no id.
  return id;
}

// -1: no hexadecimal digit in lower case.
int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Takes an id from the front of `text`, with the character behind it, unless it is the last.
template <size_t Bytes>
bool TakeHex(absl::string_view& text, std::array<uint8_t, Bytes>& id) {
  if (text.size() < 2 * Bytes) return false;
  for (size_t i = 0; i < Bytes; ++i) {
    const int high = DigitOf(text[2 * i]);
    const int low = DigitOf(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    id[i] = static_cast<uint8_t>(high * 16 + low);
  }
  text.remove_prefix(2 * Bytes);
  if (text.empty()) return true;
  const bool is_delimited = text.front() == '-';
  text.remove_prefix(1);
  return is_delimited;
}

template <size_t Bytes>
std::string Hex(const std::array<uint8_t, Bytes>& id) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(id.data()), id.size()));
}

}  // namespace

Trace Trace::Parse(absl::string_view text) {
  if (text.size() != kTextBytes || !absl::StartsWith(text, kVersion)) return {};
  text.remove_prefix(kVersion.size());
  Trace trace;
  std::array<uint8_t, 1> flags;
  if (!TakeHex(text, trace.trace_id_) || !TakeHex(text, trace.parent_id_)) return {};
  if (!TakeHex(text, flags)) return {};
  if (IsZero(trace.trace_id_) || IsZero(trace.parent_id_)) return {};
  trace.flags_ = flags[0] & kSampled;
  return trace;
}

Trace Trace::New() {
  Trace trace;
  trace.trace_id_ = RandomId<16>();
  trace.parent_id_ = RandomId<8>();
  return trace;
}

Trace Trace::Child() const {
  if (IsNone()) return New();
  Trace child = *this;
  while (child.parent_id_ == parent_id_) child.parent_id_ = RandomId<8>();
  return child;
}

std::string Trace::Format() const {
  if (IsNone()) return "";
  return absl::StrCat(kVersion, Hex(trace_id_), "-", Hex(parent_id_), "-",
                      Hex(std::array<uint8_t, 1>{flags_}));
}

}  // namespace pathways::base
