#include "services/runtime/relay.h"

#include <utility>

#include "services/runtime/faults.h"
#include "services/runtime/status_macros.h"

namespace pathways::runtime {
namespace {

constexpr int kBatch = 500;

}  // namespace

Relay::Relay(EventStore& store, Publisher& publisher, Report report)
    : store_(store),
      publisher_(publisher),
      reporter_(std::move(report)),
      thread_([this] { Run(); }) {}

Relay::~Relay() { Stop(); }

void Relay::Stop() {
  signal_.Stop();
  if (thread_.joinable()) thread_.join();
}

void Relay::Run() {
  while (!signal_.stopped()) {
    const absl::StatusOr<size_t> published = PublishOnce();
    reporter_.Tell(published.status());
    if (published.ok() && *published > 0) continue;
    signal_.Wait(published.ok() ? kIdleWait : kErrorWait);
  }
}

absl::StatusOr<size_t> Relay::PublishOnce() {
  ASSIGN_OR_RETURN(const int64_t watermark, store_.ReadWatermark());
  ASSIGN_OR_RETURN(const std::vector<EventRow> events, store_.ReadAfter(watermark, kBatch));
  if (events.empty()) return 0;
  PATHWAYS_CRASH_POINT("relay.before_publish");
  RETURN_IF_ERROR(publisher_.Publish(events));
  PATHWAYS_CRASH_POINT("relay.after_publish");
  RETURN_IF_ERROR(store_.AdvanceWatermark(events.back().position));
  return events.size();
}

}  // namespace pathways::runtime
