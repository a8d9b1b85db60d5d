#include "services/engine/engine.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "services/base/faults.h"
#include "services/base/status_macros.h"
#include "services/engine/batch_decision.h"
#include "services/type/problem.h"

namespace pathways::engine {
namespace {

// Between two batches, unless the next one is full. A transaction costs about the same for one
// command as for ten: without it a steady load is committed one by one and takes twice the
// processor time. A caller that waits for each answer before its next call pays this much a call.
constexpr std::chrono::milliseconds kBatchRest{2};
// How often a command that looks something up is decided when it loses a race.
constexpr int kLookupAttemptsMax = 50;

BatchRead WantedBy(const Domain& domain, const std::vector<const Command*>& commands) {
  std::set<std::string> requests;
  std::set<std::string> streams;
  std::set<std::string> upstreams;
  std::set<type::UniqueEntry> uniques;
  std::vector<type::ListRange> lists;
  bool changes_rules = false;
  for (const Command* command : commands) {
    if (!command->stream.empty()) streams.insert(command->stream);
    streams.insert(command->lookup.streams.begin(), command->lookup.streams.end());
    uniques.insert(command->lookup.uniques.begin(), command->lookup.uniques.end());
    lists.insert(lists.end(), command->lookup.lists.begin(), command->lookup.lists.end());
    changes_rules |= command->stream == domain.StreamOfRules().stream;
    if (const auto* request = std::get_if<RequestOrigin>(&command->origin)) {
      const bool has_id = !request->key.empty() && !PATHWAYS_MUTANT("no_request_ids");
      if (has_id) requests.insert(request->key);
    } else if (const auto* event = std::get_if<EventOrigin>(&command->origin)) {
      if (!event->incarnation.empty()) upstreams.insert(event->position_key);
    }
  }
  const std::string& rules_stream = domain.StreamOfRules().stream;
  const Hold hold = changes_rules ? Hold::kAlone : Hold::kShared;
  return {{requests.begin(), requests.end()},
          {streams.begin(), streams.end()},
          {upstreams.begin(), upstreams.end()},
          {uniques.begin(), uniques.end()},
          // Each command before one that looks up a range may take a key out of it.
          Widest(lists, static_cast<int>(commands.size()) - 1),
          rules_stream,
          rules_stream.empty() ? Hold::kNone : hold};
}

// Reads a batch's data: also the streams of requests that were accepted before, which are answered
// with the case as it is now. `unfolded` gets the streams that this release cannot fold,
// `folded_again` those that another one folded last.
absl::StatusOr<BatchData> ReadData(const Domain& domain, EventWriter& store, Batch& batch,
                                   const std::vector<const Command*>& commands,
                                   std::set<std::string>& unfolded,
                                   std::set<std::string>& folded_again) {
  ASSIGN_OR_RETURN(BatchData data, batch.Read(WantedBy(domain, commands)));
  for (const auto& [key, request] : data.requests) {
    if (data.streams.contains(request.stream)) continue;
    ASSIGN_OR_RETURN(data.streams[request.stream], store.ReadState(request.stream));
  }
  for (auto& [stream, row] : data.streams) {
    if (row.version == 0 || row.evolve_version == domain.EvolveVersion()) continue;
    StreamRow folded = row;
    const absl::Status status = FoldAgain(domain, store, stream, folded);
    if (absl::IsInternal(status) || absl::IsDataLoss(status)) {
      unfolded.insert(stream);  // One case must not keep the others of its batch.
      continue;
    }
    RETURN_IF_ERROR(status);
    row = std::move(folded);
    folded_again.insert(stream);
  }
  return data;
}

// What a try at a transaction showed beside its status.
struct Tried {
  bool has_rules = true;    // False: the rules stream's version cannot be used to decide.
  bool appends = false;     // There is an event in it.
  bool must_split = false;  // Some of its commands cannot be decided behind the others.
};

bool Appends(const BatchWrite& write) {
  return std::any_of(write.streams.begin(), write.streams.end(),
                     [](const StreamWrite& stream) { return !stream.events.empty(); });
}

// One try at one transaction. The answers hold only if it is OK.
absl::Status TryCommit(const Domain& domain, DomainWithRules& with_rules, EventWriter& store,
                       const EngineOptions& options, const std::vector<const Command*>& commands,
                       std::vector<Answer>& answers, Tried& tried) {
  tried = {};
  PATHWAYS_CRASH_POINT("engine.before_decide");
  ASSIGN_OR_RETURN(std::unique_ptr<Batch> batch, store.Begin());
  std::set<std::string> unfolded;
  std::set<std::string> folded_again;
  ASSIGN_OR_RETURN(BatchData data,
                   ReadData(domain, store, *batch, commands, unfolded, folded_again));
  const absl::StatusOr<const Domain*> deciding = with_rules.OfVersion(data.rules_version);
  tried.has_rules = deciding.ok();
  RETURN_IF_ERROR(deciding.status());
  BatchDecision decision(**deciding, std::move(data), std::move(unfolded), std::move(folded_again));
  answers.clear();
  for (const Command* command : commands) answers.push_back(decision.Decide(*command));
  tried.must_split = decision.must_split();
  ASSIGN_OR_RETURN(BatchWrite write, decision.Build());
  tried.appends = Appends(write);
  PATHWAYS_CRASH_POINT("engine.after_decide");
#ifdef PATHWAYS_FAULTS
  if (options.publish_early) options.publish_early(write);
#endif
  return batch->Commit(write);
}

// Parks the stream of a command that could not be committed, in a transaction of its own. `parked`:
// it was not needless; another replica may have been there before.
absl::Status CommitParked(const Domain& domain, EventWriter& store, const Command& command,
                          const absl::Status& why, bool is_blind, Answer& answer, bool& parked) {
  ASSIGN_OR_RETURN(std::unique_ptr<Batch> batch, store.Begin());
  BatchRead wanted = WantedBy(domain, {&command});
  // Nothing is decided, so nothing else is needed: its fault must not become this stream's.
  wanted.uniques.clear();
  wanted.lists.clear();
  wanted.streams = {command.stream};
  if (is_blind) wanted.streams.clear();
  ASSIGN_OR_RETURN(BatchData data, batch->Read(wanted));
  BatchDecision decision(domain, std::move(data));
  answer = decision.GiveUp(command, why, is_blind);
  ASSIGN_OR_RETURN(BatchWrite write, decision.Build());
  parked = !write.parked.empty();
  return batch->Commit(write);
}

size_t BytesOf(const Command& command) {
  size_t bytes = command.payload.size();
  for (const KeyRow& key : command.keys) {
    bytes += key.stream.size() + key.person_id.size() + key.wrapped.size();
  }
  return bytes;
}

}  // namespace

Engine::Engine(const Domain& domain, EventWriter& store, EngineOptions options)
    : domain_(domain),
      store_(store),
      options_(options),
      rules_stream_(domain.StreamOfRules().stream),
      with_rules_(domain, store) {
  if (!goes_by_steps()) thread_ = std::thread([this] { Run(); });
}

Engine::~Engine() {
  // Dropped in the middle of a simulation it has crashed, and commits no more.
  if (goes_by_steps()) AnswerWaiting();
  Drain();
}

void Engine::Submit(Command command, Callback done) {
  absl::Status refused;
  const size_t bytes = BytesOf(command);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    // One that is larger than all has its turn when nothing else is held.
    const bool is_full = queue_.size() >= options_.queue_max ||
                         (bytes_ > 0 && bytes_ + bytes > options_.queue_bytes_max);
    if (stopping_) {
      refused = type::Refuse(absl::StatusCode::kUnavailable, "STOPPING", "the service stops");
    } else if (!refused_.ok()) {
      refused = refused_;
    } else if (std::holds_alternative<RequestOrigin>(command.origin) && is_full &&
               (rules_stream_.empty() || command.stream != rules_stream_)) {
      // What all others are decided by must not wait for a quiet hour, and is rare. Events and
      // timers are bounded by the pages of those who submit them. Refused, they would wait behind
      // new registrations for as long as the load lasts.
      refused = type::Refuse(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                             "too many commands are waiting; try again");
    } else {
      queue_.push_back({std::move(command), std::move(done), bytes});
      bytes_ += bytes;
      wake_.notify_one();
      if (queue_.size() >= options_.batch_max) full_.notify_one();
      return;
    }
  }
  done({refused, {}, {}});  // Outside the lock: the callback may submit again.
}

