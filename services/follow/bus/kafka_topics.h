// The topics of the project, as they are declared, and what is to be done when they are not so.
//
// `pathways topics create` and `check` call this; no service creates a topic, and brokers are run
// without automatic creation, which would choose the partitions. Existing topics are never changed:
// more partitions would move cases between them, and a shorter retention would delete.
#ifndef PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_TOPICS_H_
#define PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_TOPICS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/follow/bus/kafka.h"

namespace pathways::follow {

struct KafkaTopic {
  std::string name;
  int partitions = 0;
  int replicas = 0;                             // Copies of each partition.
  std::map<std::string, std::string> settings;  // As the broker names them.
};

// The most bytes of one event with its headers. An event may be refused before it is committed
// when it is larger than this less a kilobyte.
inline constexpr int64_t kKafkaRecordBytesMax = 1 << 20;

// The four topics: pathways.{intake,eligibility,referral}.events.v1 and pathways.pipeline.v1, each
// name with `prefix` before it (for tests and for sites that share a cluster). `replicas` 1 is for
// one laptop; 3 asks for two acknowledged copies.
std::vector<KafkaTopic> DeclaredTopics(const std::string& prefix, int replicas);
// Name of the topic of a service's events, and of the feed.
std::string EventsTopic(const std::string& prefix, const std::string& service);
std::string FeedTopic(const std::string& prefix);

class KafkaAdmin : public KafkaOwner {
 public:
  // INVALID_ARGUMENT: wrong settings.
  static absl::StatusOr<std::unique_ptr<KafkaAdmin>> Open(const KafkaSettings& settings,
                                                          base::Logger& log);

  // Creates what is missing, leaves what exists, and waits until the broker shows it all. All calls
  // wait at most `timeout` per request. UNAVAILABLE: no broker, or one whose certificate is not
  // accepted (_SSL). PERMISSION_DENIED: the login is refused, or may not do it.
  absl::Status Create(const std::vector<KafkaTopic>& topics, absl::Duration timeout);
  // OK when every topic is as declared; FAILED_PRECONDITION names every difference.
  absl::Status Check(const std::vector<KafkaTopic>& topics, absl::Duration timeout);
  // Deletes; a topic that does not exist is no error.
  absl::Status Delete(const std::vector<std::string>& names, absl::Duration timeout);

 private:
  explicit KafkaAdmin(base::Logger& log) : KafkaOwner(log, "admin") {}
  // Waits for the first answer, and no longer when TLS or login failed.
  absl::Status Connect(absl::Duration timeout);
  // A broker learns of a new topic a moment after the controller said that it is made.
  absl::Status AwaitTopics(const std::vector<KafkaTopic>& topics, absl::Duration timeout);
  absl::StatusOr<std::map<std::string, int>> Partitions(absl::Duration timeout);
  absl::Status CheckSettings(const std::vector<KafkaTopic>& topics, absl::Duration timeout,
                             std::vector<std::string>& differences);

  KafkaClient client_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_TOPICS_H_
