// Goal: every code of the tables is known in any case and comes out in one form, and nothing else
// is known. Method: tables and counts.
#include "services/type/codes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace pathways::type {
namespace {

TEST(NationalityCode, TakesBothFormsInAnyCase) {
  const std::tuple<const char*, const char*> rows[] = {
      {"VE", "VEN"},    {"ve", "VEN"}, {"VEN", "VEN"}, {"ven", "VEN"}, {"CU", "CUB"},
      {"HT", "HTI"},    {"NI", "NIC"}, {"MX", "MEX"},  {"AD", "AND"},  {"ZW", "ZWE"},
      {"SS", "SSD"},    {"BQ", "BES"}, {"XXA", "XXA"}, {"xxa", "XXA"}, {"", ""},
      {"XX", ""},       {"XXB", ""},   {"UK", ""},     {"EU", ""},     {"XK", ""},
      {"AN", ""},       {"YUG", ""},   {"V", ""},      {"VENE", ""},   {"VE ", ""},
      {"V\xC3\x89", ""}};
  for (const auto& [text, expected] : rows) {
    EXPECT_EQ(NationalityCode(text).value_or(""), expected) << text;
  }
}

// All texts of `length` upper-case letters.
std::vector<std::string> LetterTexts(int length) {
  std::vector<std::string> texts = {""};
  for (int i = 0; i < length; ++i) {
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (char c = 'A'; c <= 'Z'; ++c) longer.push_back(text + c);
    }
    texts = longer;
  }
  return texts;
}

TEST(NationalityCode, KnowsAllCountriesOnce) {
  std::set<std::string> from_alpha2;
  std::set<std::string> from_alpha3;
  for (const std::string& text : LetterTexts(2)) {
    const auto code = NationalityCode(text);
    if (!code) continue;
    EXPECT_TRUE(from_alpha2.insert(*code).second) << text;
  }
  for (const std::string& text : LetterTexts(3)) {
    if (const auto code = NationalityCode(text)) from_alpha3.insert(*code);
  }
  EXPECT_EQ(from_alpha2.size(), 249u);
  from_alpha2.insert("XXA");
  EXPECT_EQ(from_alpha2, from_alpha3);
}

TEST(StateCode, KnowsThe32States) {
  int known = 0;
  for (const std::string& text : LetterTexts(3)) known += StateCode("MX-" + text).has_value();
  EXPECT_EQ(known, 32);
  EXPECT_EQ(StateCode("mx-chp"), "MX-CHP");
  EXPECT_EQ(StateCode("MX-CMX"), "MX-CMX");
  for (const char* text : {"", "CHP", "MX-DIF", "MX-CHI", "MXCHP", "US-TEX", "MX-"}) {
    EXPECT_FALSE(StateCode(text).has_value()) << text;
  }
}

TEST(NeedCode, KnowsCategoriesAndDetails) {
  for (const char* text : {"CR-CP", "cr-cp", "SC-UC", "SC-SC", "SC", "DS-BD", "SM-CI", "WR-SF",
                           "ER-NF", "SP-PT", "LP-ND", "TR-PI", "SV-VA", "FU-TR", "PG-LC"}) {
    EXPECT_TRUE(NeedCode(text).has_value()) << text;
  }
  for (const char* text : {"", "XX-CP", "CR-XX", "CRCP", "CR-", "UC", "CR CP", "CR-CP-X"}) {
    EXPECT_FALSE(NeedCode(text).has_value()) << text;
  }
  int known = 0;
  for (const std::string& category : LetterTexts(2)) {
    known += NeedCode(category).has_value();
    for (const std::string& detail : LetterTexts(2)) {
      known += NeedCode(category + "-" + detail).has_value();
    }
  }
  EXPECT_EQ(known, 113);
}

TEST(LanguageCode, KnowsFive) {
  for (const char* text : {"es", "ht", "fr", "en", "pt"}) EXPECT_EQ(LanguageCode(text), text);
  EXPECT_EQ(LanguageCode("HT"), "ht");
  for (const char* text : {"", "de", "spa", "e"}) EXPECT_FALSE(LanguageCode(text)) << text;
}

}  // namespace
}  // namespace pathways::type
