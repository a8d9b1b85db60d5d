#include "services/runtime/bus/kafka_partition.h"

#include <algorithm>
#include <utility>

namespace pathways::runtime {
namespace {

size_t BytesOf(const EventRow& row) {
  return sizeof(EventRow) + row.stream.size() + row.ce_id.size() + row.type.size() +
         row.data.size();
}

}  // namespace

std::string KafkaPartition::Incarnation() {
  std::lock_guard<std::mutex> lock(mutex_);
  return incarnation_;
}

absl::StatusOr<std::vector<EventRow>> KafkaPartition::ReadAfter(int64_t position, int limit) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<EventRow> page;
  if (closed_) return page;
  if (!positioned_ || position < begin_) {
    positioned_ = true;
    rows_.clear();
    bytes_ = 0;
    begin_ = position;
    wanted_ = position;
    return page;
  }
  DropUntil(position);
  for (const EventRow& row : rows_) {
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
  // Never below what was read: an offset past the end is found by the broker, and makes this
  // another log.
  return std::max(head_, begin_);
}

void KafkaPartition::Handled(int64_t position) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!closed_) handled_ = position;
}

void KafkaPartition::Add(EventRow row) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (closed_ || !positioned_ || wanted_ || row.position <= begin_) return;
  if (!rows_.empty() && row.position <= rows_.back().position) return;
  bytes_ += BytesOf(row);
  rows_.push_back(std::move(row));
}

std::optional<int64_t> KafkaPartition::WantedOffset() {
  std::lock_guard<std::mutex> lock(mutex_);
  return wanted_;
}

void KafkaPartition::FetchFrom(int64_t offset) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (wanted_ == offset) wanted_.reset();
}

bool KafkaPartition::ShouldPause(bool paused) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!positioned_ || wanted_) return true;
  const size_t share = paused ? 2 : 1;
  return rows_.size() * share > limits_.rows_max || bytes_ * share > limits_.bytes_max;
}

int64_t KafkaPartition::HandledOffset() {
  std::lock_guard<std::mutex> lock(mutex_);
  return handled_;
}

void KafkaPartition::SetHead(int64_t head) {
  std::lock_guard<std::mutex> lock(mutex_);
  head_ = head;
}

int64_t KafkaPartition::Begin() {
  std::lock_guard<std::mutex> lock(mutex_);
  return begin_;
}

void KafkaPartition::Renew(const std::string& incarnation) {
  std::lock_guard<std::mutex> lock(mutex_);
  incarnation_ = incarnation;
  rows_.clear();
  bytes_ = 0;
  begin_ = 0;
  positioned_ = false;
  wanted_.reset();
  handled_ = -1;
  head_ = 0;
}

void KafkaPartition::Close() {
  std::lock_guard<std::mutex> lock(mutex_);
  rows_.clear();
  bytes_ = 0;
  closed_ = true;
}

}  // namespace pathways::runtime
