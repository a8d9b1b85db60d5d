#include "services/follow/restore.h"

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/ids.h"
#include "services/base/status_macros.h"
#include "services/engine/batch_decision.h"
#include "services/engine/engine.h"

namespace pathways::follow {
namespace {

constexpr size_t kBatch = 200;
constexpr int kLogPage = 500;

bool IsSame(const engine::EventRow& a, const engine::EventRow& b) {
  return a.ce_id == b.ce_id && a.type == b.type && a.time == b.time && a.data == b.data &&
         a.cause.SerializeAsString() == b.cause.SerializeAsString();
}

bool IsOneCommit(const engine::EventRow& a, const engine::EventRow& b) {
  return a.stream == b.stream && a.cause.ce_id() == b.cause.ce_id();
}

}  // namespace

absl::Status Restore::Take(const std::vector<engine::EventRow>& records) {
  std::vector<engine::EventKey> keys;
  for (const engine::EventRow& record : records) {
    if (record.stream.empty()) {
      ++report_.foreign;
      continue;
    }
    ++report_.read;
    keys.push_back({record.stream, record.number});
  }
  ASSIGN_OR_RETURN(const std::vector<engine::EventRow> rows, store_.ReadEvents(keys));
  ASSIGN_OR_RETURN(const int64_t watermark, store_.ReadWatermark());
  std::map<std::pair<std::string, int64_t>, const engine::EventRow*> stored;
  for (const engine::EventRow& row : rows) stored[{row.stream, row.number}] = &row;
  for (const engine::EventRow& record : records) {
    if (record.stream.empty()) continue;
    const auto known = stored.find({record.stream, record.number});
    const engine::EventRow* before = known == stored.end() ? nullptr : known->second;
    if (before == nullptr) {
      before = &missing_[record.stream].try_emplace(record.number, record).first->second;
    } else if (before->position > watermark) {
      published_.insert(before->position);
    }
    if (!IsSame(*before, record)) conflicts_.insert(record.stream);
  }
  return absl::OkStatus();
}

absl::Status Restore::Check() const {
  if (!conflicts_.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        conflicts_.size(), " cases have two events under one number, in the topic or in the topic ",
        "and the database, for example ", *conflicts_.begin(),
        ": the service went on after it lost events, and both histories exist. Nothing was "
        "imported; see docs/distributed.md, 'Two histories'"));
  }
  std::string example;
  int64_t streams = 0;
  for (const auto& [stream, events] : missing_) {
    ASSIGN_OR_RETURN(const engine::StreamRow row, store_.ReadState(stream));
    const auto count = static_cast<int64_t>(events.size());
    const bool is_whole =
        events.begin()->first == row.version + 1 && events.rbegin()->first == row.version + count;
    if (is_whole) continue;
    if (streams++ == 0) example = stream;
  }
  if (streams == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(streams, " cases lack events between what the database has and what the topic ",
                   "has, for example ", example,
                   ": the backup is older than the topic goes back. Nothing was imported; restore "
                   "a newer backup"));
}

bool Restore::HasUpstream(const engine::EventRow& event) const {
  return event.cause.number() > 0 && event.cause.service() != domain_.StreamOfRules().mark;
}

int64_t Restore::Named(const Events& events, const std::string& upstream, Ids& ids) const {
  int64_t last = 0;
  for (const auto& [number, event] : events) {
    if (!HasUpstream(event) || event.cause.service() != upstream) continue;
    last = std::max(last, event.cause.number());
    ids[event.cause.number()] = base::FingerprintOf(event.cause.ce_id());
  }
  return last;
}

std::vector<std::string> Restore::UpstreamsToAsk() const {
  std::set<std::string> upstreams;
  for (const auto& [stream, events] : missing_) {
    for (const auto& [number, event] : events) {
      if (HasUpstream(event)) upstreams.insert(event.cause.service());
    }
  }
  return {upstreams.begin(), upstreams.end()};
}

void Restore::TakeUpstream(const std::string& upstream,
                           const std::vector<engine::EventRow>& records) {
  for (const engine::EventRow& record : records) {
    if (!missing_.contains(record.stream)) continue;
    asked_[upstream][record.stream].try_emplace(record.number, base::FingerprintOf(record.ce_id));
  }
}

