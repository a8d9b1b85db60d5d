#include "tests/sim/memory_store.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/faults.h"
#include "services/base/status_macros.h"
#include "services/engine/store/key_range.h"

namespace pathways::sim {
namespace {

// The same as the SQLite store's, so that a caller's patience is tested alike.
constexpr std::chrono::seconds kWriterWaitMax{5};

struct BehindMark {
  int64_t number = 0;
  absl::Time since;
};

// Moves a position only forward within one incarnation.
void MovePosition(std::map<std::string, engine::Position>& positions, const std::string& upstream,
                  const engine::Position& to) {
  auto [found, inserted] = positions.emplace(upstream, to);
  if (inserted) return;
  const bool same_log = found->second.incarnation == to.incarnation;
  if (!same_log || found->second.position < to.position) found->second = to;
}

// Whether a vector of results has as many rows as were asked for.
template <typename Row>
bool Full(const std::vector<Row>& rows, int limit) {
  return static_cast<int64_t>(rows.size()) >= limit;
}

}  // namespace

// All rows. Check tells whether a batch may be written; Apply writes it and cannot fail.
struct MemoryStore::Tables {
  absl::Status Check(const engine::BatchWrite& write) const;
  void Apply(engine::BatchWrite& write, absl::Time now);

  absl::Status CheckStream(const engine::StreamWrite& write) const;
  absl::Status CheckUniques(const std::vector<engine::StreamWrite>& writes) const;
  absl::Status CheckProjections(const std::vector<engine::ProjectionRow>& rows) const;
  void ApplyMarks(const engine::StreamWrite& write, absl::Time now);
  void PutState(const std::string& stream, const engine::StreamRow& row);
  void RemoveFolded(const std::string& stream, const type::Folded& folded);
  void AddFolded(const std::string& stream, const type::Folded& folded);
  void RemoveAllFolded(const std::string& stream);
  void RemoveTimer(const std::string& stream, const std::string& kind);
  engine::StreamRow ReadRow(const std::string& stream) const;
  std::vector<std::string> ReadList(absl::string_view index, absl::string_view prefix,
                                    absl::string_view after, int limit) const;
  // With the key that is stored. The event of an entry in order of commit is in the log.
  type::ListEntry Stored(const std::string& stream, const type::ListEntry& entry) const;
  int64_t AppliedNumber(const std::string& stream, const std::string& upstream) const;

