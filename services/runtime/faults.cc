#include "services/runtime/faults.h"

#ifdef PATHWAYS_FAULTS

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace pathways::runtime {
namespace {

// What the environment asks for, read once.
struct Plan {
  std::string point;
  int hit = 0;
  std::string mutant;
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
  if (const char* mutant = std::getenv("PATHWAYS_MUTANT")) plan.mutant = mutant;
  if (const char* repair = std::getenv("PATHWAYS_REPAIR")) {
    plan.repairs = std::string(repair) != "off";
  }
  return plan;
}

const Plan& ThePlan() {
  static const Plan kPlan = ReadPlan();
  return kPlan;
}

}  // namespace

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
  static std::atomic<int> hits{0};
  const Plan& plan = ThePlan();
  if (plan.point.empty() || plan.point != name) return;
  // SIGKILL and nothing gentler: no destructor, no flush, as when the battery is pulled (but for
  // the page cache).
  if (hits.fetch_add(1) + 1 == plan.hit) kill(getpid(), SIGKILL);
}

bool MutantActive(const char* name) { return ThePlan().mutant == name; }

bool RepairIsOff() { return !ThePlan().repairs; }

}  // namespace pathways::runtime

#endif  // PATHWAYS_FAULTS
