// One side of the road over Kafka on a SQLite file: the process that the crash test kills.
//
// kafka_program relay BOOTSTRAP TOPIC FILE publishes the file's events and ends with 0 once all are
// acknowledged. kafka_program follow BOOTSTRAP TOPIC FILE EVENTS applies the topic's events and
// ends with 0 once the file holds so many. A follower is a static member of its group, so that its
// restart takes its partitions over at once.
#include <cstdlib>
#include <string>

#include "services/engine/store/sqlite_store.h"
#include "services/follow/bus/kafka_publisher.h"
#include "services/follow/bus/kafka_subscription.h"
#include "services/follow/consumer.h"
#include "services/follow/relay.h"
#include "tests/kafka/number_domain.h"

namespace pathways::testing_support {
namespace {

constexpr char kSource[] = "/pathways/intake";

int Relay(const follow::KafkaSettings& kafka, const std::string& topic, engine::EventStore& store,
          base::Logger& log) {
  follow::KafkaPublisherOptions options;
  options.kafka = kafka;
  options.topic = topic;
  options.source = {kSource, "test.Counted"};
  auto publisher = follow::KafkaPublisher::Open(std::move(options), log);
  if (!publisher.ok()) return 2;
  const follow::Relay relay(store, **publisher, {});
  base::Signal pause;
  // The test that started us kills us if this takes too long.
  while (*store.ReadWatermark() < *store.LastPosition()) pause.Wait(absl::Milliseconds(10));
  return 0;
}

int Follow(const follow::KafkaSettings& kafka, const std::string& topic, engine::EventStore& store,
           int64_t events, base::Logger& log) {
  base::Signal committed;
  store.OnCommit([&] { committed.Notify(); });
  const NumberDomain domain;
  engine::Engine engine(domain, store, engine::EngineOptions{});
  follow::KafkaSubscriptionOptions options;
  options.kafka = kafka;
  options.topic = topic;
  options.group = topic + ".group";
  options.source = kSource;
  options.instance_id = "0";
  auto subscription = follow::KafkaSubscription::Open(std::move(options), log);
  if (!subscription.ok()) return 2;
  follow::Consumer consumer({"intake", **subscription, domain, store, engine, {}});
  (*subscription)->OnPublish([&] { consumer.Notify(); });
  if (!(*subscription)->Start().ok()) return 2;
  while (*store.LastPosition() < events) committed.Wait(absl::Milliseconds(100));
  consumer.Stop();
  (*subscription)->Stop();
  return 0;
}

int Run(const std::string& role, const std::string& bootstrap, const std::string& topic,
        const std::string& file, int64_t events) {
  const base::SystemClock clock;
  base::Logger log(base::LogLevel::kError, clock);
  auto store = engine::SqliteStore::Open(file, clock);
  if (!store.ok()) return 2;
  const follow::KafkaSettings kafka{bootstrap, role, {}};
  if (role == "relay") return Relay(kafka, topic, **store, log);
  return Follow(kafka, topic, **store, events, log);
}

}  // namespace
}  // namespace pathways::testing_support

int main(int count, char** arguments) {
  if (count < 5) return 2;
  return pathways::testing_support::Run(arguments[1], arguments[2], arguments[3], arguments[4],
                                        count > 5 ? std::atoll(arguments[5]) : 0);
}
