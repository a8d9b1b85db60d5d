// Goal: what the publisher says is acknowledged lies in the topic, in order per case, whatever the
// broker does; and one record that the broker refuses keeps one case. Method: a real broker that is
// killed and started again; librdkafka's mock only for answers that a real broker does not give.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <atomic>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "services/follow/bus/kafka_publisher.h"
#include "services/follow/relay.h"
#include "tests/kafka/kafka_suite.h"

namespace pathways::testing_support {
namespace {

using engine::EventRow;
using follow::KafkaPublisher;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::unique_ptr<KafkaPublisher> Open(follow::KafkaPublisherOptions options) {
  auto publisher = KafkaPublisher::Open(std::move(options), SuiteLog());
  EXPECT_TRUE(publisher.ok()) << publisher.status();
  return *std::move(publisher);
}

// Appends `count` events to each stream, as requests would.
void Append(Downstream& service, const std::vector<std::string>& streams, int count) {
  std::vector<engine::Command> commands;
  for (int i = 0; i < count; ++i) {
    for (const std::string& stream : streams) {
      commands.push_back({stream, "n", engine::RequestOrigin{}, {}});
    }
  }
  ASSERT_TRUE(follow::SubmitAll(service.engine, std::move(commands)).ok());
}

bool AllPublished(Downstream& service) {
  return *service.store.ReadWatermark() == *service.store.LastPosition();
}

TEST(KafkaPublisher, RecordsComeBackAsTheyWereWithTheFeedBesideThem) {
  const std::string topic = NewTopic(3);
  const std::string feed = NewTopic(1);
  follow::KafkaPublisherOptions options = PublisherTo(topic);
  options.feed_topic = feed;
  options.feed = [](const EventRow& event) -> std::vector<follow::FeedMessage> {
    if (event.number != 2) return {};
    return {{absl::StrCat("pseudonym of ", event.stream), "one"},
            {absl::StrCat("pseudonym of ", event.stream), "two"}};
  };
  const auto publisher = Open(options);
  std::vector<EventRow> events;
  for (int number = 1; number <= 3; ++number) {
    for (const char* stream : {"a", "b", "c", "d"}) events.push_back(Event(CaseOf(stream), number));
  }
  const auto refused = publisher->Publish(events);
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_THAT(*refused, IsEmpty());

  const std::vector<Fetched> all = ReadAll(topic, 3);
  EXPECT_EQ(all.size(), 12u);
  EXPECT_THAT(NumbersIn(all), ElementsAre(Pair(CaseOf("a"), UpTo(3)), Pair(CaseOf("b"), UpTo(3)),
                                          Pair(CaseOf("c"), UpTo(3)), Pair(CaseOf("d"), UpTo(3))));
  const Fetched& first = all.front();
  const auto event = follow::EventOf(first.record, kSource);
  ASSERT_TRUE(event.ok());
  const follow::KafkaRecord sent = Record(event->stream, event->number);
  EXPECT_EQ(first.record.headers, sent.headers);
  EXPECT_EQ(first.record.value, sent.value);
  std::vector<std::string> told;
  for (const Fetched& fetched : ReadAll(feed, 1)) {
    told.push_back(absl::StrCat(fetched.record.key, ": ", *fetched.record.value));
  }
  EXPECT_EQ(told.size(), 8u);
  EXPECT_THAT(told, testing::Contains(absl::StrCat("pseudonym of ", CaseOf("d"), ": two")));
}

// The hashes are those of org.apache.kafka.common.utils.Utils.murmur2, from Kafka's own tests.
TEST(KafkaPublisher, KeysLieWhereJavaClientsLookForThem) {
  constexpr int kPartitions = 7;
  const std::string topic = NewTopic(kPartitions);
  const std::map<std::string, int32_t> hashes = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107}};
  std::vector<EventRow> events;
  for (const auto& [key, hash] : hashes) events.push_back(Event(key, 1));
  ASSERT_TRUE(Open(PublisherTo(topic))->Publish(events).ok());
  const std::vector<Fetched> all = ReadAll(topic, kPartitions);
  ASSERT_EQ(all.size(), hashes.size());
  for (const Fetched& fetched : all) {
    EXPECT_EQ(fetched.partition, (hashes.at(fetched.record.key) & 0x7fffffff) % kPartitions)
        << fetched.record.key;
  }
}

