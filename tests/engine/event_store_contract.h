// Goal: every event store keeps the contract of services/engine/store/event_store.h. Method: one
// suite of tests over the interface alone, run against each store that INSTANTIATE_TEST_SUITE_P
// names.
//
// A refused or abandoned batch is checked by asking the store everything it can be asked, before
// and after: TruthOf and FoldedOf. Unique entries cannot be read; a probe stream tries to take
// them. Tests that hold for one store only are in event_store_test.cc and postgres_store_test.cc,
// the two binaries that include this header.
#ifndef PATHWAYS_TESTS_ENGINE_EVENT_STORE_CONTRACT_H_
#define PATHWAYS_TESTS_ENGINE_EVENT_STORE_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "services/engine/store/event_store.h"
#include "services/engine/store/key_range.h"
#include "tests/engine/store_rows.h"
#include "tests/support/temp_folder.h"

namespace pathways::engine {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using testing_support::TempFolder;

class EventStoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  EventStoreContract() : clock_(kStart), store_(GetParam().make(clock_, folder_.path())) {}

  void SetUp() override { ASSERT_NE(store_, nullptr); }

  absl::Status Commit(BatchWrite write) { return engine::Commit(*store_, write); }
  // Commits what must succeed.
  void Store(BatchWrite write) {
    const absl::Status status = Commit(std::move(write));
    ASSERT_TRUE(status.ok()) << status;
  }
  // Commits what must be refused with `code`, and checks that nothing of it is there: while the
  // batch lives, and after it.
  void Refused(BatchWrite write, absl::StatusCode code) {
    const std::vector<std::string> truth = TruthOf(*store_);
    const std::vector<std::string> folded = FoldedOf(*store_);
    {
      std::unique_ptr<Batch> batch = Value(store_->Begin());
      ASSERT_NE(batch, nullptr);
      const absl::Status status = batch->Commit(write);
      EXPECT_EQ(status.code(), code) << status;
      EXPECT_EQ(TruthOf(*store_), truth);
      EXPECT_EQ(FoldedOf(*store_), folded);
    }
    EXPECT_EQ(TruthOf(*store_), truth);
    EXPECT_EQ(FoldedOf(*store_), folded);
  }
  BatchData Read(const BatchRead& wanted) {
    std::unique_ptr<Batch> batch = Value(store_->Begin());
    return batch == nullptr ? BatchData{} : Value(batch->Read(wanted));
  }
  std::vector<std::string> List(const std::string& prefix, const std::string& after, int limit) {
    return Value(store_->ReadList("cases", prefix, after, limit));
  }
  // "stream kind due" of each timer due at `now`.
  std::vector<std::string> DueTimers(absl::Time now, int limit = kAll, const TimerRow& after = {}) {
    std::vector<std::string> lines;
    for (const TimerRow& timer : Value(store_->ReadDueTimers(now, after, limit))) {
      lines.push_back(absl::StrCat(timer.stream, " ", timer.kind, " ", timer.due_unix_seconds));
    }
    return lines;
  }
  // "stream upstream number applied since" of each row; `since` in seconds from the start.
  std::vector<std::string> Behind(int limit = kAll) {
    std::vector<std::string> lines;
    for (const BehindRow& row : Value(store_->ReadBehind(limit))) {
      lines.push_back(absl::StrCat(row.stream, " ", row.upstream, " ", row.number, " ", row.applied,
                                   " ", absl::ToInt64Seconds(row.since - kStart)));
    }
    return lines;
  }
  // "stream upstream number reason since" of each row; `since` in seconds from the start.
  std::vector<std::string> Parked(int limit = kAll) {
    std::vector<std::string> lines;
    for (const ParkedRow& row : Value(store_->ReadParked(limit))) {
      lines.push_back(absl::StrCat(row.stream, " ", row.upstream, " ", row.number, " ", row.reason,
                                   " ", absl::ToInt64Seconds(row.since - kStart)));
    }
    return lines;
  }

  const TempFolder folder_;  // Outlives the store.
  base::ManualClock clock_;
  std::unique_ptr<EventStore> store_;
};

TEST_P(EventStoreContract, NewStoreIsEmpty) {
  EXPECT_THAT(store_->Incarnation(), testing::Not(IsEmpty()));
  EXPECT_EQ(Value(store_->LastPosition()), 0);
  EXPECT_EQ(Value(store_->ReadWatermark()), 0);
  EXPECT_THAT(Value(store_->ReadAfter(0, kAll)), IsEmpty());
  EXPECT_THAT(Value(store_->ReadStream("a", 1, kAll, true)), IsEmpty());
  EXPECT_THAT(Value(store_->ReadKeys("a")), IsEmpty());
  EXPECT_FALSE(Value(store_->ReadRequest("request-1")).has_value());
  EXPECT_THAT(Value(store_->ReadApplied("intake", {"a"})), IsEmpty());
  EXPECT_THAT(Value(store_->ReadPosition("intake")).incarnation, IsEmpty());
  EXPECT_THAT(Value(store_->ReadProjections("status", {"a"})), IsEmpty());
  EXPECT_THAT(Behind(), IsEmpty());
  EXPECT_THAT(Parked(), IsEmpty());
  EXPECT_THAT(FoldedOf(*store_), IsEmpty());
  const StreamRow row = Value(store_->ReadState("a"));
  EXPECT_EQ(row.version, 0);
  EXPECT_EQ(row.state, StoredState());
  EXPECT_EQ(row.last_event_time, absl::InfinitePast());
}

// Events and states.

TEST_P(EventStoreContract, EventsKeepEveryColumn) {
  BatchWrite write = Batched({Append("a", 0, 2)});
  ASSERT_TRUE(engine::Commit(*store_, write).ok());
  std::vector<EventRow> events = write.streams[0].events;
  const std::vector<EventRow> sealed = Value(store_->ReadStream("a", 1, kAll, true));
  const std::vector<EventRow> unsealed = Value(store_->ReadStream("a", 1, kAll, false));
  const std::vector<EventRow> log = Value(store_->ReadAfter(0, kAll));
  ASSERT_EQ(sealed.size(), 2u);
  ASSERT_EQ(unsealed.size(), 2u);
  ASSERT_EQ(log.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_GT(events[i].position, 0);
    EXPECT_EQ(Line(sealed[i]), Line(events[i]));
    events[i].sealed.clear();
    EXPECT_EQ(Line(unsealed[i]), Line(events[i]));
    EXPECT_EQ(Line(log[i]), Line(events[i]));
  }
  EXPECT_EQ(Value(store_->LastPosition()), events[1].position);
}

TEST_P(EventStoreContract, StateIsThatOfTheLastCommit) {
  Store(Batched({Append("a", 0, 2), Append("b", 0)}));
  Store(Batched({Append("a", 2)}));
  const StreamRow row = Value(store_->ReadState("a"));
  EXPECT_EQ(row.version, 3);
  EXPECT_EQ(row.state, (StoredState{"open 3", "shut 3"}));
  EXPECT_EQ(row.evolve_version, 3);
  EXPECT_EQ(row.last_event_time, kStart + absl::Seconds(3));
  EXPECT_EQ(Value(store_->ReadState("b")).version, 1);
}

TEST_P(EventStoreContract, StateMayChangeWithoutEvents) {
  Store(Batched({Append("a", 0)}));
  StreamWrite folded_again = Append("a", 1);
  folded_again.events.clear();
  folded_again.row.version = 1;
  folded_again.row.state.open = "open by another evolve";
  folded_again.row.evolve_version = 4;
  Store(Batched({folded_again}));
  const StreamRow row = Value(store_->ReadState("a"));
  EXPECT_EQ(row.version, 1);
  EXPECT_EQ(row.state.open, "open by another evolve");
  EXPECT_EQ(row.evolve_version, 4);
  Store(Batched({Append("a", 1)}));
}

TEST_P(EventStoreContract, StreamIsReadFromANumber) {
  Store(Batched({Append("a", 0, 3), Append("b", 0, 2)}));
  Store(Batched({Append("a", 3, 2)}));
  const auto read = [&](int64_t from, int limit) {
    return Numbers(Value(store_->ReadStream("a", from, limit, false)));
  };
  EXPECT_THAT(read(0, kAll), ElementsAre("a 1", "a 2", "a 3", "a 4", "a 5"));
  EXPECT_THAT(read(1, 2), ElementsAre("a 1", "a 2"));
  EXPECT_THAT(read(3, 2), ElementsAre("a 3", "a 4"));
  EXPECT_THAT(read(5, 2), ElementsAre("a 5"));
  EXPECT_THAT(read(6, 2), IsEmpty());
}

