#include "services/runtime/timer_loop.h"

#include <utility>
#include <vector>

#include "services/runtime/consumer.h"
#include "services/runtime/status_macros.h"
#include "services/type/problem.h"

namespace pathways::runtime {
namespace {

constexpr int kPage = 256;
// After a full page: so the timers of a day that begins leave the engine room for requests, and
// what cannot fire is not read in a tight loop.
constexpr absl::Duration kPageRest = absl::Milliseconds(20);

// The store, and not one stream that only another release knows.
bool IsStoreAway(const absl::Status& status) {
  return absl::IsUnavailable(status) && type::ProblemOf(status).reason() != kOtherRelease;
}

}  // namespace

TimerLoop::TimerLoop(EventStore& store, Engine& engine, DueOf due_of, absl::Duration every,
                     Report report)
    : store_(store),
      engine_(engine),
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
    reporter_.Tell(Look([this] { return signal_.Rest(kPageRest); }).status());
    signal_.Wait(every_);
  }
}

absl::StatusOr<size_t> TimerLoop::FireDue() {
  return Look([] { return true; });
}

absl::StatusOr<size_t> TimerLoop::Look(const std::function<bool()>& go_on) {
  ASSIGN_OR_RETURN(const absl::Time now, store_.Now());
  size_t fired = 0;
  absl::Status first_error;
  TimerRow after;
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<TimerRow> page,
                     store_.ReadDueTimersAfter(now, after, kPage));
    if (!page.empty()) {
      const absl::Status status = Fire(page, now, fired);
      if (IsStoreAway(status)) return status;
      first_error.Update(status);
      after = page.back();
    }
    if (page.size() < kPage || !go_on()) break;
  }
  RETURN_IF_ERROR(first_error);
  return fired;
}

absl::Status TimerLoop::Fire(const std::vector<TimerRow>& page, absl::Time now, size_t& fired) {
  std::vector<Command> commands;
  // One timer that cannot be made a command must not keep the others.
  absl::Status unusable;
  for (const TimerRow& timer : page) {
    absl::StatusOr<Due> made = due_of_(timer, now);
    if (!made.ok()) {
      unusable.Update(made.status());
      continue;
    }
    Command command;
    command.stream = timer.stream;
    command.payload = std::move(made->payload);
    command.origin = TimerOrigin{timer.kind, timer.due_unix_seconds, made->version};
    commands.push_back(std::move(command));
  }
  fired += commands.size();
  if (!commands.empty()) RETURN_IF_ERROR(SubmitAll(engine_, std::move(commands)));
  return unusable;
}

}  // namespace pathways::runtime
