// What each of the three services has alike: store, domain, engine, followers and relay.
//
// Starts them in order and stops them in reverse, and tells metrics and log what they do. Knows no
// service and no transport: domain, store, logs and publisher come from outside, so the same core
// runs in one process with the others and alone.
#ifndef PATHWAYS_SERVICES_HOST_SERVICE_CORE_H_
#define PATHWAYS_SERVICES_HOST_SERVICE_CORE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/log.h"
#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/engine/store/event_store.h"
#include "services/follow/bus/bus.h"
#include "services/follow/consumer.h"
#include "services/follow/puller.h"
#include "services/follow/refold_sweep.h"
#include "services/follow/relay.h"
#include "services/follow/report.h"
#include "services/host/metrics.h"

namespace pathways::host {

// A service whose events are followed. What it refers to must outlive the follower.
struct Upstream {
  std::string name;
  follow::EventLogs& logs;
  follow::StreamReader& streams;
};

class ServiceCore {
 public:
  // Starts the engine. `log` and `metrics` must outlive the core. Errors of a read of the store.
  static absl::StatusOr<std::unique_ptr<ServiceCore>> Start(
      const std::string& name, std::unique_ptr<engine::EventStore> store,
      std::unique_ptr<engine::Domain> domain, engine::EngineOptions options, base::Logger& log,
      Metrics& metrics);
  ~ServiceCore();

  const std::string& name() const { return name_; }
  const engine::Domain& domain() const { return *domain_; }
  engine::EventStore& store() { return *store_; }
  engine::Engine& engine() { return *engine_; }

  // Reads the events of an upstream from now on. Before anything is published to its logs.
  void Follow(const Upstream& upstream, absl::Duration sweep_every);
  // Folds again, from now on, what another release folded; looks for it at least that often.
  void KeepFolded(absl::Duration every);
  // Publishes from now on. `publisher` must outlive the relay. `check_topic`, unless empty, says
  // whether the store has what was published; see CheckTopic. `cancel`, unless empty, makes both
  // end soon.
  void StartRelay(follow::Publisher& publisher, follow::Relay::CheckTopic check_topic = nullptr,
                  std::function<void()> cancel = nullptr);
  // Asks `check_topic`. After DATA_LOSS every command is refused, the service counts as unable to
  // write, and log and metric say so, until the process ends. To be asked before anything runs.
  absl::Status CheckTopic(const std::function<absl::Status()>& check_topic);
  // Adds a function that is called after each commit; it must not block.
  void OnCommit(std::function<void()> wake);
  // DATA_LOSS when this service has read further in an upstream than the upstream goes: its file
  // was replaced by an older one. To be asked before anything runs.
  absl::Status CheckTailOf(const std::string& upstream, engine::EventStore& upstream_store,
                           const std::string& position_key);
  // True when every event of the upstreams was handled and nothing is behind.
  bool HasFollowed();
  // Applies again what waits. Never blocks.
  void Wake();
  // Names of the upstreams.
  std::set<std::string> Followed() const;
  // Ends the alarm that an upstream lost events. Whether it was ringing. Thread-safe.
  bool AcknowledgeTailLoss(const std::string& upstream);
  // A report for a background thread of this service, named for the log. LostTail of an upstream
  // (follow/lost_tail.h) rings an alarm, until an operator acknowledges it or the process ends.
  follow::Report ReportTo(const std::string& what, const std::string& upstream);
  // The same for the sweep that brings a version of the rules to every case.
  follow::Report ReportSweepTo(const std::string& what);

  // False after a commit failed because the store could not write, until one succeeds; and for good
  // once the store turned out to have lost events.
  bool can_write() const { return can_write_ && !tail_lost_; }
  // Tries to write when it could not.
  void ProbeWrite();
  // Sets the gauges of this service.
  void Sample();

  // Stops consumers, pullers and what folds again; then, with StopEngine, the engine and the relay.
  void StopFollowing();
  void StopEngine();

 private:
  ServiceCore(std::string name, std::unique_ptr<engine::EventStore> store,
              std::unique_ptr<engine::Domain> domain, base::Logger& log, Metrics& metrics)
      : name_(std::move(name)),
        domain_(std::move(domain)),
        log_(log),
        metrics_(metrics),
        store_(std::move(store)) {}

  // Events that exist in an upstream's logs and were not handled.
  absl::StatusOr<int64_t> LagOf(const Upstream& upstream);
  void Observe(const std::vector<const engine::Command*>& commands,
               const std::vector<engine::Answer>& answers, const absl::Status& committed,
               absl::Duration took);

  const std::string name_;
  const std::unique_ptr<engine::Domain> domain_;
  base::Logger& log_;
  Metrics& metrics_;
  std::atomic<bool> can_write_ = true;
  std::atomic<bool> tail_lost_ = false;
  int64_t sampled_position_ = 0;  // Log position at the last sample. Used by the sampler alone.
  std::mutex lost_mutex_;         // Guards lost_ and its metric.
  std::set<std::string> lost_;    // Upstreams whose alarm rings.
  std::mutex wakes_mutex_;        // Guards wakes_.
  std::vector<std::function<void()>> wakes_;
  std::unique_ptr<engine::EventStore> store_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<follow::Relay> relay_;
  std::vector<Upstream> upstreams_;
  std::vector<std::unique_ptr<follow::Consumer>> consumers_;
  std::vector<std::unique_ptr<follow::Puller>> pullers_;
  std::unique_ptr<follow::RefoldSweep> refold_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_SERVICE_CORE_H_
