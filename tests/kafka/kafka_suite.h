// What the tests over a real broker share: the broker itself, raw producers and readers, waiting.
//
// The binary starts one broker before its first test (or uses the one of KAFKA_BOOTSTRAP, which
// with_kafka sets) and every test makes topics of its own. All waiting has a deadline and waits on
// a client's answer, never on time alone.
#ifndef PATHWAYS_TESTS_KAFKA_KAFKA_SUITE_H_
#define PATHWAYS_TESTS_KAFKA_KAFKA_SUITE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "services/base/log.h"
#include "services/engine/engine.h"
#include "services/follow/bus/kafka.h"
#include "services/follow/bus/kafka_publisher.h"
#include "services/follow/bus/kafka_record.h"
#include "services/follow/bus/kafka_subscription.h"
#include "services/follow/bus/kafka_topics.h"
#include "services/follow/consumer.h"
#include "services/follow/submit.h"
#include "tests/kafka/number_domain.h"
#include "tests/sim/memory_store.h"
#include "tests/support/kafka_broker.h"

namespace pathways::testing_support {

// The broker of this binary; null when KAFKA_BOOTSTRAP names another, which cannot be restarted.
KafkaBroker* SuiteBroker();
follow::KafkaSettings SuiteKafka();
base::Logger& SuiteLog();

inline constexpr char kSource[] = "/pathways/intake";

// A record as it lies in a topic.
struct Fetched {
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t time_ms = 0;  // Of the record, since 1970.
  follow::KafkaRecord record;
};

// Creates a topic under a new prefix. Its name.
std::string NewTopic(int partitions, std::map<std::string, std::string> settings = {});
void MakeTopic(const std::string& name, int partitions,
               std::map<std::string, std::string> settings = {});
void DeleteTopic(const std::string& name);

// Everything in a topic, in order of offset within each partition. `bootstrap`: of another broker
// than the suite's.
std::vector<Fetched> ReadAll(const std::string& topic, int partitions,
                             const std::string& bootstrap = "");
// Produces raw records to a partition (-1: by key) and waits until all are acknowledged.
void ProduceRaw(const std::string& topic, int32_t partition,
                const std::vector<follow::KafkaRecord>& records);

// Names of the members of a consumer group; of one without a name the empty text.
std::multiset<std::string> NamesIn(const std::string& group);

// Id of the case that a test calls so, in at most 16 letters; ids are in the order of the names.
std::string CaseOf(absl::string_view name);
// An event of stream `stream`; its data is the stream and number, and `padding` bytes more.
engine::EventRow Event(const std::string& stream, int64_t number, size_t padding = 0);
follow::KafkaRecord Record(const std::string& stream, int64_t number);

follow::KafkaPublisherOptions PublisherTo(const std::string& topic);

// Numbers of each stream in a topic in order of offset, without repeats of one ce_id.
std::map<std::string, std::vector<int64_t>> NumbersIn(const std::vector<Fetched>& records);
// 1, 2, 3 ... count.
std::vector<int64_t> UpTo(int64_t count);

// Waits until `holds`, at most 40 seconds.
bool Eventually(const std::function<bool()>& holds);

// The upstream of a Follower as its streams would be asked for: answers from a store.
class StoreStreams : public follow::StreamReader {
 public:
  explicit StoreStreams(engine::EventStore& store) : store_(store) {}
  absl::StatusOr<std::vector<engine::EventRow>> ReadStream(absl::string_view stream, int64_t from,
                                                           int limit) override;
  absl::StatusOr<std::vector<engine::StreamHead>> ReadHeads(absl::string_view after,
                                                            int limit) override;

 private:
  engine::EventStore& store_;
};

// One database of a downstream service, with its engine.
struct Downstream {
  Downstream() : engine(domain, store, engine::EngineOptions{}) {}
  NumberDomain domain;
  base::SystemClock clock;
  sim::MemoryStore store{clock, "downstream"};
  engine::Engine engine;

  std::string State(const std::string& stream) { return store.ReadState(stream)->state.open; }
  // Every stream with its state.
  std::map<std::string, std::string> States();
};

// "1.2.3." as a stream has it after `count` events.
std::string StateOf(int64_t count);

// One replica of a downstream service: a subscription and its consumer on a shared database. With
// an `instance` it has a name in its group.
class Replica {
 public:
  Replica(Downstream& downstream, follow::StreamReader& upstream, const std::string& topic,
          const std::string& group, follow::KafkaPartition::Limits limits = {},
          const std::string& instance = "");
  ~Replica();
  follow::KafkaSubscription& subscription() { return *subscription_; }
  size_t partitions() { return subscription_->Logs().size(); }

 private:
  std::unique_ptr<follow::KafkaSubscription> subscription_;
  std::unique_ptr<follow::Consumer> consumer_;
};

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_KAFKA_KAFKA_SUITE_H_
