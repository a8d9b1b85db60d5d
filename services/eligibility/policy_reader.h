// The versions of the policy ledger, compiled, for those who read: the API.
//
// Versions are never changed, so each is read and compiled once and kept, the last few of them.
// What cases are decided with comes another way, in the transaction of the batch. Thread-safe;
// blocks for a read of the store, and for some milliseconds where a version is compiled.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_POLICY_READER_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_POLICY_READER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "services/eligibility/domain/rules.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"

namespace pathways::eligibility {

struct Policy {
  std::shared_ptr<const Rules> rules;
  int64_t number = 0;  // In the ledger.
};

// Errors of all: those of the store; DATA_LOSS where the ledger is empty or cannot be read.
class PolicyReader {
 public:
  // Both must outlive the reader.
  PolicyReader(const engine::Domain& domain, engine::EventReader& store)
      : domain_(domain), store_(store) {}

  absl::StatusOr<Policy> InForce();
  absl::StatusOr<std::shared_ptr<const Rules>> OfNumber(int64_t number);
  absl::StatusOr<std::shared_ptr<const Rules>> OfVersion(const std::string& version);

 private:
  std::shared_ptr<const Rules> Known(int64_t number);

  const engine::Domain& domain_;
  engine::EventReader& store_;
  std::mutex mutex_;                                       // Guards what follows.
  std::map<int64_t, std::shared_ptr<const Rules>> rules_;  // By number.
};

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_POLICY_READER_H_
