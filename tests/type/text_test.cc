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
  EXPECT_FALSE(IsBlank("a"));
}

}  // namespace
}  // namespace pathways::type
