#include "services/runtime/consumer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "services/runtime/faults.h"
#include "services/runtime/status_macros.h"

namespace pathways::runtime {
namespace {

constexpr size_t kPage = 256;  // Records in one read, and so in flight.
constexpr size_t kHeadsPage = 1000;
// Pulled events that are submitted together; one stream may bring a page more.
constexpr size_t kPulledMax = 256;

// How long no event waits for what it requires after one waited in vain: what is missing may be
// parked, and must not delay the others for ever.
constexpr std::chrono::seconds kRequiredPause{5};
// Commits of other replicas wake nobody here.
constexpr absl::Duration kRequiredPoll = absl::Milliseconds(20);

constexpr absl::Duration kPullRest = absl::Milliseconds(50);

// How soon a failed sweep is tried again.
constexpr absl::Duration kSweepRetry = absl::Seconds(10);
// Longer than the partitions of a reader that died wait for another one.
constexpr absl::Duration kLookAgain = absl::Seconds(15);
// Where more cases than this are behind, it is the bus that is late: they are fetched at once.
constexpr size_t kSuspectsMax = kHeadsPage;

// The position in a transaction of its own: what a mutant does, and no consumer may.
absl::Status WritePositionAlone(EventStore& store, const std::string& upstream,
                                const Position& position) {
  BatchWrite write;
  write.positions[upstream] = position;
  ASSIGN_OR_RETURN(std::unique_ptr<Batch> batch, store.Begin());
  return batch->Commit(write);
}

}  // namespace

Command CommandOf(const Domain& domain, const std::string& upstream, const EventRow& event) {
  Command command;
  EventOrigin origin;
  origin.upstream = upstream;
  if (type::IsServiceStream(event.stream)) {
    command.origin = std::move(origin);  // No case: it moves the position and nothing else.
    return command;
  }
  command.stream = event.stream;
  origin.number = event.number;
  origin.ce_id = event.ce_id;
  absl::StatusOr<UpstreamCommand> translated = domain.FromUpstream(upstream, event);
  if (translated.ok()) {
    command.payload = std::move(translated->command);
    origin.requires_applied = std::move(translated->requires_applied);
  } else {
    origin.unreadable = "EVENT_UNREADABLE";
  }
  command.origin = std::move(origin);
  return command;
}

absl::Status SubmitAll(Engine& engine, std::vector<Command> commands) {
  struct Waiting {
    std::mutex mutex;
    std::condition_variable done;
    size_t left = 0;
    absl::Status first_error;
  };
  // Shared with the callbacks: the last of them may still hold it when the wait ends.
  auto waiting = std::make_shared<Waiting>();
  waiting->left = commands.size();
  for (Command& command : commands) {
    engine.Submit(std::move(command), [waiting](const Answer& answer) {
      std::lock_guard<std::mutex> lock(waiting->mutex);
      if (!answer.status.ok() && waiting->first_error.ok()) waiting->first_error = answer.status;
      if (--waiting->left == 0) waiting->done.notify_one();
    });
  }
  std::unique_lock<std::mutex> lock(waiting->mutex);
  waiting->done.wait(lock, [&] { return waiting->left == 0; });
  return waiting->first_error;
}

Consumer::Consumer(ConsumerParts parts)
    : parts_(std::move(parts)),
      positions_(parts_.store),
      reporter_(parts_.report),
      thread_([this] { Run(); }) {}

Consumer::~Consumer() { Stop(); }

void Consumer::Stop() {
  signal_.Stop();
  committed_.Stop();
  if (thread_.joinable()) thread_.join();
}

void Consumer::Run() {
  while (!signal_.stopped()) {
    const absl::StatusOr<size_t> handled = ReadPages();
    reporter_.Tell(handled.status());
    // What was applied is gone upstream: what comes next would be another history under the same
    // numbers. Only a person can say which one holds, and then starts the process again.
    if (absl::IsDataLoss(handled.status())) return;
    if (handled.ok() && *handled >= kPage) continue;
    if (!signal_.Rest(kRest)) return;
    if (handled.ok() && *handled > 0) continue;
    signal_.Wait(handled.ok() ? kIdleWait : kErrorWait);
  }
}

absl::StatusOr<size_t> Consumer::ReadPages() {
  positions_.ForgetOld();
  const absl::StatusOr<size_t> handled = HandlePages();
  if (!handled.ok()) positions_.Forget();
  return handled;
}

absl::StatusOr<size_t> Consumer::HandlePages() {
  std::vector<Command> commands;
  std::map<std::string, Position> read;
  for (const auto& log : parts_.logs.Logs()) RETURN_IF_ERROR(ReadPage(*log, commands, read));
  const size_t records = commands.size();
  if (records == 0) return 0;
  RETURN_IF_ERROR(AwaitRequired(commands));
  PATHWAYS_CRASH_POINT("consumer.before_submit");
  RETURN_IF_ERROR(SubmitAll(parts_.engine, std::move(commands)));
  PATHWAYS_CRASH_POINT("consumer.after_commit");
  positions_.Committed(read);
  return records;
}

absl::Status Consumer::AwaitRequired(const std::vector<Command>& commands) {
  const auto start = std::chrono::steady_clock::now();
  if (start < next_wait_) return absl::OkStatus();
  std::map<std::string, std::map<std::string, int64_t>> required;  // By upstream, then by stream.
  for (const Command& command : commands) {
    for (const Requirement& one : std::get<EventOrigin>(command.origin).requires_applied) {
      int64_t& number = required[one.upstream][command.stream];
      number = std::max(number, one.number);
    }
  }
  for (auto& [upstream, numbers] : required) {
    while (!signal_.stopped()) {
      std::vector<std::string> streams;
      for (const auto& [stream, number] : numbers) streams.push_back(stream);
      ASSIGN_OR_RETURN(auto applied, parts_.store.ReadApplied(upstream, streams));
      std::erase_if(numbers, [&](const auto& one) { return applied[one.first] >= one.second; });
      if (numbers.empty()) break;
      const auto now = std::chrono::steady_clock::now();
      if (now >= start + parts_.required_wait) {
        next_wait_ = now + kRequiredPause;
        break;
      }
      committed_.Wait(kRequiredPoll);
    }
  }
  return absl::OkStatus();
}

absl::Status Consumer::ReadPage(EventLog& log, std::vector<Command>& commands,
                                std::map<std::string, Position>& read) {
  const std::string key = PositionKeyOf(parts_.upstream, log);
  ASSIGN_OR_RETURN(Position position, positions_.Read(key));
  const std::string incarnation = log.Incarnation();
  if (position.incarnation != incarnation) position = {incarnation, 0};
  ASSIGN_OR_RETURN(const std::vector<EventRow> events, log.ReadAfter(position.position, kPage));
  if (events.empty()) {
    ASSIGN_OR_RETURN(const int64_t head, log.Head());
    if (head < position.position) return absl::DataLossError("the upstream's log lost its tail");
  }
  for (const EventRow& event : events) {
    Command command = CommandOf(parts_.domain, parts_.upstream, event);
    auto& origin = std::get<EventOrigin>(command.origin);
    origin.position_key = key;
    origin.incarnation = incarnation;
    origin.previous_position = position.position;
    origin.position = event.position;
    position.position = event.position;
    commands.push_back(std::move(command));
  }
  if (!events.empty()) read[key] = position;
  if (PATHWAYS_MUTANT("position_before_effect") && !events.empty()) {
    RETURN_IF_ERROR(
        WritePositionAlone(parts_.store, PositionKeyOf(parts_.upstream, log), position));
  }
  return absl::OkStatus();
}

Puller::Puller(ConsumerParts parts, absl::Duration sweep_every)
    : parts_(std::move(parts)),
      sweep_every_(sweep_every),
      reporter_(parts_.report),
      thread_([this] { Run(); }) {}

Puller::~Puller() { Stop(); }

void Puller::Stop() {
  signal_.Stop();
  if (thread_.joinable()) thread_.join();
}

void Puller::Run() {
  // Monotonic: a clock that is set must not make the sweep come late.
  auto next_sweep = std::chrono::steady_clock::now();
  absl::Status swept;
  while (!signal_.stopped()) {
    if (PATHWAYS_REPAIR_OFF()) {
      signal_.Wait(kIdleWait);
      continue;
    }
    if (std::chrono::steady_clock::now() >= next_sweep) {
      swept = Sweep();
      const absl::Duration wait = swept.ok() ? sweep_every_ : std::min(sweep_every_, kSweepRetry);
      next_sweep = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(wait);
    }
    absl::Status told = swept;
    told.Update(LookAgainWhenDue());
    const absl::StatusOr<bool> applied = PullOnce();
    told.Update(applied.status());
    reporter_.Tell(told);
    if (applied.ok() && *applied) continue;
    // Every commit wakes it, and hardly one leaves a stream behind.
    if (!signal_.Rest(kPullRest)) return;
    signal_.Wait(applied.ok() ? kIdleWait : kErrorWait);
  }
}

absl::StatusOr<bool> Puller::PullOnce() {
  bool applied = false;
  BehindRow last;
  do {
    ASSIGN_OR_RETURN(const std::vector<BehindRow> rows,
                     parts_.store.ReadBehindOf(parts_.upstream, last, kPage));
    for (auto next = rows.begin(); next != rows.end();) {
      ASSIGN_OR_RETURN(const bool moved, PullSome(rows, next));
      applied |= moved;
    }
    if (rows.size() < kPage) break;
    last = rows.back();
    // On to the next page only behind rows that cannot move now: they must not hide the others.
  } while (!applied && !signal_.stopped());
  return applied;
}

absl::StatusOr<bool> Puller::PullSome(const std::vector<BehindRow>& rows,
                                      std::vector<BehindRow>::const_iterator& next) {
  std::vector<Command> commands;
  std::map<std::string, int64_t> before;
  // What can be read is applied even when the next cannot.
  absl::Status read;
  for (; next != rows.end() && read.ok() && commands.size() < kPulledMax; ++next) {
    const auto events = parts_.streams.ReadStream(next->stream, next->applied + 1, kPage);
    read = events.status();
    if (!read.ok()) continue;
    before[next->stream] = next->applied;
    for (const EventRow& event : *events) {
      commands.push_back(CommandOf(parts_.domain, parts_.upstream, event));
    }
  }
  if (commands.empty()) {
    RETURN_IF_ERROR(read);
    return false;
  }
  PATHWAYS_CRASH_POINT("puller.before_submit");
  RETURN_IF_ERROR(SubmitAll(parts_.engine, std::move(commands)));
  RETURN_IF_ERROR(read);
  std::vector<std::string> streams;
  for (const auto& [stream, number] : before) streams.push_back(stream);
  ASSIGN_OR_RETURN(auto after, parts_.store.ReadApplied(parts_.upstream, streams));
  return std::any_of(before.begin(), before.end(),
                     [&](const auto& entry) { return after[entry.first] > entry.second; });
}

absl::Status Puller::LookAgain() {
  look_again_ = std::chrono::steady_clock::now() +
                absl::ToChronoMilliseconds(std::min(sweep_every_, kLookAgain));
  std::vector<std::string> streams;
  for (const auto& [stream, suspect] : suspects_) streams.push_back(stream);
  if (streams.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto applied, parts_.store.ReadApplied(parts_.upstream, streams));
  std::vector<BehindRow> behind;
  int64_t found = 0;
  for (auto& [stream, suspect] : suspects_) {
    const int64_t before = std::exchange(suspect.applied, applied[stream]);
    if (suspect.applied >= suspect.known || suspect.applied > before) continue;
    behind.push_back({stream, parts_.upstream, suspect.known, 0, absl::InfinitePast()});
    // One that is parked, or waits for another upstream, is known to lack it.
    ASSIGN_OR_RETURN(const StreamRow row, parts_.store.ReadState(stream));
    found += row.parked_reason.empty() && !row.behind.contains(parts_.upstream) ? 1 : 0;
  }
  if (!behind.empty()) RETURN_IF_ERROR(parts_.store.MarkBehind(behind));
  for (const BehindRow& row : behind) suspects_.erase(row.stream);
  std::erase_if(suspects_, [](const auto& one) { return one.second.applied >= one.second.known; });
  if (found > 0 && parts_.found_missing) parts_.found_missing(found);
  return absl::OkStatus();
}

absl::Status Puller::LookAgainWhenDue() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::chrono::steady_clock::now() < look_again_ ? absl::OkStatus() : LookAgain();
}

