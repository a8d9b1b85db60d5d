// Goal: the feed tells a registration and a withdrawal, one nationality, the hour, and nothing
// else.
#include "services/intake/domain/feed.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "tests/intake/builders.h"

namespace pathways::intake {
namespace {

v1::IntakeEvent Registered(const std::vector<std::string>& nationalities) {
  v1::IntakeEvent event;
  event.set_case_id(kCaseId);
  type::v1::CaseFacts& facts = *event.mutable_case_registered()->mutable_facts();
  type::v1::PersonFacts& spouse = *facts.add_people();
  spouse.set_relationship(type::v1::RELATIONSHIP_SPOUSE);
  spouse.add_nationalities("NIC");
  type::v1::PersonFacts& principal = *facts.add_people();
  principal.set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  principal.set_state("MX-CHP");
  principal.add_needs("CR-CP");
  *principal.mutable_nationalities() = {nationalities.begin(), nationalities.end()};
  return event;
}

const absl::Time kTime = absl::FromUnixSeconds(1'690'543'199);  // 2023-07-28 11:19:59 UTC.
constexpr int64_t kHour = 1'690'542'000;

TEST(FeedOf, TellsTheNationalityOfThePrincipalApplicant) {
  const std::tuple<std::vector<std::string>, pipeline::v1::FeedNationality> rows[] = {
      {{"CUB"}, pipeline::v1::FEED_NATIONALITY_CU},
      {{"HTI"}, pipeline::v1::FEED_NATIONALITY_HT},
      {{"NIC"}, pipeline::v1::FEED_NATIONALITY_NI},
      {{"VEN"}, pipeline::v1::FEED_NATIONALITY_VE},
      {{"GTM"}, pipeline::v1::FEED_NATIONALITY_OTHER},
      {{"XXA"}, pipeline::v1::FEED_NATIONALITY_OTHER},
      {{"VEN", "CUB"}, pipeline::v1::FEED_NATIONALITY_CU},
      {{"CHL", "HTI"}, pipeline::v1::FEED_NATIONALITY_HT},
      {std::vector<std::string>(), pipeline::v1::FEED_NATIONALITY_OTHER}};
  for (const auto& [nationalities, expected] : rows) {
    const auto records = FeedOf(Registered(nationalities), kTime);
    ASSERT_EQ(records.size(), 1u);
    pipeline::v1::PipelineRecord wanted;
    wanted.set_stage(pipeline::v1::STAGE_REGISTERED);
    wanted.set_nationality(expected);
    wanted.mutable_hour()->set_seconds(kHour);
    EXPECT_EQ(records[0].SerializeAsString(), wanted.SerializeAsString());
  }
}

TEST(FeedOf, WithoutPrincipalTheNationalityIsOther) {
  v1::IntakeEvent event = Registered({"CUB"});
  event.mutable_case_registered()->mutable_facts()->mutable_people()->RemoveLast();
  EXPECT_EQ(FeedOf(event, kTime)[0].nationality(), pipeline::v1::FEED_NATIONALITY_OTHER);
}

TEST(FeedOf, TellsAWithdrawal) {
  v1::IntakeEvent event;
  event.mutable_case_withdrawn();
  const auto records = FeedOf(event, absl::FromUnixSeconds(kHour));
  ASSERT_EQ(records.size(), 1u);
  pipeline::v1::PipelineRecord wanted;
  wanted.set_stage(pipeline::v1::STAGE_WITHDRAWN);
  wanted.mutable_hour()->set_seconds(kHour);
  EXPECT_EQ(records[0].SerializeAsString(), wanted.SerializeAsString());
}

TEST(FeedOf, TellsNothingElse) {
  v1::IntakeEvent updated;
  *updated.mutable_case_updated()->mutable_facts() = Registered({"CUB"}).case_registered().facts();
  EXPECT_TRUE(FeedOf(updated, kTime).empty());
  v1::IntakeEvent band;
  band.mutable_age_band_changed()->set_person_id("p1");
  EXPECT_TRUE(FeedOf(band, kTime).empty());
  EXPECT_TRUE(FeedOf(v1::IntakeEvent(), kTime).empty());
}

TEST(FeedOf, CutsTheHourBefore1970Too) {
  v1::IntakeEvent event;
  event.mutable_case_withdrawn();
  EXPECT_EQ(FeedOf(event, absl::FromUnixSeconds(-1))[0].hour().seconds(), -3600);
}

}  // namespace
}  // namespace pathways::intake
