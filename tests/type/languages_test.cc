// Goal: whoever may be registered with a language is spoken to. Method: tags, and what becomes of
// each language that people are registered with.
#include "services/type/languages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pathways::type {
namespace {

TEST(LanguageOfTag, TakesTheLanguageOfATag) {
  EXPECT_EQ(LanguageOfTag("es"), "es");
  EXPECT_EQ(LanguageOfTag("ES"), "es");
  EXPECT_EQ(LanguageOfTag("es-MX"), "es");
  EXPECT_EQ(LanguageOfTag("fr-Latn-HT"), "fr");
  for (const char* tag : {"", "de", "e", "esp", "es_MX", "es-", "-es", " es"}) {
    EXPECT_EQ(LanguageOfTag(tag), std::nullopt) << tag;
  }
}

TEST(LanguageToSpeak, IsOneThatHasTexts) {
  for (const char* tag : {"es", "ht", "fr", "en", "pt"}) {
    EXPECT_THAT(Languages(), testing::Contains(LanguageToSpeak(*LanguageOfTag(tag)))) << tag;
  }
  EXPECT_EQ(LanguageToSpeak("ht"), "ht");
}

}  // namespace
}  // namespace pathways::type
