#include "services/follow/bus/kafka_topics.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"

namespace pathways::follow {
namespace {

constexpr int kLookAgainMs = 50;
constexpr int kPartitions = 12;  // As many replicas of a service can share the work.
constexpr absl::Duration kRetention = absl::Hours(24 * 30);
constexpr size_t kErrorBytes = 512;

template <auto Free>
struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroy<rd_kafka_NewTopic_destroy>>;
using DeleteTopic = std::unique_ptr<rd_kafka_DeleteTopic_t, Destroy<rd_kafka_DeleteTopic_destroy>>;
using Resource =
    std::unique_ptr<rd_kafka_ConfigResource_t, Destroy<rd_kafka_ConfigResource_destroy>>;

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

Options OptionsFor(rd_kafka_t* client, rd_kafka_admin_op_t operation, absl::Duration timeout) {
  char error[kErrorBytes];
  Options options(rd_kafka_AdminOptions_new(client, operation));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), Milliseconds(timeout), error,
                                            sizeof(error));
  return options;
}

// The answer to the one request on a queue.
absl::StatusOr<Event> WaitFor(rd_kafka_queue_t* queue, absl::Duration timeout,
                              absl::string_view doing) {
  // A second more: the request's own timeout makes the better message.
  Event event(rd_kafka_queue_poll(queue, Milliseconds(timeout + absl::Seconds(1))));
  if (!event) return KafkaStatus(RD_KAFKA_RESP_ERR__TIMED_OUT, doing);
  if (const auto error = rd_kafka_event_error(event.get()); error != 0) {
    return KafkaStatus(error, doing);
  }
  return event;
}

// The first error of the topics of an answer that is not `accepted`.
absl::Status FirstError(const rd_kafka_topic_result_t** results, size_t count,
                        rd_kafka_resp_err_t accepted, absl::string_view doing) {
  for (size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == accepted) continue;
    return KafkaStatus(error, absl::StrCat(doing, " ", rd_kafka_topic_result_name(results[i])));
  }
  return absl::OkStatus();
}

}  // namespace

std::string EventsTopic(const std::string& prefix, const std::string& service) {
  return absl::StrCat(prefix, "pathways.", service, ".events.v1");
}

std::string FeedTopic(const std::string& prefix) {
  return absl::StrCat(prefix, "pathways.pipeline.v1");
}

std::vector<KafkaTopic> DeclaredTopics(const std::string& prefix, int replicas) {
  const std::map<std::string, std::string> settings = {
      {"cleanup.policy", "delete"},
      {"retention.ms", absl::StrCat(absl::ToInt64Milliseconds(kRetention))},
      {"max.message.bytes", absl::StrCat(kKafkaRecordBytesMax)},
      // With three copies one broker may be lost and acknowledged events are still there.
      {"min.insync.replicas", replicas >= 3 ? "2" : "1"},
      {"unclean.leader.election.enable", "false"},
      {"message.timestamp.type", "CreateTime"},
  };
  std::vector<KafkaTopic> topics;
  for (const char* service : {"intake", "eligibility", "referral"}) {
    topics.push_back({EventsTopic(prefix, service), kPartitions, replicas, settings});
  }
  topics.push_back({FeedTopic(prefix), kPartitions, replicas, settings});
  return topics;
}

absl::StatusOr<std::unique_ptr<KafkaAdmin>> KafkaAdmin::Open(const KafkaSettings& settings,
                                                             base::Logger& log) {
  std::unique_ptr<KafkaAdmin> admin(new KafkaAdmin(log));
  ASSIGN_OR_RETURN(admin->client_, KafkaConf(settings, *admin).NewProducer());
  return admin;
}

absl::Status KafkaAdmin::Connect(absl::Duration timeout) {
  constexpr absl::Duration kStep = absl::Milliseconds(500);
  const absl::Time deadline = absl::Now() + timeout;
  // librdkafka tries again whatever a broker says, so what it says is looked at between the steps.
  for (;;) {
    const struct rd_kafka_metadata* metadata = nullptr;
    const auto error = rd_kafka_metadata(client_.get(), /*all_topics=*/0, nullptr, &metadata,
                                         Milliseconds(std::min(kStep, timeout)));
    if (metadata != nullptr) rd_kafka_metadata_destroy(metadata);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
    rd_kafka_poll(client_.get(), 0);
    if (is_rejected() || absl::Now() >= deadline) return Explain(error, "connect");
  }
}

absl::Status KafkaAdmin::Create(const std::vector<KafkaTopic>& topics, absl::Duration timeout) {
  RETURN_IF_ERROR(Connect(timeout));
  std::vector<NewTopic> wanted;
  std::vector<rd_kafka_NewTopic_t*> raw;
  char error[kErrorBytes];
  for (const KafkaTopic& topic : topics) {
    wanted.emplace_back(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, topic.replicas,
                                              error, sizeof(error)));
    if (!wanted.back()) {
      return absl::InvalidArgumentError(absl::StrCat("kafka: topic ", topic.name, ": ", error));
    }
    for (const auto& [name, value] : topic.settings) {
      rd_kafka_NewTopic_set_config(wanted.back().get(), name.c_str(), value.c_str());
    }
    raw.push_back(wanted.back().get());
  }
  Queue queue(rd_kafka_queue_new(client_.get()));
  const Options options = OptionsFor(client_.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout);
  rd_kafka_CreateTopics(client_.get(), raw.data(), raw.size(), options.get(), queue.get());
  ASSIGN_OR_RETURN(const Event event, WaitFor(queue.get(), timeout, "create topics"));
  size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  RETURN_IF_ERROR(
      FirstError(results, count, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, "create topic"));
  return AwaitTopics(topics, timeout);
}