  // Truth.
  std::vector<engine::EventRow> log;                         // The event of position p is at p - 1.
  std::map<std::string, std::vector<size_t>> log_of_stream;  // Places in `log`, by number.
  std::map<std::string, std::map<std::string, engine::Applied>> applied;  // Stream, upstream.
  std::map<std::string, std::map<std::string, BehindMark>> behind;        // Stream, upstream.
  std::map<std::string, engine::ParkedRow> parked;
  std::map<std::string, engine::RequestRow> requests;
  std::map<std::string, engine::Position> positions;
  std::map<std::string, std::map<std::string, std::string>> keys;  // Stream, person.
  std::vector<engine::AuditRow> audit;
  int64_t watermark = 0;
  std::map<std::string, engine::WithheldRow> withheld;
  // Folded. Of a state's row `applied`, `behind` and `parked_reason` are empty.
  std::map<std::string, engine::StreamRow> states;
  std::map<type::UniqueEntry, std::string> uniques;  // To the stream that holds it.
  std::map<type::ListEntry, std::string> lists;      // To the stream that it is an entry of.
  std::map<std::pair<std::string, std::string>, int64_t> timers;   // Stream, kind to due.
  std::set<std::tuple<int64_t, std::string, std::string>> by_due;  // Due, stream, kind.
  // Projections.
  std::map<std::string, std::map<std::string, std::string>> projections;  // Name, key.
};

absl::Status MemoryStore::Tables::Check(const engine::BatchWrite& write) const {
  std::set<std::string> seen;
  for (const engine::StreamWrite& stream : write.streams) {
    if (!seen.insert(stream.stream).second) {
      return absl::InternalError("a batch writes one stream twice");
    }
    RETURN_IF_ERROR(CheckStream(stream));
  }
  for (const auto& [key, request] : write.requests) {
    if (requests.contains(key)) return absl::AbortedError("a request is remembered already");
  }
  RETURN_IF_ERROR(CheckProjections(write.projections));
  return CheckUniques(write.streams);
}

absl::Status MemoryStore::Tables::CheckStream(const engine::StreamWrite& write) const {
  int64_t number = write.expected_version;
  for (const engine::EventRow& event : write.events) {
    if (event.number != ++number) return absl::InternalError("events of a batch have a hole");
    if (event.stream != write.stream) return absl::InternalError("an event of another stream");
  }
  if (!write.events.empty() && !write.state_changed) {
    return absl::InternalError("events without a changed state");
  }
  if (write.state_changed && write.row.version != number) {
    return absl::InternalError("the version is not the number of the last event");
  }
  const auto state = states.find(write.stream);
  const int64_t version = state == states.end() ? 0 : state->second.version;
  const auto events = log_of_stream.find(write.stream);
  const int64_t last =
      events == log_of_stream.end() ? 0 : static_cast<int64_t>(events->second.size());
  // They differ between DropFolded and RestoreFolded: there are events, and nothing may follow them
  // yet.
  const bool follows = write.events.empty() || last == write.expected_version;
  if (version != write.expected_version || !follows) {
    return absl::AbortedError("a stream is not at the version that was read");
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::Tables::CheckUniques(
    const std::vector<engine::StreamWrite>& writes) const {
  std::set<type::UniqueEntry> released;
  for (const engine::StreamWrite& write : writes) {
    if (write.replaces_folded) {
      for (const auto& [entry, holder] : uniques) {
        if (holder == write.stream) released.insert(entry);
      }
      continue;
    }
    for (const type::UniqueEntry& entry : write.removed.uniques) {
      const auto holder = uniques.find(entry);
      if (holder != uniques.end() && holder->second == write.stream) released.insert(entry);
    }
  }
  std::map<type::UniqueEntry, std::string> taken;
  for (const engine::StreamWrite& write : writes) {
    for (const type::UniqueEntry& entry : write.added.uniques) {
      const auto holder = uniques.find(entry);
      const bool held = holder != uniques.end() && holder->second != write.stream;
      const bool free = !held || released.contains(entry);
      if (!free || taken.emplace(entry, write.stream).first->second != write.stream) {
        return absl::AbortedError("a unique entry is held by another stream");
      }
    }
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::Tables::CheckProjections(
    const std::vector<engine::ProjectionRow>& rows) const {
  for (const engine::ProjectionRow& row : rows) {
    std::string held;
    if (const auto values = projections.find(row.name); values != projections.end()) {
      const auto value = values->second.find(row.key);
      if (value != values->second.end()) held = value->second;
    }
    if (held != row.before) {
      return absl::AbortedError("a projection has another value than was read");
    }
  }
  return absl::OkStatus();
}

void MemoryStore::Tables::Apply(engine::BatchWrite& write, absl::Time now) {
  for (const engine::SealedErasure& erasure : write.erased_sealed) {
    for (const size_t place : log_of_stream[erasure.stream]) {
      if (log[place].number <= erasure.through) log[place].sealed.clear();
    }
  }
  // All removals come first: an entry may go from one stream to another within the batch.
  for (const engine::StreamWrite& stream : write.streams) {
    if (stream.replaces_folded) {
      RemoveAllFolded(stream.stream);
    } else {
      RemoveFolded(stream.stream, stream.removed);
    }
  }
  for (engine::StreamWrite& stream : write.streams) {
    for (engine::EventRow& event : stream.events) {
      event.position = static_cast<int64_t>(log.size()) + 1;
      log_of_stream[stream.stream].push_back(log.size());
      log.push_back(event);
    }
    if (stream.state_changed) PutState(stream.stream, stream.row);
    AddFolded(stream.stream, stream.added);
    ApplyMarks(stream, now);
  }
  for (const auto& [key, request] : write.requests) requests[key] = request;
  for (const auto& [upstream, position] : write.positions) {
    MovePosition(positions, upstream, position);
  }
  for (const engine::ParkedRow& row : write.parked) {
    engine::ParkedRow& stored = parked[row.stream] = row;
    stored.since = now;
  }
  for (const engine::KeyName& key : write.erased_keys) keys[key.stream].erase(key.person_id);
  for (const engine::KeyRow& key : write.keys) keys[key.stream][key.person_id] = key.wrapped;
  audit.insert(audit.end(), write.audit.begin(), write.audit.end());
  for (const engine::ProjectionRow& row : write.projections)
    projections[row.name][row.key] = row.value;
}

void MemoryStore::Tables::ApplyMarks(const engine::StreamWrite& write, absl::Time now) {
  if (write.row.applied.empty()) {
    applied.erase(write.stream);
  } else {
    applied[write.stream] = write.row.applied;
  }
  std::map<std::string, BehindMark> marks;
  const auto before = behind.find(write.stream);
  for (const auto& [upstream, number] : write.row.behind) {
    BehindMark mark{number, now};
    if (before != behind.end()) {
      const auto known = before->second.find(upstream);
      if (known != before->second.end()) mark.since = known->second.since;
    }
    marks.emplace(upstream, mark);
  }
  if (marks.empty()) {
    behind.erase(write.stream);
  } else {
    behind[write.stream] = std::move(marks);
  }
}

void MemoryStore::Tables::PutState(const std::string& stream, const engine::StreamRow& row) {
  engine::StreamRow& state = states[stream];
  state.version = row.version;
  state.state = row.state;
  state.evolve_version = row.evolve_version;
  state.last_event_time = row.last_event_time;
}

type::ListEntry MemoryStore::Tables::Stored(const std::string& stream,
                                            const type::ListEntry& entry) const {
  if (entry.event == 0) return entry;
  const std::vector<size_t>& places = log_of_stream.at(stream);
  const int64_t position = log[places.at(static_cast<size_t>(entry.event - 1))].position;
  return {entry.index, engine::PlacedKey(position, entry.key)};
}

void MemoryStore::Tables::RemoveFolded(const std::string& stream, const type::Folded& folded) {
  for (const type::UniqueEntry& entry : folded.uniques) {
    const auto holder = uniques.find(entry);
    if (holder != uniques.end() && holder->second == stream) uniques.erase(holder);
  }
  for (const type::ListEntry& entry : folded.lists) {
    const auto found = lists.find(Stored(stream, entry));
    if (found != lists.end() && found->second == stream) lists.erase(found);
  }
  for (const type::TimerEntry& entry : folded.timers) {
    if (by_due.contains({entry.due_unix_seconds, stream, entry.kind})) {
      RemoveTimer(stream, entry.kind);
    }
  }
}

void MemoryStore::Tables::RemoveAllFolded(const std::string& stream) {
  std::erase_if(uniques, [&](const auto& entry) { return entry.second == stream; });
  std::erase_if(lists, [&](const auto& entry) { return entry.second == stream; });
  std::erase_if(timers, [&](const auto& timer) { return timer.first.first == stream; });
  std::erase_if(by_due, [&](const auto& timer) { return std::get<1>(timer) == stream; });
}

void MemoryStore::Tables::AddFolded(const std::string& stream, const type::Folded& folded) {
  for (const type::UniqueEntry& entry : folded.uniques) uniques[entry] = stream;
  for (const type::ListEntry& entry : folded.lists) lists[Stored(stream, entry)] = stream;
  for (const type::TimerEntry& entry : folded.timers) {
    RemoveTimer(stream, entry.kind);
    timers[{stream, entry.kind}] = entry.due_unix_seconds;
    by_due.emplace(entry.due_unix_seconds, stream, entry.kind);
  }
}

void MemoryStore::Tables::RemoveTimer(const std::string& stream, const std::string& kind) {
  const auto timer = timers.find({stream, kind});
  if (timer == timers.end()) return;
  by_due.erase({timer->second, stream, kind});
  timers.erase(timer);
}

engine::StreamRow MemoryStore::Tables::ReadRow(const std::string& stream) const {
  engine::StreamRow row;
  if (const auto found = states.find(stream); found != states.end()) row = found->second;
  if (const auto found = applied.find(stream); found != applied.end()) row.applied = found->second;
  if (const auto found = behind.find(stream); found != behind.end()) {
    for (const auto& [upstream, mark] : found->second) row.behind[upstream] = mark.number;
  }
  if (const auto found = parked.find(stream); found != parked.end()) {
    row.parked_reason = found->second.reason;
  }
  return row;
}

std::vector<std::string> MemoryStore::Tables::ReadList(absl::string_view index,
                                                       absl::string_view prefix,
                                                       absl::string_view after, int limit) const {
  const std::string name(index);
  auto entry = after < prefix ? lists.lower_bound({name, std::string(prefix)})
                              : lists.upper_bound({name, std::string(after)});
  std::vector<std::string> found;
  for (; entry != lists.end() && entry->first.index == name &&
         absl::StartsWith(entry->first.key, prefix) && !Full(found, limit);
       ++entry) {
    found.push_back(entry->first.key);
  }
  return found;
}

int64_t MemoryStore::Tables::AppliedNumber(const std::string& stream,
                                           const std::string& upstream) const {
  const auto of_stream = applied.find(stream);
  if (of_stream == applied.end()) return 0;
  const auto found = of_stream->second.find(upstream);
  return found == of_stream->second.end() ? 0 : found->second.number;
}

// Holds the writer's place from Begin until it is committed or destroyed.
class MemoryStore::Transaction : public engine::Batch {
 public:
  Transaction(MemoryStore& store, std::unique_lock<std::timed_mutex> place, absl::Time now)
      : store_(store), place_(std::move(place)), now_(now) {}

  absl::StatusOr<engine::BatchData> Read(const engine::BatchRead& wanted) override;
  absl::Status Commit(engine::BatchWrite& write) override;

 private:
  absl::Status Apply(engine::BatchWrite& write);

  MemoryStore& store_;
  std::unique_lock<std::timed_mutex> place_;
  const absl::Time now_;
  bool finished_ = false;
};

absl::StatusOr<engine::BatchData> MemoryStore::Transaction::Read(const engine::BatchRead& wanted) {
  if (finished_) return absl::InternalError("the batch is finished");
  std::lock_guard<std::mutex> lock(store_.tables_mutex_);
  const Tables& tables = *store_.tables_;
  engine::BatchData data;
  data.now = now_;
  for (const std::string& key : wanted.requests) {
    const auto found = tables.requests.find(key);
    if (found != tables.requests.end()) data.requests.insert(*found);
  }
  for (const std::string& stream : wanted.streams) {
    engine::StreamRow row = tables.ReadRow(stream);
    const bool known = row.version > 0 || !row.applied.empty() || !row.behind.empty() ||
                       !row.parked_reason.empty();
    if (known) data.streams.emplace(stream, std::move(row));
  }
  for (const std::string& upstream : wanted.upstreams) {
    const auto found = tables.positions.find(upstream);
    if (found != tables.positions.end()) data.positions.insert(*found);
  }
  for (const type::UniqueEntry& entry : wanted.uniques) {
    const auto held = tables.uniques.find(entry);
    data.holders[entry] = held == tables.uniques.end() ? "" : held->second;
  }
  for (const type::ListRange& range : wanted.lists) {
    data.lists[range] = tables.ReadList(range.index, range.prefix, range.after, range.limit);
  }
  if (!wanted.rules_stream.empty())
    data.rules_version = tables.ReadRow(wanted.rules_stream).version;
  return data;
}

absl::Status MemoryStore::Transaction::Commit(engine::BatchWrite& write) {
  if (finished_) return absl::InternalError("the batch is finished");
  finished_ = true;
  PATHWAYS_CRASH_POINT("store.before_commit");
  RETURN_IF_ERROR(Apply(write));
  PATHWAYS_CRASH_POINT("store.after_commit");
  const bool appended = std::any_of(write.streams.begin(), write.streams.end(),
                                    [](const engine::StreamWrite& s) { return !s.events.empty(); });
  place_.unlock();
  if (appended && store_.wake_) store_.wake_();
  return absl::OkStatus();
}

absl::Status MemoryStore::Transaction::Apply(engine::BatchWrite& write) {
  std::lock_guard<std::mutex> lock(store_.tables_mutex_);
  if (store_.commits_to_fail_ > 0) {
    --store_.commits_to_fail_;
    return store_.fault_;
  }
  RETURN_IF_ERROR(store_.tables_->Check(write));
  store_.tables_->Apply(write, now_);
  return absl::OkStatus();
}

MemoryStore::MemoryStore(const base::Clock& clock, std::string incarnation)
    : clock_(clock), incarnation_(std::move(incarnation)), tables_(std::make_unique<Tables>()) {}

MemoryStore::~MemoryStore() = default;

absl::StatusOr<std::unique_ptr<engine::Batch>> MemoryStore::Begin() {
  std::unique_lock<std::timed_mutex> place(writer_mutex_, kWriterWaitMax);
  if (!place.owns_lock()) return absl::UnavailableError("the store is busy");
  return std::unique_ptr<engine::Batch>(new Transaction(*this, std::move(place), clock_.Now()));
}

absl::Status MemoryStore::Write(const std::function<absl::Status(Tables&)>& write) {
  std::unique_lock<std::timed_mutex> place(writer_mutex_, kWriterWaitMax);
  if (!place.owns_lock()) return absl::UnavailableError("the store is busy");
  std::lock_guard<std::mutex> lock(tables_mutex_);
  return write(*tables_);
}

absl::StatusOr<engine::StreamRow> MemoryStore::ReadState(absl::string_view stream) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  return tables_->ReadRow(std::string(stream));
}

absl::StatusOr<std::vector<engine::EventRow>> MemoryStore::ReadStream(absl::string_view stream,
                                                                      int64_t from, int limit,
                                                                      bool with_sealed) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::vector<engine::EventRow> events;
  const auto found = tables_->log_of_stream.find(std::string(stream));
  if (found == tables_->log_of_stream.end()) return events;
  const std::vector<size_t>& places = found->second;
  for (size_t i = from > 1 ? static_cast<size_t>(from) - 1 : 0;
       i < places.size() && !Full(events, limit); ++i) {
    events.push_back(tables_->log[places[i]]);
    if (!with_sealed) events.back().sealed.clear();
  }
  return events;
}

absl::StatusOr<std::vector<engine::EventRow>> MemoryStore::ReadEvents(
    const std::vector<engine::EventKey>& keys) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::vector<engine::EventRow> events;
  for (const engine::EventKey& key : keys) {
    const auto found = tables_->log_of_stream.find(key.stream);
    if (found == tables_->log_of_stream.end() || key.number < 1) continue;
    const auto place = static_cast<size_t>(key.number) - 1;
    if (place >= found->second.size()) continue;
    events.push_back(tables_->log[found->second[place]]);
    events.back().sealed.clear();
  }
  return events;
}

absl::StatusOr<std::vector<engine::EventRow>> MemoryStore::ReadAfter(int64_t position, int limit) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::vector<engine::EventRow> events;
  for (size_t i = position > 0 ? static_cast<size_t>(position) : 0;
       i < tables_->log.size() && !Full(events, limit); ++i) {
    events.push_back(tables_->log[i]);
    events.back().sealed.clear();
  }
  return events;
}

absl::StatusOr<int64_t> MemoryStore::LastPosition() {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  return static_cast<int64_t>(tables_->log.size());
}

absl::StatusOr<std::vector<engine::StreamHead>> MemoryStore::ReadHeads(absl::string_view after,
                                                                       int limit) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::vector<engine::StreamHead> heads;
  for (auto state = tables_->states.upper_bound(std::string(after));
       state != tables_->states.end() && !Full(heads, limit); ++state) {
    heads.push_back({state->first, state->second.version});
  }
  return heads;
}

