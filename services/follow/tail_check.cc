#include "services/follow/tail_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace pathways::follow {
namespace {

constexpr size_t kPage = 500;

std::string KeyOf(int32_t partition) { return absl::StrCat("published/", partition); }

// What a place remembers of the record before it.
std::string MarkOf(const engine::EventRow& record) {
  return record.stream.empty() ? "no event" : record.ce_id;
}

}  // namespace

absl::Status TailCheck::Open() {
  if (reader_) return absl::OkStatus();
  ASSIGN_OR_RETURN(reader_, KafkaReader::Open(topic_, log_));
  return absl::OkStatus();
}

absl::Status TailCheck::Run(TopicCheck check) {
  RETURN_IF_ERROR(Open());
  Places places;
  ASSIGN_OR_RETURN(const std::vector<KafkaRange> ranges, RangesAfter(check, places));
  if (ranges.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(Compare(ranges, places));
  engine::BatchWrite write;
  for (const KafkaRange& range : ranges) {
    write.positions[KeyOf(range.partition)] = places[range.partition];
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<engine::Batch> batch, store_.Begin());
  RETURN_IF_ERROR(batch->Commit(write));
  for (const KafkaRange& range : ranges) compared_[range.partition] = range.end;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<KafkaRange>> TailCheck::RangesAfter(TopicCheck check, Places& places) {
  ASSIGN_OR_RETURN(std::vector<KafkaRange> ranges, reader_->Ranges());
  for (KafkaRange& range : ranges) {
    ASSIGN_OR_RETURN(engine::Position& place = places[range.partition],
                     store_.ReadPosition(KeyOf(range.partition)));
    TellShortened(range, place.position);
    if (place.position == range.end && compared_[range.partition] == range.end) {
      range.begin = range.end;
    } else if (place.position > 0 && place.position <= range.end) {
      // With the record before the place, which shows whether it is still the same topic.
      const int64_t first = check == TopicCheck::kWhole ? place.position : range.end;
      range.begin = std::max(range.begin, first - 1);
    }
  }
  std::erase_if(ranges, [](const KafkaRange& range) { return range.begin == range.end; });
  return ranges;
}

void TailCheck::TellShortened(const KafkaRange& range, int64_t place) {
  if (place <= range.end) {
    shortened_.erase(range.partition);
  } else if (shortened_.insert(range.partition).second) {
    log_.Error("own_topic_shortened", {{"topic", topic_.topic},
                                       {"partition", range.partition},
                                       {"end", range.end},
                                       {"published", place},
                                       {"mend", "pathways topics rebuild"}});
  }
}

absl::Status TailCheck::Compare(const std::vector<KafkaRange>& ranges, Places& places) {
  std::vector<engine::EventRow> page;
  std::vector<KafkaRange> anew;
  const auto take = [&](int32_t partition, engine::EventRow record) -> absl::Status {
    if (cancelled_) return absl::UnavailableError("the service stops");
    engine::Position& place = places[partition];
    if (record.position == place.position - 1 && place.incarnation != MarkOf(record)) {
      anew.push_back({partition, 0, record.position});
    }
    place = {MarkOf(record), record.position + 1};
    if (!record.stream.empty()) page.push_back(std::move(record));
    if (page.size() < kPage) return absl::OkStatus();
    const absl::Status compared = ComparePage(page);
    page.clear();
    return compared;
  };
  RETURN_IF_ERROR(reader_->Read(ranges, take));
  if (!anew.empty()) {
    const Places reached = places;
    const std::vector<KafkaRange> again = std::exchange(anew, {});
    RETURN_IF_ERROR(reader_->Read(again, take));
    places = reached;
  }
  return ComparePage(page);
}

absl::Status TailCheck::ComparePage(const std::vector<engine::EventRow>& page) {
  if (page.empty()) return absl::OkStatus();
  std::vector<engine::EventKey> keys;
  for (const engine::EventRow& record : page) keys.push_back({record.stream, record.number});
  ASSIGN_OR_RETURN(const std::vector<engine::EventRow> stored, store_.ReadEvents(keys));
  std::map<std::pair<std::string, int64_t>, std::string> ids;
  for (const engine::EventRow& event : stored) ids[{event.stream, event.number}] = event.ce_id;
  for (const engine::EventRow& record : page) {
    if (ids[{record.stream, record.number}] == record.ce_id) continue;
    return absl::DataLossError(
        absl::StrCat("the database lost events that ", service_,
                     " has published: nothing is published and no command is taken any more. Stop "
                     "the service and run 'pathways restore --service ",
                     service_, "'; docs/distributed.md says how"));
  }
  return absl::OkStatus();
}

}  // namespace pathways::follow
