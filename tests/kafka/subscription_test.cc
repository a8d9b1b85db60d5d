// Goal: whatever happens to group, topic, position or records, every event has its effect once and
// in order, and nothing but its own case waits for a bad record. Method: a real broker, replicas on
// one database, a downstream whose state is the list of numbers it applied.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/follow/bus/kafka_subscription.h"
#include "services/follow/puller.h"
#include "tests/kafka/kafka_suite.h"

namespace pathways::testing_support {
namespace {

using follow::KafkaRecord;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// An upstream: its store, from which a puller is answered, and its published records.
class SubscriptionTest : public testing::Test {
 protected:
  // Appends events to the upstream's store. They are not published.
  void Append(const std::string& stream, int count) {
    std::vector<engine::Command> commands;
    for (int i = 0; i < count; ++i) {
      commands.push_back({stream, "n", engine::RequestOrigin{}, {}});
    }
    ASSERT_TRUE(follow::SubmitAll(upstream_.engine, std::move(commands)).ok());
  }

  // All events of the upstream as records, in order of position.
  std::vector<KafkaRecord> Records(int64_t after = 0) {
    std::vector<KafkaRecord> records;
    const auto events = upstream_.store.ReadAfter(after, 1000000);
    for (const engine::EventRow& event : *events) {
      records.push_back(follow::RecordOf(event, {kSource, "test.Counted"}));
    }
    return records;
  }

  std::unique_ptr<Replica> Follow(Downstream& downstream, const std::string& topic,
                                  follow::KafkaPartition::Limits limits = {},
                                  const std::string& instance = "") {
    return std::make_unique<Replica>(downstream, streams_, topic, topic + ".group", limits,
                                     instance);
  }

  // Two replicas, one of which is restarted under load: how often the other one's partitions were
  // given anew. Every event has its effect in the end.
  int RebalancesOfOther(const std::string& restarted, const std::string& other);

  std::unique_ptr<follow::Puller> Pull(Downstream& downstream) {
    return std::make_unique<follow::Puller>(
        follow::PullerParts{
            "intake", streams_, downstream.domain, downstream.store, downstream.engine, {}},
        absl::Hours(1));
  }

  Downstream upstream_;
  StoreStreams streams_{upstream_.store};
};

std::map<std::string, std::string> Complete(int streams, int64_t count) {
  std::map<std::string, std::string> states;
  for (int i = 0; i < streams; ++i) states[CaseOf(absl::StrCat("case-", i))] = StateOf(count);
  return states;
}

// Committed offset of a partition in a group; -1001 when there is none.
int64_t CommittedOffset(const std::string& group, const std::string& topic, int32_t partition) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", SuiteKafka().bootstrap.c_str(), error, 512);
  rd_kafka_conf_set(conf, "group.id", group.c_str(), error, 512);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, 512);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition);
  rd_kafka_committed(client, list, 20000);
  const int64_t offset = list->elems[0].offset;
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(client);
  return offset;
}

void DeleteRecordsBefore(const std::string& topic, int64_t offset) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", SuiteKafka().bootstrap.c_str(), error, 512);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, 512);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = offset;
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(list);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_DeleteRecords(client, &request, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 20000);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(rd_kafka_event_error(event), 0);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteRecords_destroy(request);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(client);
}

TEST_F(SubscriptionTest, TwoReplicasShareThePartitionsAndEveryEffectIsOnce) {
  constexpr int kStreams = 30;
  const std::string topic = NewTopic(6);
  Downstream service;
  for (int i = 0; i < kStreams; ++i) Append(CaseOf(absl::StrCat("case-", i)), 40);
  std::vector<KafkaRecord> records = Records();
  const std::vector<KafkaRecord> first(records.begin(), records.begin() + 700);
  const std::vector<KafkaRecord> second(records.begin() + 700, records.end());
  ProduceRaw(topic, -1, first);
  // Few rows ahead, so that fetching pauses and goes on many times.
  auto a = Follow(service, topic, {.rows_max = 16});
  ASSERT_TRUE(Eventually([&] { return a->partitions() == 6; }));
  auto b = Follow(service, topic, {.rows_max = 16});
  ProduceRaw(topic, -1, second);
  ASSERT_TRUE(Eventually([&] { return a->partitions() == 3 && b->partitions() == 3; }));
  ASSERT_TRUE(Eventually([&] { return service.States() == Complete(kStreams, 40); }));
  a.reset();
  for (int i = 0; i < kStreams; ++i) Append(CaseOf(absl::StrCat("case-", i)), 1);
  ProduceRaw(topic, -1, Records(static_cast<int64_t>(records.size())));
  ASSERT_TRUE(Eventually([&] { return service.States() == Complete(kStreams, 41); }));
  EXPECT_EQ(b->partitions(), 6u);
  EXPECT_THAT(b->subscription().Refused(), IsEmpty());
  EXPECT_TRUE(service.store.ReadBehind(10)->empty());
  // The group shows the lag.
  EXPECT_TRUE(Eventually([&] { return b->subscription().Lag() == 0; }));
  EXPECT_TRUE(Eventually([&] {
    int64_t committed = 0;
    for (int i = 0; i < 6; ++i) committed += CommittedOffset(topic + ".group", topic, i);
    return committed == kStreams * 41;
  }));
}