absl::StatusOr<std::vector<engine::FoldRow>> MemoryStore::ReadOtherFolds(
    int evolve_version, const engine::FoldRow& after, int limit) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::set<std::pair<int, std::string>> others;
  for (const auto& [stream, row] : tables_->states) {
    if (row.evolve_version != evolve_version) others.emplace(row.evolve_version, stream);
  }
  std::vector<engine::FoldRow> rows;
  for (auto other = others.upper_bound({after.evolve_version, after.stream});
       other != others.end() && !Full(rows, limit); ++other) {
    rows.push_back({other->second, other->first});
  }
  return rows;
}

absl::StatusOr<int64_t> MemoryStore::CountOtherFolds(int evolve_version) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  return std::count_if(tables_->states.begin(), tables_->states.end(), [&](const auto& state) {
    return state.second.evolve_version != evolve_version;
  });
}

absl::StatusOr<std::vector<std::string>> MemoryStore::ReadList(absl::string_view index,
                                                               absl::string_view prefix,
                                                               absl::string_view after, int limit) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  return tables_->ReadList(index, prefix, after, limit);
}

absl::StatusOr<std::optional<engine::RequestRow>> MemoryStore::ReadRequest(absl::string_view key) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  const auto found = tables_->requests.find(std::string(key));
  if (found == tables_->requests.end()) return std::optional<engine::RequestRow>();
  return std::optional<engine::RequestRow>(found->second);
}