TEST_P(EventStoreContract, LogIsReadAfterAPosition) {
  Store(Batched({Append("b", 0), Append("a", 0, 2)}));
  Store(Batched({Append("b", 1)}));
  const std::vector<EventRow> log = Value(store_->ReadAfter(0, kAll));
  ASSERT_THAT(Numbers(log), ElementsAre("b 1", "a 1", "a 2", "b 2"));
  for (size_t i = 1; i < log.size(); ++i) EXPECT_GT(log[i].position, log[i - 1].position);
  const auto read = [&](int64_t after, int limit) {
    return Numbers(Value(store_->ReadAfter(after, limit)));
  };
  EXPECT_THAT(read(0, 2), ElementsAre("b 1", "a 1"));
  EXPECT_THAT(read(log[1].position, 1), ElementsAre("a 2"));
  EXPECT_THAT(read(log[2].position, kAll), ElementsAre("b 2"));
  EXPECT_THAT(read(log[3].position, kAll), IsEmpty());
  EXPECT_THAT(read(log[3].position + 1000, kAll), IsEmpty());
}

TEST_P(EventStoreContract, HeadsAreReadInOrderOfStream) {
  Store(Batched({Append("c", 0), Append("a", 0, 2), Append("b", 0)}));
  Store(Batched({Append("b", 1), Mark("x", 0, {{"intake", {1, "1111"}}}, {})}));
  const auto read = [&](const std::string& after, int limit) {
    std::vector<std::pair<std::string, int64_t>> heads;
    for (const StreamHead& head : Value(store_->ReadHeads(after, limit))) {
      heads.emplace_back(head.stream, head.version);
    }
    return heads;
  };
  EXPECT_THAT(read("", kAll), ElementsAre(Pair("a", 2), Pair("b", 2), Pair("c", 1)));
  EXPECT_THAT(read("", 2), ElementsAre(Pair("a", 2), Pair("b", 2)));
  EXPECT_THAT(read("b", 2), ElementsAre(Pair("c", 1)));
  EXPECT_THAT(read("aa", 1), ElementsAre(Pair("b", 2)));
  EXPECT_THAT(read("c", 2), IsEmpty());
}

TEST_P(EventStoreContract, ValuesMayBeLarge) {
  const std::string large(1 << 20, 'x');
  BatchWrite write = Batched({Append("a", 0)});
  write.streams[0].row.state = {large + "o", large + "s"};
  write.streams[0].row.applied["intake"] = {262'144, large};
  write.streams[0].events[0].data = large + "d";
  write.streams[0].events[0].sealed = large + "e";
  write.projections = {{"status", "a", large + "p"}};
  Store(write);
  const StreamRow row = Value(store_->ReadState("a"));
  EXPECT_TRUE(row.state == write.streams[0].row.state);
  EXPECT_TRUE(row.applied == write.streams[0].row.applied);
  const std::vector<EventRow> events = Value(store_->ReadStream("a", 1, kAll, true));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(events[0].data == large + "d");
  EXPECT_TRUE(events[0].sealed == large + "e");
  EXPECT_TRUE(Value(store_->ReadProjections("status", {"a"}))["a"] == large + "p");
}

TEST_P(EventStoreContract, ValuesMayBeAnyBytes) {
  const std::string bytes("\0'\xff\x80\n\0", 6);
  BatchWrite write = Batched({Append("a", 0)});
  write.streams[0].row.state = {bytes, bytes + "s"};
  write.streams[0].row.applied["intake"] = {1, bytes};
  write.streams[0].events[0].data = bytes + "d";
  write.streams[0].events[0].sealed = bytes + "e";
  write.requests["request-1"] = {"a", 1, bytes};
  write.keys = {{"a", "person-1", bytes}};
  write.projections = {{"status", "a", bytes}};
  Store(write);
  const StreamRow row = Value(store_->ReadState("a"));
  EXPECT_EQ(row.state, (StoredState{bytes, bytes + "s"}));
  EXPECT_EQ(row.applied.at("intake").fingerprints, bytes);
  const std::vector<EventRow> events = Value(store_->ReadStream("a", 1, kAll, true));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].data, bytes + "d");
  EXPECT_EQ(events[0].sealed, bytes + "e");
  EXPECT_EQ(Value(store_->ReadRequest("request-1"))->fingerprint, bytes);
  EXPECT_EQ(Value(store_->ReadKeys("a")).at(0).wrapped, bytes);
  EXPECT_EQ(Value(store_->ReadProjections("status", {"a"}))["a"], bytes);
}

TEST_P(EventStoreContract, KeysMayBeAnyBytes) {
  const std::string key("k\0\xfe", 3);
  const std::string other("k\0\xfd", 3);
  BatchWrite write = Batched({Append("a", 0)});
  write.streams[0].added.lists = {{"cases", key}, {"cases", other}};
  write.streams[0].added.uniques = {{"number", key}};
  write.requests[key] = {"a", 1, "print"};
  write.projections = {{"status", key, "1"}, {"status", other, "2"}};
  Store(write);
  EXPECT_THAT(List("", "", kAll), ElementsAre(other, key));
  EXPECT_THAT(List(std::string("k\0", 2), other, kAll), ElementsAre(key));
  EXPECT_TRUE(Value(store_->ReadRequest(key)).has_value());
  EXPECT_FALSE(Value(store_->ReadRequest(other)).has_value());
  EXPECT_FALSE(Value(store_->ReadRequest("k")).has_value());
  EXPECT_THAT(Value(store_->ReadProjections("status", {key, other, "k"})),
              ElementsAre(Pair(other, "2"), Pair(key, "1")));
  EXPECT_FALSE(IsHeld(*store_, {"number", other}));
  EXPECT_TRUE(IsHeld(*store_, {"number", key}));
}

TEST_P(EventStoreContract, ABatchMayBeLarge) {
  BatchWrite write;
  for (int i = 0; i < 200; ++i) {
    write.streams.push_back(Append(absl::StrFormat("s%03d", i), 0, 10));
    write.streams.back().added.lists = {{"cases", absl::StrFormat("s%03d", i)}};
  }
  ASSERT_TRUE(engine::Commit(*store_, write).ok());
  const std::vector<EventRow> log = Value(store_->ReadAfter(0, kAll));
  ASSERT_EQ(log.size(), 2000u);
  for (size_t i = 0; i < log.size(); ++i) {
    ASSERT_EQ(log[i].stream, absl::StrFormat("s%03d", i / 10));
    ASSERT_EQ(log[i].number, static_cast<int64_t>(i % 10) + 1);
    ASSERT_EQ(log[i].position, write.streams[i / 10].events[i % 10].position);
    ASSERT_TRUE(i == 0 || log[i].position > log[i - 1].position);
  }
  EXPECT_EQ(Value(store_->ReadHeads("", kAll)).size(), 200u);
  EXPECT_EQ(List("", "", kAll).size(), 200u);
}

// What a batch reads.

TEST_P(EventStoreContract, BatchReadsStreamsWithAnyRow) {
  Store(Batched({Append("events", 0), Mark("applied", 0, {{"intake", {1, "1111"}}}, {}),
                 Mark("behind", 0, {}, {{"intake", 2}}), Mark("nothing", 0, {}, {})}));
  Store(Parking({{"parked", "", 0, "INTERNAL", {}}}));
  BatchRead wanted;
  wanted.streams = {"applied", "behind", "events", "nothing", "parked", "unknown"};
  const BatchData data = Read(wanted);
  std::vector<std::string> streams;
  for (const auto& [stream, row] : data.streams) streams.push_back(stream);
  ASSERT_THAT(streams, ElementsAre("applied", "behind", "events", "parked"));
  EXPECT_EQ(data.streams.at("events").version, 1);
  EXPECT_EQ(data.streams.at("events").state, (StoredState{"open 1", "shut 1"}));
  EXPECT_EQ(data.streams.at("events").evolve_version, 3);
  EXPECT_EQ(data.streams.at("events").last_event_time, kStart + absl::Seconds(1));
  EXPECT_EQ(data.streams.at("events").parked_reason, "");
  EXPECT_EQ(data.streams.at("applied").version, 0);
  EXPECT_THAT(data.streams.at("applied").applied, ElementsAre(Pair("intake", Applied{1, "1111"})));
  EXPECT_THAT(data.streams.at("behind").behind, ElementsAre(Pair("intake", 2)));
  EXPECT_EQ(data.streams.at("parked").version, 0);
  EXPECT_EQ(data.streams.at("parked").parked_reason, "INTERNAL");
}

