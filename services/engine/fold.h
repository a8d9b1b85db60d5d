// Makes states of events: of streams whose stored state another release has made, and of a whole
// store.
//
// Blocking: all of it reads, RebuildFolded writes too. Any thread. Errors beside those named: those
// of the store.
#ifndef PATHWAYS_SERVICES_ENGINE_FOLD_H_
#define PATHWAYS_SERVICES_ENGINE_FOLD_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"

namespace pathways::engine {

// Reason of the answer for a stream that another release changed, in a way this one does not know.
inline constexpr char kOtherRelease[] = "OTHER_RELEASE";
// That answer: UNAVAILABLE with this reason.
absl::Status OtherRelease();

// Applies a stored event to a stream. An event whose sealed column was erased is applied as if it
// had been sealed with nothing in it.
absl::Status EvolveStored(const Domain& domain, const EventRow& event, OpenStream& open);

// Adds to a write what an event of its erases. The number up to which the sealed columns of the
// stream's events go; 0: none.
int64_t AddErasure(const Domain& domain, const EventRow& event, BatchWrite& write);

// Folds a stream's events from the first to the last, as the engine does for a state that was made
// by another evolve version. Leaves `applied`, `behind` and the parked reason of `row` as they are.
absl::Status FoldAgain(const Domain& domain, EventReader& store, const std::string& stream,
                       StreamRow& row);

// A stream as it is, its state made by the present Evolve: a state of another version is folded
// again in memory, and nothing is written. Every read that looks into a state goes this way.
// UNAVAILABLE with the reason OTHER_RELEASE: this release cannot fold it. Index entries are the
// stored ones: those of a stream that was not folded yet may lack it (refold_sweep.h).
absl::StatusOr<StreamRow> ReadFolded(const Domain& domain, EventReader& store,
                                     const std::string& stream);
// The same of several streams at once: of each, for one that cannot be folded must not keep the
// others. Those that do not exist may be left out.
absl::StatusOr<std::map<std::string, absl::StatusOr<StreamRow>>> ReadFolded(
    const Domain& domain, EventReader& store, const std::vector<std::string>& streams);

// Deletes every state, index entry and timer of a store and folds them again from its events.
// Nothing else may write meanwhile.
absl::Status RebuildFolded(const Domain& domain, FoldStore& store);

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_FOLD_H_