absl::StatusOr<std::vector<engine::KeyRow>> MemoryStore::ReadKeys(absl::string_view stream) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::vector<engine::KeyRow> keys;
  const auto found = tables_->keys.find(std::string(stream));
  if (found == tables_->keys.end()) return keys;
  for (const auto& [person_id, wrapped] : found->second) {
    keys.push_back({found->first, person_id, wrapped});
  }
  return keys;
}

absl::StatusOr<std::vector<engine::TimerRow>> MemoryStore::ReadDueTimers(
    absl::Time now, const engine::TimerRow& after, int limit) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::vector<engine::TimerRow> timers;
  const int64_t now_unix_seconds = absl::ToUnixSeconds(now);
  const auto from =
      after.stream.empty()
          ? tables_->by_due.begin()
          : tables_->by_due.upper_bound({after.due_unix_seconds, after.stream, after.kind});
  for (auto row = from; row != tables_->by_due.end(); ++row) {
    const auto& [due, stream, kind] = *row;
    if (due > now_unix_seconds || Full(timers, limit)) break;
    if (!tables_->parked.contains(stream)) timers.push_back({stream, kind, due});
  }
  return timers;
}

absl::StatusOr<std::vector<engine::BehindRow>> MemoryStore::ReadBehindOf(
    absl::string_view upstream, const engine::BehindRow& after, int limit) {
  const auto is_before = [](const engine::BehindRow& a, const engine::BehindRow& b) {
    return std::tie(a.since, a.stream, a.upstream) < std::tie(b.since, b.stream, b.upstream);
  };
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::vector<engine::BehindRow> rows;
  for (const auto& [stream, marks] : tables_->behind) {
    if (tables_->parked.contains(stream)) continue;
    for (const auto& [name, mark] : marks) {
      if (!upstream.empty() && name != upstream) continue;
      const int64_t applied = tables_->AppliedNumber(stream, name);
      engine::BehindRow row{stream, name, mark.number, applied, mark.since};
      if (after.stream.empty() || is_before(after, row)) rows.push_back(std::move(row));
    }
  }
  std::sort(rows.begin(), rows.end(), is_before);
  if (Full(rows, limit)) rows.resize(static_cast<size_t>(std::max(limit, 0)));
  return rows;
}

