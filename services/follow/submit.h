// Hands commands to an engine and waits for its answers. Also makes commands of upstream events.
//
// It is used by the loops beside the engine, which submit a page and go on when all of it was
// answered. Knows no service and no bus.
#ifndef PATHWAYS_SERVICES_FOLLOW_SUBMIT_H_
#define PATHWAYS_SERVICES_FOLLOW_SUBMIT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/engine/store/event_store.h"

namespace pathways::follow {

// The command for an upstream event: the next hop of the event's trace. An event that cannot be
// understood gives a command that parks its stream. An event of a stream of the upstream service
// itself (type/stream.h) gives a command for no stream, which only moves the position.
engine::Command CommandOf(const engine::Domain& domain, const std::string& upstream,
                          const engine::EventRow& event);

// Whether an answer says that only another release knows the command's stream. The others can go
// on.
bool IsOfOtherRelease(const absl::Status& answer);

// Submits commands in order and waits for all answers: the status of each.
std::vector<absl::Status> SubmitEach(engine::Engine& engine, std::vector<engine::Command> commands);

// The same. Returns the first error, if any.
absl::Status SubmitAll(engine::Engine& engine, std::vector<engine::Command> commands);

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_SUBMIT_H_
