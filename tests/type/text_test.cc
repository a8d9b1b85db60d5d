// Goal: text comes out in one form, and what cannot be stored is named. Method: text of every kind
// of white space and bad byte.
#include "services/type/text.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace pathways::type {
namespace {

using std::string_literals::operator""s;

TEST(Clean, CollapsesWhiteSpaceAndCountsCharacters) {
  const std::tuple<std::string, std::string, int> rows[] = {
      {"", "", 0},
      {"  \t\r\n ", "", 0},
      {"Ana", "Ana", 3},
      {"  Ana \t\n  María\r\n", "Ana María", 9},
      {"\xC2\xA0"s + "Ana" + "\xE2\x80\xA8" + "Li" + "\xE3\x80\x80", "Ana Li", 6},
      {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", 1},
      {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF", 1},
      {"é", "é", 1}};
  for (const auto& [raw, text, characters] : rows) {
    const CleanText clean = Clean(raw);
    EXPECT_EQ(clean.fault, TextFault::kNone) << raw;
    EXPECT_EQ(clean.text, text);
    EXPECT_EQ(clean.characters, characters) << raw;
  }
}

TEST(Clean, NamesWhatCannotBeTaken) {
  const std::string not_utf8[] = {
      "\xFF",         "Jos\xE9",      "\xC3",         "\xC0\xAF",         "\xC1\xBF",
      "\xE0\x80\xAF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF8\x88\x80",
      "\x80",         "\xE2\x82",     "\xE2\x28\xA1", "\xF0\x80\x80\x80", "a\xF0\x9F\x98"};
  for (const std::string& raw : not_utf8) {
    EXPECT_EQ(Clean(raw).fault, TextFault::kNotUtf8);
    EXPECT_FALSE(IsUtf8(raw));
    EXPECT_EQ(Clean(raw).text, "");
    EXPECT_FALSE(IsBlank(raw));
  }
  const std::string control[] = {"a\0b"s,
                                 "\x01",
                                 "\x1B[31m",
                                 "\x7F",
                                 "\xC2\x80",
                                 "\xC2\x9F",
                                 "\xE2\x80\xAE"
                                 "a",
                                 "\xE2\x81\xA6"};
  for (const std::string& raw : control) {
    EXPECT_EQ(Clean(raw).fault, TextFault::kControlCharacter);
    EXPECT_TRUE(IsUtf8(raw));
    EXPECT_EQ(Clean(raw).text, "");
    EXPECT_FALSE(IsBlank(raw));
  }
  EXPECT_TRUE(IsBlank(" \t"));
  EXPECT_TRUE(IsBlank(""));
  EXPECT_TRUE(IsBlank(" \xE2\x80\x8B\xEF\xBB\xBF"));  // Zero-width space, byte order mark.
  EXPECT_FALSE(IsBlank("a"));
}

// Invisible: U+200B zero-width space, U+00AD soft hyphen, U+FEFF, U+E0041 tag, U+FE0F variation.
TEST(Clean, TakesInvisibleCharactersOffTheEndsAndRefusesThemWithin) {
  for (const std::string invisible :
       {"\xE2\x80\x8B", "\xC2\xAD", "\xEF\xBB\xBF", "\xF3\xA0\x81\x81", "\xEF\xB8\x8F"}) {
    const CleanText around = Clean(invisible + " " + invisible + "Ana Li" + invisible + " ");
    EXPECT_EQ(around.fault, TextFault::kNone);
    EXPECT_EQ(around.text, "Ana Li");
    EXPECT_EQ(around.characters, 6);
    EXPECT_EQ(Clean("An" + invisible + "a").fault, TextFault::kInvisibleCharacter);
    EXPECT_EQ(Clean("Ana" + invisible + " Li").fault, TextFault::kInvisibleCharacter);
    EXPECT_EQ(Clean("Ana " + invisible + "Li").text, "");
  }
}

// U+06CC, U+200C (zero-width non-joiner) and U+0647, as Persian writes them; then the joiner in
// Latin letters, between words, and at the end.
TEST(Clean, KeepsJoinersWhereAScriptIsWrittenWithThem) {
  const std::string persian = "\xDB\x8C\xE2\x80\x8C\xD9\x87";
  EXPECT_EQ(Clean(persian).text, persian);
  EXPECT_EQ(Clean(persian).characters, 3);
  EXPECT_EQ(Clean("a\xE2\x80\x8C"
                  "b")
                .fault,
            TextFault::kInvisibleCharacter);
  EXPECT_EQ(Clean("\xDB\x8C \xE2\x80\x8C\xD9\x87").fault, TextFault::kInvisibleCharacter);
  EXPECT_EQ(Clean("\xDB\x8C\xE2\x80\x8C").text, "\xDB\x8C");
}

TEST(Clean, NamesTextThatWasReadInAWrongEncoding) {
  for (const std::string raw : {"JosÃ©",
                                "MarÃ\xC2\xAD"
                                "a",
                                "NuÃ±ez", "Â¿", "Dâ€™Or", "Jos\xEF\xBF\xBD"}) {
    EXPECT_EQ(Clean(raw).fault, TextFault::kWronglyDecoded) << raw;
    EXPECT_EQ(Clean(raw).text, "");
  }
  for (const std::string right :
       {"JOÃO", "São", "Â", "ÂNGELA", "Ñandú", "ANDRÉ’S", "Mâcon", "10 €"}) {
    EXPECT_EQ(Clean(right).text, right);
  }
}

TEST(ExpectedOf, SaysSomethingOfEachFault) {
  EXPECT_EQ(ExpectedOf(TextFault::kNone), "");
  for (const TextFault fault : {TextFault::kNotUtf8, TextFault::kControlCharacter,
                                TextFault::kInvisibleCharacter, TextFault::kWronglyDecoded}) {
    EXPECT_NE(ExpectedOf(fault), "");
  }
}

}  // namespace
}  // namespace pathways::type
