// The bus of a simulation: topics with partitions, which lose, repeat and delay.
//
// A topic keeps what was published, by the key as Kafka does: one case's records lie in one
// partition and in order. What it shows of each partition grows at its own time, so that partitions
// overtake each other; a record may be lost though it was acknowledged, or come again later. It may
// be refused, and so it is each time until the topic's limit is raised. The topic notes what was
// published before an earlier event of the same case. The readers of one group share the
// partitions, and whoever was given one may lose it to another at any time; a reader that stood
// still goes on with what it had read.
#ifndef PATHWAYS_TESTS_SIM_TOPIC_H_
#define PATHWAYS_TESTS_SIM_TOPIC_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/follow/bus/bus.h"
#include "tests/sim/memory_store.h"
#include "tests/sim/surroundings.h"

namespace pathways::sim {

class Topic : public follow::Publisher {
 public:
  static constexpr int kPartitions = 3;

  Topic(std::string name, Surroundings& around) : name_(std::move(name)), around_(around) {}

  absl::StatusOr<std::vector<follow::RefusedEvent>> Publish(
      const std::vector<engine::EventRow>& events) override;
  // Shows a little more of each partition; all of it when nothing is delayed. Now and then repeats
  // an old record.
  void Move();
  // Takes from now on what it refused.
  void RaiseLimit() { refused_.clear(); }
  // Everything that is there, each case's records in order, also what is not shown yet.
  std::vector<engine::EventRow> Records() const;
  // Number of the last event of a case up to which all were acknowledged.
  int64_t AcknowledgedOf(const std::string& stream) const;
  // The first event of each case that it refuses, by case.
  const std::map<std::string, int64_t>& refused() const { return refused_; }
  // Cases of which an event came before an earlier one of its case had come.
  const std::set<std::string>& disordered() const { return disordered_; }

 private:
  friend class Group;
  friend class PartitionLog;
  struct Partition {
    std::vector<engine::EventRow> records;  // The record of position p is at p - 1.
    size_t shown = 0;
  };

  bool Refuses(const engine::EventRow& event);
  void Acknowledge(const engine::EventRow& event);
  void Append(const engine::EventRow& event);

  const std::string name_;
  Surroundings& around_;
  std::array<Partition, kPartitions> partitions_;
  std::map<std::string, int64_t> acknowledged_to_;
  std::map<std::string, int64_t> refused_;
  std::set<std::string> disordered_;
};

// Why a reader of a topic lacks an event.
enum class Lack {
  kLost,  // The topic lacks it.
  kLate,  // It was not published yet, or the reader has not come to it.
  kNone,  // The reader has passed it.
};

// The readers of one service, by number of the replica. Its partitions are shared out anew by
// Share.
class Group {
 public:
  Group(Topic& topic, Surroundings& around) : topic_(topic), around_(around) { owner_.fill(0); }

  // Why a service that reads the topic into `store`, and has applied `applied` events of a case,
  // may lack the next one.
  Lack WhyLacking(MemoryStore& store, const std::string& stream, int64_t applied) const;
  // Gives each partition to one of these replicas.
  void Share(const std::vector<int>& replicas);
  // The logs of one replica. Group and topic must outlive them.
  std::unique_ptr<follow::EventLogs> LogsOf(int replica);

 private:
  friend class PartitionLog;
  friend class GroupLogs;
  Topic& topic_;
  Surroundings& around_;
  std::array<int, Topic::kPartitions> owner_;
};

// The API of a service, as another one asks it: reads its store, when it answers.
class Streams : public follow::StreamReader {
 public:
  // The store may be replaced meanwhile.
  Streams(const std::unique_ptr<MemoryStore>& store, Surroundings& around)
      : store_(store), around_(around) {}
  absl::StatusOr<std::vector<engine::EventRow>> ReadStream(absl::string_view stream, int64_t from,
                                                           int limit) override;
  absl::StatusOr<std::vector<engine::StreamHead>> ReadHeads(absl::string_view after,
                                                            int limit) override;

 private:
  const std::unique_ptr<MemoryStore>& store_;
  Surroundings& around_;
};

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_TOPIC_H_
