// One process's connection to the store of its service.
//
// The store outlives every process, and its replicas share it. A session adds what belongs to one
// connection: the lead of the relay, which is lost when it is cut, calls that are not answered, and
// cases that cannot be committed.
#ifndef PATHWAYS_TESTS_SIM_SESSION_H_
#define PATHWAYS_TESTS_SIM_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/engine/store/event_store.h"
#include "tests/sim/journal.h"
#include "tests/sim/memory_store.h"
#include "tests/sim/surroundings.h"

namespace pathways::sim {

class Session;

// Who publishes a store's log.
struct Lead {
  int64_t epoch = 0;
  const Session* holder = nullptr;
};

class Session : public engine::EventStore {
 public:
  // All must outlive the session. Where `journal` is not null, it gets every write.
  // `fails_unwritable`: it cannot commit events of such cases.
  Session(MemoryStore& store, Journal* journal, Lead& lead, Surroundings& around,
          bool fails_unwritable)
      : store_(store),
        journal_(journal),
        lead_(lead),
        around_(around),
        fails_unwritable_(fails_unwritable) {}
  ~Session() override { Cut(); }

  // Is told of each case that a sweep marks, before it does.
  void OnMark(std::function<void(const engine::BehindRow&)> hear) { hear_mark_ = std::move(hear); }

  // The server gives the connection up; the next call makes another one.
  void Cut();

  absl::StatusOr<std::unique_ptr<engine::Batch>> Begin() override;
  absl::StatusOr<absl::Time> Now() override { return store_.Now(); }
  std::string Incarnation() const override { return store_.Incarnation(); }
  absl::StatusOr<engine::StreamRow> ReadState(absl::string_view stream) override {
    return Read([&] { return store_.ReadState(stream); });
  }
  absl::StatusOr<std::vector<engine::EventRow>> ReadStream(absl::string_view stream, int64_t from,
                                                           int limit, bool with_sealed) override {
    return Read([&] { return store_.ReadStream(stream, from, limit, with_sealed); });
  }
  absl::StatusOr<std::vector<engine::EventRow>> ReadEvents(
      const std::vector<engine::EventKey>& keys) override {
    return Read([&] { return store_.ReadEvents(keys); });
  }
  absl::StatusOr<std::vector<engine::EventRow>> ReadAfter(int64_t position, int limit) override {
    return Read([&] { return store_.ReadAfter(position, limit); });
  }
  absl::StatusOr<int64_t> LastPosition() override {
    return Read([&] { return store_.LastPosition(); });
  }
  absl::StatusOr<std::vector<engine::StreamHead>> ReadHeads(absl::string_view after,
                                                            int limit) override {
    return Read([&] { return store_.ReadHeads(after, limit); });
  }
  absl::StatusOr<std::vector<engine::FoldRow>> ReadOtherFolds(int evolve_version,
                                                              const engine::FoldRow& after,
                                                              int limit) override {
    return Read([&] { return store_.ReadOtherFolds(evolve_version, after, limit); });
  }
  absl::StatusOr<int64_t> CountOtherFolds(int evolve_version) override {
    return Read([&] { return store_.CountOtherFolds(evolve_version); });
  }
  absl::StatusOr<std::vector<std::string>> ReadList(absl::string_view index,
                                                    absl::string_view prefix,
                                                    absl::string_view after, int limit) override {
    return Read([&] { return store_.ReadList(index, prefix, after, limit); });
  }
  absl::StatusOr<std::optional<engine::RequestRow>> ReadRequest(absl::string_view key) override {
    return Read([&] { return store_.ReadRequest(key); });
  }
  absl::StatusOr<std::vector<engine::KeyRow>> ReadKeys(absl::string_view stream) override {
    return Read([&] { return store_.ReadKeys(stream); });
  }
  absl::StatusOr<std::vector<engine::TimerRow>> ReadDueTimers(absl::Time now,
                                                              const engine::TimerRow& after,
                                                              int limit) override {
    return Read([&] { return store_.ReadDueTimers(now, after, limit); });
  }
  absl::StatusOr<std::vector<engine::BehindRow>> ReadBehindOf(absl::string_view upstream,
                                                              const engine::BehindRow& after,
                                                              int limit) override {
    return Read([&] { return store_.ReadBehindOf(upstream, after, limit); });
  }
  absl::StatusOr<std::vector<engine::ParkedRow>> ReadParked(int limit) override {
    return Read([&] { return store_.ReadParked(limit); });
  }
  absl::StatusOr<std::map<std::string, int64_t>> ReadApplied(
      absl::string_view upstream, const std::vector<std::string>& streams) override {
    return Read([&] { return store_.ReadApplied(upstream, streams); });
  }
  absl::StatusOr<engine::Position> ReadPosition(absl::string_view upstream) override {
    return Read([&] { return store_.ReadPosition(upstream); });
  }
  absl::StatusOr<std::map<std::string, std::string>> ReadProjections(
      absl::string_view name, const std::vector<std::string>& keys) override {
    return Read([&] { return store_.ReadProjections(name, keys); });
  }
  absl::StatusOr<int64_t> ReadWatermark() override {
    return Read([&] { return store_.ReadWatermark(); });
  }
  absl::StatusOr<std::vector<engine::WithheldRow>> ReadWithheld(int limit) override {
    return Read([&] { return store_.ReadWithheld(limit); });
  }

