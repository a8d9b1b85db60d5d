// Rows to write into a store, and every row that it holds as text: for tests of the stores and of
// what writes to them.
#ifndef PATHWAYS_TESTS_ENGINE_STORE_ROWS_H_
#define PATHWAYS_TESTS_ENGINE_STORE_ROWS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "services/engine/store/event_store.h"

namespace pathways::engine {

// One kind of store. `make` opens a new store that may keep files in `folder`, which outlives it.
struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<EventStore>(const base::Clock& clock, const std::string& folder)>
      make;
};

inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }
inline void PrintTo(const Applied& applied, std::ostream* out) {
  *out << applied.number << " '" << applied.fingerprints << "'";
}

// No read of a test has more rows.
inline constexpr int kAll = 1'000'000;
inline const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000) + absl::Microseconds(17);

// The value, or a failure and an empty value.
template <typename T>
T Value(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  ADD_FAILURE() << value.status();
  return T();
}

inline EventRow Event(const std::string& stream, int64_t number) {
  EventRow event;
  event.stream = stream;
  event.number = number;
  event.ce_id = absl::StrCat("id-", stream, "-", number);
  event.type = "pathways.test.Happened";
  event.time = kStart + absl::Seconds(number);
  event.cause.set_service("request");
  event.cause.set_number(number + 100);
  event.cause.set_ce_id(absl::StrCat("cause-", number));
  event.trace = base::Trace::Parse(
      absl::StrCat("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba9", 1000 + number, "-01"));
  event.data = absl::StrCat("data ", number);
  event.sealed = absl::StrCat("sealed ", number);
  return event;
}

// The next `count` events of a stream at `version`, and the state they lead to.
inline StreamWrite Append(const std::string& stream, int64_t version, int count = 1) {
  StreamWrite write;
  write.stream = stream;
  write.expected_version = version;
  write.state_changed = true;
  for (int i = 1; i <= count; ++i) write.events.push_back(Event(stream, version + i));
  write.row.version = version + count;
  write.row.state = {absl::StrCat("open ", version + count),
                     absl::StrCat("shut ", version + count)};
  write.row.evolve_version = 3;
  write.row.last_event_time = write.events.back().time;
  return write;
}

// No event; marks replace those of the stream.
inline StreamWrite Mark(const std::string& stream, int64_t version,
                        std::map<std::string, Applied> applied,
                        std::map<std::string, int64_t> behind) {
  StreamWrite write;
  write.stream = stream;
  write.expected_version = version;
  write.row.version = version;
  write.row.applied = std::move(applied);
  write.row.behind = std::move(behind);
  return write;
}

inline BatchWrite Batched(std::vector<StreamWrite> streams) {
  BatchWrite write;
  write.streams = std::move(streams);
  return write;
}

inline BatchWrite Parking(std::vector<ParkedRow> rows) {
  BatchWrite write;
  write.parked = std::move(rows);
  return write;
}

inline BatchWrite Moving(const std::string& upstream, const std::string& incarnation,
                         int64_t position) {
  BatchWrite write;
  write.positions[upstream] = {incarnation, position};
  return write;
}

