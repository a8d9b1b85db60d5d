// Which of a service's processes may publish its log: one, the leader; the others stand by.
//
// The leader holds a session lock of the database on a connection of its own, so the server itself
// gives leadership up when the process ends or its connection is cut. A process that stood still
// while that happened does not know: so each new leader raises the epoch in the row of `relay`, and
// what a relay writes is fenced, that is, takes effect only while that epoch is still its own. It
// writes over the same connection, so it waits for no batch and no batch for it. A leader that
// stands still while its connection stands is replaced after kLeaseMax without a word from it.
// Thread-safe; calls block at most until their deadline.
#ifndef PATHWAYS_SERVICES_RUNTIME_STORE_POSTGRES_LEADER_H_
#define PATHWAYS_SERVICES_RUNTIME_STORE_POSTGRES_LEADER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/runtime/store/postgres.h"
#include "services/runtime/store/postgres_rows.h"

namespace pathways::runtime {

// How long the server waits for a word of the leader before it ends the leader's session. Above
// what a relay may take between two of its writes: one batch that the bus is slow to take.
inline constexpr absl::Duration kLeaseMax = absl::Minutes(2);

class PostgresLeader {
 public:
  explicit PostgresLeader(PostgresOptions options) : options_(std::move(options)) {}

  // OK: this process leads. FAILED_PRECONDITION: another one does. UNAVAILABLE: it is not known.
  // While it leads this looks at the connection only, without waiting, but for a word to the server
  // now and then; else it is one round trip.
  absl::Status Lead(PostgresDeadline deadline);
  // Runs the steps in one transaction, during which nobody takes over. ABORTED: this process leads
  // no more, or never did; something was written only if just then the connection was lost. After
  // every error Lead starts over. A crash of the server may take back what was written.
  absl::Status Write(const PostgresSteps& steps, PostgresDeadline deadline);
  // How many connections Lead has made.
  int64_t session();
  // The same as Lead, and without a lease: for a command that works for minutes and then ends.
  absl::Status LeadForGood(PostgresDeadline deadline);
  // Gives the lead up; the next one that asks may have it.
  void Yield();

 private:
  // mutex_ is held.
  void Close();
  absl::Status SayAlive(PostgresDeadline deadline);

  const PostgresOptions options_;
  std::mutex mutex_;                                // Guards what follows.
  std::unique_ptr<PostgresConnection> connection_;  // Holds the lock while epoch_ > 0.
  int64_t epoch_ = 0;                               // 0: does not lead.
  int64_t session_ = 0;
  std::chrono::steady_clock::time_point said_;  // When the server last heard of this leader.
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_STORE_POSTGRES_LEADER_H_
