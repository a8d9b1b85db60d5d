#include "tests/sim/topic.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace pathways::sim {
namespace {

constexpr int64_t kLostOneIn = 20;
constexpr int64_t kRepeatOneIn = 20;
constexpr int64_t kRefusedOneIn = 15;
constexpr int64_t kRaisedOneIn = 400;

// The same on every machine, as std::hash need not be.
size_t PartitionOf(const std::string& key) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return (hash >> 20) % Topic::kPartitions;
}

}  // namespace

// A partition as one replica sees it: empty when it was given to another one.
class PartitionLog : public follow::EventLog {
 public:
  PartitionLog(Group& group, int replica, size_t index)
      : group_(group), replica_(replica), index_(index) {}

  std::string Partition() const override { return absl::StrCat(index_); }
  std::string Incarnation() override { return "log-1"; }
  absl::StatusOr<std::vector<engine::EventRow>> ReadAfter(int64_t position, int limit) override {
    RETURN_IF_ERROR(group_.around_.Try(group_.around_.faults().bus_away, "the bus is away"));
    std::vector<engine::EventRow> events;
    if (group_.owner_[index_] != replica_) return events;
    const Topic::Partition& partition = group_.topic_.partitions_[index_];
    for (size_t i = static_cast<size_t>(position); i < partition.shown; ++i) {
      if (static_cast<int>(events.size()) >= limit) break;
      events.push_back(partition.records[i]);
      events.back().position = static_cast<int64_t>(i) + 1;
    }
    return events;
  }
  absl::StatusOr<int64_t> Head() override {
    RETURN_IF_ERROR(group_.around_.Try(group_.around_.faults().bus_away, "the bus is away"));
    return static_cast<int64_t>(group_.topic_.partitions_[index_].records.size());
  }

 private:
  Group& group_;
  const int replica_;
  const size_t index_;
};

class GroupLogs : public follow::EventLogs {
 public:
  GroupLogs(Group& group, int replica) : group_(group), replica_(replica) {}
  std::vector<std::shared_ptr<follow::EventLog>> Logs() override {
    std::vector<std::shared_ptr<follow::EventLog>> logs;
    for (size_t i = 0; i < Topic::kPartitions; ++i) {
      if (group_.owner_[i] != replica_) continue;
      logs.push_back(std::make_shared<PartitionLog>(group_, replica_, i));
    }
    return logs;
  }
  void OnPublish(std::function<void()>) override {}

 private:
  Group& group_;
  const int replica_;
};

absl::StatusOr<std::vector<follow::RefusedEvent>> Topic::Publish(
    const std::vector<engine::EventRow>& events) {
  const Faults& faults = around_.faults();
  RETURN_IF_ERROR(around_.Try(faults.bus_away, "the bus is away"));
  std::vector<follow::RefusedEvent> refused;
  std::set<std::string> left_out;  // Cases of which an event was refused.
  for (const engine::EventRow& event : events) {
    // Half a batch may be there when no answer comes.
    if (faults.bus_away && around_.random().OneIn(40)) {
      return absl::UnavailableError("the bus went away");
    }
    if (left_out.contains(event.stream)) continue;
    if (Refuses(event)) {
      left_out.insert(event.stream);
      refused.push_back({event.stream, event.number, "TOO_LARGE"});
      continue;
    }
    Acknowledge(event);
    if (faults.lost_records && around_.random().OneIn(kLostOneIn)) continue;
    Append(event);
    if (faults.repeats && around_.random().OneIn(kRepeatOneIn)) Append(event);
  }
  return refused;
}

bool Topic::Refuses(const engine::EventRow& event) {
  if (around_.faults().refusals && !refused_.contains(event.stream) &&
      around_.random().OneIn(kRefusedOneIn) && event.number > AcknowledgedOf(event.stream)) {
    refused_[event.stream] = event.number;
  }
  const auto found = refused_.find(event.stream);
  return found != refused_.end() && found->second == event.number;
}

void Topic::Acknowledge(const engine::EventRow& event) {
  int64_t& last = acknowledged_to_[event.stream];
  if (event.number > last + 1) disordered_.insert(event.stream);
  last = std::max(last, event.number);
}

void Topic::Append(const engine::EventRow& event) {
  Partition& partition = partitions_[PartitionOf(event.stream)];
  partition.records.push_back(event);
  partition.records.back().sealed.clear();
  if (!around_.faults().delays) partition.shown = partition.records.size();
}

void Topic::Move() {
  if (around_.faults().refusals && around_.random().OneIn(kRaisedOneIn)) RaiseLimit();
  for (Partition& partition : partitions_) {
    const size_t hidden = partition.records.size() - partition.shown;
    if (!around_.faults().delays) {
      partition.shown = partition.records.size();
    } else if (hidden > 0 && around_.random().OneIn(4)) {
      partition.shown +=
          1 + static_cast<size_t>(around_.random().Below(static_cast<int64_t>(hidden)));
    }
    const auto size = static_cast<int64_t>(partition.records.size());
    if (around_.faults().repeats && size > 0 && around_.random().OneIn(60)) {
      Append(
          engine::EventRow(partition.records[static_cast<size_t>(around_.random().Below(size))]));
    }
  }
}

std::vector<engine::EventRow> Topic::Records() const {
  std::vector<engine::EventRow> all;
  for (const Partition& partition : partitions_) {
    all.insert(all.end(), partition.records.begin(), partition.records.end());
  }
  return all;
}

int64_t Topic::AcknowledgedOf(const std::string& stream) const {
  const auto found = acknowledged_to_.find(stream);
  return found == acknowledged_to_.end() ? 0 : found->second;
}

Lack Group::WhyLacking(MemoryStore& store, const std::string& stream, int64_t applied) const {
  if (topic_.AcknowledgedOf(stream) <= applied) {
    const auto refused = topic_.refused().find(stream);
    const bool is_refused = refused != topic_.refused().end() && refused->second <= applied + 1;
    return is_refused ? Lack::kLost : Lack::kLate;
  }
  const size_t index = PartitionOf(stream);
  const auto read = store.ReadPosition(absl::StrCat(topic_.name_, "/", index));
  const auto& records = topic_.partitions_[index].records;
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i].stream != stream || records[i].number != applied + 1) continue;
    return read->position > static_cast<int64_t>(i) ? Lack::kNone : Lack::kLate;
  }
  return Lack::kLost;
}

void Group::Share(const std::vector<int>& replicas) {
  if (replicas.empty()) return;
  for (int& owner : owner_) {
    owner = replicas[static_cast<size_t>(
        around_.random().Below(static_cast<int64_t>(replicas.size())))];
  }
}

std::unique_ptr<follow::EventLogs> Group::LogsOf(int replica) {
  return std::make_unique<GroupLogs>(*this, replica);
}

absl::StatusOr<std::vector<engine::EventRow>> Streams::ReadStream(absl::string_view stream,
                                                                  int64_t from, int limit) {
  around_.LetOthersRun();
  RETURN_IF_ERROR(around_.Try(around_.faults().streams_away, "the service is away"));
  if (around_.unreadable.contains(std::string(stream))) {
    return absl::InternalError("an event cannot be read");
  }
  return store_->ReadStream(stream, from, limit, /*with_sealed=*/false);
}

absl::StatusOr<std::vector<engine::StreamHead>> Streams::ReadHeads(absl::string_view after,
                                                                   int limit) {
  around_.LetOthersRun();
  RETURN_IF_ERROR(around_.Try(around_.faults().streams_away, "the service is away"));
  auto heads = store_->ReadHeads(after, limit);
  around_.LetOthersRun();
  return heads;
}

}  // namespace pathways::sim