TEST(KafkaPublisher, ATopicThatIsNotThereIsAnErrorAndThenNot) {
  const std::string topic = NewPrefix() + "events";
  follow::KafkaPublisherOptions options = PublisherTo(topic);
  options.delivery_timeout = absl::Seconds(2);
  const auto publisher = Open(options);
  EXPECT_EQ(publisher->Publish({Event(CaseOf("a"), 1)}).status().code(),
            absl::StatusCode::kUnavailable);
  MakeTopic(topic, 1);
  EXPECT_TRUE(Eventually([&] { return publisher->Publish({Event(CaseOf("a"), 1)}).ok(); }));
}

TEST(KafkaPublisher, WrongSettingsAreNamedAndNoneOfTheGuaranteeCanBeSet) {
  follow::KafkaPublisherOptions options = PublisherTo("any");
  options.kafka.security = {{"acks", "0"}, {"sasl.nonsense", "secret-value"}};
  const auto publisher = KafkaPublisher::Open(options, SuiteLog());
  ASSERT_EQ(publisher.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(publisher.status().message()),
              testing::AllOf(testing::HasSubstr("acks"), testing::HasSubstr("sasl.nonsense"),
                             testing::Not(testing::HasSubstr("secret-value"))));
}

class RelayToKafka : public testing::Test {
 protected:
  void Start(const follow::KafkaPublisherOptions& options) {
    publisher_ = Open(options);
    relay_ = std::make_unique<follow::Relay>(service_.store, *publisher_,
                                             [this](const absl::Status& status) {
                                               std::lock_guard<std::mutex> lock(mutex_);
                                               reports_.push_back(status.code());
                                             });
  }
  void TearDown() override {
    if (publisher_) publisher_->Cancel();
  }
  bool Reported(absl::StatusCode code) {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::find(reports_.begin(), reports_.end(), code) != reports_.end();
  }

  Downstream service_;
  std::unique_ptr<KafkaPublisher> publisher_;
  std::mutex mutex_;
  std::vector<absl::StatusCode> reports_;
  std::unique_ptr<follow::Relay> relay_;
};

TEST_F(RelayToKafka, EverythingIsDeliveredInOrderOverAKilledBroker) {
  KafkaBroker* const broker = SuiteBroker();
  if (broker == nullptr) GTEST_SKIP() << "the broker of KAFKA_BOOTSTRAP is not ours to kill";
  const std::string topic = NewTopic(4);
  std::vector<std::string> streams;
  for (int i = 0; i < 40; ++i) streams.push_back(CaseOf(absl::StrCat("case-", i)));
  Append(service_, streams, 100);
  follow::KafkaPublisherOptions options = PublisherTo(topic);
  options.delivery_timeout = absl::Seconds(2);
  Start(options);
  ASSERT_TRUE(Eventually([&] { return *service_.store.ReadWatermark() > 0; }));
  broker->Kill();
  Append(service_, streams, 25);
  ASSERT_TRUE(Eventually([&] { return Reported(absl::StatusCode::kUnavailable); }));
  EXPECT_FALSE(AllPublished(service_));
  const absl::Status restarted = broker->Restart();
  ASSERT_TRUE(restarted.ok()) << restarted;
  ASSERT_TRUE(Eventually([&] { return AllPublished(service_); }));
  EXPECT_TRUE(Eventually([&] { return Reported(absl::StatusCode::kOk); }));
  const auto numbers = NumbersIn(ReadAll(topic, 4));
  ASSERT_EQ(numbers.size(), streams.size());
  for (const auto& [stream, found] : numbers) EXPECT_EQ(found, UpTo(125)) << stream;
}

void SetMessageBytesMax(const std::string& topic, int64_t bytes) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", SuiteKafka().bootstrap.c_str(), error, 512);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, 512);
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  rd_kafka_ConfigResource_set_config(resource, "max.message.bytes", absl::StrCat(bytes).c_str());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_AlterConfigs(client, &resource, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 20000);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(rd_kafka_event_error(event), 0);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_ConfigResource_destroy(resource);
  rd_kafka_destroy(client);
}

