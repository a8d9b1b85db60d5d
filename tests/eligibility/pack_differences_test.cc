// Goal: whoever puts a pack in force is told everything that changed, at its place, and nothing
// else. Method: a small pack, changed in one place per row; the packs of the tree against
// themselves and each other.
#include "services/eligibility/pack_differences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/eligibility/policy_file.h"
#include "tests/eligibility/builders.h"

namespace pathways::eligibility {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr char kPolicies[] = PATHWAYS_SOURCE_DIR "/policies";

std::vector<std::string> Lines(const v1::PolicyPack& before, const v1::PolicyPack& after) {
  std::vector<std::string> lines;
  for (const PackDifference& one : DifferencesOf(before, after)) {
    EXPECT_EQ(one.before.empty(), one.kind == PackDifference::Kind::kAdded);
    EXPECT_EQ(one.after.empty(), one.kind == PackDifference::Kind::kRemoved);
    lines.push_back(absl::StrCat(one.place, ": ", one.before, " -> ", one.after));
  }
  return lines;
}

std::vector<std::string> After(const std::function<void(v1::PolicyPack&)>& change) {
  v1::PolicyPack pack = SmallPack();
  change(pack);
  return Lines(SmallPack(), pack);
}

TEST(PackDifferences, AreNoneOfAPackToItself) {
  for (const char* const name : {"/2023-07-28", "/current"}) {
    const v1::PolicyPack pack = *LoadPack(absl::StrCat(kPolicies, name));
    EXPECT_THAT(Lines(pack, pack), IsEmpty());
  }
}

TEST(PackDifferences, AreToldAtTheirPlace) {
  EXPECT_THAT(
      After([](v1::PolicyPack& pack) { pack.mutable_pathways(0)->set_title("Lane"); }),
      ElementsAre("pathways[road].title: \"" + SmallPack().pathways(0).title() + "\" -> \"Lane\""));
  EXPECT_THAT(After([](v1::PolicyPack& pack) {
                pack.mutable_pathways(0)->mutable_criteria(0)->mutable_predicate()->set_yes("hat");
              }),
              ElementsAre("pathways[road].criteria[in-mexico].predicate.yes: \"in_mexico\" -> "
                          "\"hat\""));
  EXPECT_THAT(After([](v1::PolicyPack& pack) {
                v1::Catalogue& words = *pack.mutable_catalogues(0);
                words.mutable_texts(0)->set_plain("¿Sí?");
              }),
              Contains(testing::EndsWith("-> \"¿Sí?\"")));
}

TEST(PackDifferences, OfASetAreWhatCameAndWhatWent) {
  EXPECT_THAT(Lines(PackOf("nationality_in { of: 'CUB' of: 'HTI' }"),
                    PackOf("nationality_in { of: 'BRA' of: 'CUB' }")),
              UnorderedElementsAre("pathways[road].criteria[only].predicate.nationality_in.of: "
                                   " -> \"BRA\"",
                                   "pathways[road].criteria[only].predicate.nationality_in.of: "
                                   "\"HTI\" -> "));
}

TEST(PackDifferences, OfAPeriodAreTheOldAndTheNewOne) {
  const std::vector<std::string> lines = After([](v1::PolicyPack& pack) {
    pack.mutable_pathways(0)->mutable_statuses(0)->set_status(v1::PATHWAY_STATUS_SUSPENDED);
  });
  EXPECT_THAT(
      lines,
      UnorderedElementsAre(
          "pathways[road].statuses: status: PATHWAY_STATUS_ACTIVE source: \"book\" confidence: "
          "CONFIDENCE_S1 -> ",
          "pathways[road].statuses:  -> status: PATHWAY_STATUS_SUSPENDED source: \"book\" "
          "confidence: CONFIDENCE_S1"));
}

TEST(PackDifferences, AreNoneWhereAPartOnlyMoved) {
  EXPECT_THAT(After([](v1::PolicyPack& pack) {
                pack.mutable_pathways()->SwapElements(0, 1);
                pack.mutable_catalogues(0)->mutable_texts()->SwapElements(0, 1);
              }),
              IsEmpty());
  // And what differs in it is still found.
  EXPECT_THAT(After([](v1::PolicyPack& pack) {
                pack.mutable_pathways()->SwapElements(0, 1);
                pack.mutable_pathways(1)->set_title("Lane");
              }),
              ElementsAre(testing::StartsWith("pathways[road].title: ")));
}

TEST(PackDifferences, OfAPathwayAreItsTitleAndItsTexts) {
  const std::vector<std::string> lines = Lines(*LoadPack(absl::StrCat(kPolicies, "/2023-07-28")),
                                               *LoadPack(absl::StrCat(kPolicies, "/current")));
  EXPECT_THAT(lines,
              Contains("pathways[us-h2]:  -> Seasonal work in the United States (H-2A, H-2B)"));
  EXPECT_THAT(lines, Contains(testing::StartsWith("catalogues[es].texts[pathway.us-h2]:  -> ")));
  EXPECT_THAT(lines,
              Contains(testing::StartsWith("pathways[mx-labour].criteria[work-papers]:  -> ")));
}

}  // namespace
}  // namespace pathways::eligibility
