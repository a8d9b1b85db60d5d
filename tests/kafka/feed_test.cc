// Goal: what the relays write to the dashboards' feed can be decoded and joined, is the same bytes
// when an event is sent again, and leads back to no case: not by id, by text or by time. Method:
// the domains' own functions on events of one case, a real broker, a key file and a clock by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/intake/v1/events.pb.h"
#include "pathways/referral/v1/events.pb.h"
#include "services/base/serialize.h"
#include "services/eligibility/domain_adapter.h"
#include "services/host/kafka_feed.h"
#include "services/intake/domain_adapter.h"
#include "services/referral/domain_adapter.h"
#include "tests/kafka/kafka_suite.h"
#include "tests/support/temp_folder.h"

namespace pathways::testing_support {
namespace {

using engine::EventRow;
using pipeline::v1::PipelineRecord;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kCase[] = "7d1f0a52-5d7e-4c1c-9a55-2f4f3d5b8f10";
constexpr char kOtherCase[] = "0b9f6c1e-93a4-4b7b-8a55-7f6f0e3c2d21";

absl::Time Utc(int year, int month, int day, int hour = 0, int minute = 0) {
  return absl::FromCivil(absl::CivilMinute(year, month, day, hour, minute), absl::UTCTimeZone());
}
const absl::Time kNow = Utc(2026, 11, 24, 10, 41);

template <typename Event>
EventRow Row(const std::string& stream, int64_t number, const Event& event, absl::Time time) {
  EventRow row;
  row.stream = stream;
  row.number = number;
  row.ce_id = absl::StrCat("5f0e7c1a-0000-4000-8000-", stream.substr(24, 11), number);
  row.type = "any";
  row.time = time;
  row.cause.set_service("request");
  row.cause.set_ce_id("trace-of-a-request");
  row.trace = base::Trace::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  row.data = base::SerializeDeterministic(event);
  return row;
}

EventRow Registered(const std::string& stream, absl::Time time) {
  intake::v1::IntakeEvent event;
  event.set_case_id(stream);
  auto& person = *event.mutable_case_registered()->mutable_facts()->add_people();
  person.set_person_id("p1");
  person.set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  person.set_state("MX-CHP");
  person.add_nationalities("HTI");
  person.add_needs("CR-CP");
  return Row(stream, 1, event, time);
}

EventRow Screened(const std::string& stream, absl::Time time) {
  eligibility::v1::EligibilityEvent event;
  event.set_case_id(stream);
  for (const char* pathway : {"mx-labour", "mx-refugee-status"}) {
    auto& determination = *event.mutable_case_screened()->add_determinations();
    determination.set_pathway(pathway);
    determination.set_outcome(eligibility::v1::OUTCOME_MEETS);
    determination.add_person_ids("p1");
  }
  return Row(stream, 2, event, time);
}

EventRow Referred(const std::string& stream, absl::Time time) {
  referral::v1::ReferralEvent event;
  event.set_case_id(stream);
  auto& submitted = *event.mutable_referral_submitted();
  submitted.set_pathway("mx-labour");
  submitted.set_agency("sne");
  submitted.add_person_ids("p1");
  return Row(stream, 3, event, time);
}

class FeedTest : public testing::Test {
 protected:
  FeedTest() { EXPECT_TRUE(host::RotateFeedKeys(key_file_, kNow).ok()); }

  std::unique_ptr<host::KafkaFeed> Open(follow::TellFeed tell) {
    auto feed = host::KafkaFeed::Open(key_file_, std::move(tell), clock_, log_);
    EXPECT_TRUE(feed.ok()) << feed.status();
    return *std::move(feed);
  }
  std::vector<PipelineRecord> Tell(host::KafkaFeed& feed, const EventRow& event) {
    std::vector<PipelineRecord> records;
    for (const follow::FeedMessage& message : feed.MessagesOf(event)) {
      EXPECT_TRUE(records.emplace_back().ParseFromString(message.value));
      EXPECT_EQ(records.back().pseudonym(), message.key);
      EXPECT_EQ(records.back().hour().seconds(), absl::ToUnixSeconds(message.hour));
    }
    return records;
  }
  void WriteKeys(const std::string& text) { std::ofstream(key_file_) << text; }
  int Logged(absl::string_view event) const {
    return static_cast<int>(std::count_if(lines_.begin(), lines_.end(), [&](const auto& line) {
      return absl::StrContains(line, event);
    }));
  }

