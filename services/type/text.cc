#include "services/type/text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

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

struct CodeRange {
  uint32_t first;
  uint32_t last;
};

// Default ignorable characters, less those that IsControl takes.
constexpr CodeRange kInvisible[] = {
    {0x00AD, 0x00AD},   {0x034F, 0x034F},  {0x061C, 0x061C}, {0x115F, 0x1160}, {0x17B4, 0x17B5},
    {0x180B, 0x180F},   {0x200B, 0x200F},  {0x2060, 0x2065}, {0x206A, 0x206F}, {0x3164, 0x3164},
    {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},  {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};

bool IsInvisible(uint32_t code) {
  return std::any_of(std::begin(kInvisible), std::end(kInvisible),
                     [=](CodeRange range) { return range.first <= code && code <= range.last; });
}

bool IsJoiner(uint32_t code) { return code == 0x200C || code == 0x200D; }

// From Arabic to Mongolian: the scripts whose letters the joiners give another form.
bool IsJoined(uint32_t code) { return code >= 0x0600 && code <= 0x18AF; }

// What the bytes 0x80 to 0x9F mean in Windows-1252; the five that mean nothing stay themselves.
constexpr uint32_t kWindows1252[] = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

bool MayBeContinuation(uint32_t code) {
  return (code >= 0x80 && code <= 0xBF) ||
         std::find(std::begin(kWindows1252), std::end(kWindows1252), code) !=
             std::end(kWindows1252);
}

// The first two characters that UTF-8 of a Latin letter or of a typographic quote becomes when it
// is read as Windows-1252. No language writes them beside each other.
bool IsWronglyDecoded(uint32_t before, uint32_t code) {
  constexpr uint32_t kLead2 = 0xC2, kLead2Latin = 0xC3, kLead3 = 0xE2, kEuro = 0x20AC;
  return ((before == kLead2 || before == kLead2Latin) && MayBeContinuation(code)) ||
         (before == kLead3 && code == kEuro);
}

constexpr uint32_t kReplacement = 0xFFFD;

// Puts a text together in its stored form.
class Cleaner {
 public:
  void Take(uint32_t code, absl::string_view bytes) {
    if (code == kReplacement || IsWronglyDecoded(before_, code)) {
      SetFault(TextFault::kWronglyDecoded);
    }
    before_ = code;
    if (IsWhiteSpace(code)) {
      space_before_ = clean_.characters > 0;
    } else if (IsControl(code)) {
      SetFault(TextFault::kControlCharacter);
    } else if (IsInvisible(code)) {
      // One at the end does no harm, and whether this is the end is not known yet.
      if (clean_.characters > 0) TakeInvisible(code, bytes);
    } else {
      TakeVisible(code, bytes);
    }
  }

  CleanText End() && {
    if (clean_.fault != TextFault::kNone) return {.fault = clean_.fault};
    return std::move(clean_);
  }

 private:
  // The first counts, but bytes that were read wrongly also explain the characters among them.
  void SetFault(TextFault fault) {
    if (clean_.fault == TextFault::kNone || fault == TextFault::kWronglyDecoded) {
      clean_.fault = fault;
    }
  }

  void TakeInvisible(uint32_t code, absl::string_view bytes) {
    hidden_.append(bytes.data(), bytes.size());
    ++hidden_characters_;
    hidden_joins_ &= IsJoiner(code) && IsJoined(last_visible_) && !space_before_;
  }

  void TakeVisible(uint32_t code, absl::string_view bytes) {
    if (!hidden_.empty() && !(hidden_joins_ && IsJoined(code))) {
      SetFault(TextFault::kInvisibleCharacter);
    }
    if (!hidden_.empty()) {
      clean_.text.append(hidden_);
      clean_.characters += hidden_characters_;
    } else if (space_before_) {
      clean_.text.push_back(' ');
      ++clean_.characters;
    }
    space_before_ = false;
    hidden_.clear();
    hidden_characters_ = 0;
    hidden_joins_ = true;
    last_visible_ = code;
    clean_.text.append(bytes.data(), bytes.size());
    ++clean_.characters;
  }

  CleanText clean_;
  bool space_before_ = false;
  uint32_t before_ = 0;
  uint32_t last_visible_ = 0;
  // Invisible characters behind the last visible one.
  std::string hidden_;
  int hidden_characters_ = 0;
  bool hidden_joins_ = true;
};

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
  Cleaner cleaner;
  while (!raw.empty()) {
    const Character character = Decode(raw);
    cleaner.Take(character.code, raw.substr(0, character.bytes));
    raw.remove_prefix(character.bytes);
  }
  return std::move(cleaner).End();
}

absl::string_view ExpectedOf(TextFault fault) {
  switch (fault) {
    case TextFault::kNone:
      return "";
    case TextFault::kNotUtf8:
      return "must be valid UTF-8";
    case TextFault::kControlCharacter:
      return "must not contain control characters";
    case TextFault::kInvisibleCharacter:
      return "must not contain invisible characters: type it again";
    case TextFault::kWronglyDecoded:
      return "was saved or opened in a wrong encoding: write it again, in UTF-8";
  }
  return "";
}

bool IsBlank(absl::string_view raw) {
  const CleanText clean = Clean(raw);
  return clean.fault == TextFault::kNone && clean.text.empty();
}

}  // namespace pathways::type
