// Reads every case of a service once, for what is counted over all of them.
#ifndef PATHWAYS_SERVICES_HOST_CASE_PASS_H_
#define PATHWAYS_SERVICES_HOST_CASE_PASS_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"
#include "services/host/method.h"

namespace pathways::host {

// How long a pass may take, as a request says it: 1 to 60 seconds, 0 means 20. INVALID_ARGUMENT
// with reason INVALID_REQUEST for the field seconds_max.
absl::StatusOr<absl::Duration> CasePassTime(int seconds_max);

using CaseVisit =
    std::function<absl::Status(const std::string& case_id, const engine::StreamRow& row)>;

// Shows each case to `visit`, in order of id, until there are no more, the caller waits no more or
// the time is up; a little before the caller's deadline. Ids are random, so a part is a fair
// sample. A case that cannot be read, or at which `visit` fails, is passed over: one of them must
// not keep anybody from counting the others. Returns whether all were shown. Blocks, holds no lock,
// and keeps one page in memory. Errors of the store.
absl::StatusOr<bool> ForEachCase(const engine::Domain& domain, engine::EventReader& store,
                                 const Caller& caller, absl::Duration most, const CaseVisit& visit);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_CASE_PASS_H_
