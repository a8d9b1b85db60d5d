#include "services/engine/store/postgres_batch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/faults.h"
#include "services/base/status_macros.h"
#include "services/engine/store/postgres_index.h"
#include "services/engine/store/postgres_rows.h"

namespace pathways::engine {
namespace {

constexpr absl::Duration kResolvePause = absl::Milliseconds(50);

absl::Status CheckNumbers(const BatchWrite& write) {
  std::set<std::string> seen;
  for (const StreamWrite& stream : write.streams) {
    if (!seen.insert(stream.stream).second) {
      return absl::InternalError("a batch writes one stream twice");
    }
    int64_t number = stream.expected_version;
    for (const EventRow& event : stream.events) {
      if (event.number != ++number) return absl::InternalError("events of a batch have a hole");
    }
  }
  return absl::OkStatus();
}

std::vector<const StreamWrite*> Sorted(const BatchWrite& write) {
  std::vector<const StreamWrite*> streams;
  for (const StreamWrite& stream : write.streams) streams.push_back(&stream);
  std::sort(streams.begin(), streams.end(),
            [](const StreamWrite* a, const StreamWrite* b) { return a->stream < b->stream; });
  return streams;
}

// In the batch's order, which is the order of their positions.
std::vector<EventRow*> EventsOf(BatchWrite& write) {
  std::vector<EventRow*> events;
  for (StreamWrite& stream : write.streams) {
    for (EventRow& event : stream.events) events.push_back(&event);
  }
  return events;
}

// What another connection sees of a batch whose COMMIT was not answered.
struct Evidence {
  std::string transaction;  // What the database knows of the transaction id; may be empty.
  std::string incarnation;
  size_t events = 0;  // How many of the batch's events are stored.
  std::map<std::string, RequestRow> requests;
};

// Also fills in the positions of the events that are there.
void ReadEvidence(int64_t transaction, BatchWrite& write, Evidence& evidence,
                  PostgresSteps& steps) {
  steps.push_back(
      {{"SELECT coalesce(pg_xact_status($1::bigint::text::xid8), '')", {PostgresInt(transaction)}},
       [&evidence](const PostgresResult& result) { evidence.transaction = result.Bytes(0, 0); }});
  steps.push_back({{"SELECT value FROM store WHERE name = 'incarnation'", {}},
                   [&evidence](const PostgresResult& result) {
                     if (result.rows() == 1) evidence.incarnation = result.Bytes(0, 0);
                   }});
  const std::vector<EventRow*> events = EventsOf(write);
  PostgresArray streams = PostgresArray::OfBytes(), numbers = PostgresArray::OfInts(),
                ce_ids = PostgresArray::OfBytes();
  std::vector<std::string> keys;
  for (const EventRow* event : events) {
    streams.Add(event->stream);
    numbers.Add(event->number);
    ce_ids.Add(event->ce_id);
  }
  steps.push_back(
      {{"SELECT wanted.place, events.position FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) "
        "WITH ORDINALITY AS wanted (stream, number, ce_id, place) JOIN events ON events.stream = "
        "wanted.stream AND events.number = wanted.number AND events.ce_id = wanted.ce_id",
        {std::move(streams).Take(), std::move(numbers).Take(), std::move(ce_ids).Take()}},
       [&evidence, events](const PostgresResult& result) {
         evidence.events = static_cast<size_t>(result.rows());
         for (int i = 0; i < result.rows(); ++i) {
           events[static_cast<size_t>(result.Int(i, 0)) - 1]->position = result.Int(i, 1);
         }
       }});
  for (const auto& [key, request] : write.requests) keys.push_back(key);
  ReadRequests(keys, evidence.requests, steps);
}

// OK: the batch took effect. UNAVAILABLE: it did not, and never will. The transaction has ended.
absl::Status Judge(const Evidence& evidence, const BatchWrite& write, size_t events) {
  if (events > 0) {
    if (evidence.events == events) return absl::OkStatus();
    return absl::UnavailableError("PostgreSQL: the connection was lost; nothing was written");
  }
  bool there = evidence.transaction == "committed";
  for (const auto& [key, request] : write.requests) {
    const auto found = evidence.requests.find(key);
    there &= found != evidence.requests.end() && found->second.stream == request.stream &&
             found->second.fingerprint == request.fingerprint;
  }
  if (there) return absl::OkStatus();
  return absl::UnavailableError("PostgreSQL: the connection was lost; nothing was written");
}

}  // namespace

PostgresBatch::~PostgresBatch() {
  if (!begun_ || finished_ || lease_->lost()) return;
  // One that fails loses the connection, and with it the transaction.
  (void)lease_->Run({{"ROLLBACK", {}}}, store_.Deadline());
}

absl::StatusOr<BatchData> PostgresBatch::Read(const BatchRead& wanted) {
  if (finished_) return absl::InternalError("the batch is finished");
  BatchData data;
  RETURN_IF_ERROR(Lock(wanted, data));
  data.now = now_;
  return data;
}

absl::Status PostgresBatch::Lock(const BatchRead& wanted, BatchData& data) {
  PostgresSteps steps;
  if (!begun_) steps.push_back(Plain("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"));
  HoldRules(wanted.rules_stream, wanted.hold, data.rules_version, steps);
  const std::set<std::string> streams(wanted.streams.begin(), wanted.streams.end());
  ReadStreams({streams.begin(), streams.end()}, &locked_, data.streams, steps);
  ReadPositions(wanted.upstreams, /*lock=*/true, data.positions, steps);
  ReadHolders(wanted.uniques, data.holders, steps);
  for (const type::ListRange& range : wanted.lists) {
    ReadListKeys(range, data.lists[range], steps);
  }
  // Requests are never changed, so there is nothing to lock. Read last, so that of one request sent
  // to two replicas the second sees what the first made of it: where it sees an index entry of the
  // first, it sees the request too, and answers as the first did.
  ReadRequests(wanted.requests, data.requests, steps);
  if (!begun_) {
    // Read after the locks, so that no batch has a time before the one whose rows it waited for.
    ReadNow(now_, steps);
    steps.push_back({{"SELECT pg_current_xact_id()::text::bigint", {}},
                     [this](const PostgresResult& result) { transaction_ = result.Int(0, 0); }});
  }
  begun_ = true;
  RETURN_IF_ERROR(RunSteps(*lease_, steps, store_.Deadline()));
  if (store_.options_.clock != nullptr) now_ = store_.options_.clock->Now();
  for (const std::string& stream : streams) {
    StreamRow& row = read_[stream];
    if (const auto found = data.streams.find(stream); found != data.streams.end()) {
      row.version = found->second.version;
      row.applied = found->second.applied;
      row.behind = found->second.behind;
    }
  }
  return absl::OkStatus();
}

absl::Status PostgresBatch::LockOthers(const BatchWrite& write) {
  BatchRead others;
  for (const StreamWrite& stream : write.streams) {
    if (!read_.contains(stream.stream)) others.streams.push_back(stream.stream);
  }
  if (begun_ && others.streams.empty()) return absl::OkStatus();
  BatchData ignored;
  return Lock(others, ignored);
}

absl::Status PostgresBatch::ReadReplaced(BatchWrite& write) {
  std::vector<std::string> streams;
  for (const StreamWrite& stream : write.streams) {
    if (stream.replaces_folded) streams.push_back(stream.stream);
  }
  if (streams.empty()) return absl::OkStatus();
  std::map<std::string, type::Folded> stored;
  PostgresSteps steps;
  ReadFoldedRows(streams, stored, steps);
  RETURN_IF_ERROR(RunSteps(*lease_, steps, store_.Deadline()));
  for (StreamWrite& stream : write.streams) {
    if (stream.replaces_folded) stream.removed = std::move(stored[stream.stream]);
  }
  return absl::OkStatus();
}

absl::Status PostgresBatch::CheckVersions(const BatchWrite& write) const {
  for (const StreamWrite& stream : write.streams) {
    if (read_.at(stream.stream).version != stream.expected_version) {
      return absl::AbortedError("a stream is not at the version that was read");
    }
  }
  return absl::OkStatus();
}

absl::Status PostgresBatch::Build(BatchWrite& write, PostgresSteps& steps) {
  const std::vector<const StreamWrite*> streams = Sorted(write);
  WritePositions(write.positions, steps);
  WriteRequests(write.requests, steps);
  RETURN_IF_ERROR(WriteUniques(streams, steps));
  MakeStreams(streams, locked_, steps);
  WriteStates(streams, locked_, steps);
  WriteApplied(streams, read_, locked_, steps);
  WriteBehind(streams, read_, now_, steps);
  WriteLists(streams, steps);
  WriteTimers(streams, steps);
  WriteParked(write.parked, now_, steps);
  EraseKeys(write.erased_keys, steps);
  WriteKeys(write.keys, steps);
  EraseSealed(write.erased_sealed, steps);
  WriteProjections(write.projections, steps);
  const std::vector<EventRow*> events = EventsOf(write);
  if (steps.empty() && events.empty() && write.audit.empty()) return absl::OkStatus();
  // Last, because the lock is held from here on: positions and ids of the trail are given under it,
  // so that both are in the order of the commits. Whoever changes an index takes it too, so that
  // what a batch has looked up stays as it is found under the lock.
  const bool changes_indexes =
      std::any_of(streams.begin(), streams.end(),
                  [](const StreamWrite* stream) { return stream->state_changed; });
  if (!events.empty() || !write.audit.empty() || changes_indexes || !write.looked_up.empty()) {
    HoldCommitOrder(steps);
  }
  CheckLookedUp(write.looked_up, steps);
  AppendEvents(events, steps);
  AddPlacedLists(streams, steps);
  WriteAudit(write.audit, now_, steps);
  steps.push_back(Plain("COMMIT"));
  return absl::OkStatus();
}

absl::Status PostgresBatch::Commit(BatchWrite& write) {
  if (finished_) return absl::InternalError("the batch is finished");
  RETURN_IF_ERROR(CheckNumbers(write));
  RETURN_IF_ERROR(LockOthers(write));
  if (transaction_ == 0) return absl::InternalError("the batch could not be read");
  RETURN_IF_ERROR(CheckVersions(write));
  RETURN_IF_ERROR(ReadReplaced(write));
  PostgresSteps steps;
  RETURN_IF_ERROR(Build(write, steps));
  if (steps.empty()) return absl::OkStatus();  // Rolled back: there is nothing to keep.
  PATHWAYS_CRASH_POINT("store.before_commit");
  const auto sent = [this] {
    if (store_.options_.commit_sent) {
      store_.options_.commit_sent(lease_->backend_pid(), lease_->socket());
    }
  };
  absl::Status status = RunSteps(*lease_, steps, store_.Deadline(), sent);
  if (!status.ok() && lease_->lost()) {
    finished_ = true;
    status = Resolve(write);
  }
  RETURN_IF_ERROR(status);
  finished_ = true;
  PATHWAYS_CRASH_POINT("store.after_commit");
  const std::vector<EventRow*> events = EventsOf(write);
  if (!events.empty()) store_.Remember(*events.back());
  lease_.Release();
  if (!events.empty() && store_.wake_) {
    store_.wake_();
    store_.notices_->Tell();
  }
  return absl::OkStatus();
}

absl::Status PostgresBatch::Resolve(BatchWrite& write) {
  const PostgresDeadline deadline = store_.Deadline();
  std::string reason = "the server cannot be reached";
  while (lease_.Reconnect(deadline).ok()) {
    Evidence evidence;
    PostgresSteps steps;
    ReadEvidence(transaction_, write, evidence, steps);
    const absl::Status status = RunSteps(*lease_, steps, deadline);
    if (status.ok() && evidence.incarnation != store_.incarnation_) {
      reason = "another store answers at this address";
      break;
    }
    if (status.ok() && evidence.transaction != "in progress") {
      return Judge(evidence, write, EventsOf(write).size());
    }
    if (!status.ok() && !absl::IsUnavailable(status)) {
      reason = "the server does not know the transaction";
      break;
    }
    if (status.ok()) reason = "the transaction is still running";
    if (!store_.writer_.Pause(kResolvePause, deadline)) break;
  }
  return absl::UnavailableError(
      absl::StrCat("COMMIT_UNKNOWN: ", reason, "; try again with the same request id or number"));
}

}  // namespace pathways::engine