absl::Status Restore::FindToldAgain() {
  for (const auto& [stream, events] : missing_) {
    for (const auto& [number, event] : events) {
      ASSIGN_OR_RETURN(const engine::SealedGap gap, domain_.WithoutSealed(event));
      if (gap.told_by.empty()) continue;
      Ids ids;
      told_again_[stream][gap.told_by] = Named(events, gap.told_by, ids);
    }
  }
  report_.told_again = static_cast<int64_t>(told_again_.size());
  return absl::OkStatus();
}

void Restore::TakeAgain(engine::StreamWrite& write) {
  const auto found = told_again_.find(write.stream);
  if (found == told_again_.end()) return;
  for (auto& [upstream, last] : found->second) {
    engine::Applied& applied = write.row.applied[upstream];
    last = std::max(last, applied.number);
    applied = {};
    int64_t& behind = write.row.behind[upstream];
    behind = std::max(behind, last);
  }
}

absl::StatusOr<RestoreReport> Restore::Apply() {
  RETURN_IF_ERROR(FindToldAgain());
  std::vector<const engine::EventRow*> all;
  for (const auto& [stream, events] : missing_) {
    for (const auto& [number, event] : events) all.push_back(&event);
    for (const std::string& upstream : UpstreamsToAsk()) {
      Ids named;
      Named(events, upstream, named);
      // What an event names as its cause is what was applied, whatever a topic says.
      for (auto& [number, id] : named) asked_[upstream][stream][number] = std::move(id);
    }
  }
  // As they were committed, as far as times tell. Within a stream time never goes back.
  std::sort(all.begin(), all.end(), [](const engine::EventRow* a, const engine::EventRow* b) {
    return std::tie(a->time, a->stream, a->number) < std::tie(b->time, b->stream, b->number);
  });
  report_.streams = static_cast<int64_t>(missing_.size());
  for (size_t begin = 0; begin < all.size();) {
    size_t end = std::min(all.size(), begin + kBatch);
    // Events of one commit stay together, and so does their request.
    while (end < all.size() && IsOneCommit(*all[end - 1], *all[end])) ++end;
    RETURN_IF_ERROR(Write(
        {all.begin() + static_cast<ptrdiff_t>(begin), all.begin() + static_cast<ptrdiff_t>(end)}));
    begin = end;
  }
  RETURN_IF_ERROR(MoveWatermark());
  report_.identity_lost.assign(identity_lost_.begin(), identity_lost_.end());
  return report_;
}

absl::Status Restore::Write(const std::vector<const engine::EventRow*>& events) {
  std::map<std::string, engine::StreamWrite> writes;
  std::map<std::string, engine::RequestRow> requests;
  for (const engine::EventRow* event : events) {
    writes[event->stream].stream = event->stream;
    if (event->cause.service() != "request") continue;
    const std::string key = base::RequestKeyIn(event->cause.ce_id());
    if (!key.empty()) requests[key] = {event->stream, event->number, ""};
  }
  engine::BatchRead wanted;
  for (const auto& [stream, write] : writes) wanted.streams.push_back(stream);
  for (const auto& [key, request] : requests) wanted.requests.push_back(key);
  ASSIGN_OR_RETURN(const std::unique_ptr<engine::Batch> batch, store_.Begin());
  ASSIGN_OR_RETURN(engine::BatchData data, batch->Read(wanted));
  std::map<std::string, std::unique_ptr<engine::OpenStream>> open;
  std::map<std::string, type::Folded> before;
  for (auto& [stream, write] : writes) {
    write.row = std::move(data.streams[stream]);
    write.expected_version = write.row.version;
    write.state_changed = true;
    const bool exists = write.row.version > 0;
    if (exists && write.row.evolve_version != domain_.EvolveVersion()) {
      RETURN_IF_ERROR(engine::FoldAgain(domain_, store_, stream, write.row));
      write.replaces_folded = true;
    }
    ASSIGN_OR_RETURN(open[stream], domain_.Open(write.row.state));
    if (exists && !write.replaces_folded) before[stream] = open[stream]->Fold(stream);
  }
  engine::BatchWrite all;
  for (const engine::EventRow* event : events) {
    engine::StreamWrite& write = writes[event->stream];
    RETURN_IF_ERROR(Append(*event, *open[event->stream], write));
    RETURN_IF_ERROR(Mark(*event, write.row));
    // The store is from before the event, and may hold what the event erased.
    engine::AddErasure(domain_, *event, all);
  }
  for (auto& [stream, write] : writes) {
    TakeAgain(write);
    const type::Folded after = open[stream]->Fold(stream);
    write.row.state = open[stream]->State();
    write.removed = engine::EntriesOnlyIn(before[stream], after);
    write.added = engine::EntriesOnlyIn(after, before[stream]);
    all.streams.push_back(std::move(write));
  }
  for (auto& [key, request] : requests) {
    if (data.requests.contains(key)) continue;
    all.requests[key] = std::move(request);
    ++report_.requests;
  }
  RETURN_IF_ERROR(batch->Commit(all));
  report_.imported += static_cast<int64_t>(events.size());
  for (const engine::StreamWrite& write : all.streams) {
    for (const engine::EventRow& event : write.events) published_.insert(event.position);
  }
  return absl::OkStatus();
}