size_t Engine::QueueLength() {
  std::lock_guard<std::mutex> lock(mutex_);
  return queue_.size();
}

void Engine::Refuse(const absl::Status& why) {
  std::deque<Pending> waiting;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    refused_ = why;
    waiting = TakeWaiting();
  }
  for (Pending& pending : waiting) pending.done({why, {}, {}});
}

void Engine::Drain() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  full_.notify_one();
  while (goes_by_steps() && RunOnce()) {
  }
  if (thread_.joinable()) thread_.join();
}

bool Engine::RunOnce() {
  std::vector<Pending> batch = TakeBatch();
  if (batch.empty()) return false;
  Execute(std::move(batch));
  return true;
}

void Engine::Run() {
  for (;;) {
    AwaitBatch();
    std::vector<Pending> batch = TakeBatch();
    if (batch.empty()) return;
    const auto start = std::chrono::steady_clock::now();
    const bool is_answered = Execute(std::move(batch));
    const auto end = std::chrono::steady_clock::now();
    if (!is_answered && absl::FromChrono(end - start) > options_.patience) AnswerWaiting();
    rested_at_ = end + kBatchRest;
  }
}

void Engine::AwaitBatch() {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  full_.wait_until(lock, rested_at_,
                   [this] { return stopping_ || queue_.size() >= options_.batch_max; });
}

