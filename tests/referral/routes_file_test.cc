// Goal: a routes file is taken as written or refused with every fault and its place. Method: files
// in the test's own folder, and the sample itself.
#include "services/referral/routes_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace pathways::referral {
namespace {

class LoadRoutesTest : public ::testing::Test {
 protected:
  LoadRoutesTest() {
    std::string folder = ::testing::TempDir() + "/routes-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  ~LoadRoutesTest() override { std::filesystem::remove_all(folder_); }

  // Loads a file with this text; messages name it FILE.
  absl::StatusOr<v1::AgencyRoutes> Load(const std::string& text) const {
    const std::string path = folder_ + "/routes.textproto";
    std::ofstream(path, std::ios::binary) << text;
    absl::StatusOr<v1::AgencyRoutes> routes = LoadRoutes(path);
    if (routes.ok()) return routes;
    return absl::Status(routes.status().code(),
                        absl::StrReplaceAll(routes.status().message(), {{path, "FILE"}}));
  }

  std::string folder_;
};

// An agency with its pathways, of routes that have a version.
std::string Agency(const std::string& id, const std::string& pathways,
                   const std::string& facts = "") {
  return absl::StrCat("agencies { id: '", id, "' ", pathways, " ", facts, " }\n");
}

constexpr char kVersion[] = "version: 'v'\n";

TEST_F(LoadRoutesTest, TakesTheSample) {
  const auto routes = LoadRoutes(std::string(PATHWAYS_SAMPLES) + "/agencies.textproto");
  ASSERT_TRUE(routes.ok()) << routes.status();
  std::vector<std::string> lines;
  for (const v1::Agency& agency : routes->agencies()) {
    lines.push_back(absl::StrJoin(agency.pathways(), " ") + " to " + agency.id());
  }
  EXPECT_THAT(lines, ::testing::ElementsAre("us-refugee-resettlement to unhcr-mx",
                                            "mx-refugee-status to comar", "mx-labour to sne"));
}

TEST_F(LoadRoutesTest, NamesEveryFaultAndItsPlace) {
  const std::string longest(64, 'a');
  const std::string version(kVersion);
  EXPECT_TRUE(Load(version + Agency(longest, "pathways: '" + longest + "'")).ok());
  EXPECT_TRUE(
      Load(version + Agency("9", "pathways: '0-z'", "facts: 'needs' facts: 'age_band'")).ok());
  EXPECT_TRUE(Load(version + Agency("a", "pathways: 'p'") + Agency("left", "")).ok());
  const std::string kNoFact = "must be the id of a fact, for example job_offer";
  const std::string kNoId = "must be 1 to 64 characters a-z, 0-9 and -";
  const std::pair<std::string, std::string> rows[] = {
      {"", "FILE:1:1: version: " + kNoId +
               "\nFILE:1:1: agencies: take no pathway: nobody would be referred"},
      {version + Agency("x", ""), "FILE:1:1: agencies: take no pathway: nobody would be referred"},
      {"agencies {\n  id 'a'\n}", "FILE:2:6: Expected \":\", found \"'a'\"."},
      {"agencies {\n  colour: 'a'\n}",
       "FILE:2:9: Message type \"pathways.referral.v1.Agency\" has no field named \"colour\"."},
      {version + Agency("x", "pathways: 'a' pathways: 'b' pathways: 'a'") +
           Agency("y", "pathways: 'b'"),
       "FILE:2:48: agencies[0].pathways[2]: is named already\n"
       "FILE:3:20: agencies[1].pathways[0]: is named already"},
      {version + Agency(longest + "a", "pathways: 'A/b'"),
       "FILE:2:12: agencies[0].id: " + kNoId + "\nFILE:2:84: agencies[0].pathways[0]: " + kNoId},
      {version + Agency("x", "pathways: 'a'") + Agency("x", "") +
           Agency("X", "", "facts: 'sex' facts: 'sex'"),
       "FILE:3:12: agencies[1].id: has an entry already\n"
       "FILE:4:12: agencies[2].id: " +
           kNoId +
           "\n"
           "FILE:4:34: agencies[2].facts[1]: is named already"},
      {version + Agency("x", "pathways: 'a'", "facts: 'Name' facts: 'person-id'"),
       "FILE:2:34: agencies[0].facts[0]: " + kNoFact +
           "\nFILE:2:48: agencies[0].facts[1]: " + kNoFact}};
  for (const auto& [text, message] : rows) {
    const absl::Status status = Load(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(std::string(status.message()), message) << text;
  }
}

TEST_F(LoadRoutesTest, IsBounded) {
  const std::string route = kVersion + Agency("x", "pathways: 'a'");
  const std::string filler(1'048'576 - route.size(), '\n');
  EXPECT_TRUE(Load(filler + route).ok());
  EXPECT_EQ(Load(filler + "\n" + route).status(),
            absl::InvalidArgumentError("FILE: is larger than 1 MiB"));
}

TEST_F(LoadRoutesTest, SaysWhatCannotBeRead) {
  for (const std::string& path : {folder_ + "/none", folder_}) {
    EXPECT_EQ(LoadRoutes(path).status(), absl::NotFoundError(path + ": cannot be read"));
  }
}

}  // namespace
}  // namespace pathways::referral