// At least one row of every kind. Streams "a" and "b" have events, "p" is only parked.
inline BatchWrite OneOfEverything() {
  BatchWrite write = Batched({Append("a", 0, 2), Append("b", 0)});
  write.streams[0].row.applied = {{"intake", {2, "11112222"}}};
  write.streams[0].row.behind = {{"referral", 5}};
  write.streams[0].added.lists = {{"cases", "2026 a"}, {"open", "a"}};
  write.streams[0].added.uniques = {{"number", "N-1"}};
  write.streams[0].added.timers = {{"age-band", 1'800'000'000}};
  write.requests["request-1"] = {"a", 2, "print"};
  write.positions["intake"] = {"log-1", 40};
  write.parked = {{"p", "intake", 3, "CONFLICT", {}}};
  write.keys = {{"a", "person-1", "wrapped-1"}};
  write.audit = {{"staff/1", "RegisterCase", "a", 2}};
  write.projections = {{"status", "a", "open"}};
  return write;
}

// Begins a batch and commits `write` without reading.
inline absl::Status Commit(EventStore& store, BatchWrite& write) {
  absl::StatusOr<std::unique_ptr<Batch>> batch = store.Begin();
  return batch.ok() ? (*batch)->Commit(write) : batch.status();
}
inline absl::Status Commit(EventStore& store, BatchWrite&& write) { return Commit(store, write); }

// True when another stream holds the entry. When none does, the probe holds it from then on.
inline bool IsHeld(EventStore& store, const type::UniqueEntry& entry) {
  StreamWrite probe = Append(absl::StrCat("probe-", entry.index, "-", entry.key), 0);
  probe.added.uniques = {entry};
  const absl::Status status = Commit(store, Batched({probe}));
  EXPECT_TRUE(status.ok() || absl::IsAborted(status)) << status;
  return absl::IsAborted(status);
}

inline std::string Line(const EventRow& event) {
  return absl::StrCat(event.position, ": ", event.stream, " ", event.number, " ", event.ce_id, " ",
                      event.type, " ", absl::ToUnixMicros(event.time), " ",
                      event.cause.ShortDebugString(), " ", event.trace.Format(), " ", event.data,
                      " ", event.sealed);
}

// "stream number" of each event.
inline std::vector<std::string> Numbers(const std::vector<EventRow>& events) {
  std::vector<std::string> lines;
  for (const EventRow& event : events) {
    lines.push_back(absl::StrCat(event.stream, " ", event.number));
  }
  return lines;
}

// What a store answers about all that is not folded.
inline std::vector<std::string> TruthOf(EventStore& store) {
  std::vector<std::string> lines = {absl::StrCat("incarnation ", store.Incarnation()),
                                    absl::StrCat("last ", Value(store.LastPosition())),
                                    absl::StrCat("watermark ", Value(store.ReadWatermark()))};
  for (const WithheldRow& row : Value(store.ReadWithheld(kAll))) {
    lines.push_back(absl::StrCat(row.stream, " withheld from ", row.number, " ", row.reason));
  }
  for (const EventRow& event : Value(store.ReadAfter(0, kAll))) lines.push_back(Line(event));
  for (const std::string stream : {"a", "b", "p"}) {
    for (const EventRow& event : Value(store.ReadStream(stream, 1, kAll, true))) {
      lines.push_back(Line(event));
    }
    const StreamRow row = Value(store.ReadState(stream));
    for (const auto& [upstream, applied] : row.applied) {
      lines.push_back(absl::StrCat(stream, " applied ", upstream, " ", applied.number, " ",
                                   applied.fingerprints));
    }
    lines.push_back(absl::StrCat(stream, " is behind ",
                                 absl::StrJoin(row.behind, ",", absl::PairFormatter(" ")),
                                 ", is parked ", row.parked_reason));
    for (const KeyRow& key : Value(store.ReadKeys(stream))) {
      lines.push_back(absl::StrCat("key ", key.stream, " ", key.person_id, " ", key.wrapped));
    }
  }
  for (const BehindRow& row : Value(store.ReadBehind(kAll))) {
    lines.push_back(absl::StrCat("behind ", row.stream, " ", row.upstream, " ", row.number, " ",
                                 row.applied, " ", absl::ToUnixMicros(row.since)));
  }
  for (const ParkedRow& row : Value(store.ReadParked(kAll))) {
    lines.push_back(absl::StrCat("parked ", row.stream, " ", row.upstream, " ", row.number, " ",
                                 row.reason, " ", absl::ToUnixMicros(row.since)));
  }
  if (const std::optional<RequestRow> request = Value(store.ReadRequest("request-1"))) {
    lines.push_back(
        absl::StrCat("request ", request->stream, " ", request->number, " ", request->fingerprint));
  }
  for (const std::string upstream : {"intake", "referral"}) {
    const Position position = Value(store.ReadPosition(upstream));
    lines.push_back(absl::StrCat("position ", position.incarnation, " ", position.position));
  }
  for (const auto& [key, value] : Value(store.ReadProjections("status", {"a", "b"}))) {
    lines.push_back(absl::StrCat("projection ", key, " ", value));
  }
  return lines;
}

// What a store answers about all that is folded from events.
inline std::vector<std::string> FoldedOf(EventStore& store) {
  std::vector<std::string> lines;
  for (const StreamHead& head : Value(store.ReadHeads("", kAll))) {
    const StreamRow row = Value(store.ReadState(head.stream));
    lines.push_back(absl::StrCat("state ", head.stream, " ", head.version, " ", row.version, " ",
                                 row.state.open, " ", row.state.sealed, " ", row.evolve_version,
                                 " ", absl::ToUnixMicros(row.last_event_time)));
  }
  for (const std::string index : {"cases", "open"}) {
    for (const std::string& key : Value(store.ReadList(index, "", "", kAll))) {
      lines.push_back(absl::StrCat("list ", index, " ", key));
    }
  }
  for (const TimerRow& timer : Value(store.ReadDueTimers(absl::InfiniteFuture(), {}, kAll))) {
    lines.push_back(
        absl::StrCat("timer ", timer.stream, " ", timer.kind, " ", timer.due_unix_seconds));
  }
  return lines;
}

}  // namespace pathways::engine

#endif  // PATHWAYS_TESTS_ENGINE_STORE_ROWS_H_
