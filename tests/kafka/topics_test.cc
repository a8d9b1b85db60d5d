// Goal: topics are made as declared, and every difference is named. Method: a real broker, topics
// under a prefix of the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/follow/bus/kafka_topics.h"
#include "tests/kafka/kafka_suite.h"

namespace pathways::testing_support {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr absl::Duration kTimeout = absl::Seconds(20);

TEST(KafkaTopics, AreCreatedAsDeclaredAndEveryDifferenceIsNamed) {
  const std::string prefix = NewPrefix();
  auto admin = follow::KafkaAdmin::Open(SuiteKafka(), SuiteLog());
  ASSERT_TRUE(admin.ok());
  std::vector<follow::KafkaTopic> topics = follow::DeclaredTopics(prefix, 1);
  ASSERT_EQ(topics.size(), 4u);
  EXPECT_EQ(topics.back().name, prefix + "pathways.pipeline.v1");
  const absl::Status before = (*admin)->Check(topics, kTimeout);
  EXPECT_EQ(before.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(before.message()), AllOf(HasSubstr("intake.events.v1 does not exist"),
                                                   HasSubstr("pipeline.v1 does not exist")));
  ASSERT_TRUE((*admin)->Create(topics, kTimeout).ok());
  ASSERT_TRUE((*admin)->Create(topics, kTimeout).ok());  // Again: nothing happens.
  EXPECT_TRUE(Eventually([&] { return (*admin)->Check(topics, kTimeout).ok(); }))
      << (*admin)->Check(topics, kTimeout);

  topics[0].partitions = 13;
  topics[1].settings["retention.ms"] = "1";
  topics[2].settings["cleanup.policy"] = "compact";
  const absl::Status after = (*admin)->Check(topics, kTimeout);
  EXPECT_EQ(after.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(after.message()),
              AllOf(HasSubstr("intake.events.v1 has 12 partitions instead of 13"),
                    HasSubstr("eligibility.events.v1 has retention.ms=2592000000 instead of 1"),
                    HasSubstr("referral.events.v1 has cleanup.policy=delete instead of compact")));
}

TEST(KafkaTopics, ThreeCopiesAskForTwoAcknowledged) {
  const auto topics = follow::DeclaredTopics("", 3);
  EXPECT_EQ(topics[0].replicas, 3);
  EXPECT_EQ(topics[0].settings.at("min.insync.replicas"), "2");
  EXPECT_EQ(topics[0].name, "pathways.intake.events.v1");
}

TEST(KafkaTopics, NoBrokerIsUnavailable) {
  follow::KafkaSettings nobody = SuiteKafka();
  nobody.bootstrap = "127.0.0.1:1";
  auto admin = follow::KafkaAdmin::Open(nobody, SuiteLog());
  ASSERT_TRUE(admin.ok());
  EXPECT_EQ((*admin)->Check({}, absl::Milliseconds(300)).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace pathways::testing_support