  absl::StatusOr<engine::Lease> LeadRelay() override;
  bool IsRelayLeader() override { return led_; }
  int64_t RelaySession() override { return number_; }
  void YieldRelay() override;

  absl::Status AdvanceWatermark(const engine::Lease& lease, int64_t position) override {
    return WriteAsLeader(lease, [=](MemoryStore& store) {
      return store.AdvanceWatermark(engine::kOnlyLease, position);
    });
  }
  absl::Status Withhold(const engine::Lease& lease,
                        const std::vector<engine::WithheldRow>& rows) override {
    return WriteAsLeader(
        lease, [rows](MemoryStore& store) { return store.Withhold(engine::kOnlyLease, rows); });
  }
  absl::Status Release(const engine::Lease& lease, absl::string_view stream) override {
    return WriteAsLeader(lease, [stream = std::string(stream)](MemoryStore& store) {
      return store.Release(engine::kOnlyLease, stream);
    });
  }
  absl::Status ProbeWrite() override { return store_.ProbeWrite(); }
  absl::Status MarkBehind(const std::vector<engine::BehindRow>& rows) override;
  absl::Status ClearParked(absl::string_view stream) override {
    return Write(
        [stream = std::string(stream)](MemoryStore& store) { return store.ClearParked(stream); });
  }
  absl::Status DropProjection(absl::string_view name,
                              const std::vector<std::string>& upstreams) override {
    return Write([name = std::string(name), upstreams](MemoryStore& store) {
      return store.DropProjection(name, upstreams);
    });
  }
  absl::Status DropFolded() override { return store_.DropFolded(); }
  absl::Status RestoreFolded(absl::string_view stream, const engine::StreamRow& row,
                             const type::Folded& folded) override {
    return store_.RestoreFolded(stream, row, folded);
  }
  // Nobody is woken: the scheduler calls whoever it likes.
  void OnCommit(std::function<void()>) override {}

 private:
  class SessionBatch;

  absl::Status Reach() { return around_.Try(around_.faults().store_away, "the store is away"); }
  template <typename Call>
  auto Read(const Call& call) -> decltype(call()) {
    if (absl::Status status = Reach(); !status.ok()) return status;
    return call();
  }
  absl::Status Write(const Journal::Write& write);
  absl::Status WriteAsLeader(const engine::Lease& lease, const Journal::Write& write);

  MemoryStore& store_;
  Journal* const journal_;
  Lead& lead_;
  Surroundings& around_;
  const bool fails_unwritable_;
  std::function<void(const engine::BehindRow&)> hear_mark_;
  bool led_ = false;
  int64_t number_ = 0;
};

}  // namespace pathways::sim

#endif  // PATHWAYS_TESTS_SIM_SESSION_H_
