#include "services/runtime/timer_loop.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "services/runtime/consumer.h"
#include "services/runtime/status_macros.h"

namespace pathways::runtime {
namespace {

constexpr int kPage = 256;

// How long timers that wait may go unread. Each of these reads costs a row of the store for every
// timer that waits.
constexpr absl::Duration kUnreadMax = absl::Minutes(10);

}  // namespace

TimerRow WaitingTimers::Begin(absl::Time now) {
  if (now < begun_) {
    // The clock was set back: what waited may have come too early to wait for the right time.
    until_.clear();
    skip_until_ = now;
  }
  begun_ = now;
  if (now < skip_until_) return skip_to_;
  for (auto entry = until_.begin(); entry != until_.end();) {
    entry = entry->second <= now ? until_.erase(entry) : std::next(entry);
  }
  skip_to_ = {};
  skip_until_ = now + kUnreadMax;
  return skip_to_;
}

bool WaitingTimers::Holds(const TimerRow& timer, absl::Time now) {
  const auto entry = until_.find(KeyOf(timer));
  return entry != until_.end() && now < entry->second;
}

void WaitingTimers::Hold(const TimerRow& timer, absl::Time until) { until_[KeyOf(timer)] = until; }

void WaitingTimers::Skip(const TimerRow& timer) {
  skip_to_ = timer;
  skip_until_ = std::min(skip_until_, until_.at(KeyOf(timer)));
}

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
    reporter_.Tell(Look(/*until_stopped=*/true).status());
    signal_.Wait(every_);
  }
}

absl::StatusOr<size_t> TimerLoop::FireDue() { return Look(/*until_stopped=*/false); }

absl::StatusOr<size_t> TimerLoop::Look(bool until_stopped) {
  std::lock_guard<std::mutex> lock(look_mutex_);
  const absl::Time now = clock_.Now();
  TimerRow after = waiting_.Begin(now);
  size_t submitted = 0;
  bool all_wait = true;
  // One timer that cannot be made a command, or is refused, must not keep the others.
  absl::Status first_error;
  // Ends: each page begins behind the one before, and no timer is set earlier than now by firing.
  while (!until_stopped || !signal_.stopped()) {
    ASSIGN_OR_RETURN(const std::vector<TimerRow> page, store_.ReadDueTimers(now, after, kPage));
    submitted += Fire(page, now, first_error);
    for (const TimerRow& timer : page) {
      all_wait = all_wait && waiting_.Holds(timer, now);
      if (!all_wait) break;
      waiting_.Skip(timer);
    }
    if (page.size() < kPage) break;
    after = page.back();
  }
  RETURN_IF_ERROR(first_error);
  return submitted;
}

size_t TimerLoop::Fire(const std::vector<TimerRow>& page, absl::Time now,
                       absl::Status& first_error) {
  std::vector<Command> commands;
  for (const TimerRow& timer : page) {
    if (waiting_.Holds(timer, now)) continue;
    absl::StatusOr<Due> made = due_of_(timer);
    if (!made.ok()) {
      first_error.Update(made.status());
      continue;
    }
    if (made->not_before) {
      waiting_.Hold(timer, *made->not_before);
      continue;
    }
    Command command;
    command.stream = timer.stream;
    command.payload = std::move(made->payload);
    command.origin = TimerOrigin{timer.kind, timer.due_unix_seconds, made->version};
    commands.push_back(std::move(command));
  }
  const size_t count = commands.size();
  if (count > 0) first_error.Update(SubmitAll(engine_, std::move(commands)));
  return count;
}

}  // namespace pathways::runtime
