#include "services/type/text.h"

#include <cstddef>
#include <cstdint>

namespace pathways::type {
namespace {

// One decoded character; `bytes` 0 where the text is not well-formed.
struct Character {
  uint32_t code = 0;
  size_t bytes = 0;
};

// Smallest character that needs so many bytes: a longer form than needed is not well-formed.
constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};

bool IsContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Decodes the first character of a text that is not empty.
Character Decode(absl::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  Character character;
  if ((first & 0xE0) == 0xC0) {
    character = {first & 0x1Fu, 2};
  } else if ((first & 0xF0) == 0xE0) {
    character = {first & 0x0Fu, 3};
  } else if ((first & 0xF8) == 0xF0) {
    character = {first & 0x07u, 4};
  } else {
    return {};
  }
  if (text.size() < character.bytes) return {};
  for (size_t i = 1; i < character.bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (!IsContinuation(byte)) return {};
    character.code = (character.code << 6) | (byte & 0x3Fu);
  }
  const bool surrogate = character.code >= 0xD800 && character.code <= 0xDFFF;
  if (character.code < kSmallest[character.bytes] || surrogate || character.code > 0x10FFFF) {
    return {};
  }
  return character;
}

bool IsWhiteSpace(uint32_t code) {
  return code == ' ' || (code >= 0x09 && code <= 0x0D) || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

bool IsControl(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const Character character = Decode(text);
    if (character.bytes == 0) return false;
    text.remove_prefix(character.bytes);
  }
  return true;
}

CleanText Clean(absl::string_view raw) {
  if (!IsUtf8(raw)) return {.fault = TextFault::kNotUtf8};
  CleanText clean;
  bool space_before = false;
  while (!raw.empty()) {
    const Character character = Decode(raw);
    if (IsWhiteSpace(character.code)) {
      space_before = clean.characters > 0;
    } else if (IsControl(character.code)) {
      return {.fault = TextFault::kControlCharacter};
    } else {
      if (space_before) {
        clean.text.push_back(' ');
        ++clean.characters;
        space_before = false;
      }
      clean.text.append(raw.data(), character.bytes);
      ++clean.characters;
    }
    raw.remove_prefix(character.bytes);
  }
  return clean;
}

bool IsBlank(absl::string_view raw) {
  const CleanText clean = Clean(raw);
  return clean.fault == TextFault::kNone && clean.text.empty();
}

}  // namespace pathways::type