absl::StatusOr<std::vector<engine::ParkedRow>> MemoryStore::ReadParked(int limit) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::vector<engine::ParkedRow> rows;
  for (const auto& [stream, row] : tables_->parked) rows.push_back(row);
  std::stable_sort(
      rows.begin(), rows.end(),
      [](const engine::ParkedRow& a, const engine::ParkedRow& b) { return a.since < b.since; });
  if (Full(rows, limit)) rows.resize(static_cast<size_t>(std::max(limit, 0)));
  return rows;
}

absl::StatusOr<std::map<std::string, int64_t>> MemoryStore::ReadApplied(
    absl::string_view upstream, const std::vector<std::string>& streams) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::map<std::string, int64_t> numbers;
  for (const std::string& stream : streams) {
    const auto found = tables_->applied.find(stream);
    if (found == tables_->applied.end()) continue;
    const auto applied = found->second.find(std::string(upstream));
    if (applied != found->second.end()) numbers[stream] = applied->second.number;
  }
  return numbers;
}

absl::StatusOr<engine::Position> MemoryStore::ReadPosition(absl::string_view upstream) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  const auto found = tables_->positions.find(std::string(upstream));
  return found == tables_->positions.end() ? engine::Position{} : found->second;
}

absl::StatusOr<std::map<std::string, std::string>> MemoryStore::ReadProjections(
    absl::string_view name, const std::vector<std::string>& keys) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::map<std::string, std::string> values;
  const auto projection = tables_->projections.find(std::string(name));
  if (projection == tables_->projections.end()) return values;
  for (const std::string& key : keys) {
    const auto found = projection->second.find(key);
    if (found != projection->second.end()) values.insert(*found);
  }
  return values;
}

