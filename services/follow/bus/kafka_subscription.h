// The consuming side of one topic in one process: its share of the partitions, as logs. For one
// consumer or projector; another one opens a subscription of its own, with a group of its own.
//
// A consumer group shares the partitions among the replicas of a service, and only that: where a
// partition is read from is what the service's own store says, asked for page by page through
// KafkaPartition. Every member has a name, a random one of the process when none is given: after an
// outage of the brokers longer than the session it joins again as who it was. A member without
// would be a new one, and the whole group would wait for another session until the old one counts
// as dead. One thread polls, one record at a time, decodes, and pauses a partition whose rows are
// not handled fast enough, so that the group never takes this process for dead. A record that is no
// event becomes a row without a stream, is counted and logged by its offset, and keeps nobody.
//
// The incarnation of a partition is a random token that the group keeps beside its committed
// offset. Brokers forget committed offsets with the topic, so a topic that was made anew has none,
// which is looked for every second; it gets another token and is read from its start. So is one
// whose end lies before our position.
// (The topic's own id, which would say the same, is not to be had from librdkafka before 2.3.) The
// committed offsets themselves are for who looks at the lag, and are never read from.
#ifndef PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_SUBSCRIPTION_H_
#define PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_SUBSCRIPTION_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/follow/bus/bus.h"
#include "services/follow/bus/kafka.h"
#include "services/follow/bus/kafka_partition.h"

namespace pathways::follow {

struct KafkaSubscriptionOptions {
  KafkaSettings kafka;
  std::string topic;
  std::string group;   // One per consuming service and upstream.
  std::string source;  // ce_source of the upstream's events.
  // Not empty: a name that outlasts the process. A restart within the session moves no partition,
  // and the partitions wait for as long when it does not come back. The same for the same replica,
  // and of no other: the member that came last under a name pushes out the one before.
  std::string instance_id;
  absl::Duration session_timeout = absl::Seconds(10);
  // How long the broker waits for a record before it answers that there is none, which is how often
  // it is asked when nothing happens.
  absl::Duration fetch_wait = absl::Milliseconds(500);
  // Whether it waits as long also when there are some, unless they are many: fewer answers, for
  // readers that nobody waits for.
  bool collects = false;
  KafkaPartition::Limits limits;
};

class KafkaSubscription : public EventLogs, public KafkaOwner {
 public:
  // INVALID_ARGUMENT: wrong settings. Joins its group in the background once Start is called.
  static absl::StatusOr<std::unique_ptr<KafkaSubscription>> Open(KafkaSubscriptionOptions options,
                                                                 base::Logger& log);
  ~KafkaSubscription() override;

  // Begins; after OnPublish.
  absl::Status Start();
  // Leaves the group, waiting at most ten seconds. What was not handled is read by others.
  void Stop();

  std::vector<std::shared_ptr<EventLog>> Logs() override;
  void OnPublish(std::function<void()> wake) override { wakes_.push_back(std::move(wake)); }

  // Records that were no events, by code.
  std::map<std::string, int64_t> Refused();
  // Events that the broker has and that were not handled yet, of this process's partitions.
  int64_t Lag();
  // How often the group has given this process its partitions: once for each rebalance.
  int rebalances() const { return rebalances_; }

  // For the callbacks, on the polling thread.
  void Assign(rd_kafka_topic_partition_list_s* partitions);
  void Revoke();

 private:
  struct Assigned {
    std::shared_ptr<KafkaPartition> partition;
    bool paused = false;
    bool confirmed = false;  // The group has its token. Only then it is shown to the consumer.
  };

  KafkaSubscription(KafkaSubscriptionOptions options, base::Logger& log);
  absl::Status NewClient();
  absl::Status Subscribe();
  void Run();
  // Whether the client still is of use, or a new one has joined the group. A client that another
  // member has pushed out under its own name waits for a session first: two of one name, which is
  // a mistake of who named them, take turns instead of one of them following nothing for good.
  bool Joined();
  // Leaves the group at once, so that its partitions need not wait for the end of the session.
  void Leave(std::chrono::steady_clock::time_point deadline);
  void Close();
  void Handle(rd_kafka_message_s* message);
  void Take(rd_kafka_message_s* message, KafkaPartition& partition);
  // A partition's position is not in the log: finds out why and goes on.
  void OutOfRange(KafkaPartition& partition);
  // Asks the group for its tokens, finds new logs by them, and writes our positions beside them:
  // every second while records come, every five when there is nothing to write.
  void AskGroup();
  // What the group's answer for one partition means. Whether our token must be written.
  bool TakeToken(int32_t id, const std::string& token);
  void WriteToken(KafkaPartition& partition);
  void ShowLogs();
  // Begins to fetch anew where the partitions ask for it.
  void Restart();
  void PauseOrResume(Assigned& assigned);
  // How long to wait for a record. What the readers ask for meanwhile is seen only after it.
  int PollMs() const;
  void ReadHeads();
  void Wake();

  const KafkaSubscriptionOptions options_;
  const std::string member_;                  // Its name in the group.
  std::vector<std::function<void()>> wakes_;  // Fixed before Start.
  std::atomic<bool> stopping_ = false;
  std::atomic<int> rebalances_ = 0;
  std::mutex mutex_;  // Guards logs_, refused_ and lag_.
  std::vector<std::shared_ptr<EventLog>> logs_;
  std::map<std::string, int64_t> refused_;
  int64_t lag_ = 0;
  // Used by the polling thread alone.
  std::map<int32_t, Assigned> assigned_;  // Whose token was asked for.
  std::vector<int32_t> unknown_;          // Given to us, the group not asked yet.
  std::chrono::steady_clock::time_point ask_at_;
  std::chrono::steady_clock::time_point join_at_;  // While there is no client.
  bool restart_ = false;  // Fetching has to begin anew although no partition asks.
  KafkaClient client_;
  std::thread thread_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_BUS_KAFKA_SUBSCRIPTION_H_
