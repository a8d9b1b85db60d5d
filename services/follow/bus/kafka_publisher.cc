#include "services/follow/bus/kafka_publisher.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "services/base/faults.h"
#include "services/base/status_macros.h"

namespace pathways::follow {
namespace {

constexpr absl::Duration kMargin = absl::Seconds(5);
constexpr int kPollMs = 50;
// Below the topics' max.message.bytes by what a batch adds, so that the client refuses first.
constexpr char kMessageBytesMax[] = "1000000";

void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque) {
  auto* owner = static_cast<KafkaOwner*>(opaque);
  static_cast<KafkaPublisher*>(owner)->Delivered(reinterpret_cast<size_t>(message->_private),
                                                 message->err);
}

// Owned by this file until a successful produce.
rd_kafka_headers_t* HeadersOf(const KafkaRecord& record) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  return headers;
}

// A topic that the client first hears of when it is connected waits for the next look at topics
// without a leader, up to a second. One that it knows before is asked for with the first question.
void MeetTopic(rd_kafka_t* client, const std::string& topic) {
  rd_kafka_topic_t* const met = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  if (met != nullptr) rd_kafka_topic_destroy(met);  // The client keeps what it knows of it.
}

}  // namespace

KafkaPublisher::KafkaPublisher(KafkaPublisherOptions options, base::Logger& log)
    : KafkaOwner(log, options.topic), options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<KafkaPublisher>> KafkaPublisher::Open(KafkaPublisherOptions options,
                                                                     base::Logger& log) {
  std::unique_ptr<KafkaPublisher> publisher(new KafkaPublisher(std::move(options), log));
  RETURN_IF_ERROR(publisher->NewClient());
  return publisher;
}

absl::Status KafkaPublisher::NewClient() {
  client_.reset();
  Forget();
  KafkaConf conf(options_.kafka, *this);
  conf.Set("acks", "all");  // With less, an acknowledged event dies with its broker.
  // Without it a retry may overtake the record behind it, or send a record twice.
  conf.Set("enable.idempotence", "true");
  // Without it a record that timed out is left out and the next ones of its case are sent.
  conf.Set("enable.gapless.guarantee", "true");
  // Java clients hash keys so: else a case's records are on another partition than they look.
  conf.Set("partitioner", "murmur2_random");
  conf.SetMilliseconds("delivery.timeout.ms", options_.delivery_timeout);
  conf.SetMilliseconds("request.timeout.ms", options_.delivery_timeout / 2);
  conf.Set("message.max.bytes", kMessageBytesMax);
  conf.Set("queue.buffering.max.messages", "10000");  // Several times a batch of the relay.
  conf.Set("queue.buffering.max.kbytes", "262144");
  conf.Set("linger.ms", "1");  // A batch is handed over whole; to wait for more only delays it.
  if (PATHWAYS_MUTANT("acks_0")) {
    conf.Set("acks", "0").Set("enable.idempotence", "false");
    conf.Set("enable.gapless.guarantee", "false");
  }
  rd_kafka_conf_set_dr_msg_cb(conf.raw(), OnDelivery);
  ASSIGN_OR_RETURN(client_, conf.NewProducer());
  ++producers_;
  MeetTopic(client_.get(), options_.topic);
  if (!options_.feed_topic.empty()) MeetTopic(client_.get(), options_.feed_topic);
  return absl::OkStatus();
}

void KafkaPublisher::Delivered(size_t index, int code) {
  if (index >= codes_.size()) return;
  codes_[index] = code;
  --waiting_;
  if (waiting_ > 0) PATHWAYS_CRASH_POINT("publisher.half_reported");
}

std::vector<KafkaPublisher::Outgoing> KafkaPublisher::OutgoingOf(
    const engine::EventRow& event) const {
  std::vector<Outgoing> all;
  all.push_back({&options_.topic, RecordOf(event, options_.source)});
  if (!options_.feed || options_.feed_topic.empty()) return all;
  for (FeedMessage& message : options_.feed(event)) {
    all.push_back({&options_.feed_topic,
                   {std::move(message.key),
                    std::move(message.value),
                    {{"content-type", "application/protobuf"}}},
                   message.hour});
  }
  return all;
}

int KafkaPublisher::Produce(const Outgoing& outgoing, size_t index) {
  const KafkaRecord& record = outgoing.record;
  rd_kafka_headers_t* headers = HeadersOf(record);
  // 0: when it is sent. The feed's records must not tell that, for events tell it too.
  const int64_t time_ms =
      outgoing.time == absl::InfinitePast() ? 0 : absl::ToUnixMillis(outgoing.time);
  const auto code = rd_kafka_producev(
      client_.get(), RD_KAFKA_V_TOPIC(outgoing.topic->c_str()),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(record.value->data()), record.value->size()),
      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_TIMESTAMP(time_ms),
      RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(index)), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  return code;
}

