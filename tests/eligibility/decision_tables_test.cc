// Goal: the packs of the tree pass their own decision tables, and a table shows what is wrong and
// what is left out. Method: every folder of policies/ that holds a pack; tables written for the
// purpose beside a copy of one.
#include "services/eligibility/decision_tables.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/eligibility/policy_file.h"
#include "tests/eligibility/builders.h"

namespace pathways::eligibility {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPolicies[] = PATHWAYS_SOURCE_DIR "/policies";

TEST(Packs, OfTheTreePassTheirTables) {
  int packs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kPolicies)) {
    const std::string name = entry.path().filename().string();
    if (name == "calendars" || name == "facts" || name == "messages") continue;
    const absl::StatusOr<PolicyReport> report = CheckPolicy(entry.path().string());
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(report->version, name);
    EXPECT_GT(report->rows, report->criteria * 2);
    ++packs;
  }
  EXPECT_EQ(packs, 2);
}

TEST(Packs, AreTheSameBytesEachTime) {
  for (const char* const name : {"/2023-07-28", "/current"}) {
    EXPECT_EQ(LoadPack(absl::StrCat(kPolicies, name))->SerializeAsString(),
              LoadPack(absl::StrCat(kPolicies, name, "/"))->SerializeAsString());
  }
}

TEST(Packs, HoldOnlyWhatTheyUse) {
  const v1::PolicyPack pack = *LoadPack(absl::StrCat(kPolicies, "/2023-07-28"));
  EXPECT_EQ(pack.catalogues_size(), 3);
  for (const v1::Text& text : pack.catalogues(2).texts()) EXPECT_NE(text.key(), "pathway.us-h2");
}

// What comes of checking a pack with a table of the given text.
std::string Checked(const std::string& table, const v1::PolicyPack& small = SmallPack()) {
  std::string folder = absl::StrCat(testing::TempDir(), "/pathways-table-XXXXXX");
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  std::string pack;
  EXPECT_TRUE(google::protobuf::TextFormat::PrintToString(small, &pack));
  std::ofstream(folder + "/pack.textproto") << pack;
  if (!table.empty()) std::ofstream(folder + "/road.cases") << table;
  const absl::Status status = CheckPolicy(folder).status();
  std::filesystem::remove_all(folder);
  return std::string(status.message());
}

constexpr char kTable[] = R"pb(person { answers { fact: 'in_mexico' yes: true } }
                               as_of { year: 2023 month: 7 day: 28 }
                               pathway: "road"
)pb";

TEST(Tables, NameRowsThatGiveAnotherResult) {
  EXPECT_THAT(
      Checked(absl::StrCat(kTable, "rows { name: \"wrong\" outcome: OUTCOME_DOES_NOT_MEET }")),
      HasSubstr("road.cases:4:1: \"wrong\": the outcome is MEETS and not DOES_NOT_MEET"));
  EXPECT_THAT(Checked(absl::StrCat(kTable, "rows { name: \"who\" pathway: \"street\" }")),
              HasSubstr("\"who\": names no pathway of the pack"));
  EXPECT_THAT(Checked(absl::StrCat(kTable, "rows { name: \"what\" without: \"hat\" }")),
              HasSubstr("\"what\": no fact is called hat"));
  EXPECT_THAT(Checked("rows { nme: \"\" }"), HasSubstr("road.cases:1:11: "));
}

TEST(Tables, NameWhatNoRowShows) {
  const std::string gap = "no row shows criterion in-mexico of road as ";
  EXPECT_THAT(Checked(""), AllOf(HasSubstr(gap + "MEETS"), HasSubstr(gap + "DOES_NOT_MEET"),
                                 HasSubstr(gap + "NEEDS_INFORMATION")));
  const std::string shown = absl::StrCat(kTable, R"pb(
    rows { name: "yes" outcome: OUTCOME_MEETS }
    rows {
      name: "no"
      with { answers { fact: 'in_mexico' yes: false } }
      criteria { id: "in-mexico" outcome: OUTCOME_DOES_NOT_MEET }
    })pb");
  EXPECT_THAT(Checked(shown),
              AllOf(Not(HasSubstr(gap + "MEETS")), Not(HasSubstr(gap + "DOES_NOT_MEET")),
                    HasSubstr(gap + "NEEDS_INFORMATION")));
}

TEST(Tables, ShowEachStatusWhileItWasKnownAndWhatWasKnownBefore) {
  v1::PolicyPack pack = SmallPack();
  pack.mutable_pathways(0)->clear_statuses();
  for (const char* const text :
       {"status: PATHWAY_STATUS_ACTIVE known { until { year: 2023 month: 7 day: 15 } }",
        "status: PATHWAY_STATUS_ACTIVE known { from { year: 2023 month: 7 day: 15 } } "
        "in_force { until { year: 2023 month: 7 day: 15 } }",
        "status: PATHWAY_STATUS_TERMINATED known { from { year: 2023 month: 7 day: 15 } } "
        "in_force { from { year: 2023 month: 7 day: 15 } }"}) {
    v1::StatusPeriod& period = *pack.mutable_pathways(0)->add_statuses();
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &period));
    period.set_source("book");
    period.set_confidence(v1::CONFIDENCE_S1);
  }
  const std::string this_one = " of road while it is known";
  const std::string before = " of road before 2023-07-15";
  const auto count = [](const std::string& text, const std::string& part) {
    return std::vector<std::string>(absl::StrSplit(text, part)).size() - 1;
  };
  const std::string none = Checked(kTable, pack);
  EXPECT_EQ(count(none, this_one), 3) << none;
  EXPECT_EQ(count(none, before), 2) << none;
  // Each looked at on its own day: the end, as it was thought of before, is not among them.
  const std::string days = absl::StrCat(kTable, R"pb(
    rows {
      name: "before"
      as_of { year: 2023 month: 7 day: 14 }
      status: PATHWAY_STATUS_ACTIVE
    }
    rows {
      name: "since"
      as_of { year: 2023 month: 7 day: 15 }
      status: PATHWAY_STATUS_TERMINATED
    }
    rows {
      name: "looked back at"
      as_of { year: 2023 month: 7 day: 14 }
      known_on { year: 2023 month: 7 day: 15 }
      status: PATHWAY_STATUS_ACTIVE
    })pb");
  const std::string some = Checked(days, pack);
  EXPECT_EQ(count(some, this_one), 0) << some;
  EXPECT_EQ(count(some, before), 1) << some;
  const std::string all = Checked(absl::StrCat(days, R"pb(
                                    rows {
                                      name: "what was thought of it"
                                      as_of { year: 2023 month: 7 day: 15 }
                                      known_on { year: 2023 month: 7 day: 14 }
                                      status: PATHWAY_STATUS_ACTIVE
                                    })pb"),
                                  pack);
  EXPECT_EQ(count(all, before), 0) << all;
}

}  // namespace
}  // namespace pathways::eligibility
