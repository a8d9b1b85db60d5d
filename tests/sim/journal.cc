#include "tests/sim/journal.h"

#include <cstdlib>

namespace pathways::sim {

std::unique_ptr<MemoryStore> Journal::CopyAfter(size_t count, const base::Clock& clock,
                                                const std::string& incarnation) const {
  auto copy = std::make_unique<MemoryStore>(clock, incarnation);
  for (size_t i = 0; i < count; ++i) {
    if (!writes_[i](*copy).ok()) std::abort();  // It was carried out once.
  }
  return copy;
}

}  // namespace pathways::sim
