#include "services/engine/store/event_store.h"

#include "services/base/status_macros.h"

namespace pathways::engine {

absl::StatusOr<std::map<std::string, StreamRow>> EventReader::ReadStates(
    const std::vector<std::string>& streams) {
  std::map<std::string, StreamRow> rows;
  for (const std::string& stream : streams) {
    ASSIGN_OR_RETURN(rows[stream], ReadState(stream));
  }
  return rows;
}

absl::Status CheckOnlyLease(const Lease& lease) {
  if (lease == kOnlyLease) return absl::OkStatus();
  return absl::AbortedError("not the lease under which this log is published");
}

}  // namespace pathways::engine
