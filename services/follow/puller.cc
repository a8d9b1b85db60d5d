#include "services/follow/puller.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/drive.h"
#include "services/base/faults.h"
#include "services/base/status_macros.h"
#include "services/follow/head_sweep.h"
#include "services/follow/lost_tail.h"
#include "services/follow/submit.h"
#include "services/type/stream_id.h"

namespace pathways::follow {
namespace {

constexpr size_t kPage = 256;  // Rows, or events of one stream, in one read.
// Pulled events that are submitted together; one stream may bring a page more.
constexpr size_t kPulledMax = 256;
constexpr size_t kPulledBytesMax = 4 << 20;
constexpr absl::Duration kPullRest = absl::Milliseconds(50);

// Reads without an answer in a row, after which it is the upstream that does not answer: each may
// have waited for its deadline.
constexpr int kUnavailableMax = 3;
// With pauses from one second to a minute these take some five minutes.
constexpr int kTriesMax = 10;

// How soon a failed sweep is tried again.
constexpr absl::Duration kSweepRetry = absl::Seconds(10);
// Longer than the partitions of a reader that died wait for another one.
constexpr absl::Duration kLookAgain = absl::Seconds(15);
// Where more cases than this are behind, it is the bus that is late: they are fetched at once.
constexpr size_t kSuspectsMax = 1000;
// Losses that are proven in one sweep. An upstream that lost everything is not asked for all of it.
constexpr int64_t kLostMax = 100;

}  // namespace

Puller::Puller(PullerParts parts, absl::Duration sweep_every)
    : parts_(std::move(parts)),
      sweep_every_(sweep_every),
      reporter_(parts_.report),
      unread_(parts_.retry_first) {
  if (parts_.drive == base::Drive::kThread) thread_ = std::thread([this] { Run(); });
}

Puller::~Puller() { Stop(); }

void Puller::Stop() {
  signal_.Stop();
  if (thread_.joinable()) thread_.join();
}

void Puller::Run() {
  while (!signal_.stopped()) {
    if (PATHWAYS_REPAIR_OFF()) {
      signal_.Wait(base::kAnnouncedWait);
      continue;
    }
    const absl::StatusOr<bool> applied = Step();
    if (applied.ok() && *applied) continue;
    // Every commit wakes it, and hardly one leaves a stream behind.
    if (!signal_.Rest(kPullRest)) return;
    signal_.Wait(applied.ok() ? base::kAnnouncedWait : base::kErrorWait);
  }
}

absl::StatusOr<bool> Puller::Step() {
  if (base::SteadyNow() >= next_sweep_) {
    swept_ = Sweep();
    const absl::Duration wait = swept_.ok() ? sweep_every_ : std::min(sweep_every_, kSweepRetry);
    next_sweep_ = base::SteadyNow() + absl::ToChronoMilliseconds(wait);
  }
  absl::Status told = swept_;
  told.Update(LookAgainWhenDue());
  const absl::StatusOr<bool> applied = PullOnce();
  told.Update(applied.status());
  told.Update(unread_.status());
  reporter_.Tell(told);
  return applied;
}

absl::StatusOr<bool> Puller::PullOnce() {
  Round round;
  // After a round that ended early it goes on from there, or its first rows would hide the others.
  engine::BehindRow last = std::exchange(resume_, {});
  const bool is_whole = last.stream.empty();
  do {
    ASSIGN_OR_RETURN(const std::vector<engine::BehindRow> rows,
                     parts_.store.ReadBehindOf(parts_.upstream, last, kPage));
    for (auto next = rows.begin(); next != rows.end() && round.down.ok();) {
      RETURN_IF_ERROR(PullSome(rows, next, round));
    }
    if (!round.down.ok()) break;
    if (rows.size() < kPage) {
      if (is_whole) unread_.ForgetUnwanted();
      break;
    }
    last = rows.back();
    // On to the next page only behind rows that cannot move now: they must not hide the others.
  } while (!round.applied && !signal_.stopped());
  RETURN_IF_ERROR(ParkUnread(round));
  RETURN_IF_ERROR(round.down);
  return round.applied;
}

absl::Status Puller::PullSome(const std::vector<engine::BehindRow>& rows,
                              std::vector<engine::BehindRow>::const_iterator& next, Round& round) {
  std::map<std::string, int64_t> before;
  std::vector<engine::Command> commands = ReadSome(rows, next, before, round);
  if (commands.empty()) return absl::OkStatus();
  PATHWAYS_CRASH_POINT("puller.before_submit");
  RETURN_IF_ERROR(SubmitAll(parts_.engine, std::move(commands)));
  std::vector<std::string> streams;
  for (const auto& [stream, number] : before) streams.push_back(stream);
  ASSIGN_OR_RETURN(auto after, parts_.store.ReadApplied(parts_.upstream, streams));
  round.applied |= std::any_of(before.begin(), before.end(), [&](const auto& entry) {
    return after[entry.first] > entry.second;
  });
  return absl::OkStatus();
}

std::vector<engine::Command> Puller::ReadSome(const std::vector<engine::BehindRow>& rows,
                                              std::vector<engine::BehindRow>::const_iterator& next,
                                              std::map<std::string, int64_t>& before,
                                              Round& round) {
  std::vector<engine::Command> commands;
  size_t bytes = 0;
  for (; next != rows.end() && round.down.ok(); ++next) {
    if (commands.size() >= kPulledMax || bytes >= kPulledBytesMax || signal_.stopped()) break;
    if (!unread_.MayTry(next->stream)) continue;
    const auto events = parts_.streams.ReadStream(next->stream, next->applied + 1, kPage);
    if (!events.ok()) {
      NoteUnread(*next, events.status(), round);
      continue;
    }
    round.unavailable_in_row = 0;
    unread_.Forget(next->stream);
    before[next->stream] = next->applied;
    for (const engine::EventRow& event : *events) {
      bytes += event.data.size();
      commands.push_back(CommandOf(parts_.domain, parts_.upstream, event));
    }
  }
  if (signal_.stopped()) next = rows.end();
  return commands;
}

void Puller::NoteUnread(const engine::BehindRow& row, const absl::Status& status, Round& round) {
  if (PATHWAYS_MUTANT("stop_at_unread")) {
    round.down = status;
    return;
  }
  if (!absl::IsUnavailable(status)) {
    round.unavailable_in_row = 0;  // It answered.
    round.unread.push_back({row, status});
    return;
  }
  unread_.Failed(row.stream, status, /*counts=*/false);
  if (++round.unavailable_in_row < kUnavailableMax) return;
  round.down = status;
  resume_ = row;
}

absl::Status Puller::ParkUnread(const Round& round) {
  if (round.unread.empty()) return absl::OkStatus();
  const bool counts = UpstreamReads(round);
  std::vector<engine::Command> commands;
  for (const auto& [row, why] : round.unread) {
    if (unread_.Failed(row.stream, why, counts) < kTriesMax) continue;
    engine::EventOrigin origin;
    origin.upstream = parts_.upstream;
    origin.number = row.applied + 1;
    origin.unreadable = kStreamUnreadable;
    commands.push_back({row.stream, "", std::move(origin), {}});
  }
  if (commands.empty()) return absl::OkStatus();
  std::vector<std::string> parked;
  for (const engine::Command& command : commands) parked.push_back(command.stream);
  RETURN_IF_ERROR(SubmitAll(parts_.engine, std::move(commands)));
  for (const std::string& stream : parked) unread_.Forget(stream);
  return absl::OkStatus();
}

bool Puller::UpstreamReads(const Round& round) {
  const auto heads = parts_.streams.ReadHeads("", static_cast<int>(kPage));
  if (!heads.ok()) return false;
  const auto is_other = [&](const engine::StreamHead& head) {
    const bool is_unread =
        unread_.Contains(head.stream) ||
        std::any_of(round.unread.begin(), round.unread.end(),
                    [&](const Unread& unread) { return unread.row.stream == head.stream; });
    return type::IsCaseStream(head.stream) && !is_unread;
  };
  const auto other = std::find_if(heads->begin(), heads->end(), is_other);
  // One that has no other to be compared with may well be at fault; of several that is unlikely.
  if (other == heads->end()) return round.unread.size() == 1;
  return parts_.streams.ReadStream(other->stream, 1, 1).ok();
}

absl::Status Puller::LookAgain() {
  look_again_ = base::SteadyNow() + absl::ToChronoMilliseconds(std::min(sweep_every_, kLookAgain));
  std::vector<std::string> streams;
  for (const auto& [stream, suspect] : suspects_) streams.push_back(stream);
  if (streams.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto applied, parts_.store.ReadApplied(parts_.upstream, streams));
  std::vector<engine::BehindRow> behind;
  std::vector<Suspect*> missing;
  int64_t found = 0;
  for (auto& [stream, suspect] : suspects_) {
    const int64_t before = std::exchange(suspect.applied, applied[stream]);
    if (suspect.applied < suspect.known && suspect.applied <= before) {
      behind.push_back({stream, parts_.upstream, suspect.known, 0, absl::InfinitePast()});
      // One that is parked, or waits for another upstream, is known to lack it.
      ASSIGN_OR_RETURN(const engine::StreamRow row, parts_.store.ReadState(stream));
      if (row.parked_reason.empty() && !row.behind.contains(parts_.upstream)) {
        missing.push_back(&suspect);
      }
    }
  }
  // Not before all were looked at: what a look that is cut short has found may come by itself.
  for (Suspect* suspect : missing) suspect->is_told = false;
  for (const auto& [stream, suspect] : suspects_) found += suspect.is_told ? 0 : 1;
  // Where its answer is lost, they may be fetched before the next look, which tells of them.
  if (!behind.empty()) RETURN_IF_ERROR(parts_.store.MarkBehind(behind));
  for (auto& [stream, suspect] : suspects_) suspect.is_told = true;
  for (const engine::BehindRow& row : behind) suspects_.erase(row.stream);
  std::erase_if(suspects_, [](const auto& one) { return one.second.applied >= one.second.known; });
  if (found > 0 && parts_.found_missing) parts_.found_missing(found);
  return absl::OkStatus();
}

absl::Status Puller::LookAgainWhenDue() {
  std::lock_guard<std::mutex> lock(mutex_);
  return base::SteadyNow() < look_again_ ? absl::OkStatus() : LookAgain();
}

absl::Status Puller::Sweep() {
  std::lock_guard<std::mutex> lock(mutex_);
  RETURN_IF_ERROR(LookAgain());
  Comparison comparison;
  // Streams that this service has are looked at too: upstream may have lost a whole one.
  HeadSweep sweep{
      [this](const std::string& stream) { return parts_.domain.Follows(parts_.upstream, stream); },
      HeadsOf(parts_.streams),
      HeadsOf(parts_.store),
      {},
      {}};
  sweep.know = [&](const std::vector<std::string>& streams) -> absl::Status {
    ASSIGN_OR_RETURN(const auto applied, parts_.store.ReadApplied(parts_.upstream, streams));
    for (const std::string& stream : streams) {
      const auto found = applied.find(stream);
      comparison.applied[stream] = found == applied.end() ? 0 : found->second;
    }
    return absl::OkStatus();
  };
  sweep.visit = [&](const std::vector<engine::StreamHead>& heads) {
    return Compare(heads, comparison);
  };
  comparison.first_error.Update(SweepHeads(sweep, signal_));
  if (comparison.lost > 0) {
    return LostTail(absl::StrCat("the upstream lacks events that were applied: of ",
                                 comparison.lost, comparison.lost < kLostMax ? "" : " or more",
                                 " cases, the first of them ", comparison.first_lost,
                                 ". Restore it; on PostgreSQL by 'pathways restore'"));
  }
  return comparison.first_error;
}

absl::Status Puller::Compare(const std::vector<engine::StreamHead>& heads, Comparison& comparison) {
  std::vector<engine::BehindRow> behind;
  for (const auto& [stream, version] : heads) {
    const int64_t applied = comparison.applied[stream];
    if (version < applied) NoteLost(stream, applied, comparison);
    if (version <= applied) continue;
    if (suspects_.size() < kSuspectsMax || suspects_.contains(stream)) {
      suspects_[stream] = {applied, version, /*is_told=*/true};
    } else {
      behind.push_back({stream, parts_.upstream, version, 0, absl::InfinitePast()});
    }
  }
  comparison.applied.clear();
  return behind.empty() ? absl::OkStatus() : parts_.store.MarkBehind(behind);
}

void Puller::NoteLost(const std::string& stream, int64_t applied, Comparison& comparison) {
  if (comparison.lost >= kLostMax) return;
  const absl::StatusOr<bool> lost = IsLost(parts_.streams, stream, applied);
  comparison.first_error.Update(lost.status());
  if (!lost.ok() || !*lost) return;
  if (comparison.lost == 0) comparison.first_lost = stream;
  ++comparison.lost;
}

}  // namespace pathways::follow
