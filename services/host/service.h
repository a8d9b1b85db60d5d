// A service, as a value.
//
// This is all that a host knows of a service: its name, whom it follows, its domain, its methods,
// what runs beside its engine, its settings, and what it tells the dashboards. The hosts are
// alone.h (one service on PostgreSQL and Kafka) and together.h (any of them in one process on
// SQLite); both make of a Service the same ServiceCore, dispatcher and loops. Each service has a
// function that gives its value (services/<service>/service.h), anew for each start: what its
// functions share is made by the first of them and lives as long as the value.
#ifndef PATHWAYS_SERVICES_HOST_SERVICE_H_
#define PATHWAYS_SERVICES_HOST_SERVICE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "services/base/log.h"
#include "services/engine/domain.h"
#include "services/follow/bus/feed_message.h"
#include "services/follow/projector.h"
#include "services/host/keys.h"
#include "services/host/method.h"
#include "services/host/operations_methods.h"
#include "services/host/service_core.h"
#include "services/host/settings.h"

namespace pathways::host {

// What methods and loops of a service stand on. All must outlive them.
struct ServiceParts {
  ServiceCore& core;
  const Keyring& keyring;
  const base::Clock& clock;
  std::vector<follow::ProjectionSource> projected;  // Services whose events are only shown.
  absl::Duration sweep_every;
  absl::Duration timers_every;
};

// Something that runs beside the engine, on threads of its own: timers, a projection, watches.
struct Loop {
  // With the calls: before the server waits for running calls, which it would never see end.
  enum class Stops { kWithCalls, kAfterCalls };
  std::function<void()> stop;  // Blocks until its threads have ended. Idempotent.
  Stops stops = Stops::kAfterCalls;
};

struct Service {
  std::string name;                   // "intake": of its database, topic and metrics.
  std::string description;            // One line, for --help.
  std::vector<std::string> follows;   // Services whose events are commands here,
  std::vector<std::string> projects;  // and those whose events are only shown.
  std::string projection;             // Name of what shows them. Empty: nothing does.
  std::vector<Setting> settings;      // Its own, beside those of every host.
  // Reads what the own settings name. Faults of settings are noted in them; faults of files are the
  // status. Called once, before all else.
  std::function<absl::StatusOr<std::unique_ptr<engine::Domain>>(Settings&)> domain;
  // Writes what must be there before anybody is followed or served. Empty: nothing.
  std::function<absl::Status(ServiceCore&, base::Logger&)> prepare;
  // Starts what runs beside the engine, in this order; it is stopped in the same. Before `methods`.
  std::function<std::vector<Loop>(const ServiceParts&)> loops;
  std::function<std::vector<Api>(const ServiceParts&)> methods;
  WithoutProgress without_progress;  // Cases that nobody has moved. Empty: the service has none.
  follow::TellFeed feed;             // What its events tell the dashboards.
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_SERVICE_H_
