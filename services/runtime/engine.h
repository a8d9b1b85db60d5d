// The engine: every write of a service takes this one road.
//
// A command names the stream it is for and where it comes from: a request, an event of an upstream
// or a timer. The engine takes a batch, reads the states, decides each command in order, appends
// events and new states in one transaction, and answers every caller. A batch that cannot be
// committed is split and decided again from the stored state, so that only the command at fault
// fails. The engine knows no service: it holds a Domain and an EventStore. Where the domain has a
// governing stream, every batch holds it in common with others and decides under the version it
// holds; a command for that stream itself is a batch of its own, which holds it alone.
//
// Guarantees: an answer OK means durable. A repeated request id with equal content is answered OK
// again and does nothing; with other content ALREADY_EXISTS. An upstream event is applied exactly
// once and in order of its number: a duplicate is dropped, a later one leaves a row in `behind`.
#ifndef PATHWAYS_SERVICES_RUNTIME_ENGINE_H_
#define PATHWAYS_SERVICES_RUNTIME_ENGINE_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/runtime/domain.h"
#include "services/runtime/governed_domain.h"
#include "services/runtime/store/event_store.h"

namespace pathways::runtime {

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
  // Position handled before this one. The effect is refused (ABORTED) when the stored position is
  // lower: then an earlier record was not committed, and the consumer reads again from there.
  int64_t previous_position = 0;
  // Not empty: the record cannot be understood, or, with an empty `ce_id`, cannot be had. The
  // stream is parked with this code.
  std::string unreadable;
};

// A timer that is due. Dropped when the state no longer has it, or has moved on since the command
// was made of it: whoever made it looks again.
struct TimerOrigin {
  std::string kind;
  int64_t due_unix_seconds = 0;
  int64_t version = 0;  // Of the stream that the command was made from. 0: not compared.
};

// The governing stream has a version under which the stream was not decided yet. Dropped when it
// was, and when the governing stream has moved on: whoever submitted looks again.
struct GoverningOrigin {
  int64_t version = 0;
  std::string ce_id;  // Of the governing stream's event of that number.
};

struct Command {
  std::string stream;   // Empty: a record that is for no stream and moves a position only.
  std::string payload;  // Serialised command of the service.
  std::variant<RequestOrigin, EventOrigin, TimerOrigin, GoverningOrigin> origin;
  std::vector<KeyRow> keys;  // Stored when the command is accepted.
};

// What became of a command.
struct Answer {
  absl::Status status;
  std::string stream;  // For a repeated request the stream of the first one.
  StreamRow row;       // The stream as it is now. Only for requests that were answered OK.
  // The command came of a record that was not the next of its log: another replica had handled it,
  // as after a freeze, or one before it was not committed.
  bool is_stale = false;
};

struct EngineOptions {
  size_t batch_max = 256;  // Commands in one transaction. 1: a transaction per call.
  // Commands waiting. More requests are refused: RESOURCE_EXHAUSTED; not those for the governing
  // stream.
  size_t queue_max = 4096;
  int attempts_max = 3;  // Decisions of one batch after a lost race.
  // A batch that a store keeps waiting longer than this, and then fails as UNAVAILABLE, is answered
  // together with whatever waits behind it: none of it would be told sooner by its own try.
  absl::Duration patience = absl::Seconds(1);
  // Called on the engine's thread after each batch, before the callers are answered: what became of
  // the commands, and of the transaction.
  std::function<void(const std::vector<const Command*>&, const std::vector<Answer>&,
                     const absl::Status& committed, absl::Duration)>
      observe;
#ifdef PATHWAYS_FAULTS
  // What the mutant publish_before_commit does with a batch's events. On the engine's thread.
  std::function<void(const BatchWrite&)> publish_early;
#endif
};

class Engine {
 public:
  // Called once, on the engine's thread, after the commit; must not block or submit and wait.
  using Callback = std::function<void(Answer)>;

  // `domain` and `store` must outlive the engine. Starts its thread.
  Engine(const Domain& domain, EventStore& store, EngineOptions options);
  // Answers what is queued with UNAVAILABLE.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Queues a command; never blocks. `done` is called exactly once in any case; before Submit
  // returns when the queue is full (RESOURCE_EXHAUSTED) or the engine stops (UNAVAILABLE).
  void Submit(Command command, Callback done);

  // Commands waiting now.
  size_t QueueLength();

  // Answers everything from now on with `why`, an error. What is being committed still is. Cannot
  // be taken back.
  void Refuse(const absl::Status& why);

  // Finishes the queue, then stops. New commands are refused. Idempotent.
  void Drain();

 private:
  struct Pending {
    Command command;
    Callback done;
  };

  void Run();
  std::vector<Pending> TakeBatch();
  // Decides and commits; halves the batch and tries again when it fails as a whole. Whether the
  // store answered.
  bool Execute(std::vector<Pending> batch);
  // Answers everything that waits: the store does not answer.
  void AnswerWaiting();
  static void Finish(std::vector<Pending>& batch, std::vector<Answer> answers);

  const Domain& domain_;
  EventStore& store_;
  const EngineOptions options_;
  const std::string governing_;  // Id of the governing stream. Empty: none.
  GovernedDomain governed_;      // Used by the engine's thread alone.

  std::mutex mutex_;              // Guards queue_, refused_ and stopping_.
  std::condition_variable wake_;  // Something is queued, or it stops.
  std::condition_variable full_;  // A full batch is queued, or it stops.
  std::deque<Pending> queue_;
  absl::Status refused_;  // OK: nothing is refused.
  bool stopping_ = false;
  std::chrono::steady_clock::time_point rested_at_;  // Used by the engine's thread alone.
  std::thread thread_;
};

// Folds a stream's events from the first to the last, as the engine does for a state made by
// another evolve version. `applied`, `behind` and the parked reason of `row` stay.
absl::Status FoldAgain(const Domain& domain, EventStore& store, const std::string& stream,
                       StreamRow& row);

// Deletes every state, index entry and timer of a store and folds them again from its events.
// Nothing else may write meanwhile.
absl::Status RebuildFolded(const Domain& domain, EventStore& store);

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_ENGINE_H_
