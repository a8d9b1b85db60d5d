// Works out what one batch of commands changes in the streams it has read. This is the engine's
// bookkeeping, without I/O.
//
// The engine reads the batch's data, hands every command to Decide in order, and gets from Build
// what must be written. Commands of one batch for one stream are decided one after the other on the
// state in memory, which is parsed once and written once. Not thread-safe; lives for one
// transaction.
#ifndef PATHWAYS_SERVICES_ENGINE_BATCH_DECISION_H_
#define PATHWAYS_SERVICES_ENGINE_BATCH_DECISION_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/engine/domain.h"
#include "services/engine/engine.h"
#include "services/engine/lookups.h"
#include "services/engine/store/event_store.h"

namespace pathways::engine {

// The entries and timers that `from` has and `in` lacks.
type::Folded EntriesOnlyIn(const type::Folded& from, const type::Folded& in);

class BatchDecision {
 public:
  // `data` is what was read for all commands of the batch. Its states are of the present evolve
  // version, except those of the streams in `unfolded`: these have an event that this release does
  // not know. Requests for such a stream are refused and events for it are noted as behind, until a
  // process of another release decides them. The streams in `folded_again` are stored as another
  // release folded them. That release may have other timers than this one, so none of their timers
  // is dropped. Whatever is written of such a stream replaces all
  // that was folded of it.
  BatchDecision(const Domain& domain, BatchData data, std::set<std::string> unfolded = {},
                std::set<std::string> folded_again = {});

  // Decides one command on the state that the commands before it have left. The answer holds only
  // once the batch is committed.
  Answer Decide(const Command& command);

  // Called instead of Decide when the decision of a command cannot be committed, and the command is
  // an event, a timer, or caused by a new version of the rules stream. Parks its stream with
  // the code of `why`. An event is answered OK, and its position moves on. `is_blind`: the rows of
  // the stream cannot be read, so it is parked without looking at them, and a sweep has to find
  // what the stream lacks.
  Answer GiveUp(const Command& command, const absl::Status& why, bool is_blind);

  // What to write. INTERNAL or DATA_LOSS when a state cannot be read. ABORTED when the batch must
  // be split (must_split). Call once, after the last Decide.
  absl::StatusOr<BatchWrite> Build();

  // What a command looks up cannot be told behind the commands before it: it has to come in a batch
  // without them.
  bool must_split() const { return must_split_; }

 private:
  struct Work {
    int64_t version_before = 0;
    StreamRow now;                     // Its state may be older than `open`: see Store.
    std::unique_ptr<OpenStream> open;  // Null: not opened yet, or broken by an error.
    type::Folded folded_before;
    std::vector<EventRow> events;
    size_t events_in_state = 0;  // How many of them `now.state` has.
    std::vector<type::TimerEntry>
        dropped;  // Timers whose rows are deleted, whatever the state has.
    // What lookups_ was told of it last, if anything.
    bool is_told = false;
    type::Folded folded_for_lookups;
    size_t events_for_lookups = 0;
    bool touched = false;
  };

  Work& WorkOf(const std::string& stream);
  // The time of a decision: the store's clock, never before the stream's last event.
  absl::Time TimeOf(const Work& work) const;
  // The stream in memory. DATA_LOSS, INTERNAL: it cannot be read.
  absl::StatusOr<OpenStream*> Open(const std::string& stream, Work& work) const;
  // Brings the state in `now` up to date. Errors as Open.
  absl::Status Store(const std::string& stream, Work& work) const;
  // Whether its stream, or one that it looks up, has an event that this release does not know.
  bool IsUnfolded(const Command& command) const;
  // What the decision may know. ABORTED: must_split_ was set.
  absl::StatusOr<type::DecideContext> ContextOf(const Command& command, const Work& work);
  absl::Status FindStreams(const std::vector<std::string>& streams, type::Found& found);
  // Tells lookups_ what has changed in memory since the last time.
  absl::Status UpdateLookups();
  // Notes what an event of the stream erases.
  void Erase(const EventRow& event, Work& work);
  Answer DecideRequest(const Command& command, const RequestOrigin& origin);
  Answer AnswerWith(const std::string& stream, Work& work) const;
  // Why a request for a parked stream is refused. If the domain would refuse the request anyway,
  // its own refusal is given: a caller who may not know of a case must not learn that it is parked.
  absl::Status RefuseParked(const Command& command, Work& work);
  Answer DecideEvent(const Command& command, const EventOrigin& origin);
  // Moves the stored position to that of the event's record, unless a record before it was not
  // committed.
  Answer MovePosition(const Command& command, const EventOrigin& origin);
  Answer DecideTimer(const Command& command, const TimerOrigin& origin);
  // Has a timer's row deleted. The row comes back when the state changes and still has the timer,
  // or when the state is folded again. False: the row was made by another release, and stays.
  bool DropTimer(const std::string& stream, Work& work, const type::TimerEntry& timer) const;
  Answer DecideNewRules(const Command& command, const NewRulesOrigin& origin);
  Answer DecideFold(const Command& command);
  // Notes the version of the rules stream by which a command was accepted.
  void MarkRules(const std::string& stream, Work& work);
  // Applies the event, or notes why it cannot be applied yet. Moves no position.
  void ApplyUpstream(const Command& command, const EventOrigin& origin, Work& work);
  bool MustWait(const Command& command, const EventOrigin& origin, Work& work);
  // Decides and appends. On an error the stream is as it was before.
  absl::Status Apply(const Command& command, const type::v1::Cause& cause, Work& work);
  void Park(const std::string& stream, Work& work, const std::string& upstream, int64_t number,
            const std::string& reason);
  // What `work` changes in the index entries and timers of its stream.
  absl::Status BuildFolded(const std::string& stream, Work& work, StreamWrite& write) const;

  const Domain& domain_;
  const RulesStream& rules_stream_;
  BatchData data_;
  const std::set<std::string> unfolded_;
  const std::set<std::string> folded_again_;
  Lookups lookups_;
  std::set<std::string> looked_up_;  // Streams.
  bool has_looked_up_ = false;
  bool must_split_ = false;
  std::map<std::string, Work> work_;
  BatchWrite write_;
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_BATCH_DECISION_H_
