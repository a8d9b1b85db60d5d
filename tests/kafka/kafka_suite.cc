#include "tests/kafka/kafka_suite.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdlib>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/base/signal.h"

namespace pathways::testing_support {
namespace {

constexpr absl::Duration kAdminMax = absl::Seconds(20);
constexpr std::chrono::seconds kEventuallyMax{40};

std::unique_ptr<KafkaBroker>& Broker() {
  static auto& broker = *new std::unique_ptr<KafkaBroker>();
  return broker;
}

class BrokerEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    if (std::getenv("KAFKA_BOOTSTRAP") != nullptr) return;
    auto started = KafkaBroker::Start();
    ASSERT_TRUE(started.ok()) << started.status();
    Broker() = *std::move(started);
  }
  void TearDown() override { Broker().reset(); }
};

const testing::Environment* const kEnvironment =
    testing::AddGlobalTestEnvironment(new BrokerEnvironment());

// A client for raw reading or writing. Owned by the caller. Idempotent, because a producer that is
// not may reorder a stream when a batch is sent again, as to a topic that has no leader yet.
rd_kafka_t* RawClient(rd_kafka_type_t type, std::string bootstrap = "") {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  if (bootstrap.empty()) bootstrap = SuiteKafka().bootstrap;
  rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap.c_str(), error, sizeof(error));
  if (type == RD_KAFKA_PRODUCER) {
    rd_kafka_conf_set(conf, "partitioner", "murmur2_random", error, sizeof(error));
    rd_kafka_conf_set(conf, "enable.idempotence", "true", error, sizeof(error));
  } else {
    rd_kafka_conf_set(conf, "group.id", "raw", error, sizeof(error));
    rd_kafka_conf_set(conf, "enable.auto.commit", "false", error, sizeof(error));
    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "50", error, sizeof(error));
  }
  return rd_kafka_new(type, conf, error, sizeof(error));
}

Fetched FetchedOf(const rd_kafka_message_t& message) {
  Fetched fetched{
      message.partition, message.offset, rd_kafka_message_timestamp(&message, nullptr), {}};
  fetched.record.key.assign(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) {
    fetched.record.value.emplace(static_cast<const char*>(message.payload), message.len);
  }
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != 0) return fetched;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; ++i) {
    fetched.record.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
  }
  return fetched;
}

void ReadPartition(rd_kafka_t* client, const std::string& topic, int32_t partition,
                   std::vector<Fetched>& all) {
  int64_t low = 0;
  int64_t high = 0;
  ASSERT_EQ(rd_kafka_query_watermark_offsets(client, topic.c_str(), partition, &low, &high, 20000),
            0);
  if (low == high) return;
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = low;
  rd_kafka_assign(client, list);
  rd_kafka_topic_partition_list_destroy(list);
  const auto deadline = std::chrono::steady_clock::now() + kEventuallyMax;
  int64_t next = low;
  while (next < high && std::chrono::steady_clock::now() < deadline) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client, 200);
    if (message == nullptr) continue;
    if (message->err == 0) {
      all.push_back(FetchedOf(*message));
      next = message->offset + 1;
    }
    rd_kafka_message_destroy(message);
  }
  ASSERT_EQ(next, high);
}

}  // namespace

KafkaBroker* SuiteBroker() { return Broker().get(); }

follow::KafkaSettings SuiteKafka() {
  const char* bootstrap = std::getenv("KAFKA_BOOTSTRAP");
  return {bootstrap != nullptr ? bootstrap : Broker()->bootstrap(), "test", {}};
}

base::Logger& SuiteLog() {
  static const auto& clock = *new base::SystemClock();
  static auto& log = *new base::Logger(base::LogLevel::kInfo, clock);
  return log;
}

void MakeTopic(const std::string& name, int partitions,
               std::map<std::string, std::string> settings) {
  auto admin = follow::KafkaAdmin::Open(SuiteKafka(), SuiteLog());
  ASSERT_TRUE(admin.ok()) << admin.status();
  // A topic that is being deleted exists for a moment more.
  ASSERT_TRUE(Eventually([&] {
    const std::vector<follow::KafkaTopic> topics = {{name, partitions, 1, settings}};
    return (*admin)->Create(topics, kAdminMax).ok() &&
           !absl::IsUnavailable((*admin)->Check(topics, kAdminMax)) &&
           (*admin)->Check(topics, kAdminMax).ok();
  }));
}

std::string NewTopic(int partitions, std::map<std::string, std::string> settings) {
  const std::string name = NewPrefix() + "events";
  MakeTopic(name, partitions, std::move(settings));
  return name;
}

void DeleteTopic(const std::string& name) {
  auto admin = follow::KafkaAdmin::Open(SuiteKafka(), SuiteLog());
  ASSERT_TRUE(admin.ok());
  const absl::Status deleted = (*admin)->Delete({name}, kAdminMax);
  ASSERT_TRUE(deleted.ok()) << deleted;
}

std::vector<Fetched> ReadAll(const std::string& topic, int partitions,
                             const std::string& bootstrap) {
  std::vector<Fetched> all;
  rd_kafka_t* client = RawClient(RD_KAFKA_CONSUMER, bootstrap);
  for (int32_t i = 0; i < partitions; ++i) ReadPartition(client, topic, i, all);
  rd_kafka_destroy(client);
  return all;
}