absl::StatusOr<int64_t> MemoryStore::ReadWatermark() {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  return tables_->watermark;
}

absl::Status MemoryStore::AdvanceWatermark(const engine::Lease& lease, int64_t position) {
  RETURN_IF_ERROR(engine::CheckOnlyLease(lease));
  return Write([&](Tables& tables) {
    tables.watermark = std::max(tables.watermark, position);
    return absl::OkStatus();
  });
}

absl::Status MemoryStore::ProbeWrite() {
  return Write([](Tables&) { return absl::OkStatus(); });
}

absl::StatusOr<std::vector<engine::WithheldRow>> MemoryStore::ReadWithheld(int limit) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::vector<engine::WithheldRow> rows;
  for (const auto& [stream, row] : tables_->withheld) {
    if (Full(rows, limit)) break;
    rows.push_back(row);
  }
  return rows;
}

absl::Status MemoryStore::Withhold(const engine::Lease& lease,
                                   const std::vector<engine::WithheldRow>& rows) {
  RETURN_IF_ERROR(engine::CheckOnlyLease(lease));
  return Write([&](Tables& tables) {
    for (const engine::WithheldRow& row : rows) {
      auto [found, inserted] = tables.withheld.emplace(row.stream, row);
      if (inserted) found->second.since = clock_.Now();
    }
    return absl::OkStatus();
  });
}

