// Every write to a store, so that an older copy of it can be made, as from a backup.
#ifndef PATHWAYS_TESTS_SIM_JOURNAL_H_
#define PATHWAYS_TESTS_SIM_JOURNAL_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "services/base/clock.h"
#include "tests/sim/memory_store.h"

namespace pathways::sim {

class Journal {
 public:
  using Write = std::function<absl::Status(MemoryStore&)>;

  // A write that was carried out.
  void Note(Write write) { writes_.push_back(std::move(write)); }
  size_t size() const { return writes_.size(); }
  // The store as it was after the first `count` writes. `clock` must outlive it.
  std::unique_ptr<MemoryStore> CopyAfter(size_t count, const base::Clock& clock,
                                         const std::string& incarnation) const;

 private:
  std::vector<Write> writes_;
};

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_JOURNAL_H_
