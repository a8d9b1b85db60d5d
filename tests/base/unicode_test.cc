// Goal: the same text has one form, and text that cannot be read stays what it is. Method: pairs of
// composed and decomposed text, and messages that hold them at every depth.
#include "services/base/unicode.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "pathways/intake/v1/case.pb.h"

namespace pathways::base {
namespace {

constexpr char kApart[] = "Jose\xCC\x81";  // With a combining acute accent.
constexpr char kTogether[] = "José";

TEST(Nfc, ComposesAndLeavesWhatIsNoText) {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},
      {"Ana", "Ana"},
      {kApart, kTogether},
      {kTogether, kTogether},
      {"A\xCC\x8A", "Å"},
      {"\xE2\x84\xAB", "Å"},             // The sign of Ångström is the letter.
      {"\xEF\xAC\x81", "\xEF\xAC\x81"},  // The ligature fi stays: another letter to the eye.
      {std::string("a\0b", 3), std::string("a\0b", 3)},
      {"Jos\xE9", "Jos\xE9"},
      {"\xED\xA0\x80", "\xED\xA0\x80"}};
  for (const auto& [text, expected] : rows) EXPECT_EQ(Nfc(text), expected) << text;
}

TEST(Unaccented, TakesMarksOffLetters) {
  EXPECT_EQ(Unaccented("Núñez ÀÖÜ"), "Nunez AOU");
  EXPECT_EQ(Unaccented(kApart), "Jose");
  EXPECT_EQ(Unaccented("Łódź"), "Łodz");  // The stroke of Ł is no mark of its own.
  EXPECT_EQ(Unaccented("\xFF"), "\xFF");
}

TEST(NormaliseText, ReachesEveryTextOfAMessage) {
  intake::v1::Case message;
  message.set_name(kApart);
  intake::v1::Person& person = *message.add_people();
  person.mutable_identity()->set_given_names(kApart);
  person.mutable_identity()->add_documents()->set_number(kApart);
  person.add_needs("A");
  person.add_needs(kApart);
  NormaliseText(message);
  EXPECT_EQ(message.name(), kTogether);
  EXPECT_EQ(message.people(0).identity().given_names(), kTogether);
  EXPECT_EQ(message.people(0).identity().documents(0).number(), kTogether);
  EXPECT_EQ(message.people(0).needs(1), kTogether);
  EXPECT_FALSE(message.people(0).has_entry_date());
}

}  // namespace
}  // namespace pathways::base
