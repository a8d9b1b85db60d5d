// What each of the three services has alike: store, domain, engine, topic and relay.
//
// Opens and starts one of them, and tells metrics and log what it does. Knows no service: the
// domain comes from outside.
#ifndef PATHWAYS_SERVICES_PATHWAYS_SERVICE_CORE_H_
#define PATHWAYS_SERVICES_PATHWAYS_SERVICE_CORE_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/runtime/bus/in_process_topic.h"
#include "services/runtime/clock.h"
#include "services/runtime/consumer.h"
#include "services/runtime/domain.h"
#include "services/runtime/engine.h"
#include "services/runtime/log.h"
#include "services/runtime/metrics.h"
#include "services/runtime/relay.h"
#include "services/runtime/report.h"
#include "services/runtime/store/sqlite_store.h"

namespace pathways::cli {

class ServiceCore {
 public:
  // Opens the store and starts the engine. Errors of SqliteStore::Open.
  static absl::StatusOr<std::unique_ptr<ServiceCore>> Start(
      const std::string& name, const std::string& path, std::unique_ptr<runtime::Domain> domain,
      runtime::EngineOptions options, const runtime::Clock& clock, runtime::Logger& log,
      runtime::Metrics& metrics);
  ~ServiceCore();

  const std::string& name() const { return name_; }
  const runtime::Domain& domain() const { return *domain_; }
  runtime::EventStore& store() { return *store_; }
  runtime::Engine& engine() { return *engine_; }
  runtime::InProcessTopic& topic() { return *topic_; }

  // Reads the events of an upstream from now on. Before the relay of any service is started.
  void Follow(ServiceCore& upstream, absl::Duration sweep_every);
  // Publishes from now on. Once all who follow this service do.
  void StartRelay();
  // Adds a function that is called after each commit; it must not block.
  void OnCommit(std::function<void()> wake);
  // True when every event of the upstreams was handled and nothing is behind.
  bool HasFollowed();
  // Applies again what waits. Never blocks.
  void Wake();
  // A report for a background thread of this service, named for the log.
  runtime::Report ReportTo(const std::string& what, const std::string& upstream);

  // False after a commit failed because the store could not write, until one succeeds.
  bool can_write() const { return can_write_; }
  // Tries to write when it could not.
  void ProbeWrite();
  // Sets the gauges of this service.
  void Sample();

  // Stops consumers and pullers; then, with StopEngine, the engine and the relay.
  void StopFollowing();
  void StopEngine();

 private:
  ServiceCore(std::string name, std::unique_ptr<runtime::Domain> domain, runtime::Logger& log,
              runtime::Metrics& metrics)
      : name_(std::move(name)), domain_(std::move(domain)), log_(log), metrics_(metrics) {}

  // Sets the alarm while any part finds that the upstream lost what was applied.
  void NoteTail(const std::string& part, const std::string& upstream, bool lost);
  void Observe(const std::vector<const runtime::Command*>& commands,
               const std::vector<runtime::Answer>& answers, absl::Duration took);

  const std::string name_;
  const std::unique_ptr<runtime::Domain> domain_;
  runtime::Logger& log_;
  runtime::Metrics& metrics_;
  std::atomic<bool> can_write_ = true;
  int64_t sampled_position_ = 0;  // Log position at the last sample. Used by the sampler alone.
  std::mutex wakes_mutex_;        // Guards wakes_.
  std::vector<std::function<void()>> wakes_;
  std::mutex tails_mutex_;                                   // Guards lost_tails_.
  std::map<std::string, std::set<std::string>> lost_tails_;  // Parts that say so, by upstream.
  std::unique_ptr<runtime::SqliteStore> store_;
  std::unique_ptr<runtime::InProcessTopic> topic_;
  std::unique_ptr<runtime::Engine> engine_;
  std::unique_ptr<runtime::Relay> relay_;
  std::vector<ServiceCore*> upstreams_;
  std::vector<std::unique_ptr<runtime::Consumer>> consumers_;
  std::vector<std::unique_ptr<runtime::Puller>> pullers_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_PATHWAYS_SERVICE_CORE_H_
