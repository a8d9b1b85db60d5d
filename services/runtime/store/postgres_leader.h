// Which of a service's processes may publish its log: one, the leader; the others stand by.
//
// The leader holds a session lock of the database on a connection of its own, so the server itself
// gives leadership up when the process ends or its connection is cut. A process that stood still
// while that happened does not know: so each new leader raises the epoch in the row of `relay`, and
// what a relay writes is fenced, that is, takes effect only while that epoch is still its own.
// Thread-safe; Lead blocks at most until its deadline.
#ifndef PATHWAYS_SERVICES_RUNTIME_STORE_POSTGRES_LEADER_H_
#define PATHWAYS_SERVICES_RUNTIME_STORE_POSTGRES_LEADER_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "services/runtime/store/postgres.h"
#include "services/runtime/store/postgres_rows.h"

namespace pathways::runtime {

class PostgresLeader {
 public:
  explicit PostgresLeader(PostgresOptions options) : options_(std::move(options)) {}

  // OK: this process leads. FAILED_PRECONDITION: another one does. UNAVAILABLE: it is not known.
  // While it leads this looks at the connection only, without waiting; then it is one round trip.
  absl::Status Lead(PostgresDeadline deadline);
  // Adds a step that ends the transaction with ABORTED unless this process still leads, and keeps
  // others from taking over until the transaction ends. ABORTED: it does not lead as far as it
  // knows.
  absl::Status AddFence(PostgresSteps& steps);
  // Gives leadership up, so that Lead starts over.
  void StepDown();
  // How many connections Lead has made.
  int64_t session();

 private:
  void Close();

  const PostgresOptions options_;
  std::mutex mutex_;                                // Guards what follows.
  std::unique_ptr<PostgresConnection> connection_;  // Holds the lock while epoch_ > 0.
  int64_t epoch_ = 0;                               // 0: does not lead.
  int64_t session_ = 0;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_STORE_POSTGRES_LEADER_H_
