#include "services/follow/timer_loop.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "services/base/clock.h"
#include "services/base/faults.h"
#include "services/base/status_macros.h"
#include "services/follow/submit.h"

namespace pathways::follow {
namespace {

constexpr int kPage = 256;

// How long timers that wait may go unread. Each of these reads costs a row of the store for every
// timer that waits.
constexpr absl::Duration kUnreadMax = absl::Minutes(10);

// After a full page: so the timers of a day that begins leave the engine room for requests, and
// what cannot fire is not read in a tight loop.
constexpr absl::Duration kPageRest = absl::Milliseconds(20);

// The store, and not one stream that only another release knows.
bool IsStoreAway(const absl::Status& status) {
  return absl::IsUnavailable(status) && !IsOfOtherRelease(status);
}

}  // namespace

engine::TimerRow WaitingTimers::Begin(absl::Time now) {
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

bool WaitingTimers::Holds(const engine::TimerRow& timer, absl::Time now) {
  const auto entry = until_.find(KeyOf(timer));
  return entry != until_.end() && now < entry->second;
}

void WaitingTimers::Hold(const engine::TimerRow& timer, absl::Time until) {
  until_[KeyOf(timer)] = until;
}

void WaitingTimers::Skip(const engine::TimerRow& timer) {
  skip_to_ = timer;
  skip_until_ = std::min(skip_until_, until_.at(KeyOf(timer)));
}

TimerLoop::TimerLoop(engine::FollowStore& store, engine::Engine& engine, DueOf due_of,
                     absl::Duration every, Report report, base::Drive drive)
    : store_(store),
      engine_(engine),
      due_of_(std::move(due_of)),
      every_(every),
      reporter_(std::move(report)) {
  if (drive == base::Drive::kThread) thread_ = std::thread([this] { Run(); });
}

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

absl::StatusOr<size_t> TimerLoop::Step() {
  absl::StatusOr<size_t> fired = FireDue();
  reporter_.Tell(fired.status());
  return fired;
}

absl::StatusOr<size_t> TimerLoop::Look(const std::function<bool()>& go_on) {
  std::lock_guard<std::mutex> lock(look_mutex_);
  ASSIGN_OR_RETURN(absl::Time now, store_.Now());
  if (PATHWAYS_MUTANT("process_clock_timers")) now = base::SystemClock().Now();
  size_t fired = 0;
  absl::Status first_error;
  bool all_wait = true;
  engine::TimerRow after = waiting_.Begin(now);
  // Ends: each page begins behind the one before, and no timer is set earlier than now by firing.
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<engine::TimerRow> page,
                     store_.ReadDueTimers(now, after, kPage));
    if (!page.empty()) {
      const absl::Status status = Fire(page, now, fired);
      if (IsStoreAway(status)) return status;
      first_error.Update(status);
      after = page.back();
    }
    for (const engine::TimerRow& timer : page) {
      all_wait = all_wait && waiting_.Holds(timer, now);
      if (!all_wait) break;
      waiting_.Skip(timer);
    }
    if (page.size() < kPage || PATHWAYS_MUTANT("timers_first_page") || !go_on()) break;
  }
  RETURN_IF_ERROR(first_error);
  return fired;
}

absl::Status TimerLoop::Fire(const std::vector<engine::TimerRow>& page, absl::Time now,
                             size_t& fired) {
  std::vector<engine::Command> commands;
  // One timer that cannot be made a command must not keep the others.
  absl::Status unusable;
  for (const engine::TimerRow& timer : page) {
    if (waiting_.Holds(timer, now)) continue;
    absl::StatusOr<Due> made = due_of_(timer, now);
    if (!made.ok()) {
      unusable.Update(made.status());
      continue;
    }
    if (made->not_before) {
      waiting_.Hold(timer, *made->not_before);
      continue;
    }
    engine::Command command;
    command.stream = timer.stream;
    command.payload = std::move(made->payload);
    command.lookup = std::move(made->lookup);
    command.origin = engine::TimerOrigin{timer.kind, timer.due_unix_seconds, made->version};
    commands.push_back(std::move(command));
  }
  fired += commands.size();
  if (!commands.empty()) RETURN_IF_ERROR(SubmitAll(engine_, std::move(commands)));
  return unusable;
}

}  // namespace pathways::follow
