// The sides of the relay benchmark, one per call, and the check of what they did.
//
// read      reads the table of events in pages, and nothing else
// produce   hands the same records, made before, to librdkafka, and waits for every report
// relay     runs the service's relay from its watermark to the end of the table
// check     reads the topic to its end: every event --times times, in order within each case
// watch     prints "watching", and writes for each record that comes its key, the microseconds
// since
//           the event's own time, and the time (monotonic); ends with standard input
//
// Prints one line of JSON with the number of events, the seconds, and the processor time of this
// process; `check` prints what it counted. The watermark is moved back by the caller.
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "services/base/clock.h"
#include "services/base/log.h"
#include "services/engine/store/postgres_store.h"
#include "services/follow/bus/kafka_publisher.h"
#include "services/follow/bus/kafka_record.h"
#include "services/follow/relay.h"

ABSL_FLAG(std::string, mode, "", "read, produce, relay, check or watch");
ABSL_FLAG(std::string, database, "", "Connection string of the service's database");
ABSL_FLAG(std::string, kafka, "", "Bootstrap servers");
ABSL_FLAG(std::string, topic, "", "Topic of the service's events");
ABSL_FLAG(std::string, service, "intake", "Name of the service");
ABSL_FLAG(int, times, 1, "check: how often each event must be in the topic");
ABSL_FLAG(std::string, seen, "", "watch: file that gets a line for each record");

namespace pathways::bench {
namespace {

using engine::EventRow;
using follow::KafkaRecord;
using SteadyClock = std::chrono::steady_clock;

constexpr int kPage = 5000;  // Large: the table's own limit is looked for.
constexpr int kPollMs = 100;
constexpr std::chrono::seconds kWaitMax{120};

[[noreturn]] void Fail(const std::string& what) {
  std::cerr << what << '\n';
  std::exit(1);
}

template <typename Value>
Value OrFail(absl::StatusOr<Value> value) {
  if (!value.ok()) Fail(value.status().ToString());
  return *std::move(value);
}

std::unique_ptr<engine::PostgresStore> OpenStore() {
  engine::PostgresStoreOptions options;
  options.postgres.connection = absl::GetFlag(FLAGS_database);
  return OrFail(engine::PostgresStore::Open(std::move(options)));
}

std::vector<EventRow> ReadAll(engine::EventStore& store) {
  std::vector<EventRow> all;
  int64_t position = 0;
  for (;;) {
    std::vector<EventRow> page = OrFail(store.ReadAfter(position, kPage));
    if (page.empty()) return all;
    position = page.back().position;
    std::move(page.begin(), page.end(), std::back_inserter(all));
  }
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// From its making to Report.
class Measure {
 public:
  void Report(size_t events) const {
    const std::chrono::duration<double> took = SteadyClock::now() - start_;
    std::cout << absl::StreamFormat("{\"events\": %d, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n",
                                    events, took.count(), CpuSeconds() - cpu_);
  }

 private:
  const SteadyClock::time_point start_ = SteadyClock::now();
  const double cpu_ = CpuSeconds();
};

void Read() {
  const auto store = OpenStore();
  const Measure measure;
  size_t events = 0;
  int64_t position = 0;
  for (;;) {
    const std::vector<EventRow> page = OrFail(store->ReadAfter(position, kPage));
    if (page.empty()) break;
    position = page.back().position;
    events += page.size();
  }
  measure.Report(events);
}

follow::KafkaEventSource Source() {
  return {follow::KafkaSourceOf(absl::GetFlag(FLAGS_service)), "bench"};
}

void Configure(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
  char error[512];
  if (rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof(error)) != RD_KAFKA_CONF_OK) {
    Fail(error);
  }
}

using Client = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;

Client NewClient(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char error[512];
  rd_kafka_t* client = rd_kafka_new(type, conf, error, sizeof(error));
  if (client == nullptr) Fail(error);
  return {client, &rd_kafka_destroy};
}

void CountReport(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) Fail(rd_kafka_err2str(message->err));
  ++*static_cast<size_t*>(opaque);
}

// Queues one record, serving reports while the queue is full.
void ProduceOne(rd_kafka_t* client, const std::string& topic, const KafkaRecord& record) {
  for (;;) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    const auto code = rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(record.value->data()), record.value->size()),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    rd_kafka_headers_destroy(headers);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) Fail(rd_kafka_err2str(code));
    rd_kafka_poll(client, kPollMs);
  }
}

