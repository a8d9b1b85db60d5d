// Goal: the feed tells pathway and outcome by the hour, and nothing of the people. Method: every
// kind of event and every outcome, compared as a whole.
#include "services/eligibility/domain/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/eligibility/domain/evaluate.h"
#include "tests/eligibility/builders.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kHour = 1'690'498'800;  // 2023-07-27 23:00 UTC

std::vector<std::string> Feed(const v1::EligibilityEvent& event, int64_t seconds_past_hour = 1800) {
  std::vector<std::string> records;
  const absl::Time time = absl::FromUnixSeconds(kHour + seconds_past_hour);
  for (const pipeline::v1::PipelineRecord& record : FeedOf(event, time)) {
    records.push_back(record.SerializeAsString());
  }
  return records;
}

std::string Record(const std::string& pathway, const std::string& outcome, int64_t hour = kHour) {
  pipeline::v1::PipelineRecord record;
  record.set_stage(pipeline::v1::STAGE_SCREENED);
  record.set_pathway(pathway);
  record.set_outcome(outcome);
  record.mutable_hour()->set_seconds(hour);
  return record.SerializeAsString();
}

TEST(FeedOf, TellsOneRecordPerDetermination) {
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  SetAnswer(*facts.mutable_people(1), "in_mexico", false);
  facts.mutable_people(0)->set_age_band(type::v1::AGE_BAND_UNKNOWN);
  Case of;
  of.Do(Registered(1, facts));
  ASSERT_EQ(of.events().size(), 2);
  EXPECT_THAT(Feed(of.events()[0]), IsEmpty());
  EXPECT_THAT(Feed(of.events()[1]),
              ElementsAre(Record("road", "OUTCOME_MEETS"), Record("road", "OUTCOME_DOES_NOT_MEET"),
                          Record("bridge", "OUTCOME_NEEDS_INFORMATION")));
}

TEST(FeedOf, IsSilentOnTheEndOfTheScreeningAndOnWhatItDoesNotKnow) {
  Case of;
  of.Do(Registered(1, Facts({"p1"})));
  of.Do(Withdrawn(2));
  ASSERT_EQ(Describe(of.events().back()), "closed 2");
  EXPECT_THAT(Feed(of.events().back()), IsEmpty());
  EXPECT_THAT(Feed(v1::EligibilityEvent()), IsEmpty());
}

TEST(FeedOf, CutsTheTimeToTheHour) {
  v1::EligibilityEvent event;
  event.mutable_case_screened()->add_determinations()->set_outcome(v1::OUTCOME_MEETS);
  EXPECT_THAT(Feed(event, -1), ElementsAre(Record("", "OUTCOME_MEETS", kHour - 3600)));
  EXPECT_THAT(Feed(event, 0), ElementsAre(Record("", "OUTCOME_MEETS", kHour)));
  EXPECT_THAT(Feed(event, 3599), ElementsAre(Record("", "OUTCOME_MEETS", kHour)));
  EXPECT_THAT(Feed(event, 3600), ElementsAre(Record("", "OUTCOME_MEETS", kHour + 3600)));
}

}  // namespace
}  // namespace pathways::eligibility
