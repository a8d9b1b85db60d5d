#include "tests/sim/session.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "services/base/status_macros.h"

namespace pathways::sim {

class Session::SessionBatch : public engine::Batch {
 public:
  SessionBatch(Session& session, std::unique_ptr<engine::Batch> batch)
      : session_(session), batch_(std::move(batch)) {}

  absl::StatusOr<engine::BatchData> Read(const engine::BatchRead& wanted) override {
    return session_.Read([&] { return batch_->Read(wanted); });
  }

  absl::Status Commit(engine::BatchWrite& write) override {
    RETURN_IF_ERROR(session_.Reach());
    const bool cannot = std::any_of(
        write.streams.begin(), write.streams.end(), [&](const engine::StreamWrite& stream) {
          return !stream.events.empty() && session_.around_.unwritable.contains(stream.stream);
        });
    if (cannot && session_.fails_unwritable_) {
      return absl::InternalError("a row cannot be written");
    }
    RETURN_IF_ERROR(CommitAndNote(write));
    // Committed, and the answer does not arrive.
    return session_.Reach();
  }

 private:
  absl::Status CommitAndNote(engine::BatchWrite& write) {
    if (session_.journal_ == nullptr) return batch_->Commit(write);
    const auto note = [&, copy = write] {
      session_.journal_->Note([copy](MemoryStore& store) -> absl::Status {
        engine::BatchWrite again = copy;
        ASSIGN_OR_RETURN(const std::unique_ptr<engine::Batch> batch, store.Begin());
        return batch->Commit(again);
      });
    };
    session_.around_.crashed_at.clear();
    // A process that ends behind the commit has written too.
    const absl::Cleanup note_crash = [&] {
      if (session_.around_.crashed_at == "store.after_commit") note();
    };
    RETURN_IF_ERROR(batch_->Commit(write));
    note();
    return absl::OkStatus();
  }

  Session& session_;
  const std::unique_ptr<engine::Batch> batch_;
};

void Session::Cut() {
  YieldRelay();
  ++number_;
}

absl::StatusOr<std::unique_ptr<engine::Batch>> Session::Begin() {
  RETURN_IF_ERROR(Reach());
  ASSIGN_OR_RETURN(std::unique_ptr<engine::Batch> batch, store_.Begin());
  return std::unique_ptr<engine::Batch>(new SessionBatch(*this, std::move(batch)));
}

absl::StatusOr<engine::Lease> Session::LeadRelay() {
  led_ = false;
  RETURN_IF_ERROR(Reach());
  if (lead_.holder == nullptr) lead_ = {lead_.epoch + 1, this};
  if (lead_.holder != this) return absl::FailedPreconditionError("another process leads");
  led_ = true;
  return engine::Lease{lead_.epoch};
}

void Session::YieldRelay() {
  if (lead_.holder == this) lead_.holder = nullptr;
}

absl::Status Session::MarkBehind(const std::vector<engine::BehindRow>& rows) {
  for (const engine::BehindRow& row : rows) {
    if (hear_mark_) hear_mark_(row);
  }
  return Write([rows](MemoryStore& store) { return store.MarkBehind(rows); });
}

absl::Status Session::Write(const Journal::Write& write) {
  RETURN_IF_ERROR(Reach());
  RETURN_IF_ERROR(write(store_));
  if (journal_ != nullptr) journal_->Note(write);
  return Reach();
}

absl::Status Session::WriteAsLeader(const engine::Lease& lease, const Journal::Write& write) {
  if (lead_.holder != this || lead_.epoch != lease.epoch) {
    return absl::AbortedError("not the lease under which this log is published");
  }
  return Write(write);
}

}  // namespace pathways::sim
