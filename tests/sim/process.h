// One process of a simulation: what a service runs, without a thread.
//
// Engine, consumers, pullers, projector, timers, sweep and relay are those of the services, made as
// services/host/service_core.h and the services' values make them, but driven by steps. A process
// that crashes is destroyed, and another one is made on the same store.
#ifndef PATHWAYS_TESTS_SIM_PROCESS_H_
#define PATHWAYS_TESTS_SIM_PROCESS_H_

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/base/clock.h"
#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/follow/bus/bus.h"
#include "services/follow/consumer.h"
#include "services/follow/new_rules_sweep.h"
#include "services/follow/projector.h"
#include "services/follow/puller.h"
#include "services/follow/refold_sweep.h"
#include "services/follow/relay.h"
#include "services/follow/timer_loop.h"
#include "services/host/keys.h"
#include "services/intake/status_projection.h"
#include "tests/sim/release.h"
#include "tests/sim/session.h"
#include "tests/sim/topic.h"

namespace pathways::sim {

struct Service;

// A service that another one reads: as commands, or only to show.
struct Followed {
  std::string name;
  Group* group = nullptr;
  Service* owner = nullptr;
};

// A case in which a sweep found that an event of an upstream was missing, for no reason that the
// store knows; and what the bus says of it.
struct Missed {
  std::string upstream;
  std::string stream;
  Lack why = Lack::kNone;
};

// What the replicas of one service have in common. All of it outlives them.
struct Service {
  std::string name;
  std::unique_ptr<base::ManualClock> clock;  // The store's.
  std::unique_ptr<MemoryStore> store;
  std::unique_ptr<Journal> journal;  // Of a store that is to be set back. Null: there is none.
  std::array<std::unique_ptr<Release>, 2> releases;  // The older one is the first.
  int last_release = 0;                              // That with which all of it ends.
  std::unique_ptr<Topic> topic;
  Lead lead;
  std::vector<std::unique_ptr<Group>> groups;
  std::vector<Followed> follows;
  std::vector<Followed> projects;
  std::vector<Missed> missed;
  int losses_seen_by_relay = 0;  // How often a relay compared, and the store lacked events.

  // As all replicas have it in the end.
  const engine::Domain& domain() const { return *releases[static_cast<size_t>(last_release)]; }
};

// What the loops told: an error that began, or how many cases a sweep found.
struct Alarm {
  std::string who;
  absl::Status status;
  int64_t found_missing = 0;
};

class Process {
 public:
  struct Step {
    std::string name;
    std::function<absl::Status()> run;
    base::SteadyTime last_run = base::SteadyNow();
  };

  // All must outlive the process. `alarm` hears of everything that an operator would.
  Process(Service& service, int replica, int release, const host::Keyring& keyring,
          Surroundings& around, std::function<void(Alarm)> alarm);

  std::vector<Step>& steps() { return steps_; }
  engine::Engine& engine() { return *engine_; }
  Session& session() { return *session_; }
  const engine::Domain& domain() const { return domain_; }

 private:
  // DATA_LOSS: the topic has what the store lacks, and this process does nothing any more.
  absl::Status CheckTail();
  follow::Report ReportTo(const std::string& part);
  void Follow(const Followed& upstream, int replica);
  void NoteMissed(const engine::BehindRow& row);
  void Project(int replica);
  void StartTimers(const host::Keyring& keyring);

  Service& service_;
  const engine::Domain& domain_;
  Surroundings& around_;
  const std::string name_;
  const std::function<void(Alarm)> alarm_;
  const intake::StatusProjection status_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<engine::Engine> engine_;
  std::vector<std::unique_ptr<follow::EventLogs>> logs_;
  std::vector<std::unique_ptr<Streams>> streams_;
  std::vector<std::unique_ptr<follow::Consumer>> consumers_;
  std::vector<std::unique_ptr<follow::Puller>> pullers_;
  std::unique_ptr<follow::Projector> projector_;
  std::unique_ptr<follow::TimerLoop> timers_;
  std::unique_ptr<follow::NewRulesSweep> sweep_;
  std::unique_ptr<follow::RefoldSweep> refold_;
  std::unique_ptr<follow::Relay> relay_;
  std::vector<Step> steps_;
};

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_PROCESS_H_
