// Which of a service's processes may publish its log: one, the leader; the others stand by.
//
// The leader holds a session lock of the database on a connection of its own, so the server itself
// gives leadership up when the process ends or its connection is cut. A process that stood still
// while that happened does not know: so each new leader raises the epoch in the row of `relay`, and
// what a relay writes is fenced, that is, takes effect only while the epoch of its lease still
// holds. The lease is the caller's: what it read before this process lost the lead and took it
// again is fenced as well. It writes over the same connection, so it waits for no batch and no
// batch for it. A leader that stands still while its connection stands is replaced after kLeaseMax
// without a word from it. Thread-safe; calls block at most until their deadline.
#ifndef PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_LEADER_H_
#define PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_LEADER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/engine/store/event_store.h"
#include "services/engine/store/postgres.h"
#include "services/engine/store/postgres_rows.h"

namespace pathways::engine {

// How long the server waits for a word of the leader before it ends the leader's session. Above
// what a relay may take between two of its writes: one batch that the bus is slow to take.
inline constexpr absl::Duration kLeaseMax = absl::Minutes(2);

class PostgresLeader {
 public:
  explicit PostgresLeader(PostgresOptions options) : options_(std::move(options)) {}

  // The lease: this process leads. FAILED_PRECONDITION: another one does. UNAVAILABLE: it is not
  // known. While it leads this looks at the connection only, without waiting, but for a word to the
  // server now and then; else it is one round trip.
  absl::StatusOr<Lease> Lead(PostgresDeadline deadline);
  // Whether this process led when it was last asked or written. Never blocks for the server.
  bool leads() const { return leads_; }
  // Runs the steps in one transaction, during which nobody takes over. ABORTED: `lease` is not the
  // one that holds; something was written only if just then the connection was lost. After every
  // error but for the lease of another time Lead starts over. A crash of the server may take back
  // what was written.
  absl::Status Write(const Lease& lease, const PostgresSteps& steps, PostgresDeadline deadline);
  // How many connections Lead has made.
  int64_t session();
  // The same as Lead, and for as long as the connection stands: for a command that works for
  // minutes and then ends.
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
  std::atomic<bool> leads_ = false;                 // The epoch is not 0. Read without the mutex.
  int64_t session_ = 0;
  std::chrono::steady_clock::time_point said_;  // When the server last heard of this leader.
};

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_STORE_POSTGRES_LEADER_H_