absl::Status KafkaAdmin::AwaitTopics(const std::vector<KafkaTopic>& topics,
                                     absl::Duration timeout) {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(timeout);
  for (;;) {
    ASSIGN_OR_RETURN(const auto partitions, Partitions(timeout));
    const bool all = std::all_of(topics.begin(), topics.end(), [&](const KafkaTopic& topic) {
      return partitions.contains(topic.name);
    });
    if (all) return absl::OkStatus();
    if (std::chrono::steady_clock::now() >= deadline) {
      return absl::UnavailableError("kafka: topics that were created are not shown yet; try again");
    }
    rd_kafka_poll(client_.get(), kLookAgainMs);
  }
}

absl::Status KafkaAdmin::Delete(const std::vector<std::string>& names, absl::Duration timeout) {
  RETURN_IF_ERROR(Connect(timeout));
  std::vector<DeleteTopic> wanted;
  std::vector<rd_kafka_DeleteTopic_t*> raw;
  for (const std::string& name : names) {
    wanted.emplace_back(rd_kafka_DeleteTopic_new(name.c_str()));
    raw.push_back(wanted.back().get());
  }
  Queue queue(rd_kafka_queue_new(client_.get()));
  const Options options = OptionsFor(client_.get(), RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout);
  rd_kafka_DeleteTopics(client_.get(), raw.data(), raw.size(), options.get(), queue.get());
  ASSIGN_OR_RETURN(const Event event, WaitFor(queue.get(), timeout, "delete topics"));
  size_t count = 0;
  const auto** results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  return FirstError(results, count, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "delete topic");
}

absl::StatusOr<std::map<std::string, int>> KafkaAdmin::Partitions(absl::Duration timeout) {
  const struct rd_kafka_metadata* metadata = nullptr;
  const auto error =
      rd_kafka_metadata(client_.get(), /*all_topics=*/1, nullptr, &metadata, Milliseconds(timeout));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus(error, "read the topics");
  std::map<std::string, int> partitions;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    partitions[metadata->topics[i].topic] = metadata->topics[i].partition_cnt;
  }
  rd_kafka_metadata_destroy(metadata);
  return partitions;
}

absl::Status KafkaAdmin::Check(const std::vector<KafkaTopic>& topics, absl::Duration timeout) {
  RETURN_IF_ERROR(Connect(timeout));
  ASSIGN_OR_RETURN(const auto partitions, Partitions(timeout));
  std::vector<std::string> differences;
  std::vector<KafkaTopic> existing;
  for (const KafkaTopic& topic : topics) {
    const auto found = partitions.find(topic.name);
    if (found == partitions.end()) {
      differences.push_back(absl::StrCat(topic.name, " does not exist"));
      continue;
    }
    existing.push_back(topic);
    if (found->second == topic.partitions) continue;
    differences.push_back(absl::StrCat(topic.name, " has ", found->second,
                                       " partitions instead of ", topic.partitions));
  }
  if (!existing.empty()) RETURN_IF_ERROR(CheckSettings(existing, timeout, differences));
  if (differences.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(differences, "; "));
}

absl::Status KafkaAdmin::CheckSettings(const std::vector<KafkaTopic>& topics,
                                       absl::Duration timeout,
                                       std::vector<std::string>& differences) {
  std::vector<Resource> wanted;
  std::vector<rd_kafka_ConfigResource_t*> raw;
  std::map<std::string, const KafkaTopic*> by_name;
  for (const KafkaTopic& topic : topics) {
    wanted.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.name.c_str()));
    raw.push_back(wanted.back().get());
    by_name[topic.name] = &topic;
  }
  Queue queue(rd_kafka_queue_new(client_.get()));
  const Options options = OptionsFor(client_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
  rd_kafka_DescribeConfigs(client_.get(), raw.data(), raw.size(), options.get(), queue.get());
  ASSIGN_OR_RETURN(const Event event, WaitFor(queue.get(), timeout, "read the topics' settings"));
  size_t count = 0;
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_ConfigResource_name(resources[i]);
    if (const auto error = rd_kafka_ConfigResource_error(resources[i]); error != 0) {
      return KafkaStatus(error, absl::StrCat("read the settings of ", name));
    }
    size_t entries = 0;
    const auto** configs = rd_kafka_ConfigResource_configs(resources[i], &entries);
    std::map<std::string, std::string> found;
    for (size_t j = 0; j < entries; ++j) {
      const char* value = rd_kafka_ConfigEntry_value(configs[j]);
      found[rd_kafka_ConfigEntry_name(configs[j])] = value == nullptr ? "" : value;
    }
    for (const auto& [setting, value] : by_name[name]->settings) {
      if (found[setting] == value) continue;
      differences.push_back(
          absl::StrCat(name, " has ", setting, "=", found[setting], " instead of ", value));
    }
  }
  return absl::OkStatus();
}

}  // namespace pathways::follow
