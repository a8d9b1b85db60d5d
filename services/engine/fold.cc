#include "services/engine/fold.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "services/type/problem.h"

namespace pathways::engine {
namespace {

constexpr int kFoldPage = 500;

}  // namespace

absl::Status EvolveStored(const Domain& domain, const EventRow& event, OpenStream& open) {
  if (!event.sealed.empty()) return open.Evolve(event);
  absl::StatusOr<SealedGap> gap = domain.WithoutSealed(event);
  if (!gap.ok()) return absl::DataLossError("a stored event cannot be read");
  if (gap->sealed.empty()) return open.Evolve(event);
  EventRow filled = event;
  filled.sealed = std::move(gap->sealed);
  return open.Evolve(filled);
}

int64_t AddErasure(const Domain& domain, const EventRow& event, BatchWrite& write) {
  const Erasure erasure = domain.ErasureOf(event);
  for (const std::string& person : erasure.persons) {
    std::erase_if(write.keys, [&](const KeyRow& key) {
      return key.stream == event.stream && key.person_id == person;
    });
    write.erased_keys.push_back({event.stream, person});
  }
  const int64_t through = std::min(erasure.sealed_through, event.number - 1);
  if (through <= 0) return 0;
  write.erased_sealed.push_back({event.stream, through});
  return through;
}

absl::Status FoldAgain(const Domain& domain, EventReader& store, const std::string& stream,
                       StreamRow& row) {
  row.version = 0;
  ASSIGN_OR_RETURN(const std::unique_ptr<OpenStream> open, domain.Open({}));
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<EventRow> events,
                     store.ReadStream(stream, row.version + 1, kFoldPage, /*with_sealed=*/true));
    if (events.empty()) break;
    for (const EventRow& event : events) {
      RETURN_IF_ERROR(EvolveStored(domain, event, *open));
      row.version = event.number;
      row.last_event_time = event.time;
    }
  }
  row.state = open->State();
  row.evolve_version = domain.EvolveVersion();
  return absl::OkStatus();
}

absl::Status OtherRelease() {
  return type::Refuse(absl::StatusCode::kUnavailable, kOtherRelease,
                      "another release changed the case, in a way this one does not know");
}

namespace {

absl::Status FoldIfOther(const Domain& domain, EventReader& store, const std::string& stream,
                         StreamRow& row) {
  if (row.version == 0 || row.evolve_version == domain.EvolveVersion()) return absl::OkStatus();
  const absl::Status status = FoldAgain(domain, store, stream, row);
  if (absl::IsInternal(status) || absl::IsDataLoss(status)) return OtherRelease();
  return status;
}

}  // namespace

absl::StatusOr<StreamRow> ReadFolded(const Domain& domain, EventReader& store,
                                     const std::string& stream) {
  ASSIGN_OR_RETURN(StreamRow row, store.ReadState(stream));
  RETURN_IF_ERROR(FoldIfOther(domain, store, stream, row));
  return row;
}

absl::StatusOr<std::map<std::string, absl::StatusOr<StreamRow>>> ReadFolded(
    const Domain& domain, EventReader& store, const std::vector<std::string>& streams) {
  ASSIGN_OR_RETURN(auto rows, store.ReadStates(streams));
  std::map<std::string, absl::StatusOr<StreamRow>> folded;
  for (auto& [stream, row] : rows) {
    const absl::Status status = FoldIfOther(domain, store, stream, row);
    if (status.ok()) {
      folded.emplace(stream, std::move(row));
    } else {
      folded.emplace(stream, status);
    }
  }
  return folded;
}

absl::Status RebuildFolded(const Domain& domain, FoldStore& store) {
  RETURN_IF_ERROR(store.DropFolded());
  int64_t position = 0;
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<EventRow> events, store.ReadAfter(position, kFoldPage));
    if (events.empty()) return absl::OkStatus();
    for (const EventRow& event : events) {
      position = event.position;
      if (event.number != 1) continue;  // Every stream is met once, at its first event.
      StreamRow row;
      RETURN_IF_ERROR(FoldAgain(domain, store, event.stream, row));
      ASSIGN_OR_RETURN(const std::unique_ptr<OpenStream> open, domain.Open(row.state));
      RETURN_IF_ERROR(store.RestoreFolded(event.stream, row, open->Fold(event.stream)));
    }
  }
}

}  // namespace pathways::engine
