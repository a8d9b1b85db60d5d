// What the parts of a simulation ask of the one scheduler: chance, time, faults and interruptions.
//
// Bus, stores and processes hold a reference to it and know nothing of each other. Every fault is
// one bit of the seed's profile, so that a seed has some of them and a failing one shows which; all
// of them end when the simulation settles.
#ifndef PATHWAYS_TESTS_SIM_SURROUNDINGS_H_
#define PATHWAYS_TESTS_SIM_SURROUNDINGS_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "services/base/drive.h"
#include "tests/sim/random.h"

namespace pathways::sim {

// What may go wrong under a seed.
struct Faults {
  bool lost_records = false;  // Acknowledged by the bus, and gone.
  bool repeats = false;       // Records that come again, also old ones.
  bool delays = false;        // Each partition shows its records at its own time.
  bool bus_away = false;      // No answer to who publishes or reads.
  bool streams_away = false;  // No answer from another service's API.
  bool store_away = false;    // No answer from the store.
  bool crashes = false;       // At a crash point, or between two steps.
  bool freezes = false;       // A process stands still and comes back with what it held.
  bool clocks = false;        // Clocks drift and are set.
  bool lost_replies = false;  // Calls that were carried out, and nobody heard of it.
  bool unwritable = false;    // A case that the store cannot commit.
  bool stuck_timers = false;  // More timers than a page that cannot fire.
  bool unreadable = false;    // A case whose events its owner cannot read.
};

// The names of those that there are.
std::string Names(const Faults& faults);

class Surroundings {
 public:
  virtual ~Surroundings() = default;

  Random& random() { return random_; }
  const Faults& faults() const { return faults_; }
  // Adds to the trace, whose hash two runs of a seed have in common.
  void Note(const std::string& what) {
    for (const char c : what) trace_ = (trace_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    trace_ = (trace_ ^ 0xffu) * 0x100000001b3u;
  }
  uint64_t trace() const { return trace_; }
  // UNAVAILABLE once in a while, when the profile has that fault.
  absl::Status Try(bool fault, const char* what) {
    if (!fault || !random_.OneIn(12)) return absl::OkStatus();
    return absl::UnavailableError(what);
  }
  // Others may run now, for as long as whoever calls waits for an answer.
  virtual void LetOthersRun() = 0;

  // How the cases begin that have nothing but a timer.
  static constexpr char kStuck[] = "stuck";

  std::set<std::string> unwritable;  // Cases of which no event can be committed downstream.
  std::set<std::string> unreadable;  // Cases whose events their owner cannot read.

 protected:
  Surroundings(uint64_t seed, Faults faults) : random_(seed), faults_(faults) {}
  Random random_;
  Faults faults_;

 private:
  uint64_t trace_ = 0xcbf29ce484222325u;
};

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_SURROUNDINGS_H_