TEST_P(EventStoreContract, BatchReadsRequestsAndPositionsThatExist) {
  Store(OneOfEverything());
  BatchRead wanted;
  wanted.requests = {"request-0", "request-1"};
  wanted.upstreams = {"intake", "referral"};
  const BatchData data = Read(wanted);
  EXPECT_THAT(data.streams, IsEmpty());
  ASSERT_EQ(data.requests.size(), 1u);
  EXPECT_EQ(data.requests.at("request-1").stream, "a");
  EXPECT_EQ(data.requests.at("request-1").number, 2);
  EXPECT_EQ(data.requests.at("request-1").fingerprint, "print");
  ASSERT_EQ(data.positions.size(), 1u);
  EXPECT_EQ(data.positions.at("intake").incarnation, "log-1");
  EXPECT_EQ(data.positions.at("intake").position, 40);
}

TEST_P(EventStoreContract, BatchHoldsTheRulesStreamAtItsVersion) {
  BatchRead wanted;
  wanted.streams = {"a"};
  wanted.rules_stream = "service/rules";
  wanted.hold = Hold::kShared;
  EXPECT_EQ(Read(wanted).rules_version, 0);
  Store(Batched({Append("service/rules", 0, 2), Append("a", 0)}));
  EXPECT_EQ(Read(wanted).rules_version, 2);
  EXPECT_EQ(Read({}).rules_version, 0);
  wanted.streams = {"service/rules"};
  wanted.hold = Hold::kAlone;
  const BatchData data = Read(wanted);
  EXPECT_EQ(data.rules_version, 2);
  EXPECT_EQ(data.streams.at("service/rules").version, 2);
}

TEST_P(EventStoreContract, BatchHasTheTimeOfTheClock) {
  EXPECT_EQ(Read({}).now, kStart);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Read({}).now, kStart + absl::Minutes(1));
}

// What a batch is refused for. Every refused batch has a row of each kind that must not stay.

TEST_P(EventStoreContract, AnotherVersionIsAborted) {
  Store(Batched({Append("v", 0, 2)}));
  const struct {
    const char* name;
    StreamWrite write;
  } rows[] = {
      {"older", Append("v", 1)},
      {"new though it exists", Append("v", 0)},
      {"newer", Append("v", 3)},
      {"exists though it is new", Append("n", 1)},
      {"marks, older", Mark("v", 1, {{"intake", {1, "1111"}}}, {})},
      {"marks, newer", Mark("n", 1, {}, {{"intake", 1}})},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    BatchWrite write = OneOfEverything();
    write.streams.push_back(row.write);
    Refused(std::move(write), absl::StatusCode::kAborted);
  }
  EXPECT_FALSE(IsHeld(*store_, {"number", "N-1"}));
  Store(Batched({Append("v", 2)}));
}

TEST_P(EventStoreContract, AHoleInTheNumbersIsABug) {
  Store(Batched({Append("v", 0)}));
  const std::vector<std::vector<int64_t>> rows = {{3}, {2, 4}, {2, 2}, {3, 2}, {1}, {0}};
  for (const std::vector<int64_t>& numbers : rows) {
    SCOPED_TRACE(absl::StrJoin(numbers, ","));
    BatchWrite write = OneOfEverything();
    StreamWrite holed = Append("v", 1, static_cast<int>(numbers.size()));
    for (size_t i = 0; i < numbers.size(); ++i) holed.events[i].number = numbers[i];
    write.streams.push_back(holed);
    Refused(std::move(write), absl::StatusCode::kInternal);
  }
}

TEST_P(EventStoreContract, ARequestIsRememberedOnce) {
  BatchWrite first = Batched({Append("v", 0)});
  first.requests["request-1"] = {"v", 1, "print"};
  Store(first);
  Refused(OneOfEverything(), absl::StatusCode::kAborted);
  const std::optional<RequestRow> request = Value(store_->ReadRequest("request-1"));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->stream, "v");
  EXPECT_EQ(request->number, 1);
  EXPECT_EQ(request->fingerprint, "print");
}

TEST_P(EventStoreContract, AUniqueEntryOfAnotherStreamIsAborted) {
  BatchWrite first = Batched({Append("v", 0)});
  first.streams[0].added.uniques = {{"number", "N-1"}};
  Store(first);
  Refused(OneOfEverything(), absl::StatusCode::kAborted);
  // A stream that does not hold the entry cannot release it.
  BatchWrite theft = OneOfEverything();
  theft.streams[0].removed.uniques = {{"number", "N-1"}};
  Refused(std::move(theft), absl::StatusCode::kAborted);
  BatchWrite twice = Batched({Append("a", 0), Append("b", 0)});
  twice.streams[0].added.uniques = {{"number", "N-2"}};
  twice.streams[1].added.uniques = {{"number", "N-2"}};
  Refused(std::move(twice), absl::StatusCode::kAborted);
  EXPECT_FALSE(IsHeld(*store_, {"number", "n-1"}));
  EXPECT_FALSE(IsHeld(*store_, {"other", "N-1"}));
  EXPECT_TRUE(IsHeld(*store_, {"number", "N-1"}));
}

TEST_P(EventStoreContract, AUniqueEntryMayBeAddedAgainByItsStream) {
  const type::UniqueEntry entry{"number", "N-1"};
  BatchWrite write = Batched({Append("a", 0)});
  write.streams[0].added.uniques = {entry};
  Store(write);
  BatchWrite again = Batched({Append("a", 1)});
  again.streams[0].added.uniques = {entry};
  Store(again);
  BatchWrite replaced = Batched({Append("a", 2)});
  replaced.streams[0].removed.uniques = {entry};
  replaced.streams[0].added.uniques = {entry};
  Store(replaced);
  EXPECT_TRUE(IsHeld(*store_, entry));
}

TEST_P(EventStoreContract, AReleasedUniqueEntryIsFree) {
  const type::UniqueEntry entry{"number", "N-1"};
  BatchWrite write = Batched({Append("a", 0)});
  write.streams[0].added.uniques = {entry};
  Store(write);
  BatchWrite release = Batched({Append("a", 1)});
  release.streams[0].removed.uniques = {entry};
  Store(release);
  EXPECT_FALSE(IsHeld(*store_, entry));
}

// Removals of the whole batch come before its additions, whatever the order of its streams.
TEST_P(EventStoreContract, AUniqueEntryMayMoveWithinABatch) {
  const type::UniqueEntry entry{"number", "N-1"};
  BatchWrite write = Batched({Append("m", 0), Append("a", 0), Append("z", 0)});
  write.streams[0].added.uniques = {entry};
  Store(write);
  BatchWrite holder_first = Batched({Append("m", 1), Append("z", 1)});
  holder_first.streams[0].removed.uniques = {entry};
  holder_first.streams[1].added.uniques = {entry};
  Store(holder_first);
  BatchWrite holder_last = Batched({Append("a", 1), Append("z", 2)});
  holder_last.streams[0].added.uniques = {entry};
  holder_last.streams[1].removed.uniques = {entry};
  Store(holder_last);
  // Now it is the entry of "a": only "a" can release it.
  BatchWrite others = Batched({Append("m", 2), Append("z", 3)});
  others.streams[0].removed.uniques = {entry};
  others.streams[1].removed.uniques = {entry};
  Store(others);
  EXPECT_TRUE(IsHeld(*store_, entry));
}

TEST_P(EventStoreContract, AnAbandonedBatchWritesNothing) {
  Store(OneOfEverything());
  const std::vector<std::string> truth = TruthOf(*store_);
  const std::vector<std::string> folded = FoldedOf(*store_);
  for (int i = 0; i < 2; ++i) {
    std::unique_ptr<Batch> batch = Value(store_->Begin());
    ASSERT_NE(batch, nullptr);
    BatchRead wanted;
    wanted.streams = {"a", "new"};
    EXPECT_EQ(Value(batch->Read(wanted)).streams.size(), 1u);
  }
  EXPECT_EQ(TruthOf(*store_), truth);
  EXPECT_EQ(FoldedOf(*store_), folded);
  Store(Batched({Append("a", 2)}));
}

TEST_P(EventStoreContract, AProbeLeavesNothing) {
  Store(OneOfEverything());
  const std::vector<std::string> truth = TruthOf(*store_);
  const std::vector<std::string> folded = FoldedOf(*store_);
  EXPECT_TRUE(store_->ProbeWrite().ok());
  EXPECT_TRUE(store_->ProbeWrite().ok());
  EXPECT_EQ(TruthOf(*store_), truth);
  EXPECT_EQ(FoldedOf(*store_), folded);
}

// Writers and readers at the same time.

