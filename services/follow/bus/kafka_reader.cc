#include "services/follow/bus/kafka_reader.h"

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/signal.h"
#include "services/base/status_macros.h"
#include "services/follow/bus/kafka_record.h"

namespace pathways::follow {
namespace {

using std::chrono::steady_clock;

constexpr int kPollMs = 50;
constexpr std::chrono::milliseconds kAskAgain{100};

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

struct TopicDeleter {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
using Topic = std::unique_ptr<rd_kafka_topic_t, TopicDeleter>;

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

}  // namespace

KafkaReader::KafkaReader(KafkaReaderOptions options, base::Logger& log)
    : KafkaOwner(log, options.topic), options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<KafkaReader>> KafkaReader::Open(KafkaReaderOptions options,
                                                               base::Logger& log) {
  std::unique_ptr<KafkaReader> made(new KafkaReader(std::move(options), log));
  KafkaConf conf(made->options_.kafka, *made);
  // Never joined and never committed to: librdkafka hands partitions only to who names a group.
  conf.Set("group.id", made->options_.topic + ".reader");
  conf.Set("enable.auto.commit", "false");
  conf.Set("enable.auto.offset.store", "false");
  // What the broker deletes while it is read is gone; the rest is still to be read.
  conf.Set("auto.offset.reset", "earliest");
  conf.Set("isolation.level", "read_committed");
  conf.Set("check.crcs", "true");
  conf.Set("allow.auto.create.topics", "false");
  // Else a range whose last offset holds no record would never end.
  conf.Set("enable.partition.eof", "true");
  conf.Set("queued.max.messages.kbytes", "16384");
  conf.Set("fetch.wait.max.ms", "100");
  ASSIGN_OR_RETURN(made->client_, conf.NewConsumer());
  rd_kafka_poll_set_consumer(made->client_.get());
  return made;
}

absl::StatusOr<std::vector<KafkaRange>> KafkaReader::Ranges() {
  const auto deadline = steady_clock::now() + absl::ToChronoMilliseconds(options_.patience);
  base::Signal pause;
  for (;;) {
    absl::StatusOr<std::vector<KafkaRange>> ranges =
        AskRanges(absl::FromChrono(deadline - steady_clock::now()));
    // A partition whose leader is being chosen is asked again: that takes a moment.
    if (!absl::IsUnavailable(ranges.status()) || steady_clock::now() + kAskAgain >= deadline) {
      return ranges;
    }
    pause.Wait(absl::FromChrono(kAskAgain));
  }
}

absl::StatusOr<std::vector<KafkaRange>> KafkaReader::AskRanges(absl::Duration patience) {
  const int patience_ms = Milliseconds(patience);
  const Topic topic(rd_kafka_topic_new(client_.get(), options_.topic.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto code = rd_kafka_metadata(client_.get(), 0, topic.get(), &raw, patience_ms);
  const Metadata metadata(raw);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus(code, "look at " + options_.topic);
  std::vector<KafkaRange> ranges;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& found = metadata->topics[i];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return KafkaStatus(found.err, "look at " + options_.topic);
    }
    for (int j = 0; j < found.partition_cnt; ++j) {
      KafkaRange& range = ranges.emplace_back();
      range.partition = found.partitions[j].id;
      const auto asked =
          rd_kafka_query_watermark_offsets(client_.get(), options_.topic.c_str(), range.partition,
                                           &range.begin, &range.end, patience_ms);
      if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return KafkaStatus(asked, "look at " + options_.topic);
      }
    }
  }
  if (ranges.empty()) return absl::UnavailableError("kafka: there is no topic " + options_.topic);
  return ranges;
}

absl::Status KafkaReader::Read(const std::vector<KafkaRange>& ranges, const Take& take) {
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(0));
  std::map<int32_t, int64_t> ends;  // Of the partitions that are not read to their end.
  for (const KafkaRange& range : ranges) {
    if (range.begin >= range.end) continue;
    ends[range.partition] = range.end;
    rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), range.partition)->offset =
        range.begin;
  }
  if (ends.empty()) return absl::OkStatus();
  if (const auto code = rd_kafka_assign(client_.get(), list.get()); code != 0) {
    return KafkaStatus(code, "read " + options_.topic);
  }
  absl::Status status;
  const auto patience = absl::ToChronoMilliseconds(options_.patience);
  auto deadline = steady_clock::now() + patience;
  while (status.ok() && !ends.empty()) {
    const Message message(rd_kafka_consumer_poll(client_.get(), kPollMs));
    if (message == nullptr ||
        (message->err != 0 && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)) {
      if (message != nullptr) Error(message->err);
      if (steady_clock::now() >= deadline) {
        status = absl::UnavailableError("kafka: read " + options_.topic + ": nothing comes");
      }
      continue;
    }
    deadline = steady_clock::now() + patience;
    const auto end = ends.find(message->partition);
    if (end == ends.end()) continue;  // What was written after the end was asked for.
    const bool is_record = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (is_record && message->offset < end->second) {
      engine::EventRow event =
          EventOf(RecordIn(*message), options_.source).value_or(engine::EventRow());
      event.position = message->offset;
      status = take(message->partition, std::move(event));
    }
    if (message->offset + (is_record ? 1 : 0) >= end->second) ends.erase(end);
  }
  rd_kafka_assign(client_.get(), nullptr);
  return status;
}

}  // namespace pathways::follow