int SubscriptionTest::RebalancesOfOther(const std::string& restarted, const std::string& other) {
  constexpr int kStreams = 12;
  const std::string topic = NewTopic(6);
  Downstream service;
  for (int i = 0; i < kStreams; ++i) Append(CaseOf(absl::StrCat("case-", i)), 10);
  const int64_t before = *upstream_.store.LastPosition();
  ProduceRaw(topic, -1, Records());
  auto a = Follow(service, topic, {}, restarted);
  auto b = Follow(service, topic, {}, other);
  EXPECT_TRUE(Eventually([&] { return a->partitions() == 3 && b->partitions() == 3; }));
  EXPECT_TRUE(Eventually([&] { return service.States() == Complete(kStreams, 10); }));
  const int given = b->subscription().rebalances();
  a.reset();
  for (int i = 0; i < kStreams; ++i) Append(CaseOf(absl::StrCat("case-", i)), 1);
  ProduceRaw(topic, -1, Records(before));
  a = Follow(service, topic, {}, restarted);
  EXPECT_TRUE(Eventually([&] { return a->partitions() == 3 && b->partitions() == 3; }));
  EXPECT_TRUE(Eventually([&] { return service.States() == Complete(kStreams, 11); }));
  return b->subscription().rebalances() - given;
}

TEST_F(SubscriptionTest, ARestartUnderAFixedNameMovesNoPartition) {
  EXPECT_EQ(RebalancesOfOther("replica-1", "replica-2"), 0);
}

// The control of the test before: without names the same restart is seen.
TEST_F(SubscriptionTest, ARestartWithoutANameMovesPartitions) {
  EXPECT_GT(RebalancesOfOther("", ""), 0);
}

// Under a name it joins again after an outage as who it was, instead of as somebody else, for whom
// the group waits until the first counts as dead.
TEST_F(SubscriptionTest, WithoutAGivenNameItHasOneOfItsOwnAndLeavesAtOnce) {
  const std::string topic = NewTopic(2);
  Downstream service;
  auto a = Follow(service, topic);
  auto b = Follow(service, topic);
  ASSERT_TRUE(Eventually([&] { return a->partitions() == 1 && b->partitions() == 1; }));
  const std::multiset<std::string> names = NamesIn(topic + ".group");
  EXPECT_EQ(names.size(), 2u);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 2u);
  EXPECT_EQ(names.count(""), 0u);
  a.reset();
  EXPECT_EQ(NamesIn(topic + ".group").size(), 1u);
  b.reset();
  EXPECT_THAT(NamesIn(topic + ".group"), IsEmpty());
}

TEST_F(SubscriptionTest, WhoWasPushedOutUnderItsNameComesBack) {
  const std::string topic = NewTopic(3);
  Downstream service;
  Append(CaseOf("a"), 5);
  ProduceRaw(topic, -1, Records());
  auto first = Follow(service, topic, {}, "replica-1");
  ASSERT_TRUE(Eventually([&] { return service.State(CaseOf("a")) == StateOf(5); }));
  auto second = Follow(service, topic, {}, "replica-1");
  ASSERT_TRUE(Eventually([&] { return second->partitions() == 3 && first->partitions() == 0; }));
  second.reset();
  Append(CaseOf("a"), 1);
  ProduceRaw(topic, -1, Records(5));
  ASSERT_TRUE(Eventually([&] { return service.State(CaseOf("a")) == StateOf(6); }));
  EXPECT_EQ(first->partitions(), 3u);
}