// The batch is held longer than any writer waits; readers do not wait for it. Whether the leading
// relay does is the store's own matter.
TEST_P(EventStoreContract, AWriterWaitsForItsPlaceForAFewSeconds) {
  Store(OneOfEverything());
  const std::vector<std::string> truth = TruthOf(*store_);
  const std::vector<std::string> folded = FoldedOf(*store_);
  const std::vector<std::function<absl::Status()>> writes = {
      [&] { return store_->Begin().status(); },
      [&] { return store_->ProbeWrite(); },
      [&] { return store_->MarkBehind({{"a", "intake", 9, 0, {}}}); },
      [&] { return store_->ClearParked("p"); },
      [&] { return store_->DropProjection("status", {"intake"}); },
      [&] { return store_->DropFolded(); },
      [&] { return store_->RestoreFolded("a", Append("a", 8).row, {}); },
  };
  const Lease lease = Value(store_->LeadRelay());
  std::unique_ptr<Batch> batch = Value(store_->Begin());
  std::vector<absl::Status> statuses(writes.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < writes.size(); ++i) {
    threads.emplace_back([&, i] { statuses[i] = writes[i](); });
  }
  EXPECT_EQ(TruthOf(*store_), truth);
  EXPECT_EQ(FoldedOf(*store_), folded);
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < statuses.size(); ++i) {
    EXPECT_EQ(statuses[i].code(), absl::StatusCode::kUnavailable) << i << ": " << statuses[i];
  }
  batch.reset();
  EXPECT_EQ(TruthOf(*store_), truth);
  EXPECT_EQ(FoldedOf(*store_), folded);
  EXPECT_TRUE(store_->AdvanceWatermark(lease, 1).ok());
}

// Each batch puts its turn into its two events, one of a stream that all writers share. The reader
// follows the log as the relay does: what it has seen must be the whole log, so nothing may appear
// below its position.
TEST_P(EventStoreContract, PositionOrderIsCommitOrder) {
  constexpr int kWriters = 4;
  constexpr int kBatchesEach = 40;
  int turns = 0;  // Guarded by the writer's place.
  std::atomic<int> writing = kWriters;
  const auto write = [&](const std::string& stream) {
    for (int i = 0; i < kBatchesEach; ++i) {
      std::unique_ptr<Batch> batch = Value(store_->Begin());
      if (batch == nullptr) break;
      BatchRead wanted;
      wanted.streams = {"shared", stream};
      BatchData data = Value(batch->Read(wanted));
      BatchWrite both = Batched({Append("shared", data.streams["shared"].version),
                                 Append(stream, data.streams[stream].version)});
      ++turns;
      for (StreamWrite& one : both.streams) one.events[0].data = absl::StrCat(turns);
      const absl::Status status = batch->Commit(both);
      EXPECT_TRUE(status.ok()) << status;
    }
    --writing;
  };
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) writers.emplace_back(write, absl::StrCat("own-", i));
  std::vector<EventRow> seen;
  for (bool last = false; !last;) {
    last = writing == 0;
    const int64_t position = seen.empty() ? 0 : seen.back().position;
    const std::vector<EventRow> next = Value(store_->ReadAfter(position, kAll));
    EXPECT_EQ(next.size() % 2, 0u) << "half a batch is visible";
    seen.insert(seen.end(), next.begin(), next.end());
  }
  for (std::thread& writer : writers) writer.join();
  ASSERT_EQ(turns, kWriters * kBatchesEach);
  ASSERT_EQ(seen.size(), 2u * kWriters * kBatchesEach);
  for (size_t i = 0; i < seen.size(); ++i) {
    ASSERT_EQ(seen[i].data, absl::StrCat(i / 2 + 1)) << "at position " << seen[i].position;
  }
  EXPECT_EQ(Value(store_->ReadState("shared")).version, kWriters * kBatchesEach);
}

TEST_P(EventStoreContract, WakesAfterCommitsThatAppended) {
  std::vector<int64_t> wakes;  // The last position at each wake.
  store_->OnCommit([&, committer = std::this_thread::get_id()] {
    if (std::this_thread::get_id() != committer) return;  // For what other processes may have done.
    wakes.push_back(Value(store_->LastPosition()));
    EXPECT_NE(Value(store_->Begin()), nullptr) << "the writer's place is still taken";
  });
  BatchWrite write = OneOfEverything();
  ASSERT_TRUE(engine::Commit(*store_, write).ok());
  ASSERT_THAT(wakes, ElementsAre(write.streams[1].events[0].position));
  Refused(Batched({Append("a", 1)}), absl::StatusCode::kAborted);
  Store(Batched({Mark("a", 2, {{"intake", {3, "111122223333"}}}, {})}));
  Store(Moving("intake", "log-1", 41));
  const Lease lease = Value(store_->LeadRelay());
  EXPECT_TRUE(store_->AdvanceWatermark(lease, 1).ok());
  EXPECT_EQ(wakes.size(), 1u);
  Store(Batched({Append("a", 2)}));
  EXPECT_EQ(wakes.size(), 2u);
}

// Marks: applied, behind, parked.

TEST_P(EventStoreContract, AppliedIsReplacedAsAWhole) {
  Store(Batched({Mark("a", 0, {{"intake", {1, "1111"}}, {"referral", {2, "11112222"}}}, {}),
                 Mark("b", 0, {{"intake", {7, "7777"}}}, {})}));
  EXPECT_THAT(Value(store_->ReadApplied("intake", {"a", "b", "c"})),
              ElementsAre(Pair("a", 1), Pair("b", 7)));
  EXPECT_THAT(Value(store_->ReadApplied("referral", {"a", "b"})), ElementsAre(Pair("a", 2)));
  EXPECT_THAT(Value(store_->ReadApplied("intake", {"b"})), ElementsAre(Pair("b", 7)));
  Store(Batched({Mark("a", 0, {{"intake", {2, "1111abcd"}}}, {})}));
  EXPECT_THAT(Value(store_->ReadState("a")).applied,
              ElementsAre(Pair("intake", Applied{2, "1111abcd"})));
  EXPECT_THAT(Value(store_->ReadState("b")).applied,
              ElementsAre(Pair("intake", Applied{7, "7777"})));
  Store(Batched({Mark("a", 0, {{"intake", {2, "1111dcba"}}}, {})}));
  EXPECT_THAT(Value(store_->ReadState("a")).applied,
              ElementsAre(Pair("intake", Applied{2, "1111dcba"})));
  Store(Batched({Mark("a", 0, {}, {})}));
  EXPECT_THAT(Value(store_->ReadState("a")).applied, IsEmpty());
  EXPECT_THAT(Value(store_->ReadApplied("intake", {"a", "b"})), ElementsAre(Pair("b", 7)));
}

TEST_P(EventStoreContract, BehindIsReplacedAsAWhole) {
  Store(Batched({Mark("a", 0, {{"intake", {1, "1111"}}}, {{"intake", 5}, {"referral", 2}}),
                 Mark("b", 0, {}, {{"intake", 3}})}));
  clock_.Advance(absl::Seconds(10));
  Store(Batched({Mark("a", 0, {{"intake", {2, "11112222"}}}, {{"intake", 4}, {"status", 1}})}));
  EXPECT_THAT(Value(store_->ReadState("a")).behind,
              ElementsAre(Pair("intake", 4), Pair("status", 1)));
  EXPECT_THAT(Behind(), ElementsAre("a intake 4 2 0", "b intake 3 0 0", "a status 1 0 10"));
  Store(Batched({Mark("a", 0, {}, {})}));
  EXPECT_THAT(Value(store_->ReadState("a")).behind, IsEmpty());
  EXPECT_THAT(Behind(), ElementsAre("b intake 3 0 0"));
  // Behind anew: since now.
  Store(Batched({Mark("a", 0, {}, {{"intake", 4}})}));
  EXPECT_THAT(Behind(), ElementsAre("b intake 3 0 0", "a intake 4 0 10"));
}

TEST_P(EventStoreContract, BehindIsOfStreamsThatAreNotParked) {
  BatchWrite write =
      Batched({Mark("a", 0, {}, {{"intake", 5}}), Mark("b", 0, {}, {{"intake", 3}})});
  write.parked.push_back({"a", "intake", 5, "TEST", clock_.Now()});
  Store(write);
  EXPECT_THAT(Behind(), ElementsAre("b intake 3 0 0"));
  EXPECT_THAT(Behind(1), ElementsAre("b intake 3 0 0"));
  ASSERT_TRUE(store_->ClearParked("a").ok());
  EXPECT_THAT(Behind(), ElementsAre("a intake 5 0 0", "b intake 3 0 0"));
}

