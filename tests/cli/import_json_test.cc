// Goal: each line of NDJSON is a case, or its fault is named by line and field and never by value.
// Method: one good line, broken in one way per case.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/base/ids.h"
#include "services/cli/import_file.h"
#include "services/cli/line_reader.h"
#include "tests/cli/import_support.h"

namespace pathways::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kJsonPerson[] =
    R"({"identity":{"givenNames":"Ana","registrationNumber":"$0"},"relationship":)"
    R"("RELATIONSHIP_PRINCIPAL","sex":"SEX_FEMALE","nationalities":["VE"]})";

std::string JsonCase(const std::string& number) {
  return absl::StrCat(R"({"people":[)", absl::StrReplaceAll(kJsonPerson, {{"$0", number}}),
                      R"(],"consent":true})");
}

TEST(ImportJson, ReadsOneCaseALine) {
  const Reading reading = Read(absl::StrCat("\xEF\xBB\xBF", JsonCase("TAP-1"), "\r\n\n",
                                            JsonCase("TAP-2"), "\n", JsonCase("")));
  ASSERT_TRUE(reading.open.ok());
  ASSERT_TRUE(reading.status.ok());
  ASSERT_THAT(reading.items, SizeIs(3));
  for (const ImportItem& item : reading.items) EXPECT_THAT(Places(item), IsEmpty());
  EXPECT_EQ(reading.items[0].household_number, "TAP-1");
  EXPECT_EQ(reading.items[0].request.request_id(), base::UuidOf("registration/TAP-1"));
  EXPECT_EQ(reading.items[0].request.case_().people(0).identity().given_names(), "Ana");
  EXPECT_THAT(reading.items[1].lines, ElementsAre(3));
  EXPECT_EQ(reading.items[2].household_number, "");
  EXPECT_NE(reading.items[2].request.request_id(), reading.items[1].request.request_id());
}

TEST(ImportJson, NamesLineAndFieldOfEachFault) {
  const std::pair<std::string, const char*> bad[] = {
      {absl::StrCat(R"({"people":[{"identity":{"givenNames":")", kPlanted), "2:"},
      {absl::StrCat(R"({"people":")", kPlanted, R"("})"), "2:people"},
      {absl::StrCat(R"({"un )", kPlanted, R"(":1})"), "2:"},
      {R"({"apodo":1})", "2:apodo"},
      {absl::StrCat(R"({"people":[{"sex":")", kPlanted, R"("}]})"), "2:people[0].sex"},
      {"{} {}", "2:"},
      {"[]", "2:"},
      {kPlanted, "2:"},
      {R"({"people":[{"identity":{"givenNames":")"
       "\xFF"
       R"("}}]})",
       "2:"},
      {std::string(500, '{'), "2:"},
      {"{\"consent\":true, \"name\":\"" + std::string(kLineBytesMax, 'x') + "\"}", "2:"}};
  for (const auto& [line, place] : bad) {
    const Reading reading =
        Read(absl::StrCat(JsonCase("TAP-1"), "\n", line, "\n", JsonCase("TAP-3"), "\n"));
    ASSERT_THAT(reading.items, SizeIs(3)) << line;
    EXPECT_THAT(Places(reading.items[1]), ElementsAre(place)) << line;
    EXPECT_THAT(Places(reading.items[0]), IsEmpty());
    EXPECT_THAT(Places(reading.items[2]), IsEmpty());
  }
  const Reading reading = Read(absl::StrReplaceAll(
      JsonCase("TAP-1"), {{"\"Ana\"", "\"\""}, {"\"VE\"", "\"ZZ9\""}, {"true", "null"}}));
  ASSERT_THAT(reading.items, SizeIs(1));
  EXPECT_THAT(Places(reading.items[0]), ElementsAre("1:people[0].identity.given_names",
                                                    "1:people[0].nationalities[0]", "1:consent"));
  const Reading unknown_number =
      Read(absl::StrReplaceAll(JsonCase("TAP-1"), {{"\"SEX_FEMALE\"", "99"}}));
  EXPECT_THAT(Places(unknown_number.items[0]), ElementsAre("1:people[0].sex"));
}

TEST(ImportJson, RefusesANumberOrLineThatComesTwice) {
  const Reading reading = Read(absl::StrCat(JsonCase("TAP-1"), "\n", JsonCase(""), "\n",
                                            JsonCase("TAP-1"), "\n", JsonCase("")));
  ASSERT_THAT(reading.items, SizeIs(4));
  EXPECT_THAT(Places(reading.items[0]), IsEmpty());
  EXPECT_THAT(Places(reading.items[1]), IsEmpty());
  EXPECT_THAT(reading.items[2].errors, SizeIs(1));
  EXPECT_THAT(reading.items[3].errors, SizeIs(1));
}

}  // namespace
}  // namespace pathways::cli