void ProduceRaw(const std::string& topic, int32_t partition,
                const std::vector<follow::KafkaRecord>& records) {
  rd_kafka_t* client = RawClient(RD_KAFKA_PRODUCER);
  for (const follow::KafkaRecord& record : records) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers) {
      rd_kafka_header_add(headers, name.c_str(), -1, value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    void* value = record.value ? const_cast<char*>(record.value->data()) : nullptr;
    const size_t size = record.value ? record.value->size() : 0;
    ASSERT_EQ(rd_kafka_producev(
                  client, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                  RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
                  RD_KAFKA_V_VALUE(value, size), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END),
              0);
  }
  ASSERT_EQ(rd_kafka_flush(client, 20000), 0);
  rd_kafka_destroy(client);
}

std::multiset<std::string> NamesIn(const std::string& group) {
  std::multiset<std::string> names;
  rd_kafka_t* client = RawClient(RD_KAFKA_PRODUCER);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  const char* groups[] = {group.c_str()};
  rd_kafka_DescribeConsumerGroups(client, groups, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 20000);
  const auto* result =
      event == nullptr ? nullptr : rd_kafka_event_DescribeConsumerGroups_result(event);
  size_t count = 0;
  const rd_kafka_ConsumerGroupDescription_t** found =
      result == nullptr ? nullptr : rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
  for (size_t i = 0; count > 0 && i < rd_kafka_ConsumerGroupDescription_member_count(found[0]);
       ++i) {
    const char* name = rd_kafka_MemberDescription_group_instance_id(
        rd_kafka_ConsumerGroupDescription_member(found[0], i));
    names.insert(name == nullptr ? "" : name);
  }
  if (event != nullptr) rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy(client);
  return names;
}

std::string CaseOf(absl::string_view name) {
  std::string bytes(name);
  bytes.resize(16);
  std::string id = absl::BytesToHexString(bytes);
  for (const size_t at : {8, 13, 18, 23}) id.insert(at, "-");
  return id;
}

engine::EventRow Event(const std::string& stream, int64_t number, size_t padding) {
  engine::EventRow event;
  event.stream = stream;
  event.number = number;
  event.ce_id = absl::StrCat(stream, "-", number);
  event.type = "test.Counted";
  event.time = absl::FromUnixSeconds(1697500000) + absl::Microseconds(number);
  event.cause.set_service("request");
  event.cause.set_ce_id("r");
  event.data = absl::StrCat(number, padding == 0 ? "" : " ", std::string(padding, 'x'));
  return event;
}

follow::KafkaRecord Record(const std::string& stream, int64_t number) {
  return follow::RecordOf(Event(stream, number), {kSource, "test.Counted"});
}

follow::KafkaPublisherOptions PublisherTo(const std::string& topic) {
  follow::KafkaPublisherOptions options;
  options.kafka = SuiteKafka();
  options.topic = topic;
  options.source = {kSource, "test.Counted"};
  return options;
}

std::map<std::string, std::vector<int64_t>> NumbersIn(const std::vector<Fetched>& records) {
  std::map<std::string, std::vector<int64_t>> numbers;
  std::set<std::string> seen;
  for (const Fetched& fetched : records) {
    const auto event = follow::EventOf(fetched.record, kSource);
    EXPECT_TRUE(event.ok()) << event.status();
    if (event.ok() && seen.insert(event->ce_id).second) {
      numbers[event->stream].push_back(event->number);
    }
  }
  return numbers;
}

std::vector<int64_t> UpTo(int64_t count) {
  std::vector<int64_t> numbers;
  for (int64_t i = 1; i <= count; ++i) numbers.push_back(i);
  return numbers;
}

bool Eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + kEventuallyMax;
  base::Signal pause;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    pause.Wait(absl::Milliseconds(10));
  }
  return true;
}

absl::StatusOr<std::vector<engine::EventRow>> StoreStreams::ReadStream(absl::string_view stream,
                                                                       int64_t from, int limit) {
  return store_.ReadStream(stream, from, limit, /*with_sealed=*/false);
}

absl::StatusOr<std::vector<engine::StreamHead>> StoreStreams::ReadHeads(absl::string_view after,
                                                                        int limit) {
  return store_.ReadHeads(after, limit);
}

std::map<std::string, std::string> Downstream::States() {
  std::map<std::string, std::string> states;
  const auto heads = store.ReadHeads("", 100000);
  for (const engine::StreamHead& head : *heads) {
    states[head.stream] = State(head.stream);
  }
  return states;
}

std::string StateOf(int64_t count) {
  std::string state;
  for (int64_t i = 1; i <= count; ++i) absl::StrAppend(&state, i, ".");
  return state;
}

Replica::Replica(Downstream& downstream, follow::StreamReader& upstream, const std::string& topic,
                 const std::string& group, follow::KafkaPartition::Limits limits,
                 const std::string& instance) {
  follow::KafkaSubscriptionOptions options;
  options.kafka = SuiteKafka();
  options.topic = topic;
  options.group = group;
  options.source = kSource;
  options.instance_id = instance;
  options.session_timeout = absl::Seconds(6);
  options.limits = limits;
  auto opened = follow::KafkaSubscription::Open(std::move(options), SuiteLog());
  EXPECT_TRUE(opened.ok()) << opened.status();
  subscription_ = *std::move(opened);
  consumer_ = std::make_unique<follow::Consumer>(follow::ConsumerParts{
      "intake", *subscription_, downstream.domain, downstream.store, downstream.engine, {}});
  subscription_->OnPublish([this] { consumer_->Notify(); });
  EXPECT_TRUE(subscription_->Start().ok());
}

Replica::~Replica() {
  consumer_->Stop();
  subscription_->Stop();
}

}  // namespace pathways::testing_support
