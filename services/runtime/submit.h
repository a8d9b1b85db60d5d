// Hands commands to an engine and waits for its answers; and what command an upstream event is.
//
// For the loops beside the engine, which submit a page and go on when all of it was answered. Knows
// no service and no bus.
#ifndef PATHWAYS_SERVICES_RUNTIME_SUBMIT_H_
#define PATHWAYS_SERVICES_RUNTIME_SUBMIT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/runtime/domain.h"
#include "services/runtime/engine.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

// The command that an upstream event is. An event that cannot be understood becomes a command that
// parks its stream; an event of the upstream's own stream (type/stream.h) one for no stream.
Command CommandOf(const Domain& domain, const std::string& upstream, const EventRow& event);

// Submits commands in order and waits for all answers. The first error, if any.
absl::Status SubmitAll(Engine& engine, std::vector<Command> commands);

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_SUBMIT_H_
