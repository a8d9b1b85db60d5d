// The engine: every write of a service takes this one road.
//
// A command names the stream it is for and where it comes from: a request, an event of an upstream
// or a timer. The engine takes a batch, reads the states, decides each command in order, appends
// events and new states in one transaction, and answers every caller. A batch that cannot be
// committed is split and decided again from the stored state, so that only the command at fault
// fails. The engine knows no service: it holds a Domain and an EventWriter.
//
// A domain may have a rules stream (domain.h). Then every batch locks that stream together with
// other batches and decides by the version that it read. A command for the rules stream itself
// is a batch of its own and locks it alone.
//
// A command that stands alone and still cannot be committed after several tries is given up, so
// that the commands behind it can go on. An event, a timer, or a command that a new version of the
// rules stream has caused parks its stream. A request is only refused.
//
// Guarantees: an answer OK means durable. A repeated request id with equal content is answered OK
// again and does nothing; with other content ALREADY_EXISTS. An upstream event is applied exactly
// once and in order of its number: a duplicate is dropped, a later one leaves a row in `behind`.
#ifndef PATHWAYS_SERVICES_ENGINE_ENGINE_H_
#define PATHWAYS_SERVICES_ENGINE_ENGINE_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/base/drive.h"
#include "services/base/trace.h"
#include "services/engine/domain.h"
#include "services/engine/domain_with_rules.h"
#include "services/engine/fold.h"
#include "services/engine/store/event_store.h"

namespace pathways::engine {

// A call of the API.
struct RequestOrigin {
  std::string key;          // Hash of principal, method and request id. Empty: a read, not kept.
  std::string fingerprint;  // Keyed hash of the content.
  std::string principal;    // Kind and id, for the audit trail.
  std::string method;       // For the audit trail.
};

// An event of an upstream.
struct EventOrigin {
  std::string upstream;
  int64_t number = 0;
  std::string ce_id;
  std::vector<Requirement> requires_applied;
  // Where it was read; an empty incarnation: it was pulled by stream and moves no position.
  std::string position_key;  // Of the log or partition in the store.
  std::string incarnation;
  int64_t position = 0;
  // Position that the reader handled before this one. When the stored position is lower, an earlier
  // record was not committed: the effect is refused (ABORTED), and the consumer reads again from
  // the stored position.
  int64_t previous_position = 0;
  // Not empty: the record cannot be understood or, where `ce_id` is empty too, cannot be read from
  // the upstream. The stream is parked with this code.
  std::string unreadable;
};

// A timer that is due. The timer is left for a later look when it is not due yet by the store's
// clock, or when the state has changed since the command was made. The timer is dropped when the
// state no longer has it, or when it changes nothing: its row is deleted, and comes back only when
// the state changes and has the timer.
struct TimerOrigin {
  std::string kind;
  int64_t due_unix_seconds = 0;
  int64_t version = 0;  // Of the stream that the command was made from. 0: not compared.
};

// The rules stream has a version by which this stream was not decided yet. The command does
// nothing when the stream was decided by it meanwhile, or when the rules stream has a newer
// version: whoever submitted the command looks again.
struct NewRulesOrigin {
  int64_t version = 0;
  std::string ce_id;  // Of the rules stream's event of that number.
};

// The stream's state was made by another evolve version: state, index entries and timers are to be
// made by the present one. Appends nothing. Dropped when that was done meanwhile.
struct FoldOrigin {};

struct Command {
  std::string stream;   // Empty: a record that is for no stream and moves a position only.
  std::string payload;  // Serialised command of the service.
  std::variant<RequestOrigin, EventOrigin, TimerOrigin, NewRulesOrigin, FoldOrigin> origin;
  std::vector<KeyRow> keys;  // Stored when the command is accepted.
  type::Lookup lookup = {};  // What the decision gets to know beside the stream.
  // The hop that the command is, which all its events bear. None, as of a timer: a new trace.
  base::Trace trace = {};
};

// What became of a command.
struct Answer {
  absl::Status status;
  std::string stream;  // For a repeated request the stream of the first one.
  StreamRow row;       // The stream as it is now. Only for requests that were answered OK.
  // The command was made of a record that was not the next of its log. Either another replica had
  // handled it already, as after a freeze, or a record before it was not committed.
  bool is_stale = false;
  bool is_dropped = false;   // A due timer that changed nothing, and whose row was deleted.
  bool is_repeated = false;  // The request was decided before, and changed nothing now.
  // Of a request that was answered OK: the version of the stream when it was first decided, which
  // is the number of the last event that it made.
  int64_t number = 0;
};

struct EngineOptions {
  // kSteps: whoever waits for an answer calls RunOnce until it is there.
  base::Drive drive = base::Drive::kThread;
  size_t batch_max = 256;  // Commands in one transaction. 1: a transaction per call.
  // Commands waiting. When there are so many, requests are refused (RESOURCE_EXHAUSTED), except
  // those for the rules stream.
  size_t queue_max = 4096;
  // Bytes of the commands that were not answered yet: payloads and keys. A request that would
  // exceed them is refused in the same way, unless there is no other command.
  size_t queue_bytes_max = size_t{64} << 20;
  // How often a batch is decided when it loses a race (ABORTED). A single command that may be given
  // up is tried as often after any error but UNAVAILABLE.
  int attempts_max = 3;
  // How many commands in a row may be given up while no event is appended. Beyond that the fault is
  // taken to be the store's and not that of so many streams: commands are answered with its error,
  // and no stream is parked.
  int given_up_max = 32;
  // When a batch has waited longer than this for the store and then fails with UNAVAILABLE, all
  // commands in the queue are answered UNAVAILABLE with it. A try of their own would only make
  // their callers wait as long again for the same answer.
  absl::Duration patience = absl::Seconds(1);
  // Called on the engine's thread after each batch and before the callers are answered, with the
  // commands, their answers, the status of the transaction, and how long it took.
  std::function<void(const std::vector<const Command*>&, const std::vector<Answer>&,
                     const absl::Status& committed, absl::Duration)>
      observe;
  // Called on the engine's thread when a command's stream is parked because its decision could not
  // be committed, with the reason.
  std::function<void(const Command&, const absl::Status&)> gave_up;
#ifdef PATHWAYS_FAULTS
  // What the mutant publish_before_commit does with a batch's events. On the engine's thread.
  std::function<void(const BatchWrite&)> publish_early;
#endif
};

class Engine {
 public:
  // Called once, on the engine's thread, after the commit; must not block or submit and wait.
  using Callback = std::function<void(Answer)>;

