// What `./dev chaos` sets for the chaos tests, by variables of the environment.
#ifndef PATHWAYS_TESTS_DISTRIBUTED_CHAOS_SETTINGS_H_
#define PATHWAYS_TESTS_DISTRIBUTED_CHAOS_SETTINGS_H_

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>

namespace pathways::testing_support {

inline std::optional<int64_t> NumberFrom(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::atoll(text);
}

// From which all that is random follows.
inline uint64_t ChaosSeed() {
  return static_cast<uint64_t>(NumberFrom("PATHWAYS_CHAOS_SEED").value_or(1));
}

// How long random faults last. None: this is `./dev test`, and short.
inline std::optional<std::chrono::seconds> ChaosTime() {
  const std::optional<int64_t> seconds = NumberFrom("PATHWAYS_CHAOS_SECONDS");
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(*seconds);
}

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_DISTRIBUTED_CHAOS_SETTINGS_H_
