#include "tests/sim/check_alarms.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/follow/submit.h"

namespace pathways::sim {
namespace {

// Of events that were lost by who made them.
bool MayTellLoss(const World& world, const Alarm& alarm) {
  const Loss& loss = world.loss();
  if (loss.victim == nullptr) return false;
  const bool is_own = absl::StartsWith(alarm.who, loss.victim->name + "/");
  // It takes no commands until it is brought back.
  if (is_own && absl::IsUnavailable(alarm.status)) return loss.was_published;
  if (!absl::IsDataLoss(alarm.status)) return false;
  return is_own ? loss.was_published : loss.was_published || !loss.ahead.empty();
}

bool MayTell(const Faults& faults, const Alarm& alarm) {
  const bool poisoned = faults.unwritable || faults.unreadable;
  const bool away = faults.bus_away || faults.streams_away || faults.store_away;
  const bool stopped = faults.crashes || faults.freezes;
  if (alarm.found_missing > 0) return true;  // Compared with what was missing.
  if (follow::IsOfOtherRelease(alarm.status)) return faults.news;
  switch (alarm.status.code()) {
    case absl::StatusCode::kUnavailable:
      return away || faults.unreadable;
    case absl::StatusCode::kAborted:
      return stopped || faults.store_away;
    case absl::StatusCode::kInternal:
      return poisoned;
    case absl::StatusCode::kFailedPrecondition:
      return faults.refusals && absl::EndsWith(alarm.who, "relay");
    case absl::StatusCode::kDataLoss:
      return faults.stuck_timers && absl::StrContains(alarm.who, "timers");
    default:
      return false;
  }
}

}  // namespace

void CheckAlarms(World& world, Findings& findings) {
  for (const Alarm& alarm : world.alarms()) {
    if (MayTell(world.planted(), alarm) || MayTellLoss(world, alarm)) continue;
    findings.Add(
        absl::StrCat("an alarm without a fault: ", alarm.who, ": ", alarm.status.ToString()));
  }
}

void CheckMissed(World& world, Service& service, Findings& findings) {
  const Faults& faults = world.planted();
  // Without one of these nothing is late for so long.
  const bool may_be_late =
      faults.bus_away || faults.store_away || faults.freezes || faults.refusals || faults.lost_tail;
  std::map<std::string, int64_t> marked;
  for (const Missed& missed : service.missed) {
    ++marked[missed.upstream];
    if (missed.why == Lack::kNone || (missed.why == Lack::kLate && !may_be_late)) {
      findings.Add(service, missed.stream, "a sweep missed what was not missing");
    }
  }
  for (const Followed& upstream : service.follows) {
    int64_t told = 0;
    for (const Alarm& alarm : world.alarms()) {
      const bool is_ours = absl::StartsWith(alarm.who, service.name + "/") &&
                           absl::EndsWith(alarm.who, "sweep of " + upstream.name);
      if (is_ours) told += alarm.found_missing;
    }
    // Where a mark is not answered it is made again, and who made it may be gone by then.
    const bool is_exact = !faults.store_away;
    if (told > marked[upstream.name] || (is_exact && told < marked[upstream.name])) {
      findings.Add(absl::StrCat(service.name, ": sweeps told of ", told, " cases of ",
                                upstream.name, " and found ", marked[upstream.name]));
    }
  }
}

void CheckTails(World& world, Findings& findings) {
  const Loss& loss = world.loss();
  if (loss.victim == nullptr) return;
  const auto is_told = [&](const std::string& service, const std::string& part) {
    return std::any_of(world.alarms().begin(), world.alarms().end(), [&](const Alarm& alarm) {
      return absl::IsDataLoss(alarm.status) && absl::StartsWith(alarm.who, service + "/") &&
             absl::EndsWith(alarm.who, part);
    });
  };
  const std::string& victim = loss.victim->name;
  // A process tells as it starts. A relay that had no turn until all was mended has nothing to
  // tell.
  const std::map<std::string, bool> has_to_tell = {
      {"own tail", loss.was_published}, {"relay", loss.victim->losses_seen_by_relay > 0}};
  for (const auto& [part, must] : has_to_tell) {
    if (is_told(victim, part) == must) continue;
    findings.Add(absl::StrCat(
        victim, must ? " lost events and does not tell: " : " tells of a loss: ", part));
  }
  for (const Ahead& ahead : loss.ahead) {
    // The same events, decided again, are shown as they were.
    const bool is_shown_as_before = !ahead.is_applied && (loss.is_mended || !loss.was_published);
    if (is_shown_as_before || IsPoisoned(world, ahead.stream)) continue;
    const std::string part = ahead.is_applied ? "puller of " + victim : "status";
    const bool is_parked =
        !Value(ahead.follower->store->ReadState(ahead.stream)).parked_reason.empty();
    if (is_parked || is_told(ahead.follower->name, part)) continue;
    findings.Add(*ahead.follower, ahead.stream, "nobody is told that its upstream lost events");
  }
}

}  // namespace pathways::sim