void Produce() {
  std::vector<KafkaRecord> records;
  for (const EventRow& event : ReadAll(*OpenStore())) {
    records.push_back(follow::RecordOf(event, Source()));
  }
  size_t reported = 0;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  Configure(conf, "bootstrap.servers", absl::GetFlag(FLAGS_kafka));
  Configure(conf, "acks", "all");
  Configure(conf, "enable.idempotence", "true");
  Configure(conf, "partitioner", "murmur2_random");
  rd_kafka_conf_set_dr_msg_cb(conf, CountReport);
  rd_kafka_conf_set_opaque(conf, &reported);
  const Client client = NewClient(RD_KAFKA_PRODUCER, conf);
  const std::string topic = absl::GetFlag(FLAGS_topic);
  const Measure measure;
  for (const KafkaRecord& record : records) ProduceOne(client.get(), topic, record);
  const auto deadline = SteadyClock::now() + kWaitMax;
  while (reported < records.size() && SteadyClock::now() < deadline) {
    rd_kafka_poll(client.get(), kPollMs);
  }
  if (reported < records.size()) Fail("not every record was acknowledged in time");
  measure.Report(reported);
}

// Passes on, and tells when a number of events was acknowledged.
class CountingPublisher : public follow::Publisher {
 public:
  CountingPublisher(follow::Publisher& publisher, size_t wanted)
      : publisher_(publisher), wanted_(wanted) {}

  absl::StatusOr<std::vector<follow::RefusedEvent>> Publish(
      const std::vector<EventRow>& events) override {
    auto refused = publisher_.Publish(events);
    if (!refused.ok() || !refused->empty()) Fail("the broker does not take the events");
    std::lock_guard<std::mutex> lock(mutex_);
    published_ += events.size();
    if (published_ >= wanted_) all_.notify_one();
    return refused;
  }

  bool Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    return all_.wait_for(lock, kWaitMax, [this] { return published_ >= wanted_; });
  }

 private:
  follow::Publisher& publisher_;
  const size_t wanted_;
  std::mutex mutex_;  // Guards published_.
  std::condition_variable all_;
  size_t published_ = 0;
};

void RunRelay() {
  const base::SystemClock clock;
  base::Logger log(base::LogLevel::kWarning, clock);
  const auto store = OpenStore();
  const size_t events = ReadAll(*store).size();
  follow::KafkaPublisherOptions options;
  options.kafka = {absl::GetFlag(FLAGS_kafka), "bench", {}};
  options.topic = absl::GetFlag(FLAGS_topic);
  options.source = Source();
  const auto publisher = OrFail(follow::KafkaPublisher::Open(std::move(options), log));
  CountingPublisher counting(*publisher, events);
  const Measure measure;
  follow::Relay relay(*store, counting, [](const absl::Status& status) {
    if (!status.ok()) std::cerr << status << '\n';
  });
  if (!counting.Wait()) Fail("not every event was published in time");
  relay.Stop();  // The last watermark is written when this returns.
  measure.Report(events);
}

// A client that reads all partitions of the topic from an offset on; it has no group.
class TopicReader {
 public:
  explicit TopicReader(int64_t from) : client_(NewClient(RD_KAFKA_CONSUMER, Conf())) {
    rd_kafka_topic_t* topic =
        rd_kafka_topic_new(client_.get(), absl::GetFlag(FLAGS_topic).c_str(), nullptr);
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(client_.get(), 0, topic, &metadata, 10'000) != 0) Fail("no metadata");
    const int count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; ++i) {
      int64_t low = 0, high = 0;
      const auto asked = rd_kafka_query_watermark_offsets(
          client_.get(), absl::GetFlag(FLAGS_topic).c_str(), i, &low, &high, 10'000);
      if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) Fail(rd_kafka_err2str(asked));
      records_ += high - low;
      // A number and not "end": what comes from now on is not missed while the client starts.
      rd_kafka_topic_partition_list_add(list, absl::GetFlag(FLAGS_topic).c_str(), i)->offset =
          from == RD_KAFKA_OFFSET_END ? high : from;
    }
    rd_kafka_assign(client_.get(), list);
    rd_kafka_topic_partition_list_destroy(list);
  }
  ~TopicReader() { rd_kafka_consumer_close(client_.get()); }

