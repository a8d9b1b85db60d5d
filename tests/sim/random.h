// Numbers that come of a seed, the same on every machine.
#ifndef PATHWAYS_TESTS_SIM_RANDOM_H_
#define PATHWAYS_TESTS_SIM_RANDOM_H_

#include <cstdint>

namespace pathways::sim {

// SplitMix64. Not for secrets.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // From 0 to `n` - 1. `n` is above 0.
  int64_t Below(int64_t n) { return static_cast<int64_t>(Next() % static_cast<uint64_t>(n)); }
  bool OneIn(int64_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_RANDOM_H_
