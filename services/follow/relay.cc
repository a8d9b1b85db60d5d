#include "services/follow/relay.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "services/base/drive.h"
#include "services/base/faults.h"
#include "services/base/status_macros.h"

namespace pathways::follow {
namespace {

// Each batch waits for its last report and for the watermark, so a small one is mostly waiting.
// What a crash sends again is at most this, as is what the publisher must have room for.
constexpr size_t kBatch = 2000;
// More streams than this are never withheld: then the bus is at fault, and the relay waits for it.
constexpr size_t kWithheldMax = 1000;
constexpr std::chrono::minutes kRetryEvery{1};
// After less than a batch. Brokers answer whoever follows as soon as there is a record, so this is
// also how often they answer under load: longer than kRest, for each answer costs all of them.
constexpr absl::Duration kPublishRest = absl::Milliseconds(10);

#ifdef PATHWAYS_FAULTS
// The mutant relay_drop: once, the last event of a batch is taken for handed over and is not.
void DropOne(std::vector<engine::EventRow>& events) {
  constexpr int kBatchOfDrop = 3;
  static std::atomic<int> batches{0};
  if (base::MutantActive("relay_drop") && !events.empty() && ++batches == kBatchOfDrop)
    events.pop_back();
}
#endif

absl::Status StreamsAreWithheld() {
  return absl::FailedPreconditionError("the bus refuses events of some cases; they are withheld");
}

}  // namespace

Relay::Relay(engine::RelayStore& store, Publisher& publisher, Report report, CheckTopic check_topic,
             std::function<void()> cancel, std::chrono::milliseconds check_every, base::Drive drive)
    : store_(store),
      publisher_(publisher),
      reporter_(std::move(report)),
      check_topic_(std::move(check_topic)),
      cancel_(std::move(cancel)),
      check_every_(check_every) {
  if (drive == base::Drive::kThread) thread_ = std::thread([this] { Run(); });
}

Relay::~Relay() { Stop(); }

void Relay::Stop() {
  signal_.Stop();
  if (!thread_.joinable()) return;
  if (cancel_) cancel_();
  thread_.join();
  store_.YieldRelay();
}

void Relay::RetryWithheld() {
  retry_ = true;
  signal_.Notify();
}

void Relay::Run() {
  while (!signal_.stopped()) {
    const absl::StatusOr<size_t> published = Step();
    if (signal_.stopped()) return;
    if (!lost_.ok()) return;
    // After less than a batch there is more only if somebody says so.
    if (published.ok() && *published == kBatch) continue;
    if (published.ok() && leads_ && *published == 0) {
      signal_.Wait(base::kIdleWait);
      continue;
    }
    // Commits of this process are no news to one that stands by.
    if (!signal_.Rest(leads_ ? kPublishRest : base::kIdleWait)) return;
    if (!published.ok()) signal_.Wait(base::kErrorWait);
  }
}

absl::StatusOr<size_t> Relay::Step() {
  const absl::StatusOr<size_t> published = PublishOnce();
  if (signal_.stopped()) return published;  // What was cancelled is no error.
  reporter_.Tell(published.ok() && withholds_ ? StreamsAreWithheld() : published.status());
  return published;
}

absl::StatusOr<size_t> Relay::PublishOnce() {
  const absl::StatusOr<engine::Lease> lease = store_.LeadRelay();
  if (!lease.ok() && !absl::IsFailedPrecondition(lease.status())) return lease.status();
  // Another leader, or another server, may have moved what this one remembers.
  if (const int64_t session = store_.RelaySession(); session != session_) {
    StandBy();
    session_ = session;
  }
  RETURN_IF_ERROR(CheckTopicWhenDue());
  leads_ = lease.ok();
  if (!leads_) return StandBy();
  // What was read under another lease must not be written under this one.
  if (*lease != lease_) StandBy();
  lease_ = *lease;
  absl::StatusOr<size_t> published = PublishBatch();
  if (absl::IsAborted(published.status())) return StandBy();
  if (!published.ok()) watermark_.reset();
  return published;
}

absl::Status Relay::CheckTopicWhenDue() {
  if (!check_topic_) return absl::OkStatus();
  RETURN_IF_ERROR(lost_);
  const bool is_other_session = session_ != checked_session_;
  // One that still runs as the session changes is waited for: they share what was compared.
  if (checking_.valid() && (is_other_session || checking_.wait_for(std::chrono::seconds(0)) ==
                                                    std::future_status::ready)) {
    const absl::Status checked = checking_.get();
    if (absl::IsDataLoss(checked)) lost_ = checked;
    if (!checked.ok()) checked_session_ = -1;  // Not once more without having compared.
    RETURN_IF_ERROR(checked);
  }
  if (is_other_session) {
    const absl::Status checked = check_topic_(TopicCheck::kWhole);
    if (absl::IsDataLoss(checked)) lost_ = checked;
    RETURN_IF_ERROR(checked);
    checked_session_ = session_;
  } else if (checking_.valid() || base::SteadyNow() < next_check_) {
    return absl::OkStatus();
  } else {
    // Beside the publishing: it asks the broker several questions, and events would wait for them.
    checking_ = std::async(std::launch::async, check_topic_, TopicCheck::kEnds);
  }
  next_check_ = base::SteadyNow() + check_every_;
  return absl::OkStatus();
}

size_t Relay::StandBy() {
  // What is withheld is the leader's to tell, and to be tried again at the start of leading.
  withholds_ = false;
  retry_ = true;
  watermark_.reset();
  ahead_after_ = -1;
  return 0;
}

absl::Status Relay::ReadProgress() {
  const auto now = base::SteadyNow();
  const bool retry = retry_.exchange(false) || now >= next_retry_;
  if (watermark_ && !retry) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int64_t watermark, store_.ReadWatermark());
  ASSIGN_OR_RETURN(std::vector<engine::WithheldRow> rows, store_.ReadWithheld(kWithheldMax));
  if (retry && !rows.empty()) {
    for (const engine::WithheldRow& row : rows) RETURN_IF_ERROR(Retry(row, watermark));
    ASSIGN_OR_RETURN(rows, store_.ReadWithheld(kWithheldMax));
  }
  if (retry) next_retry_ = now + kRetryEvery;
  withheld_.clear();
  for (const engine::WithheldRow& row : rows) withheld_.insert(row.stream);
  withholds_ = !withheld_.empty();
  watermark_ = watermark;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<engine::EventRow>> Relay::NextPage() {
  if (ahead_.valid()) {
    absl::StatusOr<std::vector<engine::EventRow>> page = ahead_.get();
    if (page.ok() && ahead_after_ == *watermark_) return page;
  }
  return store_.ReadAfter(*watermark_, kBatch);
}

void Relay::ReadAhead(int64_t position) {
  ahead_after_ = position;
  ahead_ = std::async(std::launch::async,
                      [this, position] { return store_.ReadAfter(position, kBatch); });
}

absl::StatusOr<size_t> Relay::PublishBatch() {
  RETURN_IF_ERROR(ReadProgress());
  ASSIGN_OR_RETURN(std::vector<engine::EventRow> events, NextPage());
  if (events.empty()) {
    watermark_.reset();  // Somebody may set it back.
    return 0;
  }
  const int64_t last = events.back().position;
  const size_t count = events.size();
  if (count == kBatch) ReadAhead(last);
  std::erase_if(events, [&](const engine::EventRow& e) {
    return withheld_.contains(e.stream) && !PATHWAYS_MUTANT("send_withheld");
  });
  if (PATHWAYS_MUTANT("relay_two_workers")) {
    // Two that claim half of the rows each, as by SKIP LOCKED, and the second is the quicker one.
    std::rotate(events.begin(), events.begin() + static_cast<ptrdiff_t>(events.size() / 2),
                events.end());
  }
#ifdef PATHWAYS_FAULTS
  DropOne(events);
#endif
  PATHWAYS_CRASH_POINT("relay.before_publish");
  std::vector<RefusedEvent> refused;
  if (!events.empty()) {
    ASSIGN_OR_RETURN(refused, publisher_.Publish(events));
  }
  PATHWAYS_CRASH_POINT("relay.after_publish");
  // Before the watermark: a crash in between sends the others again, and these not.
  if (!refused.empty()) RETURN_IF_ERROR(Withhold(refused));
  withholds_ = !withheld_.empty();
  RETURN_IF_ERROR(store_.AdvanceWatermark(lease_, last));
  watermark_ = last;
  return count;
}

absl::Status Relay::Withhold(const std::vector<RefusedEvent>& refused) {
  if (withheld_.size() + refused.size() > kWithheldMax) {
    return absl::ResourceExhaustedError("the bus refuses events of too many cases");
  }
  std::vector<engine::WithheldRow> rows;
  for (const RefusedEvent& event : refused) {
    rows.push_back({event.stream, event.number, event.reason, absl::InfinitePast()});
  }
  RETURN_IF_ERROR(store_.Withhold(lease_, rows));
  for (const engine::WithheldRow& row : rows) withheld_.insert(row.stream);
  return absl::OkStatus();
}

absl::Status Relay::Retry(const engine::WithheldRow& row, int64_t watermark) {
  int64_t from = row.number;
  for (;;) {
    ASSIGN_OR_RETURN(std::vector<engine::EventRow> events,
                     store_.ReadStream(row.stream, from, kBatch, /*with_sealed=*/false));
    // What lies after the watermark comes by the usual way.
    while (!events.empty() && events.back().position > watermark) events.pop_back();
    if (events.empty()) return store_.Release(lease_, row.stream);
    ASSIGN_OR_RETURN(const std::vector<RefusedEvent> refused, publisher_.Publish(events));
    if (!refused.empty()) return absl::OkStatus();
    from = events.back().number + 1;
  }
}

}  // namespace pathways::follow
