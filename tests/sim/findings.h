// What a check has found wrong, and what all checks read by.
#ifndef PATHWAYS_TESTS_SIM_FINDINGS_H_
#define PATHWAYS_TESTS_SIM_FINDINGS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/world.h"

namespace pathways::sim {

// Not by dereferencing: a loop over a part of what is gone would read what is gone.
template <typename T>
T Value(absl::StatusOr<T> read) {
  return *std::move(read);
}

inline bool IsPoisoned(const World& world, const std::string& stream) {
  return world.unwritable.contains(stream) || world.unreadable.contains(stream);
}

class Findings {
 public:
  void Add(const std::string& what) { found_.push_back(what); }
  // Of a service's case.
  void Add(const Service& service, const std::string& stream, const std::string& what) {
    Add(absl::StrCat(service.name, ", ", stream, ": ", what));
  }
  std::vector<std::string> Take() { return std::move(found_); }

 private:
  std::vector<std::string> found_;
};

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_FINDINGS_H_
