// What operators ask of a process: stuck, parked and withheld cases, and try again.
//
// Works over the stores of this process and knows no service: what "without progress" means is a
// function that each service gives.
#ifndef PATHWAYS_SERVICES_HOST_OPERATIONS_METHODS_H_
#define PATHWAYS_SERVICES_HOST_OPERATIONS_METHODS_H_

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pathways/operations/v1/operations_service.pb.h"
#include "services/base/clock.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"
#include "services/host/method.h"

namespace pathways::host {

// Cases that nobody has moved since `before`, oldest first, at most `limit`: name, stage and since
// are set.
using WithoutProgress = std::function<absl::StatusOr<std::vector<operations::v1::StuckCase>>(
    const engine::Domain& domain, engine::EventReader& store, absl::Time before, int limit)>;

// One service as operators see it. Domain and store must outlive what uses this.
struct OperatedService {
  std::string name;
  const engine::Domain* domain;
  engine::EventStore* store;
  WithoutProgress without_progress;  // Empty: the service has none.
  std::function<void()> wake;        // Applies again what waits. Must not block.
  // Services that it follows or shows, and what ends the alarm that one of them lost events:
  // whether it was ringing. Must not block.
  std::set<std::string> followed;
  std::function<bool(const std::string& upstream)> acknowledge_tail_loss;
};

// Every case of one service that does not move, at most `limit` of each kind. Reads only.
absl::StatusOr<std::vector<operations::v1::StuckCase>> StuckCases(const OperatedService& service,
                                                                  absl::Time before, int limit);

// pathways.operations.v1.OperationsService over the services of this process. `clock` must outlive
// it.
Api OperationsApi(std::vector<OperatedService> services, const base::Clock& clock);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_OPERATIONS_METHODS_H_
