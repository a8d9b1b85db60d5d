// The event store in memory, for unit tests and simulation.
//
// Keeps the contract of services/engine/store/event_store.h, which
// tests/engine/event_store_contract.h holds it to beside the SQLite store; nothing outlives the
// object. Where the contract calls something misuse, this store answers INTERNAL and writes
// nothing, so that a test of a caller fails early: a second Commit of one Batch, a stream twice in
// one batch, events without a changed state, a version that is not that of the last event. Commits
// can be told to fail.
#ifndef PATHWAYS_TESTS_SIM_MEMORY_STORE_H_
#define PATHWAYS_TESTS_SIM_MEMORY_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "services/engine/store/event_store.h"

namespace pathways::sim {

// Thread-safe. A writer waits at most 5 s for its place, then it is told UNAVAILABLE.
class MemoryStore : public engine::EventStore {
 public:
  // `clock` must outlive the store. `incarnation` is given, so that a simulation is the same in
  // each run.
  MemoryStore(const base::Clock& clock, std::string incarnation);
  ~MemoryStore() override;

  absl::StatusOr<std::unique_ptr<engine::Batch>> Begin() override;
  absl::StatusOr<absl::Time> Now() override { return clock_.Now(); }
  std::string Incarnation() const override { return incarnation_; }
  absl::StatusOr<engine::StreamRow> ReadState(absl::string_view stream) override;
  absl::StatusOr<std::vector<engine::EventRow>> ReadStream(absl::string_view stream, int64_t from,
                                                           int limit, bool with_sealed) override;
  absl::StatusOr<std::vector<engine::EventRow>> ReadEvents(
      const std::vector<engine::EventKey>& keys) override;
  absl::StatusOr<std::vector<engine::EventRow>> ReadAfter(int64_t position, int limit) override;
  absl::StatusOr<int64_t> LastPosition() override;
  absl::StatusOr<std::vector<engine::StreamHead>> ReadHeads(absl::string_view after,
                                                            int limit) override;
  absl::StatusOr<std::vector<engine::FoldRow>> ReadOtherFolds(int evolve_version,
                                                              const engine::FoldRow& after,
                                                              int limit) override;
  absl::StatusOr<int64_t> CountOtherFolds(int evolve_version) override;
  absl::StatusOr<std::vector<std::string>> ReadList(absl::string_view index,
                                                    absl::string_view prefix,
                                                    absl::string_view after, int limit) override;
  absl::StatusOr<std::optional<engine::RequestRow>> ReadRequest(absl::string_view key) override;
  absl::StatusOr<std::vector<engine::KeyRow>> ReadKeys(absl::string_view stream) override;
  absl::StatusOr<std::vector<engine::TimerRow>> ReadDueTimers(absl::Time now,
                                                              const engine::TimerRow& after,
                                                              int limit) override;
  absl::StatusOr<std::vector<engine::BehindRow>> ReadBehindOf(absl::string_view upstream,
                                                              const engine::BehindRow& after,
                                                              int limit) override;
  absl::StatusOr<std::vector<engine::ParkedRow>> ReadParked(int limit) override;
  absl::StatusOr<std::map<std::string, int64_t>> ReadApplied(
      absl::string_view upstream, const std::vector<std::string>& streams) override;
  absl::StatusOr<engine::Position> ReadPosition(absl::string_view upstream) override;
  absl::StatusOr<std::map<std::string, std::string>> ReadProjections(
      absl::string_view name, const std::vector<std::string>& keys) override;
  absl::StatusOr<int64_t> ReadWatermark() override;
  absl::StatusOr<std::vector<engine::WithheldRow>> ReadWithheld(int limit) override;
  absl::Status AdvanceWatermark(const engine::Lease& lease, int64_t position) override;
  absl::Status ProbeWrite() override;
  absl::Status Withhold(const engine::Lease& lease,
                        const std::vector<engine::WithheldRow>& rows) override;
  absl::Status Release(const engine::Lease& lease, absl::string_view stream) override;
  absl::Status MarkBehind(const std::vector<engine::BehindRow>& rows) override;
  absl::Status ClearParked(absl::string_view stream) override;
  absl::Status DropProjection(absl::string_view name,
                              const std::vector<std::string>& upstreams) override;
  absl::Status DropFolded() override;
  absl::Status RestoreFolded(absl::string_view stream, const engine::StreamRow& row,
                             const type::Folded& folded) override;
  void OnCommit(std::function<void()> wake) override { wake_ = std::move(wake); }

  // For tests: the next `n` calls of Batch::Commit write nothing and return `status`, which must
  // not be OK.
  void FailNextCommits(int n, absl::Status status);
  // For tests: a timer that no state has, and that is never dropped.
  void PlantTimer(const engine::TimerRow& timer);
  // For tests: every state, list entry, unique entry and timer, each as text; a timer's begins with
  // "timer".
  std::vector<std::string> FoldedRows();
  // For tests: the audit trail, oldest first.
  std::vector<engine::AuditRow> Audit();

 private:
  class Transaction;
  struct Tables;

  // Runs `write` in the writer's place.
  absl::Status Write(const std::function<absl::Status(Tables&)>& write);

  const base::Clock& clock_;
  const std::string incarnation_;
  std::function<void()> wake_;

  std::timed_mutex writer_mutex_;  // The writer's place. Taken before tables_mutex_.
  std::mutex tables_mutex_;  // Guards everything below. Held for one read or one commit, never
                             // while waiting.
  std::unique_ptr<Tables> tables_;
  int commits_to_fail_ = 0;
  absl::Status fault_;
};

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_MEMORY_STORE_H_