TEST_P(EventStoreContract, BehindOfOneUpstreamComesInPages) {
  ASSERT_TRUE(store_->MarkBehind({{"b", "intake", 1, 0, {}}, {"a", "status", 1, 0, {}}}).ok());
  clock_.Advance(absl::Seconds(10));
  ASSERT_TRUE(
      store_
          ->MarkBehind(
              {{"a", "intake", 1, 0, {}}, {"c", "intake", 1, 0, {}}, {"d", "status", 1, 0, {}}})
          .ok());
  const auto streams = [&](const char* upstream, const BehindRow& after, int limit) {
    std::vector<std::string> ids;
    for (const BehindRow& row : Value(store_->ReadBehindOf(upstream, after, limit))) {
      ids.push_back(row.stream);
    }
    return ids;
  };
  EXPECT_THAT(streams("intake", {}, kAll), ElementsAre("b", "a", "c"));
  EXPECT_THAT(streams("status", {}, kAll), ElementsAre("a", "d"));
  EXPECT_THAT(streams("", {}, kAll), ElementsAre("a", "b", "a", "c", "d"));
  EXPECT_THAT(streams("other", {}, kAll), IsEmpty());
  const std::vector<BehindRow> first = Value(store_->ReadBehindOf("intake", {}, 2));
  ASSERT_EQ(first.size(), 2u);
  EXPECT_THAT(streams("intake", first.front(), 1), ElementsAre("a"));
  EXPECT_THAT(streams("intake", first.back(), kAll), ElementsAre("c"));
  EXPECT_THAT(streams("", first.front(), kAll), ElementsAre("a", "c", "d"));
}

TEST_P(EventStoreContract, MarkBehindSkipsWhatIsApplied) {
  Store(Batched({Mark("a", 0, {{"intake", {2, "11112222"}}}, {})}));
  ASSERT_TRUE(store_->MarkBehind({{"a", "intake", 2, 0, {}}}).ok());
  EXPECT_THAT(Behind(), IsEmpty());
  ASSERT_TRUE(store_->MarkBehind({{"a", "intake", 3, 0, {}}}).ok());
  EXPECT_THAT(Behind(), ElementsAre("a intake 3 2 0"));
}

TEST_P(EventStoreContract, MarkBehindKeepsTheHigherNumber) {
  ASSERT_TRUE(store_->MarkBehind({{"b", "intake", 5, 0, {}}, {"a", "referral", 1, 0, {}}}).ok());
  clock_.Advance(absl::Seconds(10));
  ASSERT_TRUE(store_
                  ->MarkBehind({{"b", "intake", 4, 0, {}},
                                {"a", "referral", 2, 0, {}},
                                {"a", "intake", 9, 0, {}},
                                {"a", "intake", 8, 0, {}}})
                  .ok());
  EXPECT_THAT(Behind(), ElementsAre("a referral 2 0 0", "b intake 5 0 0", "a intake 9 0 10"));
  EXPECT_THAT(Behind(2), ElementsAre("a referral 2 0 0", "b intake 5 0 0"));
  EXPECT_THAT(Value(store_->ReadState("a")).behind,
              ElementsAre(Pair("intake", 9), Pair("referral", 2)));
  EXPECT_EQ(Value(store_->ReadState("a")).version, 0);
  EXPECT_TRUE(store_->MarkBehind({}).ok());
}

TEST_P(EventStoreContract, ParkedIsOneRowPerStream) {
  Store(Parking({{"b", "intake", 3, "CONFLICT", {}}, {"c", "", 0, "INTERNAL", {}}}));
  clock_.Advance(absl::Seconds(10));
  Store(Parking({{"a", "", 0, "INTERNAL", {}}, {"b", "referral", 4, "MALFORMED", {}}}));
  EXPECT_THAT(Parked(),
              ElementsAre("c  0 INTERNAL 0", "a  0 INTERNAL 10", "b referral 4 MALFORMED 10"));
  EXPECT_THAT(Parked(1), ElementsAre("c  0 INTERNAL 0"));
  EXPECT_EQ(Value(store_->ReadState("b")).parked_reason, "MALFORMED");
  EXPECT_TRUE(store_->ClearParked("b").ok());
  EXPECT_EQ(store_->ClearParked("b").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->ClearParked("d").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Value(store_->ReadState("b")).parked_reason, "");
  EXPECT_THAT(Parked(), ElementsAre("c  0 INTERNAL 0", "a  0 INTERNAL 10"));
}

// The reason in a stream's row is for reading: only a parked row parks, and only ClearParked
// clears.
TEST_P(EventStoreContract, WritingAStreamNeitherParksNorClears) {
  Store(Parking({{"b", "", 0, "INTERNAL", {}}}));
  StreamWrite write = Append("a", 0);
  write.row.parked_reason = "INTERNAL";
  Store(Batched({write, Append("b", 0)}));
  EXPECT_EQ(Value(store_->ReadState("a")).parked_reason, "");
  EXPECT_EQ(Value(store_->ReadState("b")).parked_reason, "INTERNAL");
  EXPECT_THAT(Parked(), ElementsAre("b  0 INTERNAL 0"));
}

TEST_P(EventStoreContract, MarksDoNotMakeAStream) {
  Store(Batched({Mark("a", 0, {{"intake", {1, "1111"}}}, {{"referral", 1}})}));
  EXPECT_EQ(Value(store_->ReadState("a")).version, 0);
  EXPECT_THAT(Value(store_->ReadHeads("", kAll)), IsEmpty());
  BatchWrite write = Batched({Append("a", 0)});
  write.streams[0].row.applied = {{"intake", {1, "1111"}}};
  Store(write);
  EXPECT_EQ(Value(store_->ReadState("a")).version, 1);
}

// Lists and timers.

TEST_P(EventStoreContract, ListsAreReadInOrderOfKey) {
  BatchWrite write = Batched({Append("a", 0), Append("b", 0)});
  write.streams[0].added.lists = {{"cases", "x/3"}, {"cases", "x/1"}, {"other", "x/0"}};
  write.streams[1].added.lists = {{"cases", "y/1"}, {"cases", "x/2"}, {"cases", "x"}};
  Store(write);
  EXPECT_THAT(List("", "", kAll), ElementsAre("x", "x/1", "x/2", "x/3", "y/1"));
  EXPECT_THAT(List("x/", "", kAll), ElementsAre("x/1", "x/2", "x/3"));
  EXPECT_THAT(List("x/", "", 2), ElementsAre("x/1", "x/2"));
  EXPECT_THAT(List("x/", "x/2", 2), ElementsAre("x/3"));
  EXPECT_THAT(List("x/", "x/3", 2), IsEmpty());
  EXPECT_THAT(List("x/", "x/1a", 1), ElementsAre("x/2"));
  EXPECT_THAT(List("x/", "a", 1), ElementsAre("x/1")) << "`after` below the prefix";
  EXPECT_THAT(List("x/", "z", 1), IsEmpty()) << "`after` above the prefix";
  EXPECT_THAT(List("", "x/3", kAll), ElementsAre("y/1"));
  EXPECT_THAT(List("z", "", kAll), IsEmpty());
  EXPECT_THAT(Value(store_->ReadList("other", "", "", kAll)), ElementsAre("x/0"));
  EXPECT_THAT(Value(store_->ReadList("case", "", "", kAll)), IsEmpty());
}

// A key is bytes: the bound of a prefix must not cut off what has high bytes after it.
TEST_P(EventStoreContract, APrefixCoversEveryByteAfterIt) {
  BatchWrite write = Batched({Append("a", 0)});
  write.streams[0].added.lists = {
      {"cases", "x\xff\xff 1"}, {"cases", "x\xff"}, {"cases", "y"}, {"cases", "\xff\xff"}};
  Store(write);
  EXPECT_THAT(List("x", "", kAll), ElementsAre("x\xff", "x\xff\xff 1"));
  EXPECT_THAT(List("\xff", "", kAll), ElementsAre("\xff\xff"));
  EXPECT_THAT(List("", "y", kAll), ElementsAre("\xff\xff"));
}

TEST_P(EventStoreContract, ListEntriesAreRemovedThenAdded) {
  BatchWrite write = Batched({Append("a", 0)});
  write.streams[0].added.lists = {{"cases", "1"}, {"cases", "2"}, {"cases", "3"}, {"open", "1"}};
  Store(write);
  BatchWrite next = Batched({Append("a", 1)});
  next.streams[0].removed.lists = {{"cases", "1"}, {"cases", "2"}, {"cases", "unknown"}};
  next.streams[0].added.lists = {{"cases", "2"}, {"cases", "3"}, {"cases", "4"}};
  Store(next);
  EXPECT_THAT(List("", "", kAll), ElementsAre("2", "3", "4"));
  EXPECT_THAT(Value(store_->ReadList("open", "", "", kAll)), ElementsAre("1"));
}

