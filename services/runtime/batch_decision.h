// What one batch of commands makes of the streams it read: the engine's bookkeeping, without I/O.
//
// The engine reads the batch's data, hands every command to Decide in order, and takes what must be
// written from Build. Commands of one batch for one stream are decided one after the other on the
// state in memory, which is parsed once and written once. Not thread-safe; lives for one
// transaction.
#ifndef PATHWAYS_SERVICES_RUNTIME_BATCH_DECISION_H_
#define PATHWAYS_SERVICES_RUNTIME_BATCH_DECISION_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/runtime/domain.h"
#include "services/runtime/engine.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

// What `from` has and `in` has not.
type::Folded Missing(const type::Folded& from, const type::Folded& in);

class BatchDecision {
 public:
  // `data` is what was read for all commands of the batch; states are of the present version but
  // those of the streams in `unfolded`, which have an event that this release does not know.
  // Requests for one of them are refused, events for it marked as missing, until another release
  // takes them. The states of the streams in `folded_again` are stored as another release made
  // them: its timers may be others than this one's, and are not dropped.
  BatchDecision(const Domain& domain, BatchData data, std::set<std::string> unfolded = {},
                std::set<std::string> folded_again = {});

  // Decides one command on what the ones before it left. The answer is true only once committed.
  Answer Decide(const Command& command);

  // Instead of Decide, for an event, a timer or a command of the governing stream whose decision
  // cannot be committed: parks its stream with the code of `why`. An event is answered OK, and its
  // position moves on. `is_blind`: the stream was not read, for its rows cannot be; what it lacks
  // is then left to the sweep to find.
  Answer GiveUp(const Command& command, const absl::Status& why, bool is_blind);

  // What to write. INTERNAL or DATA_LOSS when a state cannot be read. Call once, after the last
  // Decide.
  absl::StatusOr<BatchWrite> Build();

 private:
  struct Work {
    int64_t version_before = 0;
    StreamRow now;                     // Its state may be older than `open`: see Store.
    std::unique_ptr<OpenStream> open;  // None: not asked for yet, or broken.
    type::Folded folded_before;
    std::vector<EventRow> events;
    size_t events_in_state = 0;             // How many of them `now.state` has.
    std::vector<type::TimerEntry> dropped;  // Timers whose rows are to go, whatever the state has.
    bool touched = false;
  };

  Work& WorkOf(const std::string& stream);
  // The time of a decision: the store's clock, never before the stream's last event.
  absl::Time TimeOf(const Work& work) const;
  // The stream in memory. DATA_LOSS, INTERNAL: it cannot be read.
  absl::StatusOr<OpenStream*> Open(const std::string& stream, Work& work) const;
  // Brings the state in `now` up to date. Errors as Open.
  absl::Status Store(const std::string& stream, Work& work) const;
  Answer DecideRequest(const Command& command, const RequestOrigin& origin);
  Answer AnswerWith(const std::string& stream, Work& work) const;
  // Why a request for a parked stream is refused. What the domain refuses anyway it refuses in its
  // own words: who may not know of a case must not learn of it by its being parked.
  absl::Status RefuseParked(const Command& command, Work& work) const;
  Answer DecideEvent(const Command& command, const EventOrigin& origin);
  // Moves the position that the event's record has, unless one before it was not committed.
  Answer MovePosition(const Command& command, const EventOrigin& origin);
  Answer DecideTimer(const Command& command, const TimerOrigin& origin);
  // Takes a timer's row away. It comes back when the state changes and has it still, or is folded
  // again. False: the row is another release's, and stays.
  bool DropTimer(const std::string& stream, Work& work, const type::TimerEntry& timer) const;
  Answer DecideGoverning(const Command& command, const GoverningOrigin& origin);
  // Notes under which version of the governing stream a command was accepted.
  void MarkGoverned(const std::string& stream, Work& work);
  // Applies the event or says why it must wait; moves no position.
  void ApplyUpstream(const Command& command, const EventOrigin& origin, Work& work);
  bool IsMissing(const Command& command, const EventOrigin& origin, Work& work);
  // Decides and appends; on an error the stream is as before.
  absl::Status Apply(const Command& command, const type::v1::Cause& cause, Work& work);
  void Park(const std::string& stream, Work& work, const std::string& upstream, int64_t number,
            const std::string& reason);
  // What `work` changes in the index entries and timers of its stream.
  absl::Status BuildFolded(const std::string& stream, Work& work, StreamWrite& write) const;

  const Domain& domain_;
  const GoverningStream& governing_;
  BatchData data_;
  const std::set<std::string> unfolded_;
  const std::set<std::string> folded_again_;
  std::map<std::string, Work> work_;
  BatchWrite write_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_BATCH_DECISION_H_
