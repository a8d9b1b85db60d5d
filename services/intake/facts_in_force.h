// The fact catalogue that requests are held against.
//
// The engine decides by the version of the ledger that its batch has read, and says here which that
// is (IntakeDomain::WithRules). A request is held against the version that stands here when it
// comes, and its command carries the number, also where the command is a refusal: one of another
// version than the batch's is answered CHANGED_MEANWHILE, and by then the right version stands
// here. So no request reads the ledger. Thread-safe.
#ifndef PATHWAYS_SERVICES_INTAKE_FACTS_IN_FORCE_H_
#define PATHWAYS_SERVICES_INTAKE_FACTS_IN_FORCE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"
#include "services/type/facts.h"

namespace pathways::intake {

struct FactsVersion {
  std::shared_ptr<const type::Facts> facts;
  int64_t number = 0;  // In the ledger. 0: the ledger is empty.
};

class FactsInForce {
 public:
  // What holds as long as the ledger is empty.
  explicit FactsInForce(std::shared_ptr<const type::Facts> facts) : version_{std::move(facts), 0} {}

  FactsVersion Get() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return version_;
  }
  void Set(FactsVersion version) {
    std::lock_guard<std::mutex> lock(mutex_);
    version_ = std::move(version);
  }

 private:
  mutable std::mutex mutex_;  // Guards version_.
  FactsVersion version_;
};

// The catalogue that a state of the ledger has in force. DATA_LOSS when it cannot be read.
absl::StatusOr<FactsVersion> FactsOf(const type::v1::LedgerState& state);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_FACTS_IN_FORCE_H_