  const TempFolder folder_;
  const std::string key_file_ = folder_.path() + "/feed-keys";
  base::ManualClock clock_{kNow};
  std::vector<std::string> lines_;
  base::Logger log_{base::LogLevel::kInfo, clock_,
                    [this](absl::string_view line) { lines_.emplace_back(line); }};
};

TEST_F(FeedTest, ThreeServicesTellOfOneCaseUnderOnePseudonym) {
  const auto intake = Open(intake::TellFeed);
  const auto eligibility = Open(eligibility::TellFeed);
  const auto referral = Open(referral::TellFeed);
  std::vector<PipelineRecord> all = Tell(*intake, Registered(kCase, kNow));
  for (const auto& record : Tell(*eligibility, Screened(kCase, kNow))) all.push_back(record);
  for (const auto& record : Tell(*referral, Referred(kCase, kNow))) all.push_back(record);
  ASSERT_EQ(all.size(), 4u);
  std::set<std::string> ids;
  std::set<std::string> pseudonyms;
  std::vector<pipeline::v1::Stage> stages;
  for (const PipelineRecord& record : all) {
    ids.insert(record.id());
    pseudonyms.insert(record.pseudonym());
    stages.push_back(record.stage());
  }
  EXPECT_EQ(ids.size(), 4u);
  EXPECT_EQ(pseudonyms.size(), 1u);
  EXPECT_EQ(pseudonyms.begin()->size(), 32u);
  EXPECT_THAT(stages, ElementsAre(pipeline::v1::STAGE_REGISTERED, pipeline::v1::STAGE_SCREENED,
                                  pipeline::v1::STAGE_SCREENED, pipeline::v1::STAGE_REFERRED));
  EXPECT_EQ(all[0].nationality(), pipeline::v1::FEED_NATIONALITY_HT);
  EXPECT_EQ(all[3].agency(), "sne");
  EXPECT_NE(Tell(*intake, Registered(kOtherCase, kNow))[0].pseudonym(), *pseudonyms.begin());
}

TEST_F(FeedTest, TheMonthOfTheEventDecidesWheneverItIsSent) {
  const auto feed = Open(intake::TellFeed);
  const EventRow late = Registered(kCase, Utc(2026, 11, 30, 23, 59));
  const auto first = feed->MessagesOf(late);
  ASSERT_EQ(first.size(), 1u);
  clock_.Set(Utc(2026, 12, 3));  // Sent again in the next month, by another process.
  ASSERT_TRUE(host::RotateFeedKeys(key_file_, clock_.Now()).ok());
  const auto again = Open(intake::TellFeed)->MessagesOf(late);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].key, first[0].key);
  EXPECT_EQ(again[0].value, first[0].value);
  EXPECT_NE(feed->MessagesOf(Registered(kCase, Utc(2026, 12, 1)))[0].key, first[0].key);
}

TEST_F(FeedTest, AnEventOfAMonthWithoutAKeyIsNotToldAndSaidOnce) {
  const auto feed = Open(intake::TellFeed);
  EXPECT_THAT(feed->MessagesOf(Registered(kCase, Utc(2026, 10, 31))), IsEmpty());
  EXPECT_THAT(feed->MessagesOf(Registered(kOtherCase, Utc(2026, 10, 2))), IsEmpty());
  EXPECT_EQ(Logged("feed_key_missing"), 1);
  EXPECT_EQ(Logged("2026-10"), 1);
  EXPECT_EQ(Logged(kCase), 0);
}

