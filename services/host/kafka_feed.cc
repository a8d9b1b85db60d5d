#include "services/host/kafka_feed.h"

#include <optional>
#include <utility>

#include "absl/time/civil_time.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"

namespace pathways::host {

absl::StatusOr<std::unique_ptr<KafkaFeed>> KafkaFeed::Open(std::string key_file,
                                                           follow::TellFeed tell,
                                                           const base::Clock& clock,
                                                           base::Logger& log) {
  std::unique_ptr<KafkaFeed> feed(new KafkaFeed(std::move(key_file), std::move(tell), clock, log));
  RETURN_IF_ERROR(feed->Read(clock.Now()));
  return feed;
}

absl::Status KafkaFeed::Read(absl::Time now) {
  read_at_ = now;
  missed_month_.clear();
  ASSIGN_OR_RETURN(keys_, FeedKeys::Load(key_file_, now));
  return absl::OkStatus();
}

void KafkaFeed::ReadAgain(absl::Time now) {
  const absl::Status read = Read(now);
  if (read.ok()) return;
  log_.Error("feed_keys_unreadable", {{"what", std::string(read.message())}});
  // A disk may answer again; a file that was taken away or spoilt holds no key any more.
  if (!absl::IsUnavailable(read)) keys_ = FeedKeys();
}

std::vector<follow::FeedMessage> KafkaFeed::MessagesOf(const engine::EventRow& event) {
  // Also when the clock was set back: else a key would be used for as long.
  const absl::Time now = clock_.Now();
  if (now < read_at_ || now - read_at_ >= kReadEvery) ReadAgain(now);
  std::vector<follow::FeedMessage> messages;
  for (pipeline::v1::PipelineRecord& record : tell_(event)) {
    std::optional<std::string> pseudonym = keys_.PseudonymOf(event.stream, event.time);
    std::optional<std::string> id = keys_.RecordIdOf(event.ce_id, messages.size(), event.time);
    if (!pseudonym || !id) {
      const std::string month = FeedMonthOf(event.time);
      if (month != missed_month_) log_.Error("feed_key_missing", {{"month", month}});
      missed_month_ = month;
      return {};
    }
    record.set_id(*std::move(id));
    record.set_pseudonym(*pseudonym);
    messages.push_back({*std::move(pseudonym), base::SerializeDeterministic(record),
                        absl::FromUnixSeconds(record.hour().seconds())});
  }
  return messages;
}

}  // namespace pathways::host
