#include "services/runtime/relay.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "services/runtime/faults.h"
#include "services/runtime/status_macros.h"

namespace pathways::runtime {
namespace {

// Each batch waits for its last report and for the watermark, so a small one is mostly waiting.
// What a crash sends again is at most this, as is what the publisher must have room for.
constexpr int kBatch = 2000;
// More streams than this are never withheld: then the bus is at fault, and the relay waits for it.
constexpr int kWithheldMax = 1000;
constexpr std::chrono::minutes kRetryEvery{1};
// What a standby that took over too early may take before it is noticed is as much as this.
constexpr std::chrono::seconds kCheckEvery{10};

absl::Status StreamsAreWithheld() {
  return absl::FailedPreconditionError("the bus refuses events of some cases; they are withheld");
}

}  // namespace

Relay::Relay(EventStore& store, Publisher& publisher, Report report,
             std::function<absl::Status()> check_topic)
    : store_(store),
      publisher_(publisher),
      reporter_(std::move(report)),
      check_topic_(std::move(check_topic)),
      thread_([this] { Run(); }) {}

Relay::~Relay() { Stop(); }

void Relay::Stop() {
  signal_.Stop();
  if (thread_.joinable()) thread_.join();
}

void Relay::RetryWithheld() {
  retry_ = true;
  signal_.Notify();
}

void Relay::Run() {
  while (!signal_.stopped()) {
    const absl::StatusOr<size_t> published = PublishOnce();
    reporter_.Tell(published.ok() && withholds_ ? StreamsAreWithheld() : published.status());
    if (!lost_.ok()) return;
    if (published.ok() && *published > 0) continue;
    signal_.Wait(published.ok() ? kIdleWait : kErrorWait);
  }
}

absl::StatusOr<size_t> Relay::PublishOnce() {
  const absl::Status leads = store_.LeadRelay();
  if (!leads.ok() && !absl::IsFailedPrecondition(leads)) return leads;
  RETURN_IF_ERROR(CheckTopicWhenDue());
  if (!leads.ok()) return StandBy();
  absl::StatusOr<size_t> published = PublishBatch();
  if (absl::IsAborted(published.status())) return StandBy();
  return published;
}

absl::Status Relay::CheckTopicWhenDue() {
  if (!check_topic_) return absl::OkStatus();
  RETURN_IF_ERROR(lost_);
  const auto now = std::chrono::steady_clock::now();
  const int64_t session = store_.RelaySession();
  if (session == checked_session_ && now < next_check_) return absl::OkStatus();
  const absl::Status checked = check_topic_();
  if (absl::IsDataLoss(checked)) lost_ = checked;
  RETURN_IF_ERROR(checked);
  checked_session_ = session;
  next_check_ = now + kCheckEvery;
  return absl::OkStatus();
}

size_t Relay::StandBy() {
  // What is withheld is the leader's to tell, and to be tried again at the start of leading.
  withholds_ = false;
  retry_ = true;
  return 0;
}

absl::StatusOr<size_t> Relay::PublishBatch() {
  ASSIGN_OR_RETURN(const int64_t watermark, store_.ReadWatermark());
  RETURN_IF_ERROR(RetryWhenDue(watermark));
  ASSIGN_OR_RETURN(std::vector<EventRow> events, store_.ReadAfter(watermark, kBatch));
  if (events.empty()) return 0;
  const int64_t last = events.back().position;
  const size_t count = events.size();
  ASSIGN_OR_RETURN(const std::vector<WithheldRow> withheld, store_.ReadWithheld(kWithheldMax));
  std::set<std::string> passed_over;
  for (const WithheldRow& row : withheld) passed_over.insert(row.stream);
  std::erase_if(events, [&](const EventRow& e) { return passed_over.contains(e.stream); });
  if (PATHWAYS_MUTANT("relay_two_workers")) {
    // Two that claim half of the rows each, as by SKIP LOCKED, and the second is the quicker one.
    std::rotate(events.begin(), events.begin() + static_cast<ptrdiff_t>(events.size() / 2),
                events.end());
  }
  PATHWAYS_CRASH_POINT("relay.before_publish");
  std::vector<RefusedEvent> refused;
  if (!events.empty()) {
    ASSIGN_OR_RETURN(refused, publisher_.Publish(events));
  }
  PATHWAYS_CRASH_POINT("relay.after_publish");
  if (!refused.empty()) {
    if (withheld.size() + refused.size() > kWithheldMax) {
      return absl::ResourceExhaustedError("the bus refuses events of too many cases");
    }
    std::vector<WithheldRow> rows;
    for (const RefusedEvent& event : refused) {
      rows.push_back({event.stream, event.number, event.reason, absl::InfinitePast()});
    }
    // Before the watermark: a crash in between sends the others again, and these not.
    RETURN_IF_ERROR(store_.Withhold(rows));
  }
  withholds_ = !withheld.empty() || !refused.empty();
  RETURN_IF_ERROR(store_.AdvanceWatermark(last));
  return count;
}

absl::Status Relay::RetryWhenDue(int64_t watermark) {
  const auto now = std::chrono::steady_clock::now();
  if (!retry_.exchange(false) && now < next_retry_) return absl::OkStatus();
  next_retry_ = now + kRetryEvery;
  ASSIGN_OR_RETURN(std::vector<WithheldRow> withheld, store_.ReadWithheld(kWithheldMax));
  for (const WithheldRow& row : withheld) RETURN_IF_ERROR(Retry(row, watermark));
  ASSIGN_OR_RETURN(withheld, store_.ReadWithheld(1));
  withholds_ = !withheld.empty();
  return absl::OkStatus();
}

absl::Status Relay::Retry(const WithheldRow& row, int64_t watermark) {
  int64_t from = row.number;
  for (;;) {
    ASSIGN_OR_RETURN(std::vector<EventRow> events,
                     store_.ReadStream(row.stream, from, kBatch, /*with_sealed=*/false));
    // What lies after the watermark comes by the usual way.
    while (!events.empty() && events.back().position > watermark) events.pop_back();
    if (events.empty()) return store_.Release(row.stream);
    ASSIGN_OR_RETURN(const std::vector<RefusedEvent> refused, publisher_.Publish(events));
    if (!refused.empty()) return absl::OkStatus();
    from = events.back().number + 1;
  }
}

}  // namespace pathways::runtime
