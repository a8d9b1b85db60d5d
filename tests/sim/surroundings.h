// What the parts of a simulation ask of the one scheduler: chance, time, faults and interruptions.
//
// Bus, stores and processes hold a reference to it and know nothing of each other.
#ifndef PATHWAYS_TESTS_SIM_SURROUNDINGS_H_
#define PATHWAYS_TESTS_SIM_SURROUNDINGS_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "services/base/drive.h"
#include "tests/sim/faults.h"
#include "tests/sim/random.h"

namespace pathways::sim {

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

  std::string crashed_at;            // The crash point at which a process ended last.
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
