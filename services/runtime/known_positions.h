// How far a reader has come in each log, without asking the store for it each time.
//
// The store has the last word. What it said, and what was committed since, is taken for true for a
// few seconds only, and not after an error. Between two commits of one reader nobody else
// moves its positions, except a replica that was given a partition of it meanwhile; then what is
// read a second time is recognised by its number, as ever. Not thread-safe: each reader's own.
#ifndef PATHWAYS_SERVICES_RUNTIME_KNOWN_POSITIONS_H_
#define PATHWAYS_SERVICES_RUNTIME_KNOWN_POSITIONS_H_

#include <chrono>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

class KnownPositions {
 public:
  // `store` must outlive this.
  explicit KnownPositions(EventStore& store) : store_(store) {}

  // Errors are those of the store, which is asked when the position is not known.
  absl::StatusOr<Position> Read(const std::string& key);
  // These are committed.
  void Committed(const std::map<std::string, Position>& positions);
  // The store must be asked again.
  void Forget() { known_.clear(); }
  // The same when what is known is old.
  void ForgetOld();

 private:
  EventStore& store_;
  std::map<std::string, Position> known_;  // As many as there are logs.
  std::chrono::steady_clock::time_point asked_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_KNOWN_POSITIONS_H_
