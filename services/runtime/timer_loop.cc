#include "services/runtime/timer_loop.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "services/runtime/status_macros.h"
#include "services/runtime/submit.h"

namespace pathways::runtime {
namespace {

constexpr int kPage = 256;
constexpr int kUnusableMax = 64 * kPage;

}  // namespace

TimerLoop::TimerLoop(EventStore& store, Engine& engine, const Clock& clock, DueOf due_of,
                     absl::Duration every, Report report)
    : store_(store),
      engine_(engine),
      clock_(clock),
      due_of_(std::move(due_of)),
      every_(every),
      reporter_(std::move(report)),
      thread_([this] { Run(); }) {}

TimerLoop::~TimerLoop() { Stop(); }

void TimerLoop::Stop() {
  signal_.Stop();
  if (thread_.joinable()) thread_.join();
}

void TimerLoop::Run() {
  while (!signal_.stopped()) {
    const absl::StatusOr<size_t> fired = FireDue();
    reporter_.Tell(fired.status());
    if (fired.ok() && *fired >= kPage) continue;  // A full page: there may be more.
    signal_.Wait(every_);
  }
}

absl::StatusOr<size_t> TimerLoop::FireDue() {
  // Those that could not be made commands stand first in the list, for they stay: a page that did
  // not grow by them would show nothing else.
  const int limit = kPage + std::min(unusable_.load(), kUnusableMax);
  ASSIGN_OR_RETURN(const std::vector<TimerRow> due, store_.ReadDueTimers(clock_.Now(), limit));
  std::vector<Command> commands;
  // One timer that cannot be made a command must not keep the others.
  absl::Status first_error;
  for (const TimerRow& timer : due) {
    absl::StatusOr<Due> made = due_of_(timer);
    if (!made.ok()) {
      first_error.Update(made.status());
      continue;
    }
    Command command;
    command.stream = timer.stream;
    command.payload = std::move(made->payload);
    command.origin = TimerOrigin{timer.kind, timer.due_unix_seconds, made->version};
    commands.push_back(std::move(command));
  }
  const size_t count = commands.size();
  unusable_ = static_cast<int>(due.size() - count);
  if (count > 0) RETURN_IF_ERROR(SubmitAll(engine_, std::move(commands)));
  RETURN_IF_ERROR(first_error);
  return count;
}

}  // namespace pathways::runtime
