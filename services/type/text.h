// Text as people type it, brought into the one form that is stored.
//
// A name comes from a form, a spreadsheet or a telephone: with spaces around it, line breaks inside
// it, or bytes of another encoding. Clean brings what is harmless into one form and names what is
// not. Lengths are counted in Unicode characters, as the contract promises, not in bytes.
#ifndef PATHWAYS_SERVICES_TYPE_TEXT_H_
#define PATHWAYS_SERVICES_TYPE_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace pathways::type {

// True for well-formed UTF-8 (RFC 3629: shortest form, no surrogates, nothing above U+10FFFF).
bool IsUtf8(absl::string_view text);

// Why a text cannot be taken.
enum class TextFault {
  kNone,
  kNotUtf8,
  kControlCharacter,
  kInvisibleCharacter,  // Two names that look alike would be two.
  kWronglyDecoded,      // UTF-8 that was read as Windows-1252, or a character that was lost.
};

// What is expected of a text with this fault, for who wrote it. Empty for kNone.
absl::string_view ExpectedOf(TextFault fault);

// A text without white space and invisible characters around it, and with one space where there was
// a run of white space.
struct CleanText {
  std::string text;    // Empty when there is a fault.
  int characters = 0;  // Unicode characters of `text`.
  TextFault fault = TextFault::kNone;
};

// White space is what Unicode calls so, line breaks and tabs included. Control characters are the
// others of category Cc and the bidirectional overrides, which can show a name other than it is.
// Invisible characters are those that Unicode calls default ignorable (UAX #44), for example
// zero-width space, soft hyphen and tags; the zero-width joiners within a word of a script that is
// written with them are none.
CleanText Clean(absl::string_view raw);

// True for nothing but white space and invisible characters.
bool IsBlank(absl::string_view raw);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_TEXT_H_
