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
#include "services/type/fact_fields.h"

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

std::string Route(const std::string& pathway, const std::string& agency) {
  return absl::StrCat("routes { pathway: '", pathway, "' agency: '", agency, "' }\n");
}

std::string Entry(const std::string& agency, const std::string& facts = "") {
  return absl::StrCat("agencies { id: '", agency, "' ", facts, " }\n");
}

TEST_F(LoadRoutesTest, TakesTheSample) {
  const auto routes = LoadRoutes(std::string(PATHWAYS_SAMPLES) + "/agencies.textproto");
  ASSERT_TRUE(routes.ok()) << routes.status();
  std::vector<std::string> lines;
  for (const v1::AgencyRoute& route : routes->routes()) {
    lines.push_back(route.pathway() + " to " + route.agency());
  }
  EXPECT_THAT(lines, ::testing::ElementsAre("us-refugee-resettlement to unhcr-mx",
                                            "mx-refugee-status to comar", "mx-labour to sne"));
}

TEST_F(LoadRoutesTest, NamesEveryFaultAndItsPlace) {
  const std::string longest(64, 'a');
  EXPECT_TRUE(Load(Route(longest, longest) + Entry(longest)).ok());
  EXPECT_TRUE(Load(Route("0-z", "9") + Entry("9", "facts: 'needs' facts: 'age_band'")).ok());
  const std::string kNoFact = "must be the id of a fact, for example job_offer";
  const std::pair<std::string, std::string> rows[] = {
      {"", "FILE:1:1: no route: nobody would be referred"},
      {"routes {\n  pathway 'a'\n}", "FILE:2:11: Expected \":\", found \"'a'\"."},
      {"routes {\n  colour: 'a'\n}",
       "FILE:2:9: Message type \"pathways.referral.v1.AgencyRoute\" has no field named "
       "\"colour\"."},
      {Route("a", "x") + Route("b", "x") + Route("a", "x") + Entry("x"),
       "FILE:3:10: pathway a has a route already"},
      {Route(longest + "a", longest + "a"),
       "FILE:1:10: pathway must be 1 to 64 characters a-z, 0-9 and -\n"
       "FILE:1:87: agency must be 1 to 64 characters a-z, 0-9 and -"},
      {Route("a", "x") + Entry("y"), "FILE:1:23: agency x has no entry that says what it may know"},
      {Route("a", "x") + Entry("x") + Entry("x") + Entry("X", "facts: 'sex' facts: 'sex'"),
       "FILE:3:12: agency x has an entry already\n"
       "FILE:4:12: id must be 1 to 64 characters a-z, 0-9 and -\n"
       "FILE:4:33: fact sex is named already"},
      {Route("a", "x") + Entry("x", "facts: 'Name' facts: 'person-id' facts: 'age-precision'"),
       "FILE:2:20: " + kNoFact + "\nFILE:2:34: " + kNoFact + "\nFILE:2:53: " + kNoFact},
      {Entry("x") + "\n  routes { agency: 'x' }\nroutes { pathway: 'A/b' }",
       "FILE:3:3: pathway must be 1 to 64 characters a-z, 0-9 and -\n"
       "FILE:4:10: pathway must be 1 to 64 characters a-z, 0-9 and -\n"
       "FILE:4:1: agency must be 1 to 64 characters a-z, 0-9 and -"}};
  for (const auto& [text, message] : rows) {
    const absl::Status status = Load(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(std::string(status.message()), message) << text;
  }
}

TEST_F(LoadRoutesTest, IsBounded) {
  const std::string route = Route("a", "x") + Entry("x");
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
