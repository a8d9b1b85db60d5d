#include "services/follow/bus/kafka_subscription.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/faults.h"
#include "services/base/ids.h"
#include "services/base/signal.h"
#include "services/base/status_macros.h"
#include "services/follow/bus/kafka_record.h"

namespace pathways::follow {
namespace {

using std::chrono::steady_clock;

constexpr int kPollMs = 20;
// While nothing but a record can give this thread something to do.
constexpr int kIdlePollMs = 200;
constexpr int kAskMs = 5000;
constexpr std::chrono::seconds kCloseMax{10};
constexpr std::chrono::seconds kHousekeeping{1};
// The same while no record came since the last time.
constexpr std::chrono::seconds kIdleHousekeeping{5};
// More than any fetch brings in a moment.
constexpr char kCollectedBytes[] = "100000";

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                 rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  auto* subscription = static_cast<KafkaSubscription*>(static_cast<KafkaOwner*>(opaque));
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    subscription->Assign(partitions);
  } else {
    subscription->Revoke();
  }
}

void SetMetadata(rd_kafka_topic_partition_t& partition, const std::string& text) {
  partition.metadata = rd_kafka_mem_malloc(nullptr, text.size());  // The list frees it.
  std::memcpy(partition.metadata, text.data(), text.size());
  partition.metadata_size = text.size();
}

}  // namespace

KafkaSubscription::KafkaSubscription(KafkaSubscriptionOptions options, base::Logger& log)
    : KafkaOwner(log, options.group),
      options_(std::move(options)),
      member_(options_.instance_id.empty() ? base::NewUuid() : options_.instance_id) {}

absl::StatusOr<std::unique_ptr<KafkaSubscription>> KafkaSubscription::Open(
    KafkaSubscriptionOptions options, base::Logger& log) {
  std::unique_ptr<KafkaSubscription> made(new KafkaSubscription(std::move(options), log));
  RETURN_IF_ERROR(made->NewClient());
  return made;
}

absl::Status KafkaSubscription::NewClient() {
  KafkaConf conf(options_.kafka, *this);
  conf.Set("group.id", options_.group);
  conf.Set("group.instance.id", member_);
  conf.SetMilliseconds("session.timeout.ms", options_.session_timeout);
  conf.SetMilliseconds("heartbeat.interval.ms", options_.session_timeout / 10);
  // Effect and position are one transaction in our store: nothing else may say what was handled.
  conf.Set("enable.auto.commit", "false");
  conf.Set("enable.auto.offset.store", "false");
  conf.Set("auto.offset.reset", "error");  // A jump would leave records out without a word.
  conf.Set("isolation.level", "read_committed");
  conf.Set("check.crcs", "true");  // Off by default: corrupted bytes would be parsed.
  // A misspelt topic must not come to life with the broker's default settings.
  conf.Set("allow.auto.create.topics", "false");
  // cooperative-sticky aborts the process in librdkafka 2.0.2 when closed around an assignment.
  conf.Set("partition.assignment.strategy", "range");
  conf.Set("queued.max.messages.kbytes", "16384");
  // The broker answers as soon as it has a record, and is hardly asked when it has none. That it
  // need not answer for each one is the publisher's doing: a relay hands over what came meanwhile.
  conf.SetMilliseconds("fetch.wait.max.ms", options_.fetch_wait);
  conf.Set("fetch.min.bytes", options_.collects ? kCollectedBytes : "1");
  rd_kafka_conf_set_rebalance_cb(conf.raw(), OnRebalance);
  ASSIGN_OR_RETURN(client_, conf.NewConsumer());
  rd_kafka_poll_set_consumer(client_.get());
  return absl::OkStatus();
}

KafkaSubscription::~KafkaSubscription() { Stop(); }