// Where an entry is ordered by an event, the store itself puts the event's position before the key.
TEST_P(EventStoreContract, ListEntriesStandInOrderOfCommit) {
  const auto entry = [](absl::string_view key, int64_t event) {
    return type::ListEntry{"cases", std::string(key), event};
  };
  BatchWrite write = Batched({Append("b", 0), Append("a", 0, 2)});
  write.streams[0].added.lists = {entry("z b", 1)};
  write.streams[1].added.lists = {entry("y a", 2), {"open", "a"}};
  Store(write);
  const auto position = [this](const std::string& stream, int64_t number) {
    return Value(store_->ReadEvents({{stream, number}})).at(0).position;
  };
  const int64_t b1 = position("b", 1);
  const int64_t a2 = position("a", 2);
  EXPECT_THAT(List("", "", kAll), ElementsAre(PlacedKey(b1, "z b"), PlacedKey(a2, "y a")));
  EXPECT_THAT(List("", PlacedKey(a2, "y a"), kAll), IsEmpty());

  // Whoever reads on behind the last entry sees what is committed later, and nothing twice.
  BatchWrite next = Batched({Append("c", 0), Append("b", 1)});
  next.streams[0].added.lists = {entry("a c", 1)};
  next.streams[1].removed.lists = {entry("z b", 1)};
  next.streams[1].added.lists = {entry("z b", 2)};
  Store(next);
  const int64_t c1 = position("c", 1);
  const int64_t b2 = position("b", 2);
  EXPECT_THAT(List("", PlacedKey(a2, "y a"), kAll),
              ElementsAre(PlacedKey(c1, "a c"), PlacedKey(b2, "z b")));
  EXPECT_THAT(List("", "", 1), ElementsAre(PlacedKey(a2, "y a")));

  // An entry of an earlier event goes to that event's place.
  BatchWrite back = Batched({Append("b", 2)});
  back.streams[0].replaces_folded = true;
  back.streams[0].added.lists = {entry("z b", 1)};
  Store(back);
  EXPECT_THAT(List("", "", kAll),
              ElementsAre(PlacedKey(b1, "z b"), PlacedKey(a2, "y a"), PlacedKey(c1, "a c")));
  EXPECT_TRUE(store_->RestoreFolded("b", back.streams[0].row, {{entry("z b", 2)}, {}, {}}).ok());
  EXPECT_THAT(List("", PlacedKey(c1, "a c"), kAll), ElementsAre(PlacedKey(b2, "z b")));
}

TEST_P(EventStoreContract, DueTimersAreReadEarliestFirst) {
  const int64_t due = absl::ToUnixSeconds(kStart);
  BatchWrite write = Batched({Append("a", 0), Append("b", 0), Append("c", 0)});
  write.streams[0].added.timers = {{"late", due + 2}, {"soon", due}};
  write.streams[1].added.timers = {{"first", due - 5}, {"never", due + 1'000'000}};
  write.streams[2].added.timers = {{"parked", due - 9}};
  write.parked = {{"c", "", 0, "INTERNAL", {}}};
  Store(write);
  const std::string first = absl::StrCat("b first ", due - 5);
  const std::string soon = absl::StrCat("a soon ", due);
  const std::string late = absl::StrCat("a late ", due + 2);
  EXPECT_THAT(DueTimers(absl::FromUnixSeconds(due - 6)), IsEmpty());
  EXPECT_THAT(DueTimers(absl::FromUnixSeconds(due) - absl::Microseconds(1)), ElementsAre(first));
  EXPECT_THAT(DueTimers(absl::FromUnixSeconds(due)), ElementsAre(first, soon));
  EXPECT_THAT(DueTimers(absl::FromUnixSeconds(due + 2)), ElementsAre(first, soon, late));
  EXPECT_THAT(DueTimers(absl::FromUnixSeconds(due + 2), 1), ElementsAre(first));
  ASSERT_TRUE(store_->ClearParked("c").ok());
  EXPECT_THAT(DueTimers(absl::FromUnixSeconds(due), 2),
              ElementsAre(absl::StrCat("c parked ", due - 9), first));
}

TEST_P(EventStoreContract, DueTimersAreReadPageByPage) {
  BatchWrite write = Batched({Append("a", 0), Append("b", 0), Append("c", 0)});
  write.streams[0].added.timers = {{"one", 100}, {"two", 100}};
  write.streams[1].added.timers = {{"one", 100}, {"two", 50}};
  write.streams[2].added.timers = {{"one", -5}, {"two", 101}};
  write.parked = {{"b", "", 0, "INTERNAL", {}}};
  Store(write);
  ASSERT_TRUE(store_->ClearParked("b").ok());
  const absl::Time now = absl::FromUnixSeconds(100);
  EXPECT_THAT(DueTimers(now, 2), ElementsAre("c one -5", "b two 50"));
  EXPECT_THAT(DueTimers(now, 2, {"b", "two", 50}), ElementsAre("a one 100", "a two 100"));
  EXPECT_THAT(DueTimers(now, 2, {"a", "two", 100}), ElementsAre("b one 100"));
  EXPECT_THAT(DueTimers(now, 2, {"b", "one", 100}), IsEmpty());
  // Also behind one that is no longer there.
  EXPECT_THAT(DueTimers(now, 1, {"a", "p", 100}), ElementsAre("a two 100"));
}

TEST_P(EventStoreContract, NowIsTheClockThatBatchesAreDecidedBy) {
  EXPECT_EQ(Value(store_->Now()), clock_.Now());
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Value(store_->Now()), clock_.Now());
  EXPECT_EQ(Read({}).now, clock_.Now());
}

// A timer that is dropped loses its row without a change of the state, and comes back with one.
TEST_P(EventStoreContract, ATimerIsTakenAwayWithoutAnEvent) {
  BatchWrite write = Batched({Append("a", 0)});
  write.streams[0].added.timers = {{"age-band", 100}};
  Store(write);
  BatchWrite dropped;
  StreamWrite& row = dropped.streams.emplace_back();
  row.stream = "a";
  row.row = Value(store_->ReadState("a"));
  row.expected_version = row.row.version;
  row.removed.timers = {{"age-band", 100}};
  Store(dropped);
  EXPECT_THAT(DueTimers(absl::InfiniteFuture()), IsEmpty());
  EXPECT_EQ(Value(store_->ReadState("a")).version, 1);
  BatchWrite both = Batched({Append("a", 1)});
  both.streams[0].removed.timers = {{"age-band", 100}};
  both.streams[0].added.timers = {{"age-band", 100}};
  Store(both);
  EXPECT_THAT(DueTimers(absl::InfiniteFuture()), ElementsAre("a age-band 100"));
}

TEST_P(EventStoreContract, ATimerIsOnePerKind) {
  BatchWrite write = Batched({Append("a", 0), Append("b", 0)});
  write.streams[0].added.timers = {{"age-band", 100}, {"overdue", 100}};
  write.streams[1].added.timers = {{"age-band", 100}};
  Store(write);
  BatchWrite later = Batched({Append("a", 1)});
  later.streams[0].added.timers = {{"age-band", 200}};
  Store(later);
  EXPECT_THAT(DueTimers(absl::InfiniteFuture()),
              UnorderedElementsAre("a overdue 100", "b age-band 100", "a age-band 200"));
  // One of another due time is not there, so its removal removes nothing.
  BatchWrite stale = Batched({Append("a", 2)});
  stale.streams[0].removed.timers = {{"age-band", 100}};
  Store(stale);
  EXPECT_THAT(DueTimers(absl::InfiniteFuture()),
              UnorderedElementsAre("a overdue 100", "b age-band 100", "a age-band 200"));
  BatchWrite moved = Batched({Append("a", 3)});
  moved.streams[0].removed.timers = {{"age-band", 200}, {"overdue", 100}};
  moved.streams[0].added.timers = {{"age-band", 50}};
  Store(moved);
  EXPECT_THAT(DueTimers(absl::InfiniteFuture()), ElementsAre("a age-band 50", "b age-band 100"));
}

// Positions, projections, keys, watermark.

TEST_P(EventStoreContract, APositionOnlyMovesForwardWithinOneLog) {
  const struct {
    const char* incarnation;
    int64_t position;
    const char* expected;
  } rows[] = {
      {"log-1", 5, "log-1 5"}, {"log-1", 4, "log-1 5"}, {"log-1", 5, "log-1 5"},
      {"log-1", 6, "log-1 6"}, {"log-2", 2, "log-2 2"}, {"log-2", 1, "log-2 2"},
      {"log-1", 1, "log-1 1"},
  };
  Store(Moving("referral", "log-9", 77));
  for (const auto& row : rows) {
    Store(Moving("intake", row.incarnation, row.position));
    const Position position = Value(store_->ReadPosition("intake"));
    EXPECT_EQ(absl::StrCat(position.incarnation, " ", position.position), row.expected);
  }
  EXPECT_EQ(Value(store_->ReadPosition("referral")).position, 77);
}

