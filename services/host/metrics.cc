#include "services/host/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace pathways::host {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

// From a commit without a disk flush to a disk that hangs.
Buckets CommitSecondsBuckets() {
  return {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5};
}

// Up to the deadline of a call.
Buckets CallSecondsBuckets() {
  return {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
}

// Up to EngineOptions::batch_max, and twice that should it be raised.
Buckets BatchBuckets() { return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}; }

// The series of one metric, by the values of its labels.
template <typename Metric>
class Series {
 public:
  // `make` adds the series for some labels.
  using Make = std::function<Metric&(const prometheus::Labels&)>;

  Series(std::vector<std::string> labels, Make make)
      : labels_(std::move(labels)), make_(std::move(make)) {}

  // `values` in the order of the labels.
  Metric& Of(std::vector<std::string> values) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = series_.find(values);
    if (found == series_.end() && series_.size() + 1 >= kMetricSeriesMax) {
      values.assign(labels_.size(), "other");
      found = series_.find(values);
    }
    if (found != series_.end()) return *found->second;
    prometheus::Labels named;
    for (size_t i = 0; i < labels_.size(); ++i) named[labels_[i]] = values[i];
    Metric& made = make_(named);
    series_.emplace(std::move(values), &made);
    return made;
  }

 private:
  const std::vector<std::string> labels_;
  const Make make_;
  std::mutex mutex_;  // Guards series_.
  std::map<std::vector<std::string>, Metric*> series_;
};

using Names = std::vector<std::string>;

Series<prometheus::Counter> CounterSeries(prometheus::Registry& registry, const std::string& name,
                                          const std::string& help, Names labels) {
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  return {std::move(labels), [&family](const prometheus::Labels& named) -> prometheus::Counter& {
            return family.Add(named);
          }};
}

Series<prometheus::Gauge> GaugeSeries(prometheus::Registry& registry, const std::string& name,
                                      const std::string& help, Names labels) {
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  return {std::move(labels), [&family](const prometheus::Labels& named) -> prometheus::Gauge& {
            return family.Add(named);
          }};
}

Series<prometheus::Histogram> HistogramSeries(prometheus::Registry& registry,
                                              const std::string& name, const std::string& help,
                                              Names labels, Buckets buckets) {
  auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  return {std::move(labels),
          [&family, buckets = std::move(buckets)](const prometheus::Labels& named)
              -> prometheus::Histogram& { return family.Add(named, buckets); }};
}