absl::Status KafkaSubscription::Start() {
  RETURN_IF_ERROR(Subscribe());
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

absl::Status KafkaSubscription::Subscribe() {
  const KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto code = rd_kafka_subscribe(client_.get(), topics.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus(code, "subscribe");
  return absl::OkStatus();
}

void KafkaSubscription::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  client_.reset();
}

std::vector<std::shared_ptr<EventLog>> KafkaSubscription::Logs() {
  std::lock_guard<std::mutex> lock(mutex_);
  return logs_;
}

std::map<std::string, int64_t> KafkaSubscription::Refused() {
  std::lock_guard<std::mutex> lock(mutex_);
  return refused_;
}

int64_t KafkaSubscription::Lag() {
  std::lock_guard<std::mutex> lock(mutex_);
  return lag_;
}

void KafkaSubscription::Wake() {
  for (const auto& wake : wakes_) wake();
}

void KafkaSubscription::Run() {
  base::Signal pause;
  while (!stopping_) {
    if (!Joined()) {
      pause.Wait(absl::Milliseconds(kPollMs));
      continue;
    }
    if (steady_clock::now() >= ask_at_) {
      AskGroup();
      ReadHeads();
    }
    Restart();
    for (auto& [id, assigned] : assigned_) PauseOrResume(assigned);
    const Message message(rd_kafka_consumer_poll(client_.get(), PollMs()));
    if (message) Handle(message.get());
  }
  if (client_) Close();
}

bool KafkaSubscription::Joined() {
  if (client_) {
    const auto code = rd_kafka_fatal_error(client_.get(), nullptr, 0);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    log_.Error("pushed_out_of_group",
               {{"group", options_.group}, {"instance", member_}, {"code", KafkaCodeName(code)}});
    Revoke();
    client_.reset();
    join_at_ = steady_clock::now() + absl::ToChronoMilliseconds(options_.session_timeout);
  }
  if (steady_clock::now() < join_at_) return false;
  absl::Status joined = NewClient();
  if (joined.ok()) joined = Subscribe();
  if (joined.ok()) return true;
  log_.Error("group_not_joined", {{"group", options_.group}, {"what", joined.message()}});
  client_.reset();
  join_at_ = steady_clock::now() + kHousekeeping;
  return false;
}

void KafkaSubscription::Leave(steady_clock::time_point deadline) {
  // A member with a name stays in the group when its client is closed, but not when it
  // unsubscribes.
  rd_kafka_unsubscribe(client_.get());
  while (steady_clock::now() < deadline) {
    // Gone with the request to leave, which follows the revocation and the end of all fetching.
    char* id = rd_kafka_memberid(client_.get());
    const bool left = id == nullptr || *id == '\0';
    rd_kafka_mem_free(client_.get(), id);
    if (left) return;
    const Message unread(rd_kafka_consumer_poll(client_.get(), kPollMs));
  }
}

void KafkaSubscription::Close() {
  const auto deadline = steady_clock::now() + kCloseMax;
  if (options_.instance_id.empty()) Leave(deadline);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client_.get());
  rd_kafka_error_t* error = rd_kafka_consumer_close_queue(client_.get(), queue);
  // rd_kafka_consumer_close would block for good when a partition was lost meanwhile.
  while (error == nullptr && rd_kafka_consumer_closed(client_.get()) == 0 &&
         steady_clock::now() < deadline) {
    // Not rd_kafka_queue_poll_callback: it stops the process at a record that still lies there.
    const Message unread(rd_kafka_consume_queue(queue, kPollMs));
  }
  if (error != nullptr) rd_kafka_error_destroy(error);
  rd_kafka_queue_destroy(queue);
  Revoke();
}

void KafkaSubscription::Assign(rd_kafka_topic_partition_list_t* partitions) {
  for (int i = 0; i < partitions->cnt; ++i) {
    unknown_.push_back(partitions->elems[i].partition);
  }
  PATHWAYS_CRASH_POINT("subscription.given");
  // Nothing is fetched yet: the store's position is not known before a page is asked for.
  const KafkaPartitions none(rd_kafka_topic_partition_list_new(0));
  rd_kafka_assign(client_.get(), none.get());
  ask_at_ = steady_clock::now();
  ++rebalances_;
  log_.Info("partitions_given", {{"group", options_.group}, {"partitions", partitions->cnt}});
}

void KafkaSubscription::Revoke() {
  for (auto& [id, assigned] : assigned_) assigned.partition->Close();
  PATHWAYS_CRASH_POINT("subscription.taken");
  assigned_.clear();
  unknown_.clear();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    lag_ = 0;
  }
  ShowLogs();
  rd_kafka_assign(client_.get(), nullptr);
}

