// Goal: the feed tells pathway, agency and state by the hour, and nothing of the people. Method:
// every kind of event, made by the domain itself, compared as a whole.
#include "services/referral/domain/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "services/referral/domain/machine.h"
#include "tests/referral/builders.h"

namespace pathways::referral {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kHalfPast = absl::FromUnixSeconds(1'690'500'600);  // 2023-07-27 23:30 UTC
constexpr int64_t kHour = 1'690'498'800;                            // 2023-07-27 23:00 UTC

std::vector<std::string> Feed(const v1::ReferralEvent& event) {
  std::vector<std::string> records;
  for (const pipeline::v1::PipelineRecord& record : FeedOf(event, kHalfPast)) {
    records.push_back(record.SerializeAsString());
  }
  return records;
}

std::string Record(pipeline::v1::Stage stage, const std::string& outcome) {
  pipeline::v1::PipelineRecord record;
  record.set_stage(stage);
  record.set_pathway(kResettlement);
  record.set_outcome(outcome);
  record.set_agency(kUnhcr);
  record.mutable_hour()->set_seconds(kHour);
  return record.SerializeAsString();
}

TEST(FeedOf, TellsSubmissionsAndAnswersOnly) {
  Case referred(v1::REFERRAL_STATE_RECEIVED);
  referred.Do(Withdrawn(2));
  std::vector<std::pair<std::string, std::vector<std::string>>> told;
  for (const v1::ReferralEvent& event : referred.events()) {
    told.emplace_back(Describe(event), Feed(event));
  }
  ASSERT_EQ(told.size(), 6);
  EXPECT_THAT(told[0], testing::Pair("noted 1", IsEmpty()));
  EXPECT_THAT(told[1], testing::Pair("qualifies for 1", IsEmpty()));
  EXPECT_THAT(told[2].second, ElementsAre(Record(pipeline::v1::STAGE_REFERRED, "")));
  EXPECT_THAT(told[3].second,
              ElementsAre(Record(pipeline::v1::STAGE_ANSWERED, "REFERRAL_STATE_RECEIVED")));
  EXPECT_THAT(told[4], testing::Pair("case withdrawn 2", IsEmpty()));
  EXPECT_THAT(told[5].second,
              ElementsAre(Record(pipeline::v1::STAGE_ANSWERED, "REFERRAL_STATE_WITHDRAWN")));
}

TEST(FeedOf, IsSilentOnFlags) {
  for (const v1::ReferralAction action : AllActions()) {
    v1::ReferralEvent event;
    v1::ReferralChanged& changed = *event.mutable_referral_changed();
    changed.set_action(action);
    changed.set_pathway(kResettlement);
    changed.set_agency(kUnhcr);
    changed.set_state(v1::REFERRAL_STATE_RECEIVED);
    changed.set_reason_code("REASON");
    changed.set_stage("STAGE");
    changed.add_people()->set_person_id("p1");
    EXPECT_EQ(Feed(event).size(), IsBesideState(action) ? 0 : 1) << v1::ReferralAction_Name(action);
    if (!IsBesideState(action)) {
      EXPECT_THAT(Feed(event),
                  ElementsAre(Record(pipeline::v1::STAGE_ANSWERED, "REFERRAL_STATE_RECEIVED")));
    }
  }
}

TEST(FeedOf, CutsTheTimeToTheHour) {
  v1::ReferralEvent event;
  event.mutable_referral_submitted();
  const std::pair<int64_t, int64_t> rows[] = {
      {kHour, kHour}, {kHour + 3'599, kHour}, {kHour + 3'600, kHour + 3'600}, {0, 0}, {-1, -3'600}};
  for (const auto& [seconds, hour] : rows) {
    const auto records = FeedOf(event, absl::FromUnixSeconds(seconds) + absl::Milliseconds(999));
    ASSERT_EQ(records.size(), 1);
    EXPECT_EQ(records[0].hour().seconds(), hour);
    EXPECT_EQ(records[0].hour().nanos(), 0);
  }
}

}  // namespace
}  // namespace pathways::referral