std::string OriginName(CommandOrigin origin) {
  switch (origin) {
    case CommandOrigin::kRequest:
      return "request";
    case CommandOrigin::kEvent:
      return "event";
    case CommandOrigin::kTimer:
      return "timer";
    case CommandOrigin::kRulesStream:
      return "policy";
    case CommandOrigin::kFold:
      return "fold";
  }
  return "unknown";
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;
  std::mutex samplers_mutex;  // Guards samplers; held while they run.
  std::vector<std::function<void()>> samplers;

  Series<prometheus::Counter> commands =
      CounterSeries(registry, "pathways_commands_total",
                    "Commands answered, by where they came from and the code of the answer.",
                    {"service", "origin", "code"});
  Series<prometheus::Histogram> batch_commands =
      HistogramSeries(registry, "pathways_commit_commands", "Commands committed together.",
                      {"service"}, BatchBuckets());
  Series<prometheus::Histogram> commit_seconds = HistogramSeries(
      registry, "pathways_commit_seconds", "Time from the decision of a batch to its commit.",
      {"service"}, CommitSecondsBuckets());
  Series<prometheus::Counter> events = CounterSeries(
      registry, "pathways_events_total", "Events appended to the service's store.", {"service"});
  Series<prometheus::Counter> dropped_timers =
      CounterSeries(registry, "pathways_timers_dropped_total",
                    "Timers that were due and changed nothing.", {"service"});
  Series<prometheus::Gauge> queue = GaugeSeries(registry, "pathways_queue_commands",
                                                "Commands that wait for the engine.", {"service"});
  Series<prometheus::Counter> calls =
      CounterSeries(registry, "pathways_rpc_calls_total",
                    "Calls answered, by method and code of the answer.", {"method", "code"});
  Series<prometheus::Histogram> call_seconds =
      HistogramSeries(registry, "pathways_rpc_seconds", "Time from a call to its answer.",
                      {"method"}, CallSecondsBuckets());
  Series<prometheus::Gauge> relay_lag = GaugeSeries(
      registry, "pathways_relay_lag_events",
      "Committed events whose delivery to the broker is not acknowledged.", {"service"});
  Series<prometheus::Gauge> consumer_lag =
      GaugeSeries(registry, "pathways_consumer_lag_events",
                  "Published events of the upstream that the service has not handled.",
                  {"service", "upstream"});
  Series<prometheus::Gauge> parked =
      GaugeSeries(registry, "pathways_parked_streams",
                  "Streams that stand still until a person looks at them.", {"service"});
  Series<prometheus::Gauge> behind =
      GaugeSeries(registry, "pathways_behind_streams",
                  "Streams that miss an event known to exist upstream.", {"service"});
  Series<prometheus::Gauge> stuck =
      GaugeSeries(registry, "pathways_stuck_streams",
                  "Streams without progress for longer than they may be.", {"service"});
  Series<prometheus::Gauge> other_folds = GaugeSeries(
      registry, "pathways_states_of_another_fold",
      "States that another release folded, and that are not folded again yet.", {"service"});
  Series<prometheus::Gauge> unfoldable = GaugeSeries(
      registry, "pathways_states_that_cannot_be_folded",
      "States of another release with an event that this one does not know.", {"service"});
  Series<prometheus::Counter> stale_positions = CounterSeries(
      registry, "pathways_stale_positions_total",
      "Records handed in that another replica had handled, or one before which was not committed.",
      {"service", "upstream"});
  Series<prometheus::Counter> swept_missing = CounterSeries(
      registry, "pathways_swept_missing_total",
      "Cases that a sweep found without an event of the upstream that the bus did not bring.",
      {"service", "upstream"});
  Series<prometheus::Gauge> tail_lost = GaugeSeries(
      registry, "pathways_upstream_tail_lost",
      "1 when the upstream lost events that the service has handled: its store was set back.",
      {"service", "upstream"});
  Series<prometheus::Gauge> version_stopped = GaugeSeries(
      registry, "pathways_version_stopped",
      "1: the policies or routes in force did as much to the people on file as was confirmed, and "
      "are brought to no further case.",
      {"service"});
  Series<prometheus::Gauge> own_tail_lost = GaugeSeries(
      registry, "pathways_own_tail_lost",
      "1 when the service lost events that it has published, and has stopped.", {"service"});
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::CountCommand(absl::string_view service, CommandOrigin origin, absl::StatusCode code) {
  families_->commands.Of({std::string(service), OriginName(origin), absl::StatusCodeToString(code)})
      .Increment();
}

void Metrics::ObserveCommit(absl::string_view service, int64_t commands, absl::Duration took) {
  families_->batch_commands.Of({std::string(service)}).Observe(static_cast<double>(commands));
  families_->commit_seconds.Of({std::string(service)}).Observe(absl::ToDoubleSeconds(took));
}

void Metrics::CountEvents(absl::string_view service, int64_t events) {
  families_->events.Of({std::string(service)}).Increment(static_cast<double>(events));
}

void Metrics::CountDroppedTimers(absl::string_view service, int64_t timers) {
  families_->dropped_timers.Of({std::string(service)}).Increment(static_cast<double>(timers));
}

void Metrics::SetQueueLength(absl::string_view service, int64_t commands) {
  families_->queue.Of({std::string(service)}).Set(static_cast<double>(commands));
}

void Metrics::CountCall(absl::string_view method, absl::StatusCode code, absl::Duration took) {
  families_->calls.Of({std::string(method), absl::StatusCodeToString(code)}).Increment();
  families_->call_seconds.Of({std::string(method)}).Observe(absl::ToDoubleSeconds(took));
}

void Metrics::SetRelayLag(absl::string_view service, int64_t events) {
  families_->relay_lag.Of({std::string(service)}).Set(static_cast<double>(events));
}

void Metrics::SetConsumerLag(absl::string_view service, absl::string_view upstream,
                             int64_t events) {
  families_->consumer_lag.Of({std::string(service), std::string(upstream)})
      .Set(static_cast<double>(events));
}

void Metrics::SetParked(absl::string_view service, int64_t streams) {
  families_->parked.Of({std::string(service)}).Set(static_cast<double>(streams));
}

void Metrics::SetBehind(absl::string_view service, int64_t streams) {
  families_->behind.Of({std::string(service)}).Set(static_cast<double>(streams));
}

void Metrics::SetStuck(absl::string_view service, int64_t streams) {
  families_->stuck.Of({std::string(service)}).Set(static_cast<double>(streams));
}

void Metrics::SetOtherFolds(absl::string_view service, int64_t streams) {
  families_->other_folds.Of({std::string(service)}).Set(static_cast<double>(streams));
}

void Metrics::SetUnfoldable(absl::string_view service, int64_t streams) {
  families_->unfoldable.Of({std::string(service)}).Set(static_cast<double>(streams));
}

void Metrics::CountStalePosition(absl::string_view service, absl::string_view upstream,
                                 int64_t records) {
  families_->stale_positions.Of({std::string(service), std::string(upstream)})
      .Increment(static_cast<double>(records));
}

void Metrics::CountSweptMissing(absl::string_view service, absl::string_view upstream,
                                int64_t cases) {
  families_->swept_missing.Of({std::string(service), std::string(upstream)})
      .Increment(static_cast<double>(cases));
}

void Metrics::SetUpstreamTailLost(absl::string_view service, absl::string_view upstream,
                                  bool lost) {
  families_->tail_lost.Of({std::string(service), std::string(upstream)}).Set(lost ? 1 : 0);
}

void Metrics::SetVersionStopped(absl::string_view service, bool stopped) {
  families_->version_stopped.Of({std::string(service)}).Set(stopped ? 1 : 0);
}

void Metrics::SetOwnTailLost(absl::string_view service, bool lost) {
  families_->own_tail_lost.Of({std::string(service)}).Set(lost ? 1 : 0);
}

void Metrics::AddSampler(std::function<void()> sampler) {
  std::lock_guard<std::mutex> lock(families_->samplers_mutex);
  families_->samplers.push_back(std::move(sampler));
}

std::string Metrics::Text() {
  {
    std::lock_guard<std::mutex> lock(families_->samplers_mutex);
    for (const std::function<void()>& sampler : families_->samplers) sampler();
  }
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace pathways::host