absl::Status Restore::Append(const engine::EventRow& event, engine::OpenStream& open,
                             engine::StreamWrite& write) {
  engine::StreamRow& row = write.row;
  if (event.number != row.version + 1) {
    return absl::FailedPreconditionError("somebody else writes to this database");
  }
  ASSIGN_OR_RETURN(engine::SealedGap gap, domain_.WithoutSealed(event));
  engine::EventRow restored = event;
  restored.position = 0;
  restored.sealed = std::move(gap.sealed);
  if (gap.identity_lost) identity_lost_.insert(event.stream);
  if (const absl::Status status = open.Evolve(restored); !status.ok()) {
    return absl::InternalError(absl::StrCat("case ", event.stream, ": event ", event.number,
                                            " does not follow the stored state"));
  }
  row.version = event.number;
  row.last_event_time = event.time;
  row.evolve_version = domain_.EvolveVersion();
  write.events.push_back(std::move(restored));
  return absl::OkStatus();
}

absl::Status Restore::Mark(const engine::EventRow& event, engine::StreamRow& row) {
  if (!HasUpstream(event)) return absl::OkStatus();
  const std::string& upstream = event.cause.service();
  engine::Applied& applied = row.applied[upstream];
  const std::string id = base::FingerprintOf(event.cause.ce_id());
  if (event.cause.number() <= applied.number) {
    const auto at = static_cast<size_t>(event.cause.number() - 1) * id.size();
    const std::string known = applied.fingerprints.substr(at, id.size());
    if (known == id || known == base::kUnknownFingerprint) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("case ", event.stream, ": ", upstream, "'s event ", event.cause.number(),
                     " is another one in the database: ", upstream,
                     " lost events too, and both histories "
                     "exist. See docs/distributed.md, 'Two histories'"));
  }
  const auto again = told_again_.find(event.stream);
  if (again != told_again_.end() && again->second.contains(upstream)) return absl::OkStatus();
  const Ids& ids = asked_[upstream][event.stream];
  while (applied.number < event.cause.number()) {
    // Between two causes lie numbers that were applied and made no event.
    const auto known = ids.find(++applied.number);
    absl::StrAppend(&applied.fingerprints, known == ids.end() ? base::kUnknownFingerprint
                                                              : absl::string_view(known->second));
    if (known == ids.end()) ++report_.unknown_applied;
  }
  const auto behind = row.behind.find(upstream);
  if (behind != row.behind.end() && behind->second <= applied.number) row.behind.erase(behind);
  return absl::OkStatus();
}

absl::Status Restore::MoveWatermark() {
  ASSIGN_OR_RETURN(const engine::Lease lease, store_.LeadRelay());
  ASSIGN_OR_RETURN(int64_t watermark, store_.ReadWatermark());
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<engine::EventRow> events,
                     store_.ReadAfter(watermark, kLogPage));
    const auto missing = std::find_if(
        events.begin(), events.end(),
        [this](const engine::EventRow& event) { return !published_.contains(event.position); });
    if (missing != events.begin()) watermark = std::prev(missing)->position;
    // What the topic lacks is the relay's to publish.
    if (missing != events.end() || events.empty()) return store_.AdvanceWatermark(lease, watermark);
  }
}

}  // namespace pathways::follow
