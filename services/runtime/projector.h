// Keeps a projection: values that only inform, folded from the events of other services.
//
// One thread reads the upstream logs, folds every event into the value of its stream and writes
// values and positions in one transaction. The value itself says how far it has come (the last
// number folded), so delivery may repeat or leave out: what was folded is passed over, what is
// missing is fetched from the stream, and heads are compared now and then. A projection appends no
// event. Several replicas keep one projection together: a value is written only over the one it was
// made from, and else made again. Deleted with EventStore::DropProjection before the projector
// starts, it is built again with the same bytes.
#ifndef PATHWAYS_SERVICES_RUNTIME_PROJECTOR_H_
#define PATHWAYS_SERVICES_RUNTIME_PROJECTOR_H_

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/runtime/bus/bus.h"
#include "services/runtime/known_positions.h"
#include "services/runtime/report.h"
#include "services/runtime/signal.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

// What a service makes of the events it projects. Pure, so every method may be called from any
// thread.
class Projection {
 public:
  virtual ~Projection() = default;
  // Name of the projection in the store.
  virtual std::string Name() const = 0;
  // Number of the last event of `upstream` in a value; 0 in an empty one. DATA_LOSS: unreadable.
  virtual absl::StatusOr<int64_t> Folded(const std::string& value,
                                         absl::string_view upstream) const = 0;
  // Folds the next event. On an error the value is as before.
  virtual absl::Status Fold(std::string& value, absl::string_view upstream,
                            const EventRow& event) const = 0;
};

// Key of the position in the store up to which a projection has read an upstream.
std::string PositionKey(const Projection& projection, absl::string_view upstream);

struct ProjectionSource {
  std::string upstream;
  EventLogs& logs;
  StreamReader& streams;
};

class Projector {
 public:
  // All must outlive the projector. Sweeps the heads at the start and then every `sweep_every`.
  Projector(EventStore& store, const Projection& projection, std::vector<ProjectionSource> sources,
            absl::Duration sweep_every, Report report);
  ~Projector();
  // There is something new upstream. Never blocks.
  void Notify() { signal_.Notify(); }
  void Stop();

 private:
  using Values = std::map<std::string, std::string>;

  void Run();
  // What one pass over the logs has folded; written in one transaction.
  struct Pass {
    Values before;  // What was read,
    Values values;  // and what became of it.
    std::map<std::string, Position> positions;
    size_t events = 0;
  };

  // One page of every log. The number of events read.
  absl::StatusOr<size_t> ReadPages();
  // On UNAVAILABLE nothing of the page counts as read.
  absl::Status ReadPage(const ProjectionSource& source, EventLog& log, Pass& pass);
  // Writes what there is and begins anew.
  absl::Status WritePass(Pass& pass);
  // Reads the values of the events' streams that the pass does not have yet.
  absl::Status ReadValues(const std::vector<EventRow>& events, Pass& pass);
  // Brings one value up to an event; fetches what is missing before it.
  absl::Status Bring(const ProjectionSource& source, const EventRow& event, std::string& value);
  absl::Status CatchUp(const ProjectionSource& source, const std::string& stream,
                       std::string& value);
  absl::Status Sweep(const ProjectionSource& source);
  // Compares one value with its head, and brings it up; on an error as far as it goes. DATA_LOSS:
  // the upstream lacks what was folded.
  absl::Status SweepOne(const ProjectionSource& source, const StreamHead& head, std::string& value);
  absl::Status SweepAll();
  // ABORTED: another replica has brought one of the values on since it was read.
  absl::Status Write(const Values& before, const Values& values,
                     const std::map<std::string, Position>& positions);

  EventStore& store_;
  const Projection& projection_;
  const std::vector<ProjectionSource> sources_;
  const absl::Duration sweep_every_;
  KnownPositions positions_;
  Reporter reporter_;
  Signal signal_;
  std::thread thread_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_PROJECTOR_H_
