// Keeps a projection: values that only inform, folded from the events of other services.
//
// One thread reads the upstream logs, folds every event into the value of its stream and writes
// values and positions in one transaction. Each value says which number was folded into it last. So
// delivery may repeat or leave out: events that were folded already are ignored, missing ones are
// fetched from the stream, and heads are compared now and then. A projection appends no event.
// Several replicas keep one projection together: a value is written only if the stored value is
// still the one it was made from, and is made again otherwise. A projection that was deleted with
// FoldStore::DropProjection before the projector starts is built again, with the same bytes.
#ifndef PATHWAYS_SERVICES_FOLLOW_PROJECTOR_H_
#define PATHWAYS_SERVICES_FOLLOW_PROJECTOR_H_

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/base/drive.h"
#include "services/base/signal.h"
#include "services/engine/store/event_store.h"
#include "services/follow/bus/bus.h"
#include "services/follow/known_positions.h"
#include "services/follow/report.h"

namespace pathways::follow {

// Folds events into the values of one projection. Pure, so every method may be called from any
// thread.
class Projection {
 public:
  virtual ~Projection() = default;
  // Name of the projection in the store.
  virtual std::string Name() const = 0;
  // Number of the last event of `upstream` in a value; 0 in an empty one. DATA_LOSS: unreadable.
  virtual absl::StatusOr<int64_t> Folded(const std::string& value,
                                         absl::string_view upstream) const = 0;
  // Folds the next event. After an error the value is as it was before.
  virtual absl::Status Fold(std::string& value, absl::string_view upstream,
                            const engine::EventRow& event) const = 0;
};

// Key of the position in the store up to which a projection has read an upstream.
std::string PositionKey(absl::string_view projection, absl::string_view upstream);

struct ProjectionSource {
  std::string upstream;
  EventLogs& logs;
  StreamReader& streams;
  // Is told of errors of this upstream; LostTail (lost_tail.h): it lost events that are shown.
  // Empty: the projector's own report is.
  Report report = nullptr;
};

class Projector {
 public:
  // All must outlive the projector. Sweeps the heads at the start and then every `sweep_every`.
  // `report` is told of errors that are no upstream's.
  Projector(engine::FollowStore& store, const Projection& projection,
            std::vector<ProjectionSource> sources, absl::Duration sweep_every, Report report,
            base::Drive drive = base::Drive::kThread);
  ~Projector();
  // There is something new upstream. Never blocks.
  void Notify() { signal_.Notify(); }
  void Stop();

  // Reads one page of every log, sweeps when it is time and it has caught up, and reports. The
  // number of events read. What the thread does; only for one that goes by steps.
  absl::StatusOr<size_t> Step();

 private:
  using Values = std::map<std::string, std::string>;

  // An upstream, and how it went last. Used by the thread alone.
  struct Source {
    ProjectionSource parts;
    Reporter reporter;
    absl::Status read;
    absl::Status swept;
  };

  void Run();
  // The result of one pass over the logs, which is written in one transaction.
  struct Pass {
    Values before;  // The values as they were read,
    Values values;  // and as they are after folding.
    std::map<std::string, engine::Position> positions;
    size_t events = 0;
  };

  // Reads one page of every log, and notes how it went with each source. Returns the number of
  // events read. Errors are those of writing.
  absl::StatusOr<size_t> ReadPages();
  // After UNAVAILABLE nothing of the page counts as read.
  absl::Status ReadPage(const ProjectionSource& source, EventLog& log, Pass& pass);
  // Writes the pass and empties it.
  absl::Status WritePass(Pass& pass);
  // Reads the values of the events' streams, where the pass does not have them yet.
  absl::Status ReadValues(const std::vector<engine::EventRow>& events, Pass& pass);
  // Folds an event into a value, after fetching and folding what is missing before it.
  absl::Status Bring(const ProjectionSource& source, const engine::EventRow& event,
                     std::string& value);
  absl::Status CatchUp(const ProjectionSource& source, const std::string& stream,
                       std::string& value);
  absl::Status Sweep(const ProjectionSource& source);
  // Compares one value with the head of its stream, and folds what is missing; after an error, as
  // much as could be read. LostTail: the upstream lacks events that were folded.
  absl::Status SweepOne(const ProjectionSource& source, const engine::StreamHead& head,
                        std::string& value);
  // Sweeps every source, and notes how it went. Whether all went well.
  bool SweepAll();
  // ABORTED: another replica has changed one of the values since it was read.
  absl::Status Write(const Values& before, const Values& values,
                     const std::map<std::string, engine::Position>& positions);

  engine::FollowStore& store_;
  const Projection& projection_;
  std::vector<Source> sources_;
  const absl::Duration sweep_every_;
  KnownPositions positions_;
  Reporter reporter_;
  base::Signal signal_;
  std::chrono::steady_clock::time_point next_sweep_ = base::SteadyNow();  // The thread's.
  std::thread thread_;
};

}  // namespace pathways::follow

#endif  // PATHWAYS_SERVICES_FOLLOW_PROJECTOR_H_
