// How far a reader has come in each log, without asking the store for it each time.
//
// The store decides. What it said, and what was committed since, is believed for a few seconds
// only, and not after an error. Between two commits of a reader nobody else moves its positions,
// with one exception: a replica that was given one of its partitions meanwhile. Then some events
// are read a second time, and are recognised by their numbers as always. Not thread-safe: each
// reader has its own.
#ifndef PATHWAYS_SERVICES_FOLLOW_KNOWN_POSITIONS_H_
#define PATHWAYS_SERVICES_FOLLOW_KNOWN_POSITIONS_H_

#include <chrono>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "services/engine/store/event_store.h"

namespace pathways::follow {

class KnownPositions {
 public:
  // `store` must outlive this.
  explicit KnownPositions(engine::FollowStore& store) : store_(store) {}

  // The position. Errors are those of the store, which is asked when the position is not known.
  absl::StatusOr<engine::Position> Read(const std::string& key);
  // To be called when these positions were committed.
  void Committed(const std::map<std::string, engine::Position>& positions);
  // Forgets everything, so that the store is asked again.
  void Forget() { known_.clear(); }
  // Forgets everything if it is old.
  void ForgetOld();

 private:
  engine::FollowStore& store_;
  std::map<std::string, engine::Position> known_;  // As many as there are logs.
  std::chrono::steady_clock::time_point asked_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_KNOWN_POSITIONS_H_