// The one broker that is left answers NOT_ENOUGH_REPLICAS. Two of the test's own: Kafka 4 asks for
// no more copies of a record than a topic has, so that a topic with one copy is never short of
// them, whatever its min.insync.replicas.
TEST_F(RelayToKafka, TooFewReplicasHoldEverythingUpAndNothingIsLost) {
  const auto first = KafkaBroker::Start();
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = KafkaBroker::Join(**first);
  ASSERT_TRUE(second.ok()) << second.status();
  const std::string& bootstrap = (*first)->bootstrap();
  follow::KafkaPublisherOptions options = PublisherTo(NewPrefix() + "events");
  options.kafka.bootstrap = bootstrap;
  options.delivery_timeout = absl::Seconds(2);
  auto admin = follow::KafkaAdmin::Open(options.kafka, SuiteLog());
  ASSERT_TRUE(admin.ok()) << admin.status();
  // Refused until the second broker is known to the controller.
  ASSERT_TRUE(Eventually([&] {
    return (*admin)
        ->Create({{options.topic, 2, 2, {{"min.insync.replicas", "2"}}}}, absl::Seconds(10))
        .ok();
  }));
  Append(service_, {CaseOf("a"), CaseOf("b")}, 3);
  Start(options);
  ASSERT_TRUE(Eventually([&] { return AllPublished(service_); }));
  (*second)->Stop();
  Append(service_, {CaseOf("a"), CaseOf("b")}, 20);
  relay_->Notify();
  ASSERT_TRUE(Eventually([&] { return Reported(absl::StatusCode::kUnavailable); }));
  Append(service_, {CaseOf("a"), CaseOf("b")}, 2);  // Registering goes on.
  EXPECT_FALSE(AllPublished(service_));

  const absl::Status back = (*second)->Restart();
  ASSERT_TRUE(back.ok()) << back;
  ASSERT_TRUE(Eventually([&] { return AllPublished(service_); }));
  EXPECT_THAT(NumbersIn(ReadAll(options.topic, 2, bootstrap)),
              ElementsAre(Pair(CaseOf("a"), UpTo(25)), Pair(CaseOf("b"), UpTo(25))));
  EXPECT_TRUE(service_.store.ReadWithheld(10)->empty());
}

class LargeDomain : public NumberDomain {
 protected:
  absl::StatusOr<std::vector<engine::NewEvent>> Decide(absl::string_view command) const override {
    return std::vector<engine::NewEvent>{
        {"test.Counted", std::string(std::stoul(std::string(command)), 'x'), ""}};
  }
};

TEST_F(RelayToKafka, ARecordTooLargeWithholdsItsCaseAlone) {
  const std::string topic = NewTopic(1, {{"max.message.bytes", "20000"}});
  LargeDomain domain;
  engine::Engine engine(domain, service_.store, engine::EngineOptions{});
  std::vector<engine::Command> commands;
  for (int number = 1; number <= 4; ++number) {
    for (const char* stream : {"a", "large", "b", "huge", "c"}) {
      std::string size = "100";
      if (number == 2 && stream == std::string("large")) size = "30000";   // The broker refuses.
      if (number == 3 && stream == std::string("huge")) size = "2000000";  // The client does.
      commands.push_back({CaseOf(stream), size, engine::RequestOrigin{}, {}});
    }
  }
  ASSERT_TRUE(follow::SubmitAll(engine, std::move(commands)).ok());
  Start(PublisherTo(topic));
  ASSERT_TRUE(Eventually([&] { return AllPublished(service_); }));
  EXPECT_THAT(NumbersIn(ReadAll(topic, 1)),
              ElementsAre(Pair(CaseOf("a"), UpTo(4)), Pair(CaseOf("b"), UpTo(4)),
                          Pair(CaseOf("c"), UpTo(4)), Pair(CaseOf("huge"), UpTo(2)),
                          Pair(CaseOf("large"), UpTo(1))));
  EXPECT_TRUE(Eventually([&] { return Reported(absl::StatusCode::kFailedPrecondition); }));
  const auto withheld = *service_.store.ReadWithheld(10);
  ASSERT_EQ(withheld.size(), 2u);
  EXPECT_EQ(withheld[0].stream, CaseOf("huge"));
  EXPECT_EQ(withheld[0].number, 3);
  EXPECT_EQ(withheld[1].reason, "MSG_SIZE_TOO_LARGE");

  SetMessageBytesMax(topic, 1 << 20);
  ASSERT_TRUE(Eventually([&] {
    relay_->RetryWithheld();
    return service_.store.ReadWithheld(10)->size() == 1;
  }));
  EXPECT_THAT(NumbersIn(ReadAll(topic, 1)), testing::Contains(Pair(CaseOf("large"), UpTo(4))));
  EXPECT_EQ(service_.store.ReadWithheld(10)->front().stream, CaseOf("huge"));
}

