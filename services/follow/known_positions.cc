#include "services/follow/known_positions.h"

#include "services/base/drive.h"
#include "services/base/status_macros.h"

namespace pathways::follow {
namespace {

// An idle reader of twelve partitions asks its store for twelve rows each time.
constexpr std::chrono::seconds kBelieved{5};

}  // namespace

absl::StatusOr<engine::Position> KnownPositions::Read(const std::string& key) {
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  ASSIGN_OR_RETURN(const engine::Position position, store_.ReadPosition(key));
  known_[key] = position;
  return position;
}

void KnownPositions::Committed(const std::map<std::string, engine::Position>& positions) {
  for (const auto& [key, position] : positions) known_[key] = position;
}

void KnownPositions::ForgetOld() {
  const auto now = base::SteadyNow();
  if (now - asked_ < kBelieved) return;
  known_.clear();
  asked_ = now;
}

}  // namespace pathways::follow