  // Records that were in the topic at the start.
  int64_t records() const { return records_; }

  // The next record, or null when none came for a moment.
  rd_kafka_message_t* Poll() { return rd_kafka_consumer_poll(client_.get(), kPollMs); }

 private:
  static rd_kafka_conf_t* Conf() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    Configure(conf, "bootstrap.servers", absl::GetFlag(FLAGS_kafka));
    Configure(conf, "group.id", "bench-reader");
    Configure(conf, "enable.auto.commit", "false");
    return conf;
  }

  const Client client_;
  int64_t records_ = 0;
};

std::string HeaderOf(const rd_kafka_message_t* message, const char* name) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  if (rd_kafka_message_headers(message, &headers) != 0) return "";
  if (rd_kafka_header_get_last(headers, name, &value, &size) != 0) return "";
  return {static_cast<const char*>(value), size};
}

std::string KeyOf(const rd_kafka_message_t* message) {
  return {static_cast<const char*>(message->key), message->key_len};
}

void Check() {
  std::unordered_map<std::string, int64_t> wanted;  // By ce_id.
  std::unordered_map<std::string, int64_t> heads;   // Last number of each case.
  for (const EventRow& event : ReadAll(*OpenStore())) {
    wanted[event.ce_id] = absl::GetFlag(FLAGS_times);
    heads[event.stream] = event.number;
  }
  TopicReader reader(0);
  std::unordered_map<std::string, int64_t> last;  // Number read last, of each case.
  int64_t foreign = 0, disordered = 0, read = 0;
  const auto deadline = SteadyClock::now() + kWaitMax;
  while (read < reader.records() && SteadyClock::now() < deadline) {
    rd_kafka_message_t* message = reader.Poll();
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++read;
      int64_t number = 0;
      (void)absl::SimpleAtoi(HeaderOf(message, "pathways_number"), &number);
      int64_t& before = last[KeyOf(message)];
      // Each time the table is sent, a case begins at 1 again, and not before it was sent whole.
      const bool again = number == 1 && (before == 0 || before == heads[KeyOf(message)]);
      if (!again && number != before + 1) ++disordered;
      before = number;
      const auto found = wanted.find(HeaderOf(message, "ce_id"));
      if (found == wanted.end()) {
        ++foreign;
      } else {
        --found->second;
      }
    }
    rd_kafka_message_destroy(message);
  }
  int64_t lost = 0, doubled = 0;
  for (const auto& [id, left] : wanted) {
    lost += left > 0;
    doubled += left < 0;
  }
  std::cout << absl::StreamFormat(
      "{\"events\": %d, \"records\": %d, \"lost\": %d, \"doubled\": %d, \"foreign\": %d, "
      "\"disordered\": %d}\n",
      wanted.size(), read, lost, doubled, foreign, disordered);
}

void Watch() {
  std::ofstream file(absl::GetFlag(FLAGS_seen));
  TopicReader reader(RD_KAFKA_OFFSET_END);
  std::cout << "watching\n" << std::flush;
  std::atomic<bool> stopped = false;
  std::thread waiter([&] {
    std::string line;
    while (std::getline(std::cin, line)) continue;
    stopped = true;
  });
  while (!stopped) {
    rd_kafka_message_t* message = reader.Poll();
    if (message == nullptr) continue;
    const absl::Time now = absl::Now();
    absl::Time made;
    std::string error;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
        absl::ParseTime(absl::RFC3339_full, HeaderOf(message, "ce_time"), &made, &error)) {
      const auto monotonic = std::chrono::duration_cast<std::chrono::microseconds>(
          SteadyClock::now().time_since_epoch());
      file << KeyOf(message) << ' ' << absl::ToInt64Microseconds(now - made) << ' '
           << monotonic.count() << '\n';
    }
    rd_kafka_message_destroy(message);
  }
  waiter.join();
}

int Main() {
  const std::map<std::string, void (*)()> modes = {{"read", Read},
                                                   {"produce", Produce},
                                                   {"relay", RunRelay},
                                                   {"check", Check},
                                                   {"watch", Watch}};
  const auto mode = modes.find(absl::GetFlag(FLAGS_mode));
  if (mode == modes.end()) Fail("--mode is read, produce, relay, check or watch");
  mode->second();
  return 0;
}

}  // namespace
}  // namespace pathways::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return pathways::bench::Main();
}