absl::Status Puller::Sweep() {
  std::lock_guard<std::mutex> lock(mutex_);
  RETURN_IF_ERROR(LookAgain());
  std::string after;
  bool is_lost = false;
  while (!signal_.stopped()) {
    ASSIGN_OR_RETURN(const std::vector<StreamHead> heads,
                     parts_.streams.ReadHeads(after, kHeadsPage));
    const bool is_last = heads.empty();
    std::map<std::string, int64_t> versions;
    for (const StreamHead& head : heads) versions[head.stream] = head.version;
    // Streams that this service has are looked at too: upstream may have lost a whole one.
    RETURN_IF_ERROR(AddOwnStreams(after, is_last ? "" : heads.back().stream, versions));
    ASSIGN_OR_RETURN(const bool lost, ComparePage(versions));
    is_lost |= lost;
    if (is_last) break;
    after = heads.back().stream;
  }
  if (is_lost) {
    return absl::DataLossError(
        "an upstream head is below what was applied: it lost events. Restore it; on PostgreSQL by "
        "'pathways restore'");
  }
  return absl::OkStatus();
}

absl::Status Puller::AddOwnStreams(std::string after, const std::string& last,
                                   std::map<std::string, int64_t>& versions) {
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<StreamHead> own, parts_.store.ReadHeads(after, kHeadsPage));
    for (const StreamHead& head : own) {
      if (!last.empty() && head.stream > last) return absl::OkStatus();
      versions.try_emplace(head.stream, 0);
    }
    if (own.size() < kHeadsPage) return absl::OkStatus();
    after = own.back().stream;
  }
}

absl::StatusOr<bool> Puller::ComparePage(const std::map<std::string, int64_t>& versions) {
  std::vector<std::string> streams;
  for (const auto& [stream, version] : versions) {
    if (!type::IsServiceStream(stream)) streams.push_back(stream);
  }
  ASSIGN_OR_RETURN(auto applied, parts_.store.ReadApplied(parts_.upstream, streams));
  std::vector<BehindRow> behind;
  bool is_lost = false;
  for (const auto& [stream, version] : versions) {
    if (type::IsServiceStream(stream)) continue;
    is_lost |= version < applied[stream];
    if (version <= applied[stream]) continue;
    if (suspects_.size() < kSuspectsMax || suspects_.contains(stream)) {
      suspects_[stream] = {applied[stream], version};
    } else {
      behind.push_back({stream, parts_.upstream, version, 0, absl::InfinitePast()});
    }
  }
  if (!behind.empty()) RETURN_IF_ERROR(parts_.store.MarkBehind(behind));
  return is_lost;
}

}  // namespace pathways::runtime