void KafkaSubscription::ShowLogs() {
  std::lock_guard<std::mutex> lock(mutex_);
  logs_.clear();
  for (const auto& [id, assigned] : assigned_) {
    if (assigned.confirmed) logs_.push_back(assigned.partition);
  }
}

void KafkaSubscription::AskGroup() {
  ask_at_ = steady_clock::now() + kHousekeeping;
  const KafkaPartitions asked(rd_kafka_topic_partition_list_new(0));
  const auto ask = [&](int32_t id) {
    rd_kafka_topic_partition_list_add(asked.get(), options_.topic.c_str(), id);
  };
  for (const int32_t id : unknown_) ask(id);
  for (const auto& [id, assigned] : assigned_) ask(id);
  if (asked->cnt == 0) return;
  if (const auto code = rd_kafka_committed(client_.get(), asked.get(), kAskMs); code != 0) {
    Error(code);
    return;
  }
  const KafkaPartitions written(rd_kafka_topic_partition_list_new(0));
  bool new_token = false;
  bool is_settled = true;
  for (int i = 0; i < asked->cnt; ++i) {
    const rd_kafka_topic_partition_t& answer = asked->elems[i];
    if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      is_settled = false;
      continue;
    }
    std::string token;
    if (answer.offset >= 0) {
      token.assign(static_cast<const char*>(answer.metadata), answer.metadata_size);
    }
    const bool must_write = TakeToken(answer.partition, token);
    KafkaPartition& partition = *assigned_[answer.partition].partition;
    const std::optional<int64_t> position = partition.Position();
    is_settled &= !must_write && position == answer.offset;
    if (!must_write && position.value_or(answer.offset) == answer.offset) continue;
    auto* entry =
        rd_kafka_topic_partition_list_add(written.get(), options_.topic.c_str(), answer.partition);
    entry->offset = position.value_or(0);
    SetMetadata(*entry, partition.Incarnation());
    new_token |= must_write;
  }
  if (written->cnt > 0) {
    // A token is written before anything is read by it: one that only we knew is lost with us.
    const auto code = rd_kafka_commit(client_.get(), written.get(), /*async=*/new_token ? 0 : 1);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) Error(code);
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < written->cnt; ++i) {
      const rd_kafka_topic_partition_t& answer = written->elems[i];
      assigned_[answer.partition].confirmed |= answer.err == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
  }
  // The group has all there is to say until the next record comes.
  if (is_settled) ask_at_ = steady_clock::now() + kIdleHousekeeping;
  ShowLogs();
  Wake();
}

bool KafkaSubscription::TakeToken(int32_t id, const std::string& token) {
  const auto found = assigned_.find(id);
  if (found != assigned_.end() && token.empty() && !found->second.confirmed) {
    return true;  // Ours could not be written: still the one.
  }
  const std::string wanted = token.empty() ? base::NewUuid() : token;
  if (found == assigned_.end()) {
    std::erase(unknown_, id);
    assigned_[id].partition = std::make_shared<KafkaPartition>(id, wanted, options_.limits);
  } else if (found->second.partition->Incarnation() != wanted) {
    // The broker forgot the token with the topic, or another replica has found that out.
    log_.Error("topic_made_anew", {{"topic", options_.topic}, {"partition", id}});
    found->second.partition->Renew(wanted);
    restart_ = true;
  }
  assigned_[id].confirmed = !token.empty();
  return token.empty();
}

void KafkaSubscription::WriteToken(KafkaPartition& partition) {
  const KafkaPartitions one(rd_kafka_topic_partition_list_new(1));
  auto* entry =
      rd_kafka_topic_partition_list_add(one.get(), options_.topic.c_str(), partition.id());
  entry->offset = 0;
  SetMetadata(*entry, partition.Incarnation());
  const auto code = rd_kafka_commit(client_.get(), one.get(), /*async=*/0);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) Error(code);
}

