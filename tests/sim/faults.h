// What may go wrong under a seed. Every fault is one bit of the seed's profile, so that a seed has
// some of them, and a failing one shows which; all of them end when the simulation settles.
#ifndef PATHWAYS_TESTS_SIM_FAULTS_H_
#define PATHWAYS_TESTS_SIM_FAULTS_H_

#include <cstdint>
#include <string>

namespace pathways::sim {

struct Faults {
  bool lost_records = false;  // Acknowledged by the bus, and gone.
  bool repeats = false;       // Records that come again, also old ones.
  bool delays = false;        // Each partition shows its records at its own time.
  bool refusals = false;  // Records that the bus takes never, or not before its limit is raised.
  bool bus_away = false;  // No answer to who publishes or reads.
  bool streams_away = false;  // No answer from another service's API.
  bool store_away = false;    // No answer from the store.
  bool crashes = false;       // At a crash point, or between two steps.
  bool freezes = false;       // A process stands still and comes back with what it held.
  bool clocks = false;        // Clocks drift and are set.
  bool lost_replies = false;  // Calls that were carried out, and nobody heard of it.
  bool unwritable = false;    // A case that the store cannot commit.
  bool stuck_timers = false;  // More timers than a page that cannot fire.
  bool unreadable = false;    // A case whose events its owner cannot read.
  bool lost_tail = false;     // A store is set back to an older copy of itself.
  bool releases = false;      // Replicas of two releases, there and back.
  bool news = false;          // The newer one writes events that the older one cannot apply.
};

// The faults of a seed.
Faults FaultsOf(uint64_t seed);
// The names of those that there are.
std::string Names(const Faults& faults);

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_FAULTS_H_