TEST_F(FeedTest, ARunningProcessTakesUpNewKeysAndLetsGoOfOld) {
  const auto feed = Open(intake::TellFeed);
  const EventRow november = Registered(kCase, kNow);
  clock_.Set(Utc(2026, 12, 9));
  ASSERT_TRUE(host::RotateFeedKeys(key_file_, clock_.Now()).ok());
  EXPECT_THAT(feed->MessagesOf(november), IsEmpty());
  EXPECT_EQ(feed->MessagesOf(Registered(kCase, Utc(2027, 1, 1))).size(), 1u);
}

TEST_F(FeedTest, WhoTakesTheFileAwayOrSpoilsItTakesTheKeys) {
  const auto feed = Open(intake::TellFeed);
  const EventRow event = Registered(kCase, kNow);
  WriteKeys("spoilt");
  EXPECT_EQ(feed->MessagesOf(event).size(), 1u);  // Not read again yet.
  clock_.Advance(host::KafkaFeed::kReadEvery);
  EXPECT_THAT(feed->MessagesOf(event), IsEmpty());
  EXPECT_EQ(Logged("feed_keys_unreadable"), 1);
}

TEST_F(FeedTest, WhatCannotBeReadTellsNothing) {
  EventRow event = Registered(kCase, kNow);
  event.data = "\xff";
  EXPECT_THAT(Open(intake::TellFeed)->MessagesOf(event), IsEmpty());
  EXPECT_THAT(Open(eligibility::TellFeed)->MessagesOf(event), IsEmpty());
  EXPECT_THAT(Open(referral::TellFeed)->MessagesOf(event), IsEmpty());
}

// All that a reader of the topic has of a record, with its time.
std::string BytesOf(const Fetched& fetched) {
  std::string all = absl::StrCat(fetched.record.key, "\n", *fetched.record.value, "\n");
  for (const auto& [name, value] : fetched.record.headers) absl::StrAppend(&all, name, value, "\n");
  return absl::StrCat(all, fetched.time_ms);
}

TEST_F(FeedTest, InTheTopicNothingLeadsBackToTheCaseAndAResendIsTheSameBytes) {
  const std::string topic = NewTopic(1);
  const std::string feed_topic = NewTopic(1);
  const auto feed = Open(intake::TellFeed);
  const std::vector<EventRow> events = {Registered(kCase, kNow), Registered(kOtherCase, kNow)};
  for (int times = 0; times < 2; ++times) {
    follow::KafkaPublisherOptions options = PublisherTo(topic);
    options.feed_topic = feed_topic;
    options.feed = [&](const EventRow& event) { return feed->MessagesOf(event); };
    auto publisher = follow::KafkaPublisher::Open(std::move(options), SuiteLog());
    ASSERT_TRUE(publisher.ok());
    ASSERT_TRUE((*publisher)->Publish(events).ok());
  }
  const std::vector<Fetched> records = ReadAll(feed_topic, 1);
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(BytesOf(records[0]), BytesOf(records[2]));
  EXPECT_EQ(BytesOf(records[1]), BytesOf(records[3]));
  for (const Fetched& fetched : records) {
    PipelineRecord record;
    ASSERT_TRUE(record.ParseFromString(*fetched.record.value));
    EXPECT_EQ(record.pseudonym(), fetched.record.key);
    EXPECT_EQ(record.stage(), pipeline::v1::STAGE_REGISTERED);
    EXPECT_EQ(record.hour().seconds(), absl::ToUnixSeconds(Utc(2026, 11, 24, 10)));
    // With the time of sending, a record could be matched with the event beside it.
    EXPECT_EQ(fetched.time_ms, absl::ToUnixMillis(Utc(2026, 11, 24, 10)));
    EXPECT_THAT(fetched.record.headers,
                ElementsAre(testing::Pair("content-type", "application/protobuf")));
    for (const EventRow& event : events) {
      for (const std::string& trace :
           {event.stream, event.stream.substr(0, 8), event.ce_id, event.cause.ce_id(),
            event.trace.Format().substr(3, 32), std::string("CR-CP"), std::string("MX-CHP")}) {
        EXPECT_FALSE(absl::StrContains(BytesOf(fetched), trace)) << trace;
      }
    }
  }
}

}  // namespace
}  // namespace pathways::testing_support