// Dashboards must not stop referrals: the record is left out, and the case goes on.
TEST_F(RelayToKafka, AFeedRecordThatIsRefusedKeepsNoCase) {
  const std::string topic = NewTopic(1);
  follow::KafkaPublisherOptions options = PublisherTo(topic);
  options.feed_topic = NewTopic(1, {{"max.message.bytes", "20000"}});
  options.feed = [](const engine::EventRow& event) -> std::vector<follow::FeedMessage> {
    const size_t size = event.number == 2 ? 30000 : 100;
    return {{"pseudonym", std::string(size, 'x'), absl::UnixEpoch() + absl::Hours(400'000)}};
  };
  const std::string feed = options.feed_topic;
  Append(service_, {CaseOf("a"), CaseOf("b")}, 3);
  Start(std::move(options));
  ASSERT_TRUE(Eventually([&] { return AllPublished(service_); }));
  EXPECT_THAT(NumbersIn(ReadAll(topic, 1)),
              ElementsAre(Pair(CaseOf("a"), UpTo(3)), Pair(CaseOf("b"), UpTo(3))));
  EXPECT_THAT(*service_.store.ReadWithheld(10), IsEmpty());
  EXPECT_FALSE(Reported(absl::StatusCode::kFailedPrecondition));
  EXPECT_GE(ReadAll(feed, 1).size(), 4u);
}

// A cluster inside this process that answers as it is told.
class MockBroker {
 public:
  MockBroker() {
    char error[512];
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof(error));
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    rd_kafka_mock_topic_create(cluster_, "mocked", 1, 1);
  }
  ~MockBroker() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }
  // The next requests to produce are answered so.
  void Answer(const std::vector<rd_kafka_resp_err_t>& codes) {
    constexpr int16_t kProduce = 0;  // Kafka protocol, API key.
    rd_kafka_mock_push_request_errors_array(cluster_, kProduce, codes.size(), codes.data());
  }
  follow::KafkaPublisherOptions Options() const {
    follow::KafkaPublisherOptions options = PublisherTo("mocked");
    options.kafka.bootstrap = rd_kafka_mock_cluster_bootstraps(cluster_);
    return options;
  }

 private:
  rd_kafka_t* client_;
  rd_kafka_mock_cluster_t* cluster_;
};

TEST(KafkaPublisherMocked, AFatalErrorMakesANewProducer) {
  MockBroker mock;
  const auto publisher = Open(mock.Options());
  ASSERT_TRUE(publisher->Publish({Event(CaseOf("a"), 1)}).ok());
  EXPECT_EQ(publisher->producers(), 1);
  mock.Answer({RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
  EXPECT_EQ(publisher->Publish({Event(CaseOf("a"), 2)}).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_TRUE(publisher->Publish({Event(CaseOf("a"), 2)}).ok());
  EXPECT_EQ(publisher->producers(), 2);
}

TEST(KafkaPublisherMocked, ErrorsThatPassAreNotSeen) {
  MockBroker mock;
  const auto publisher = Open(mock.Options());
  mock.Answer({RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS});
  EXPECT_TRUE(publisher->Publish({Event(CaseOf("a"), 1)}).ok());
  EXPECT_EQ(publisher->producers(), 1);
}

TEST(KafkaPublisherMocked, WhatIsForbiddenKeepsAllAndPassesWithTheRight) {
  MockBroker mock;
  const auto publisher = Open(mock.Options());
  mock.Answer({RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  EXPECT_EQ(publisher->Publish({Event(CaseOf("a"), 1), Event(CaseOf("b"), 1)}).status().code(),
            absl::StatusCode::kPermissionDenied);
  const auto refused = publisher->Publish({Event(CaseOf("a"), 1), Event(CaseOf("b"), 1)});
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_THAT(*refused, IsEmpty());
}

// The broker refuses a batch for one record in it: the others are not refused for good.
TEST(KafkaPublisherMocked, OnlyWhatIsRefusedAloneIsRefused) {
  MockBroker mock;
  const auto publisher = Open(mock.Options());
  mock.Answer({RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_RECORD});
  const auto refused = publisher->Publish(
      {Event(CaseOf("a"), 1), Event(CaseOf("b"), 1), Event(CaseOf("a"), 2), Event(CaseOf("b"), 2)});
  ASSERT_TRUE(refused.ok()) << refused.status();
  ASSERT_EQ(refused->size(), 1u);
  EXPECT_EQ(refused->front().stream, CaseOf("a"));
  EXPECT_EQ(refused->front().number, 1);
  EXPECT_EQ(refused->front().reason, "INVALID_RECORD");
}

TEST(KafkaPublisherMocked, CancelEndsACallThatWaits) {
  MockBroker mock;
  follow::KafkaPublisherOptions options = mock.Options();
  options.kafka.bootstrap = "127.0.0.1:1";  // Nobody listens.
  options.delivery_timeout = absl::Minutes(5);
  const auto publisher = Open(options);
  publisher->Cancel();
  EXPECT_EQ(publisher->Publish({Event(CaseOf("a"), 1)}).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace pathways::testing_support