std::vector<Engine::Pending> Engine::TakeBatch() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Pending> batch;
  while (!queue_.empty() && batch.size() < options_.batch_max) {
    // What changes the rules stream holds it alone, and so comes alone.
    const bool is_alone = !rules_stream_.empty() && queue_.front().command.stream == rules_stream_;
    if (is_alone && !batch.empty()) break;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (is_alone) break;
  }
  return batch;
}

std::deque<Engine::Pending> Engine::TakeWaiting() {
  std::deque<Pending> waiting;
  waiting.swap(queue_);
  for (const Pending& pending : waiting) bytes_ -= pending.bytes;
  return waiting;
}

void Engine::AnswerWaiting() {
  std::deque<Pending> waiting;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    waiting = TakeWaiting();
  }
  const absl::Status why = absl::UnavailableError("the store does not answer; try again");
  for (Pending& pending : waiting) pending.done({why, {}, {}});
}

bool Engine::Execute(std::vector<Pending> batch) {
  std::vector<const Command*> commands;
  commands.reserve(batch.size());
  for (const Pending& pending : batch) commands.push_back(&pending.command);
  std::vector<Answer> answers;
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = CommitOrGiveUp(commands, answers);
  if (!status.ok()) answers.assign(batch.size(), Answer{status, {}, {}});
  // A store that cannot write fails every command alike; anything else may be one command's fault.
  if (status.ok() || batch.size() == 1 || absl::IsUnavailable(status)) {
    if (options_.observe) {
      options_.observe(commands, answers, status,
                       absl::FromChrono(std::chrono::steady_clock::now() - start));
    }
    Finish(batch, std::move(answers));
    return !absl::IsUnavailable(status);
  }
  const auto half = batch.begin() + static_cast<ptrdiff_t>(batch.size() / 2);
  std::vector<Pending> rest(std::make_move_iterator(half), std::make_move_iterator(batch.end()));
  batch.erase(half, batch.end());
  const bool is_answered = Execute(std::move(batch));
  return Execute(std::move(rest)) && is_answered;
}

absl::Status Engine::CommitOrGiveUp(const std::vector<const Command*>& commands,
                                    std::vector<Answer>& answers) {
  const bool may_give_up = MayGiveUp(commands);
  // What a command looks up may be changed by others each time: that is a race and no fault.
  const bool is_race = commands.size() == 1 && !commands[0]->lookup.empty();
  const int attempts_max = is_race ? kLookupAttemptsMax : options_.attempts_max;
  Tried tried;
  absl::Status status;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    status = TryCommit(domain_, with_rules_, store_, options_, commands, answers, tried);
    const bool again = absl::IsAborted(status) || (may_give_up && tried.has_rules);
    if (status.ok() || absl::IsUnavailable(status) || tried.must_split || !again) break;
    if (!absl::IsAborted(status) && attempt + 1 >= options_.attempts_max) break;
  }
  if (status.ok() && tried.appends) given_up_ = 0;
  if (status.ok() || absl::IsUnavailable(status) || !may_give_up || !tried.has_rules) return status;
  if (given_up_ >= options_.given_up_max) return status;
  Answer answer;
  if (!GiveUp(*commands[0], status, answer).ok()) return status;
  answers.assign(1, std::move(answer));
  return absl::OkStatus();
}

bool Engine::MayGiveUp(const std::vector<const Command*>& commands) const {
  if (commands.size() != 1 || commands[0]->stream.empty()) return false;
  if (PATHWAYS_MUTANT("never_give_up")) return false;
  // Parked, the rules stream would stop all others.
  if (commands[0]->stream == rules_stream_) return false;
  // A fold that cannot be stored harms nobody who does not come to the stream.
  return !std::holds_alternative<RequestOrigin>(commands[0]->origin) &&
         !std::holds_alternative<FoldOrigin>(commands[0]->origin);
}

absl::Status Engine::GiveUp(const Command& command, const absl::Status& why, Answer& answer) {
  bool parked = false;
  absl::Status status;
  // Blindly when it is the stream's rows that cannot be read.
  for (const bool is_blind : {false, true}) {
    status = CommitParked(domain_, store_, command, why, is_blind, answer, parked);
    if (status.ok() || absl::IsUnavailable(status)) break;
  }
  if (!status.ok() || !parked) return status;
  ++given_up_;
  if (options_.gave_up) options_.gave_up(command, why);
  return absl::OkStatus();
}

void Engine::Finish(std::vector<Pending>& batch, std::vector<Answer> answers) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const Pending& pending : batch) bytes_ -= pending.bytes;
  }
  for (size_t i = 0; i < batch.size(); ++i) {
    PATHWAYS_CRASH_POINT("engine.before_answer");
    batch[i].done(std::move(answers[i]));
  }
}

}  // namespace pathways::engine