absl::Status MemoryStore::Release(const engine::Lease& lease, absl::string_view stream) {
  RETURN_IF_ERROR(engine::CheckOnlyLease(lease));
  return Write([&](Tables& tables) {
    tables.withheld.erase(std::string(stream));
    return absl::OkStatus();
  });
}

absl::Status MemoryStore::MarkBehind(const std::vector<engine::BehindRow>& rows) {
  return Write([&](Tables& tables) {
    for (const engine::BehindRow& row : rows) {
      if (tables.AppliedNumber(row.stream, row.upstream) >= row.number) continue;
      auto& marks = tables.behind[row.stream];
      BehindMark& mark = marks.emplace(row.upstream, BehindMark{0, clock_.Now()}).first->second;
      mark.number = std::max(mark.number, row.number);
    }
    return absl::OkStatus();
  });
}

absl::Status MemoryStore::ClearParked(absl::string_view stream) {
  return Write([&](Tables& tables) {
    if (tables.parked.erase(std::string(stream)) == 1) return absl::OkStatus();
    return absl::NotFoundError("the stream is not parked");
  });
}

absl::Status MemoryStore::DropProjection(absl::string_view name,
                                         const std::vector<std::string>& upstreams) {
  return Write([&](Tables& tables) {
    tables.projections.erase(std::string(name));
    for (const std::string& upstream : upstreams) {
      std::erase_if(tables.positions, [&](const auto& position) {
        return position.first == upstream || absl::StartsWith(position.first, upstream + "/");
      });
    }
    return absl::OkStatus();
  });
}

