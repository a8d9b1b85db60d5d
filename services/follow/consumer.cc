#include "services/follow/consumer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "services/base/drive.h"
#include "services/base/faults.h"
#include "services/base/status_macros.h"
#include "services/follow/log_page.h"
#include "services/follow/lost_tail.h"
#include "services/follow/submit.h"

namespace pathways::follow {
namespace {

constexpr size_t kPage = 256;  // Records in one read, and so in flight.

// How long no event waits for what it requires after one waited in vain: what is missing may be
// parked, and must not delay the others for ever.
constexpr std::chrono::seconds kRequiredPause{5};
// Commits of other replicas wake nobody here.
constexpr absl::Duration kRequiredPoll = absl::Milliseconds(20);

// The position in a transaction of its own: what a mutant does, and no consumer may.
absl::Status WritePositionAlone(engine::FollowStore& store, const std::string& upstream,
                                const engine::Position& position) {
  engine::BatchWrite write;
  write.positions[upstream] = position;
  ASSIGN_OR_RETURN(std::unique_ptr<engine::Batch> batch, store.Begin());
  return batch->Commit(write);
}

}  // namespace

Consumer::Consumer(ConsumerParts parts)
    : parts_(std::move(parts)), positions_(parts_.store), reporter_(parts_.report) {
  if (parts_.drive == base::Drive::kThread) thread_ = std::thread([this] { Run(); });
}

Consumer::~Consumer() { Stop(); }

void Consumer::Stop() {
  signal_.Stop();
  committed_.Stop();
  if (thread_.joinable()) thread_.join();
}

void Consumer::Run() {
  while (!signal_.stopped()) {
    const absl::StatusOr<size_t> handled = Step();
    if (!ended_.ok()) return;
    if (handled.ok() && *handled >= kPage) continue;
    if (handled.ok() && *handled == 0) {
      signal_.Wait(base::kAnnouncedWait);
      continue;
    }
    if (!signal_.Rest(base::kRest)) return;
    if (!handled.ok()) signal_.Wait(base::kErrorWait);
  }
}

absl::StatusOr<size_t> Consumer::Step() {
  RETURN_IF_ERROR(ended_);
  const absl::StatusOr<size_t> handled = ReadPages();
  reporter_.Tell(handled.status());
  // What was applied is gone upstream: what comes next would be another history under the same
  // numbers. Only a person can say which one holds, and then starts the process again. What merely
  // cannot be read is DATA_LOSS too, and may be mended while the process runs.
  if (IsLostTail(handled.status())) ended_ = handled.status();
  return handled;
}

absl::StatusOr<size_t> Consumer::ReadPages() {
  positions_.ForgetOld();
  const absl::StatusOr<size_t> handled = HandlePages();
  if (!handled.ok()) positions_.Forget();
  return handled;
}

absl::StatusOr<size_t> Consumer::HandlePages() {
  std::vector<engine::Command> commands;
  std::map<std::string, engine::Position> read;
  absl::Status first_error;
  for (const auto& log : parts_.logs.Logs()) {
    const absl::Status status = ReadPage(*log, commands, read);
    if (IsLostTail(status)) return status;
    first_error.Update(status);
  }
  const size_t records = commands.size();
  if (records == 0 && !first_error.ok()) return first_error;
  if (records == 0) return 0;
  RETURN_IF_ERROR(AwaitRequired(commands));
  PATHWAYS_CRASH_POINT("consumer.before_submit");
  RETURN_IF_ERROR(SubmitAll(parts_.engine, std::move(commands)));
  PATHWAYS_CRASH_POINT("consumer.after_commit");
  positions_.Committed(read);
  if (!first_error.ok()) return first_error;
  return records;
}

absl::Status Consumer::AwaitRequired(const std::vector<engine::Command>& commands) {
  if (PATHWAYS_MUTANT("no_number_checks")) return absl::OkStatus();
  const auto start = base::SteadyNow();
  if (start < next_wait_) return absl::OkStatus();
  std::map<std::string, std::map<std::string, int64_t>> required;  // By upstream, then by stream.
  for (const engine::Command& command : commands) {
    for (const engine::Requirement& one :
         std::get<engine::EventOrigin>(command.origin).requires_applied) {
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
      const auto now = base::SteadyNow();
      // In a step nobody else can apply it meanwhile.
      if (parts_.drive == base::Drive::kSteps || now >= start + parts_.required_wait) {
        next_wait_ = now + kRequiredPause;
        break;
      }
      committed_.Wait(kRequiredPoll);
    }
  }
  return absl::OkStatus();
}

absl::Status Consumer::ReadPage(EventLog& log, std::vector<engine::Command>& commands,
                                std::map<std::string, engine::Position>& read) {
  ASSIGN_OR_RETURN(const LogPage page, ReadLogPage(log, parts_.upstream, positions_, kPage));
  engine::Position position = page.before;
  for (const engine::EventRow& event : page.events) {
    engine::Command command = CommandOf(parts_.domain, parts_.upstream, event);
    auto& origin = std::get<engine::EventOrigin>(command.origin);
    origin.position_key = page.key;
    origin.incarnation = position.incarnation;
    origin.previous_position = position.position;
    origin.position = event.position;
    position.position = event.position;
    commands.push_back(std::move(command));
  }
  if (page.events.empty()) return absl::OkStatus();
  read[page.key] = position;
  if (PATHWAYS_MUTANT("position_before_effect")) {
    RETURN_IF_ERROR(WritePositionAlone(parts_.store, page.key, position));
  }
  return absl::OkStatus();
}

}  // namespace pathways::follow