void KafkaSubscription::Restart() {
  for (const auto& [id, assigned] : assigned_) restart_ |= assigned.partition->MustRestart();
  if (!restart_) return;
  // All anew, because a single partition cannot be moved: seeking fails for one that was just
  // assigned, and for one whose offset was out of range. This is rare: once after each rebalance.
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(0));
  for (auto& [id, assigned] : assigned_) {
    const std::optional<int64_t> offset = assigned.partition->Restart();
    assigned.paused = false;
    if (!offset) continue;
    rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), id)->offset = *offset;
  }
  const auto code = rd_kafka_assign(client_.get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return Error(code);  // Again in the next round.
  rd_kafka_resume_partitions(client_.get(), list.get());
  restart_ = false;
}

void KafkaSubscription::PauseOrResume(Assigned& assigned) {
  const bool pause = assigned.partition->ShouldPause(assigned.paused);
  if (pause == assigned.paused) return;
  const KafkaPartitions one(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(one.get(), options_.topic.c_str(), assigned.partition->id());
  const auto code = pause ? rd_kafka_pause_partitions(client_.get(), one.get())
                          : rd_kafka_resume_partitions(client_.get(), one.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) assigned.paused = pause;
}

int KafkaSubscription::PollMs() const {
  if (restart_ || !unknown_.empty()) return kPollMs;
  for (const auto& [id, assigned] : assigned_) {
    // A paused one brings no record that would end the wait.
    if (assigned.paused || !assigned.partition->Position()) return kPollMs;
  }
  return kIdlePollMs;
}

void KafkaSubscription::Handle(rd_kafka_message_t* message) {
  const auto found = assigned_.find(message->partition);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (found != assigned_.end()) Take(message, *found->second.partition);
    return;
  }
  const bool out_of_range = message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                            message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
  if (out_of_range && found != assigned_.end()) {
    OutOfRange(*found->second.partition);
  } else {
    Error(message->err);
  }
}

void KafkaSubscription::Take(rd_kafka_message_t* message, KafkaPartition& partition) {
  absl::StatusOr<engine::EventRow> event = EventOf(RecordIn(*message), options_.source);
  engine::EventRow row;
  if (event.ok()) {
    row = *std::move(event);
  } else {
    const std::string code(event.status().message());
    int64_t count = 0;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      count = ++refused_[code];
    }
    // The first, second, fourth and so on: whoever floods a topic must not flood the log.
    if ((count & (count - 1)) == 0) {
      log_.Error("record_refused", {{"topic", options_.topic},
                                    {"partition", message->partition},
                                    {"offset", message->offset},
                                    {"code", code},
                                    {"count", count}});
    }
  }
  ask_at_ = std::min(ask_at_, steady_clock::now() + kHousekeeping);
  row.position = message->offset + 1;
  partition.Add(std::move(row));
  Wake();
}

void KafkaSubscription::OutOfRange(KafkaPartition& partition) {
  int64_t low = 0;
  int64_t high = 0;
  const auto code = rd_kafka_query_watermark_offsets(client_.get(), options_.topic.c_str(),
                                                     partition.id(), &low, &high, kAskMs);
  const int64_t position = partition.Position().value_or(0);
  log_.Error("position_out_of_range", {{"topic", options_.topic},
                                       {"partition", partition.id()},
                                       {"position", position},
                                       {"first", low},
                                       {"end", high},
                                       {"code", KafkaCodeName(code)}});
  restart_ = true;
  // When the broker could not be asked, the same offset fails again and brings us back here.
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  if (position > high) {
    partition.Renew(base::NewUuid());  // Its end lies before our position: another log.
    WriteToken(partition);
    Wake();
  } else {
    // Records were deleted before they were read: numbers show what is missing, the puller fetches.
    partition.SkipTo(low);
  }
}

void KafkaSubscription::ReadHeads() {
  int64_t lag = 0;
  for (const auto& [id, assigned] : assigned_) {
    int64_t low = 0;
    int64_t high = 0;
    const auto code =
        rd_kafka_get_watermark_offsets(client_.get(), options_.topic.c_str(), id, &low, &high);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) continue;
    assigned.partition->SetHead(high);
    lag += std::max<int64_t>(0, high - assigned.partition->Position().value_or(0));
  }
  std::lock_guard<std::mutex> lock(mutex_);
  lag_ = lag;
}

}  // namespace pathways::follow