TEST_P(EventStoreContract, ProjectionsKeepTheLastValue) {
  BatchWrite write;
  write.projections = {{"status", "a", "old"}, {"status", "b", "1"}, {"other", "a", "2"}};
  Store(write);
  BatchWrite next;
  next.projections = {{"status", "a", "new", "old"}, {"status", "c", "3"}};
  Store(next);
  EXPECT_THAT(Value(store_->ReadProjections("status", {"a", "c", "unknown"})),
              ElementsAre(Pair("a", "new"), Pair("c", "3")));
  EXPECT_THAT(Value(store_->ReadProjections("other", {"a", "b"})), ElementsAre(Pair("a", "2")));
  EXPECT_THAT(Value(store_->ReadProjections("status", {})), IsEmpty());
}

TEST_P(EventStoreContract, AProjectionIsWrittenOnlyOverWhatItWasMadeFrom) {
  BatchWrite write;
  write.projections = {{"status", "a", "1"}, {"other", "b", "2"}};
  Store(write);
  struct Row {
    const char* name;
    ProjectionRow row;
    bool is_taken;
  };
  for (const Row& row : std::vector<Row>{
           {"there is one", {"status", "a", "new", ""}, false},
           {"there is another", {"status", "a", "new", "0"}, false},
           {"there is none", {"status", "b", "new", "2"}, false},
           {"the one", {"status", "a", "new", "1"}, true},
           {"none", {"status", "b", "new", ""}, true},
       }) {
    SCOPED_TRACE(row.name);
    BatchWrite next;
    next.projections = {row.row};
    next.positions = {{"status/intake", {"log-1", 5}}};
    std::unique_ptr<Batch> batch = Value(store_->Begin());
    const absl::Status written = batch->Commit(next);
    batch.reset();
    EXPECT_EQ(written.code(), row.is_taken ? absl::StatusCode::kOk : absl::StatusCode::kAborted);
    EXPECT_EQ(Value(store_->ReadPosition("status/intake")).position, row.is_taken ? 5 : 0);
  }
  EXPECT_THAT(Value(store_->ReadProjections("status", {"a", "b"})),
              ElementsAre(Pair("a", "new"), Pair("b", "new")));
}

TEST_P(EventStoreContract, DroppedProjectionsStartAgain) {
  BatchWrite write;
  write.projections = {{"status", "a", "1"}, {"status", "b", "2"}, {"other", "a", "3"}};
  write.positions = {{"status/intake", {"log-1", 5}},
                     {"status/intake/3", {"log-3", 4}},
                     {"status/intaken", {"log-1", 2}},
                     {"intake", {"log-1", 6}}};
  Store(write);
  ASSERT_TRUE(store_->DropProjection("status", {"status/intake", "status/referral"}).ok());
  EXPECT_THAT(Value(store_->ReadProjections("status", {"a", "b"})), IsEmpty());
  EXPECT_THAT(Value(store_->ReadProjections("other", {"a"})), ElementsAre(Pair("a", "3")));
  EXPECT_EQ(Value(store_->ReadPosition("status/intake")).incarnation, "");
  EXPECT_EQ(Value(store_->ReadPosition("status/intake/3")).incarnation, "");
  EXPECT_EQ(Value(store_->ReadPosition("status/intaken")).position, 2);
  EXPECT_EQ(Value(store_->ReadPosition("intake")).position, 6);
  Store(Moving("status/intake", "log-1", 1));
  EXPECT_EQ(Value(store_->ReadPosition("status/intake")).position, 1);
  EXPECT_TRUE(store_->DropProjection("unknown", {}).ok());
}

TEST_P(EventStoreContract, KeysAreOnePerPerson) {
  BatchWrite write;
  write.keys = {{"a", "p2", "old"}, {"a", "p1", "1"}, {"b", "p1", "2"}};
  Store(write);
  BatchWrite next;
  next.keys = {{"a", "p2", "new"}, {"a", "p3", "3"}};
  Store(next);
  std::vector<std::string> keys;
  for (const KeyRow& key : Value(store_->ReadKeys("a"))) {
    keys.push_back(absl::StrCat(key.stream, " ", key.person_id, " ", key.wrapped));
  }
  EXPECT_THAT(keys, UnorderedElementsAre("a p1 1", "a p2 new", "a p3 3"));
}

TEST_P(EventStoreContract, EventsAreReadByStreamAndNumber) {
  Store(OneOfEverything());
  std::vector<EventRow> expected = Value(store_->ReadAfter(0, kAll));
  std::vector<EventKey> keys = {{"a", 0}, {"a", -1}, {"a", 99}, {"nobody", 1}};
  for (const EventRow& event : expected) keys.push_back({event.stream, event.number});
  const auto text_of = [](const EventRow& event) {
    return absl::StrCat(event.position, " ", event.stream, " ", event.number, " ", event.ce_id, " ",
                        event.type, " ", absl::FormatTime(event.time), " ",
                        event.cause.SerializeAsString(), " ", event.trace.Format(), " ", event.data,
                        " ", event.sealed);
  };
  std::vector<std::string> wanted;
  std::vector<std::string> read;
  for (const EventRow& event : expected) wanted.push_back(text_of(event));
  for (const EventRow& event : Value(store_->ReadEvents(keys))) read.push_back(text_of(event));
  ASSERT_THAT(wanted, Not(IsEmpty()));
  EXPECT_THAT(read, testing::UnorderedElementsAreArray(wanted));
  EXPECT_THAT(Value(store_->ReadEvents({})), IsEmpty());
}

TEST_P(EventStoreContract, TheWatermarkOnlyMovesForward) {
  const Lease lease = Value(store_->LeadRelay());
  for (const auto& [position, expected] :
       std::vector<std::pair<int64_t, int64_t>>{{0, 0}, {5, 5}, {4, 5}, {5, 5}, {9, 9}}) {
    ASSERT_TRUE(store_->AdvanceWatermark(lease, position).ok());
    EXPECT_EQ(Value(store_->ReadWatermark()), expected);
  }
}

TEST_P(EventStoreContract, WhoLeadsKeepsLeading) {
  for (int i = 0; i < 3; ++i) {
    const Lease lease = Value(store_->LeadRelay());
    EXPECT_TRUE(store_->IsRelayLeader());
    EXPECT_TRUE(store_->AdvanceWatermark(lease, i).ok());
  }
}

TEST_P(EventStoreContract, ALeaseOfAnotherTimeWritesNothingAndTakesNothing) {
  const Lease lease = Value(store_->LeadRelay());
  ASSERT_TRUE(store_->Withhold(lease, {{"w", 3, "TOO_LARGE", {}}}).ok());
  for (const int64_t epoch : {int64_t{0}, lease.epoch - 1, lease.epoch + 1}) {
    const Lease other{epoch};
    EXPECT_EQ(store_->AdvanceWatermark(other, 9).code(), absl::StatusCode::kAborted) << epoch;
    EXPECT_EQ(store_->Withhold(other, {{"x", 1, "TOO_LARGE", {}}}).code(),
              absl::StatusCode::kAborted);
    EXPECT_EQ(store_->Release(other, "w").code(), absl::StatusCode::kAborted);
  }
  EXPECT_EQ(Value(store_->ReadWatermark()), 0);
  EXPECT_THAT(Value(store_->ReadWithheld(kAll)), testing::SizeIs(1));
  EXPECT_EQ(Value(store_->LeadRelay()), lease);
  EXPECT_TRUE(store_->AdvanceWatermark(lease, 1).ok());
}

TEST_P(EventStoreContract, AStreamIsWithheldFromItsFirstRefusedEventUntilReleased) {
  const Lease lease = Value(store_->LeadRelay());
  ASSERT_TRUE(store_->Withhold(lease, {{"b", 3, "TOO_LARGE", {}}, {"a", 1, "INVALID", {}}}).ok());
  ASSERT_TRUE(store_->Withhold(lease, {{"b", 9, "INVALID", {}}}).ok());
  const std::vector<WithheldRow> rows = Value(store_->ReadWithheld(kAll));
  ASSERT_THAT(rows, testing::SizeIs(2));
  EXPECT_EQ(rows[0].stream, "a");
  EXPECT_EQ(rows[1].number, 3);
  EXPECT_EQ(rows[1].reason, "TOO_LARGE");
  EXPECT_EQ(rows[1].since, clock_.Now());
  EXPECT_THAT(Value(store_->ReadWithheld(1)), testing::SizeIs(1));
  ASSERT_TRUE(store_->Release(lease, "b").ok());
  ASSERT_TRUE(store_->Release(lease, "b").ok());
  EXPECT_THAT(Value(store_->ReadWithheld(kAll)), testing::SizeIs(1));
}

