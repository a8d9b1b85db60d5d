#include "services/follow/bus/kafka_partition.h"

#include <algorithm>
#include <utility>

namespace pathways::follow {
namespace {

size_t BytesOf(const engine::EventRow& row) {
  return sizeof(engine::EventRow) + row.stream.size() + row.ce_id.size() + row.type.size() +
         row.data.size();
}

}  // namespace

std::string KafkaPartition::Incarnation() {
  std::lock_guard<std::mutex> lock(mutex_);
  return incarnation_;
}

absl::StatusOr<std::vector<engine::EventRow>> KafkaPartition::ReadAfter(int64_t position,
                                                                        int limit) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<engine::EventRow> page;
  asked_ = position;
  if (closed_) return page;
  if (!positioned_ || position < begin_) {
    positioned_ = true;
    rows_.clear();
    bytes_ = 0;
    begin_ = position;
    restart_ = true;
    return page;
  }
  DropUntil(position);
  for (const engine::EventRow& row : rows_) {
    if (static_cast<int>(page.size()) >= limit) break;
    page.push_back(row);
  }
  return page;
}

void KafkaPartition::DropUntil(int64_t position) {
  begin_ = std::max(begin_, position);
  while (!rows_.empty() && rows_.front().position <= begin_) {
    bytes_ -= BytesOf(rows_.front());
    rows_.pop_front();
  }
}

absl::StatusOr<int64_t> KafkaPartition::Head() {
  std::lock_guard<std::mutex> lock(mutex_);
  // Never below what its reader asked for, not even where the partition was taken away or turned
  // out to be another log since: an end below its position ends a reader for good. An offset past
  // the end is found by the broker, and makes this another log.
  return std::max(head_, asked_);
}

void KafkaPartition::Add(engine::EventRow row) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (closed_ || !positioned_ || restart_ || row.position <= begin_) return;
  if (!rows_.empty() && row.position <= rows_.back().position) return;
  bytes_ += BytesOf(row);
  rows_.push_back(std::move(row));
}

bool KafkaPartition::MustRestart() {
  std::lock_guard<std::mutex> lock(mutex_);
  return restart_;
}

std::optional<int64_t> KafkaPartition::Restart() {
  std::lock_guard<std::mutex> lock(mutex_);
  restart_ = false;
  if (!positioned_) return std::nullopt;
  return std::max(first_, rows_.empty() ? begin_ : rows_.back().position);
}

bool KafkaPartition::ShouldPause(bool paused) {
  std::lock_guard<std::mutex> lock(mutex_);
  const size_t share = paused ? 2 : 1;
  return rows_.size() * share > limits_.rows_max || bytes_ * share > limits_.bytes_max;
}

std::optional<int64_t> KafkaPartition::Position() {
  std::lock_guard<std::mutex> lock(mutex_);
  return positioned_ ? std::optional<int64_t>(begin_) : std::nullopt;
}

void KafkaPartition::SetHead(int64_t head) {
  std::lock_guard<std::mutex> lock(mutex_);
  head_ = head;
}

void KafkaPartition::SkipTo(int64_t offset) {
  std::lock_guard<std::mutex> lock(mutex_);
  first_ = offset;
  restart_ = true;
}

void KafkaPartition::Renew(const std::string& incarnation) {
  std::lock_guard<std::mutex> lock(mutex_);
  incarnation_ = incarnation;
  rows_.clear();
  bytes_ = 0;
  begin_ = 0;
  positioned_ = false;
  restart_ = false;
  first_ = 0;
  head_ = 0;
}

void KafkaPartition::Close() {
  std::lock_guard<std::mutex> lock(mutex_);
  rows_.clear();
  bytes_ = 0;
  closed_ = true;
}

}  // namespace pathways::follow
