// Stops the sweep that brings a version of a ledger to every case (follow/new_rules_sweep.h) before
// the version does more than the two people who put it in force allowed.
//
// What it has done is in the store, so a pass that is begun again, or by another process, counts
// the same. What it would do to the next cases is asked before they are decided. Not thread-safe.
#ifndef PATHWAYS_SERVICES_HOST_LEDGER_BOUND_H_
#define PATHWAYS_SERVICES_HOST_LEDGER_BOUND_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/engine/store/event_store.h"

namespace pathways::host {

struct LedgerBoundParts {
  engine::EventReader& store;                                   // Must outlive the bound.
  std::function<absl::StatusOr<type::v1::LedgerState>()> read;  // The ledger.
  // The list that has an entry for what a version did: keys begin with the prefix of the version,
  // and then with the id of the case.
  std::string index;
  std::function<std::string(int64_t version)> prefix;
  // What the version did, as the entries say: the ids of the cases, one for each entry.
  std::function<absl::StatusOr<type::v1::LedgerEffect>(int64_t version,
                                                       const std::vector<std::string>& cases)>
      done;
  // What the version in force would do to each of these cases, which it has not decided yet.
  std::function<absl::StatusOr<std::vector<type::v1::LedgerEffect>>(
      const std::vector<std::string>& cases)>
      would_do;
};

class LedgerBound {
 public:
  explicit LedgerBound(LedgerBoundParts parts) : parts_(std::move(parts)) {}

  // What follow::NewRulesSweepOptions asks for as its bound; at least one case. Errors of the
  // store; RESOURCE_EXHAUSTED says how much was done, of how much.
  absl::StatusOr<size_t> Next(int64_t version, const std::vector<std::string>& next);

 private:
  absl::Status Begin(int64_t version);
  absl::Status CountUpTo(const std::string& next);

  const LedgerBoundParts parts_;
  int64_t version_ = 0;
  bool is_bound_ = false;
  type::v1::LedgerCeiling ceiling_;
  type::v1::LedgerEffect done_;  // By cases before `counted_`.
  std::string counted_;
  std::string last_key_;  // Of the entries counted.
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_LEDGER_BOUND_H_