TEST_F(SubscriptionTest, ThePositionInTheDatabaseCountsAndNotTheGroups) {
  const std::string topic = NewTopic(1);
  Append(CaseOf("a"), 20);
  ProduceRaw(topic, -1, Records());
  Downstream service;
  auto replica = Follow(service, topic);
  ASSERT_TRUE(Eventually([&] { return service.State(CaseOf("a")) == StateOf(20); }));
  ASSERT_TRUE(Eventually([&] { return CommittedOffset(topic + ".group", topic, 0) == 20; }));
  replica.reset();
  EXPECT_EQ(service.store.ReadPosition("intake/0")->position, 20);
  // Another database, as after a restore: the group says 20, the database nothing.
  Downstream restored;
  replica = Follow(restored, topic);
  ASSERT_TRUE(Eventually([&] { return restored.State(CaseOf("a")) == StateOf(20); }));
  EXPECT_EQ(restored.store.ReadPosition("intake/0")->incarnation,
            service.store.ReadPosition("intake/0")->incarnation);
}

TEST_F(SubscriptionTest, AFailedCommitIsTriedAgainWithoutALoss) {
  const std::string topic = NewTopic(2);
  Downstream service;
  for (int i = 0; i < 4; ++i) Append(CaseOf(absl::StrCat("case-", i)), 20);
  service.store.FailNextCommits(2, absl::UnavailableError("full"));
  ProduceRaw(topic, -1, Records());
  auto replica = Follow(service, topic);
  ASSERT_TRUE(Eventually([&] { return service.States() == Complete(4, 20); }));
}

TEST_F(SubscriptionTest, ABadRecordKeepsNobody) {
  const std::string topic = NewTopic(1);
  Append(CaseOf("a"), 6);
  std::vector<KafkaRecord> good = Records();
  KafkaRecord foreign = Record(CaseOf("a"), 3);
  foreign.headers[2].second = "/someone/else";
  KafkaRecord no_value = Record(CaseOf("a"), 4);
  no_value.value.reset();
  KafkaRecord number = Record(CaseOf("a"), 4);
  number.headers[8].second = "-4";
  KafkaRecord random{std::string("\xff\0\x01", 3),
                     std::string(5000, '\xfe'),
                     {{"ce_id", std::string(100000, 'i')}, {"", ""}}};
  KafkaRecord unknown_type = Record(CaseOf("unknown"), 1);
  unknown_type.headers[3].second = "test.FromTheFuture";
  KafkaRecord conflict = Record(CaseOf("a"), 2);
  conflict.headers[1].second = "another-id";
  ProduceRaw(topic, 0,
             {good[0],
              {"", std::nullopt, {}},
              good[1],
              foreign,
              good[2],
              no_value,
              good[3],
              number,
              random,
              unknown_type,
              good[4],
              {"a", "plain text", {}},
              Record("no-case", 2),
              good[5],
              Record(CaseOf("b"), 1),
              conflict,
              Record(CaseOf("c"), 1)});
  Downstream service;
  auto replica = Follow(service, topic);
  ASSERT_TRUE(Eventually([&] { return service.State(CaseOf("c")) == "1."; }));
  EXPECT_EQ(service.State(CaseOf("a")), StateOf(6));
  EXPECT_EQ(service.State(CaseOf("b")), "1.");
  EXPECT_THAT(replica->subscription().Refused(),
              ElementsAre(Pair("FOREIGN_SOURCE", 1), Pair("NO_CLOUD_EVENT", 3),
                          Pair("NULL_VALUE", 1), Pair("WRONG_KEY", 1), Pair("WRONG_NUMBER", 1)));
  EXPECT_EQ(service.store.ReadState(CaseOf("unknown"))->parked_reason, "EVENT_UNREADABLE");
  EXPECT_EQ(service.store.ReadState(CaseOf("a"))->parked_reason, "EVENT_CONFLICT");
  EXPECT_EQ(service.store.ReadPosition("intake/0")->position, 17);
  // Nobody could be asked for what comes before it.
  EXPECT_EQ(service.store.ReadState("no-case")->behind.size(), 0u);
}

