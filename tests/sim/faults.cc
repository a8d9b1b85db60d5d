#include "tests/sim/faults.h"

#include <vector>

#include "absl/strings/str_join.h"
#include "tests/sim/random.h"

namespace pathways::sim {
namespace {

// Once in how many seeds a fault is there.
constexpr int64_t kUsual = 3;
constexpr int64_t kPoison = 6;
constexpr int64_t kRare = 8;

struct Named {
  bool Faults::* fault;
  const char* name;
  int64_t one_in;
};

constexpr Named kFaults[] = {
    {&Faults::lost_records, "lost_records", kUsual},
    {&Faults::repeats, "repeats", kUsual},
    {&Faults::delays, "delays", kUsual},
    {&Faults::refusals, "refusals", kPoison},
    {&Faults::bus_away, "bus_away", kUsual},
    {&Faults::streams_away, "streams_away", kUsual},
    {&Faults::store_away, "store_away", kUsual},
    {&Faults::crashes, "crashes", kUsual},
    {&Faults::freezes, "freezes", kUsual},
    {&Faults::clocks, "clocks", kUsual},
    {&Faults::lost_replies, "lost_replies", kUsual},
    {&Faults::unwritable, "unwritable", kPoison},
    {&Faults::unreadable, "unreadable", kPoison},
    {&Faults::stuck_timers, "stuck_timers", kRare},
    {&Faults::lost_tail, "lost_tail", kRare},
    {&Faults::releases, "releases", kUsual},
    {&Faults::news, "news", kPoison},
};

}  // namespace

Faults FaultsOf(uint64_t seed) {
  Random random(seed * 2 + 1);
  Faults faults;
  // One seed in eight is calm: nothing may be told there.
  if (random.OneIn(8)) return faults;
  for (const Named& one : kFaults) faults.*one.fault = random.OneIn(one.one_in);
  faults.releases |= faults.news;
  // What the topic does not have either cannot be brought back.
  if (faults.lost_tail) faults.lost_records = faults.refusals = false;
  return faults;
}

std::string Names(const Faults& faults) {
  std::vector<std::string> names;
  for (const Named& one : kFaults) {
    if (faults.*one.fault) names.emplace_back(one.name);
  }
  return absl::StrJoin(names, " ");
}

}  // namespace pathways::sim