absl::Status KafkaPublisher::Begin() {
  if (!client_) RETURN_IF_ERROR(NewClient());
  codes_.clear();
  waiting_ = 0;
  failed_ = false;
  return absl::OkStatus();
}

void KafkaPublisher::Queue(const Outgoing& outgoing) {
  const int code =
      failed_ ? static_cast<int>(RD_KAFKA_RESP_ERR__PURGE_QUEUE) : Produce(outgoing, codes_.size());
  failed_ |= code != RD_KAFKA_RESP_ERR_NO_ERROR;
  if (!failed_) ++waiting_;
  // Reports come only while this thread polls.
  codes_.push_back(failed_ ? code : static_cast<int>(RD_KAFKA_RESP_ERR__IN_PROGRESS));
}

std::vector<int> KafkaPublisher::Await() {
  const auto deadline = std::chrono::steady_clock::now() +
                        absl::ToChronoMilliseconds(2 * options_.delivery_timeout + kMargin);
  while (waiting_ > 0 && !cancelled_ && std::chrono::steady_clock::now() < deadline) {
    rd_kafka_poll(client_.get(), kPollMs);
  }
  // Nothing of this batch may be sent after the next one was begun, and a client that gave up a
  // record, or that had a fatal error, sends nothing more.
  if (std::any_of(codes_.begin(), codes_.end(), [](int code) { return code != 0; })) {
    client_.reset();
  }
  waiting_ = 0;
  return std::exchange(codes_, {});
}

absl::StatusOr<std::vector<RefusedEvent>> KafkaPublisher::Publish(
    const std::vector<engine::EventRow>& events) {
  RETURN_IF_ERROR(Begin());
  std::vector<size_t> counts;
  for (const engine::EventRow& event : events) {
    const std::vector<Outgoing> records = OutgoingOf(event);
    for (const Outgoing& outgoing : records) Queue(outgoing);
    counts.push_back(records.size());
  }
  const std::vector<int> codes = Await();
  const bool refused =
      std::any_of(codes.begin(), codes.end(), [](int code) { return KafkaFaultOf(code).refused; });
  if (refused) return SendAlone(events, counts, codes);
  for (const int code : codes) {
    // The first record that failed for a reason of its own says more than those behind it.
    const bool follows = code == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
                         code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT || KafkaFaultOf(code).fatal;
    if (code != 0 && !follows) return Explain(code, "publish");
  }
  for (const int code : codes) {
    if (code != 0) return Explain(code, "publish");
  }
  return std::vector<RefusedEvent>{};
}

absl::StatusOr<std::vector<RefusedEvent>> KafkaPublisher::SendAlone(
    const std::vector<engine::EventRow>& events, const std::vector<size_t>& counts,
    const std::vector<int>& codes) {
  std::vector<RefusedEvent> refused;
  std::set<std::string> streams;
  auto next = codes.begin();
  for (size_t i = 0; i < events.size(); ++i) {
    const auto first = next;
    next += static_cast<ptrdiff_t>(counts[i]);
    const engine::EventRow& event = events[i];
    const bool failed = std::any_of(first, next, [](int code) { return code != 0; });
    if (!failed || streams.contains(event.stream)) continue;
    ASSIGN_OR_RETURN(const std::string reason, SendOne(event));
    if (reason.empty()) continue;
    refused.push_back({event.stream, event.number, reason});
    streams.insert(event.stream);
  }
  return refused;
}

absl::StatusOr<std::string> KafkaPublisher::SendOne(const engine::EventRow& event) {
  for (const Outgoing& outgoing : OutgoingOf(event)) {
    RETURN_IF_ERROR(Begin());
    Queue(outgoing);
    const int code = Await().front();
    if (code == 0) continue;
    if (!KafkaFaultOf(code).refused) return Explain(code, "publish one event");
    if (outgoing.topic != &options_.feed_topic) {
      log_.Error("event_refused",
                 {{"case", event.stream}, {"number", event.number}, {"code", KafkaCodeName(code)}});
      return KafkaCodeName(code);
    }
    // Dashboards do without it: no case may wait for them.
    log_.Error("feed_record_refused", {{"topic", options_.feed_topic},
                                       {"code", KafkaCodeName(code)},
                                       {"count", ++feed_refused_}});
  }
  return std::string();
}

}  // namespace pathways::follow