TEST_F(SubscriptionTest, ATopicMadeAnewIsReadFromItsStart) {
  const std::string topic = NewTopic(1);
  Append(CaseOf("a"), 10);
  ProduceRaw(topic, 0, Records());
  Downstream service;
  auto replica = Follow(service, topic);
  ASSERT_TRUE(Eventually([&] { return service.State(CaseOf("a")) == StateOf(10); }));
  const std::string before = service.store.ReadPosition("intake/0")->incarnation;
  DeleteTopic(topic);
  MakeTopic(topic, 1);
  // At once longer than our position, so no offset tells; what is new lies before it.
  Append(CaseOf("b"), 2);
  std::vector<KafkaRecord> all = Records();
  std::rotate(all.begin(), all.begin() + 10, all.end());
  ProduceRaw(topic, 0, all);
  ASSERT_TRUE(Eventually([&] { return service.State(CaseOf("b")) == StateOf(2); }));
  EXPECT_EQ(service.State(CaseOf("a")), StateOf(10));
  EXPECT_NE(service.store.ReadPosition("intake/0")->incarnation, before);
}

TEST_F(SubscriptionTest, ATopicMadeAnewWhileNobodyReadIsReadFromItsStart) {
  const std::string topic = NewTopic(1);
  Append(CaseOf("a"), 3);
  ProduceRaw(topic, 0, Records());
  Downstream service;
  auto replica = Follow(service, topic);
  ASSERT_TRUE(Eventually([&] { return service.State(CaseOf("a")) == StateOf(3); }));
  replica.reset();
  DeleteTopic(topic);
  MakeTopic(topic, 1);
  Append(CaseOf("b"), 2);
  const std::vector<KafkaRecord> all = Records();
  ProduceRaw(topic, 0, {all[3], all[4], all[0], all[1], all[2]});
  replica = Follow(service, topic);
  ASSERT_TRUE(Eventually([&] { return service.State(CaseOf("b")) == StateOf(2); }));
  EXPECT_EQ(service.State(CaseOf("a")), StateOf(3));
}

TEST_F(SubscriptionTest, RecordsDeletedBeforeTheyWereReadArePulled) {
  const std::string topic = NewTopic(1);
  Append(CaseOf("a"), 10);
  ProduceRaw(topic, 0, Records());
  DeleteRecordsBefore(topic, 5);
  Downstream service;
  auto replica = Follow(service, topic);
  ASSERT_TRUE(Eventually([&] { return service.store.ReadPosition("intake/0")->position == 10; }));
  EXPECT_EQ(service.State(CaseOf("a")), "");
  EXPECT_EQ(service.store.ReadBehind(10)->size(), 1u);
  auto puller = Pull(service);
  ASSERT_TRUE(Eventually([&] { return service.State(CaseOf("a")) == StateOf(10); }));
  EXPECT_TRUE(service.store.ReadBehind(10)->empty());
}

TEST_F(SubscriptionTest, AReplayShuffledThreeTimesChangesNoByte) {
  constexpr int kStreams = 12;
  const std::string plain = NewTopic(3);
  const std::string shuffled = NewTopic(3);
  for (int i = 0; i < kStreams; ++i) Append(CaseOf(absl::StrCat("case-", i)), 8);
  std::vector<KafkaRecord> records = Records();
  ProduceRaw(plain, -1, records);
  std::mt19937 random(20231017);
  for (int round = 0; round < 3; ++round) {
    // Across cases and within one: to any partition, in any order.
    std::shuffle(records.begin(), records.end(), random);
    for (int partition = 0; partition < 3; ++partition) {
      std::vector<KafkaRecord> part;
      for (size_t i = 0; i < records.size(); ++i) {
        if (i % 3 == static_cast<size_t>(partition)) part.push_back(records[i]);
      }
      ProduceRaw(shuffled, partition, part);
    }
  }
  Downstream expected;
  Downstream service;
  auto one = Follow(expected, plain);
  auto other = Follow(service, shuffled);
  auto puller = Pull(service);
  ASSERT_TRUE(Eventually([&] { return expected.States() == Complete(kStreams, 8); }));
  ASSERT_TRUE(Eventually([&] {
    int64_t read = 0;
    for (int i = 0; i < 3; ++i) {
      read += service.store.ReadPosition(absl::StrCat("intake/", i))->position;
    }
    return read == kStreams * 8 * 3 && service.store.ReadBehind(1)->empty();
  }));
  for (int i = 0; i < kStreams; ++i) {
    const std::string stream = CaseOf(absl::StrCat("case-", i));
    const auto left = *expected.store.ReadState(stream);
    const auto right = *service.store.ReadState(stream);
    EXPECT_EQ(left.state, right.state);
    EXPECT_EQ(left.version, right.version);
    EXPECT_EQ(left.applied, right.applied);
    EXPECT_EQ(right.parked_reason, "");
  }
}

}  // namespace
}  // namespace pathways::testing_support
