#include "services/base/faults.h"

#ifdef PATHWAYS_FAULTS

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace pathways::base {
namespace {

const std::set<std::string>& Mutants() {
  static const auto& mutants = *new std::set<std::string>{
      "acks_0",                         // No record is acknowledged or sent again.
      "ceiling_of_none",                // A version may do nothing to the people on file.
      "confirm_answers_last",           // Whatever is confirmed, the last version is named.
      "confirm_unstored",               // What is confirmed is answered and not stored.
      "drop_records",                   // The bus inside the process loses records.
      "never_give_up",                  // What cannot be committed is read again for ever.
      "no_audit",                       // Requests leave no audit row.
      "no_fold_sweep",                  // What another release folded is left until it is used.
      "no_number_checks",               // Events are applied as they come; no number is kept.
      "no_request_ids",                 // A request that is repeated is a new one.
      "no_rescreening",                 // Nobody is decided again when policies change.
      "no_tail_check",                  // The topic is not compared with the database.
      "position_before_effect",         // A consumer moves its position before the effect.
      "postgres.no_commit_order_lock",  // Positions may be committed out of order.
      "postgres.no_lookup_check",       // A decision may stand on what is no longer so.
      "postgres.no_rules_lock",         // The rules stream may change under a batch.
      "postgres.no_row_locks",          // Two batches may read the same stream.
      "process_clock_timers",           // Timers are judged by the process's clock.
      "publish_before_commit",          // Events are sent before their commit.
      "relay_drop",                     // The last event of one batch is not sent.
      "relay_two_workers",              // The second half of a batch is sent first.
      "send_withheld",                  // Later events of a withheld case are sent.
      "skip_duplicate_check",           // An event that was applied is applied again.
      "stop_at_unread",                 // A puller ends its round at the first unreadable case.
      "sweep_heads_first",              // Heads are read before what was applied, and believed.
      "timers_first_page",              // A look at the timers ends after a page of them.
  };
  return mutants;
}

// What the environment asks for, read once.
struct Plan {
  std::string point;
  int hit = 0;
  std::set<std::string> mutants;
  bool repairs = true;
};

Plan ReadPlan() {
  Plan plan;
  if (const char* at = std::getenv("PATHWAYS_CRASH_AT")) {
    const std::string text(at);
    const size_t colon = text.rfind(':');
    plan.point = text.substr(0, colon);
    plan.hit = colon == std::string::npos ? 1 : std::atoi(text.c_str() + colon + 1);
  }
  if (const char* mutants = std::getenv("PATHWAYS_MUTANT")) {
    for (const absl::string_view name : absl::StrSplit(mutants, ',', absl::SkipEmpty())) {
      plan.mutants.emplace(name);
    }
  }
  for (const std::string& name : plan.mutants) {
    if (Mutants().contains(name)) continue;
    // A fault that is not there would pass for one that does no harm.
    std::cerr << "PATHWAYS_MUTANT: there is no " << name << '\n' << std::flush;
    std::abort();
  }
  if (const char* repair = std::getenv("PATHWAYS_REPAIR")) {
    plan.repairs = std::string(repair) != "off";
  }
  return plan;
}

const Plan& ThePlan() {
  static const Plan kPlan = ReadPlan();
  return kPlan;
}

thread_local std::function<void(const char*)> hook;

}  // namespace

void SetCrashHook(std::function<void(const char* name)> now) { hook = std::move(now); }

std::vector<CrashPoint> CrashPoints() {
  return {
      {"engine.before_decide", CrashPart::kEvery},         // A batch is taken, nothing is read.
      {"engine.after_decide", CrashPart::kEvery},          // Decided, nothing is written.
      {"store.before_commit", CrashPart::kEvery},          // Written, not committed.
      {"store.after_commit", CrashPart::kEvery},           // Committed, nobody is answered.
      {"engine.before_answer", CrashPart::kEvery},         // As above, for each caller.
      {"consumer.before_submit", CrashPart::kFollower},    // Polled, not submitted.
      {"consumer.after_commit", CrashPart::kFollower},     // Effect and position committed.
      {"puller.before_submit", CrashPart::kFollower},      // Pulled, not submitted.
      {"relay.before_publish", CrashPart::kEvery},         // Read, not published.
      {"relay.after_publish", CrashPart::kEvery},          // Published, the watermark not moved.
      {"projector.before_commit", CrashPart::kProjector},  // Folded, not written.
      {"publisher.half_reported", CrashPart::kKafka},      // Some records of a batch acknowledged.
      {"subscription.given", CrashPart::kKafka},           // In the rebalance callback, by which
      {"subscription.taken", CrashPart::kKafka},           // partitions come and go.
  };
}

std::vector<std::string> EmbeddedCrashPoints() {
  std::vector<std::string> names;
  for (const CrashPoint& point : CrashPoints()) {
    if (point.part != CrashPart::kKafka) names.push_back(point.name);
  }
  return names;
}

void HitCrashPoint(const char* name) {
  if (hook) return hook(name);
  static std::atomic<int> hits{0};
  const Plan& plan = ThePlan();
  if (plan.point.empty() || plan.point != name) return;
  // SIGKILL and nothing gentler: no destructor, no flush, as when the battery is pulled (but for
  // the page cache).
  if (hits.fetch_add(1) + 1 == plan.hit) kill(getpid(), SIGKILL);
}

bool MutantActive(const char* name) { return ThePlan().mutants.contains(name); }

bool RepairIsOff() { return !ThePlan().repairs; }

}  // namespace pathways::base

#endif  // PATHWAYS_FAULTS