  // `domain` and `store` must outlive the engine. Starts its thread, unless it goes by steps.
  Engine(const Domain& domain, EventWriter& store, EngineOptions options);
  // Drains, or, when it goes by steps, answers what is queued with UNAVAILABLE.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Queues a command; never blocks. `done` is called exactly once in any case; before Submit
  // returns when the queue is full (RESOURCE_EXHAUSTED) or the engine stops (UNAVAILABLE).
  void Submit(Command command, Callback done);

  // Commands waiting now.
  size_t QueueLength();

  // Answers everything from now on with `why`, an error. The batch that is being committed is
  // finished. Cannot be taken back.
  void Refuse(const absl::Status& why);

  // Takes one batch of what waits, executes it and answers. Whether there was one. Only for an
  // engine that goes by steps.
  bool RunOnce();
  bool goes_by_steps() const { return options_.drive == base::Drive::kSteps; }

  // Finishes the queue, then stops. New commands are refused. Idempotent.
  void Drain();

 private:
  struct Pending {
    Command command;
    Callback done;
    size_t bytes = 0;
  };

  void Run();
  // Waits until there is something to do, or it stops.
  void AwaitBatch();
  std::vector<Pending> TakeBatch();
  // Decides and commits. Halves the batch and tries again when it fails as a whole. Returns whether
  // the store answered.
  bool Execute(std::vector<Pending> batch);
  // Tries to commit, at most attempts_max times. Then gives up a command that stands alone.
  absl::Status CommitOrGiveUp(const std::vector<const Command*>& commands,
                              std::vector<Answer>& answers);
  // Whether a command that fails alone may park its stream.
  bool MayGiveUp(const std::vector<const Command*>& commands) const;
  // Parks the command's stream. OK: that was committed, or turned out not to be needed.
  absl::Status GiveUp(const Command& command, const absl::Status& why, Answer& answer);
  // Takes everything that waits out of the queue. The caller holds mutex_.
  std::deque<Pending> TakeWaiting();
  // Answers everything that waits with UNAVAILABLE, because the store does not answer.
  void AnswerWaiting();
  void Finish(std::vector<Pending>& batch, std::vector<Answer> answers);

  const Domain& domain_;
  EventWriter& store_;
  const EngineOptions options_;
  const std::string rules_stream_;  // Id of the rules stream. Empty: none.
  DomainWithRules with_rules_;      // Used by the engine's thread alone.

  std::mutex mutex_;              // Guards queue_, bytes_, refused_ and stopping_.
  std::condition_variable wake_;  // Something is queued, or it stops.
  std::condition_variable full_;  // A full batch is queued, or it stops.
  std::deque<Pending> queue_;
  size_t bytes_ = 0;      // Of the commands that were not answered yet.
  absl::Status refused_;  // OK: nothing is refused.
  bool stopping_ = false;
  std::chrono::steady_clock::time_point rested_at_;  // Used by the engine's thread alone.
  int given_up_ = 0;  // Since something was appended. Used by the engine's thread alone.
  std::thread thread_;
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_ENGINE_H_