// Folding again.

TEST_P(EventStoreContract, DropFoldedKeepsTheTruth) {
  Store(OneOfEverything());
  const Lease lease = Value(store_->LeadRelay());
  ASSERT_TRUE(store_->AdvanceWatermark(lease, 1).ok());
  const std::vector<std::string> truth = TruthOf(*store_);
  ASSERT_THAT(FoldedOf(*store_), testing::SizeIs(5));
  ASSERT_TRUE(store_->DropFolded().ok());
  EXPECT_THAT(FoldedOf(*store_), IsEmpty());
  EXPECT_EQ(TruthOf(*store_), truth);
  EXPECT_EQ(Value(store_->ReadState("a")).version, 0);
  EXPECT_EQ(Value(store_->ReadState("a")).state, StoredState());
  // Nothing may follow events whose state is gone: it would take a number that exists.
  Refused(Batched({Append("a", 0)}), absl::StatusCode::kAborted);
  Refused(Batched({Append("a", 2)}), absl::StatusCode::kAborted);
  EXPECT_FALSE(IsHeld(*store_, {"number", "N-1"}));
}

TEST_P(EventStoreContract, RestoreFoldedBringsEverythingBack) {
  const BatchWrite write = OneOfEverything();
  Store(write);
  const std::vector<std::string> truth = TruthOf(*store_);
  const std::vector<std::string> folded = FoldedOf(*store_);
  ASSERT_TRUE(store_->DropFolded().ok());
  for (StreamWrite stream : write.streams) {
    // Truth beside the state is not what is restored.
    stream.row.applied = {{"intake", {9, "9999"}}};
    stream.row.behind = {{"status", 9}};
    stream.row.parked_reason = "INTERNAL";
    const absl::Status status = store_->RestoreFolded(stream.stream, stream.row, stream.added);
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(FoldedOf(*store_), folded);
  EXPECT_EQ(TruthOf(*store_), truth);
  EXPECT_TRUE(IsHeld(*store_, {"number", "N-1"}));
  Store(Batched({Append("a", 2), Append("b", 1)}));
}

// A rebuild that was interrupted does some streams again.
TEST_P(EventStoreContract, RestoreFoldedMayBeRepeated) {
  const BatchWrite write = OneOfEverything();
  Store(write);
  const std::vector<std::string> folded = FoldedOf(*store_);
  const StreamWrite& stream = write.streams[0];
  const absl::Status status = store_->RestoreFolded(stream.stream, stream.row, stream.added);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(FoldedOf(*store_), folded);
  EXPECT_TRUE(IsHeld(*store_, {"number", "N-1"}));
}

// What another Fold made of the stream, whatever it was.
TEST_P(EventStoreContract, AReplacedStreamHasOnlyWhatIsAdded) {
  Store(OneOfEverything());
  StreamWrite other = Append("b", 1);
  other.added.lists = {{"cases", "2026 b"}, {"open", "b"}};
  other.added.uniques = {{"number", "N-2"}};
  other.added.timers = {{"age-band", 1'800'000'000}};
  Store(Batched({other}));
  StreamWrite write = Append("a", 2);
  write.replaces_folded = true;
  write.removed.lists = {{"cases", "2026 b"}};  // Not looked at.
  write.added.lists = {{"cases", "2027 a"}, {"open", "a"}};
  write.added.uniques = {{"number", "N-3"}};
  write.added.timers = {{"holds-until", 1'900'000'000}};
  Store(Batched({write}));
  EXPECT_THAT(List("", "", kAll), ElementsAre("2026 b", "2027 a"));
  EXPECT_THAT(Value(store_->ReadList("open", "", "", kAll)), ElementsAre("a", "b"));
  EXPECT_THAT(DueTimers(absl::InfiniteFuture()),
              ElementsAre("b age-band 1800000000", "a holds-until 1900000000"));
  EXPECT_FALSE(IsHeld(*store_, {"number", "N-1"}));
  EXPECT_TRUE(IsHeld(*store_, {"number", "N-2"}));
  EXPECT_TRUE(IsHeld(*store_, {"number", "N-3"}));
}

// As a state of another Fold is stored anew: nothing has happened.
TEST_P(EventStoreContract, AStreamIsReplacedWithoutAnEvent) {
  Store(OneOfEverything());
  const int64_t last = Value(store_->LastPosition());
  StreamWrite write = Append("a", 1);
  write.events.clear();
  write.expected_version = 2;
  write.row.evolve_version = 4;
  write.row.applied = {{"intake", {2, "11112222"}}};
  write.replaces_folded = true;
  Store(Batched({write}));
  const StreamRow row = Value(store_->ReadState("a"));
  EXPECT_EQ(row.version, 2);
  EXPECT_EQ(row.evolve_version, 4);
  EXPECT_EQ(Value(store_->LastPosition()), last);
  EXPECT_THAT(List("", "", kAll), IsEmpty());
  EXPECT_THAT(DueTimers(absl::InfiniteFuture()), IsEmpty());
  write.expected_version = write.row.version = 1;
  Refused(Batched({write}), absl::StatusCode::kAborted);
}

TEST_P(EventStoreContract, StreamsThatAreReplacedExchangeUniqueEntries) {
  StreamWrite a = Append("a", 0);
  StreamWrite b = Append("b", 0);
  a.added.uniques = {{"number", "1"}};
  b.added.uniques = {{"number", "2"}};
  Store(Batched({a, b}));
  a = Append("a", 1);
  b = Append("b", 1);
  a.replaces_folded = b.replaces_folded = true;
  a.added.uniques = {{"number", "2"}};
  Refused(Batched({a}), absl::StatusCode::kAborted);
  b.added.uniques = {{"number", "1"}};
  Store(Batched({a, b}));
  a = Append("a", 2);
  a.removed.uniques = {{"number", "2"}};
  Store(Batched({a}));
  EXPECT_TRUE(IsHeld(*store_, {"number", "1"}));
  EXPECT_FALSE(IsHeld(*store_, {"number", "2"}));
}

TEST_P(EventStoreContract, OtherFoldsAreFoundInPages) {
  const auto others = [&](int evolve_version, const FoldRow& after, int limit) {
    std::vector<std::string> lines;
    for (const FoldRow& row : Value(store_->ReadOtherFolds(evolve_version, after, limit))) {
      lines.push_back(absl::StrCat(row.stream, " ", row.evolve_version));
    }
    return lines;
  };
  EXPECT_EQ(Value(store_->CountOtherFolds(3)), 0);
  for (const auto& [stream, version] :
       std::map<std::string, int>{{"a", 2}, {"b", 3}, {"c", 4}, {"d", 2}, {"e", 3}, {"f", 1}}) {
    StreamWrite write = Append(stream, 0);
    write.row.evolve_version = version;
    Store(Batched({write}));
  }
  Store(Batched({Mark("marked", 0, {{"intake", {1, "1111"}}}, {})}));  // It has no state.
  EXPECT_THAT(others(3, {}, kAll), ElementsAre("f 1", "a 2", "d 2", "c 4"));
  EXPECT_THAT(others(3, {}, 2), ElementsAre("f 1", "a 2"));
  EXPECT_THAT(others(3, {"a", 2}, 2), ElementsAre("d 2", "c 4"));
  EXPECT_THAT(others(3, {"c", 4}, 2), IsEmpty());
  EXPECT_EQ(Value(store_->CountOtherFolds(3)), 4);
  EXPECT_EQ(Value(store_->CountOtherFolds(4)), 5);
}

TEST_P(EventStoreContract, RestoreFoldedReplaces) {
  const BatchWrite write = OneOfEverything();
  Store(write);
  const StreamWrite& stream = write.streams[0];
  const absl::Status status =
      store_->RestoreFolded(stream.stream, stream.row, {{{"cases", "2027 a"}}, {}, {}});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(List("", "", kAll), ElementsAre("2027 a"));
  EXPECT_THAT(DueTimers(absl::InfiniteFuture()), IsEmpty());
  EXPECT_FALSE(IsHeld(*store_, {"number", "N-1"}));
}

}  // namespace pathways::engine

#endif  // PATHWAYS_TESTS_ENGINE_EVENT_STORE_CONTRACT_H_
