// What a store that was set back lacks, who has noticed, and how it is brought back.
//
// Compares stores and topics of a simulation as an operator could; the bringing back is that of
// `pathways restore`.
#ifndef PATHWAYS_TESTS_SIM_LOSS_H_
#define PATHWAYS_TESTS_SIM_LOSS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/sim/process.h"

namespace pathways::sim {

// A case of which a follower has events that the service which made them has not any more.
struct Ahead {
  Service* follower = nullptr;
  std::string stream;
  bool is_applied = false;  // False: they are only shown.
};

// What became of a store that was set back.
struct Loss {
  Service* victim = nullptr;   // Null: none was.
  bool was_published = false;  // The topic has what the store lost.
  bool is_mended = false;      // All that it has was brought back.
  int64_t position = 0;        // Of its last event then.
  std::vector<Ahead> ahead;    // When all that could be brought back was.
};

// Whether the service's topic has an event that its store lacks, or has under another id.
bool HasLostPublished(const Service& service);
std::vector<Ahead> FindAhead(std::array<Service, 3>& services, const Service& victim);
// Nothing else may write to the store meanwhile.
absl::Status RestoreFromTopic(std::array<Service, 3>& services, Service& victim);

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_LOSS_H_