absl::Status MemoryStore::DropFolded() {
  return Write([](Tables& tables) {
    tables.states.clear();
    tables.uniques.clear();
    tables.lists.clear();
    tables.timers.clear();
    tables.by_due.clear();
    return absl::OkStatus();
  });
}

absl::Status MemoryStore::RestoreFolded(absl::string_view stream, const engine::StreamRow& row,
                                        const type::Folded& folded) {
  return Write([&](Tables& tables) -> absl::Status {
    engine::StreamWrite write;
    write.stream = std::string(stream);
    write.added = folded;
    write.replaces_folded = true;
    RETURN_IF_ERROR(tables.CheckUniques({write}));
    tables.PutState(write.stream, row);
    tables.RemoveAllFolded(write.stream);
    tables.AddFolded(write.stream, folded);
    return absl::OkStatus();
  });
}

void MemoryStore::FailNextCommits(int n, absl::Status status) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  commits_to_fail_ = n;
  fault_ = std::move(status);
}

void MemoryStore::PlantTimer(const engine::TimerRow& timer) {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  tables_->AddFolded(timer.stream, {{}, {}, {{timer.kind, timer.due_unix_seconds}}});
}

std::vector<std::string> MemoryStore::FoldedRows() {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  std::vector<std::string> rows;
  for (const auto& [stream, row] : tables_->states) {
    rows.push_back(absl::StrCat("state ", stream, " ", row.version, " ", row.evolve_version, " ",
                                absl::FormatTime(row.last_event_time), " ",
                                absl::BytesToHexString(row.state.open), " ",
                                absl::BytesToHexString(row.state.sealed)));
  }
  for (const auto& [entry, stream] : tables_->lists) {
    rows.push_back(absl::StrCat("list ", entry.index, " ", absl::BytesToHexString(entry.key)));
  }
  for (const auto& [entry, stream] : tables_->uniques) {
    rows.push_back(
        absl::StrCat("unique ", entry.index, " ", absl::BytesToHexString(entry.key), " ", stream));
  }
  for (const auto& [due, stream, kind] : tables_->by_due) {
    rows.push_back(absl::StrCat("timer ", stream, " ", kind, " ", due));
  }
  return rows;
}

std::vector<engine::AuditRow> MemoryStore::Audit() {
  std::lock_guard<std::mutex> lock(tables_mutex_);
  return tables_->audit;
}

}  // namespace pathways::sim
