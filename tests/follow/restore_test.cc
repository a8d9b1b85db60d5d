// Goal: a store that was set back gets from what was published exactly what it had - events,
// states, lists, timers, applied numbers, requests - and nothing where two histories cannot be one.
// Method: a service on the memory store lives a history; a second store lives the first part of it,
// and gets the rest as a topic would give it.
#include "services/follow/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/base/ids.h"
#include "services/engine/engine.h"
#include "services/follow/submit.h"
#include "tests/engine/text_domain.h"
#include "tests/sim/memory_store.h"

namespace pathways::follow {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kAll = 10000;

// Its events hold something personal when they say so.
class SecretDomain : public engine::TextDomain {
 public:
  absl::StatusOr<engine::SealedGap> WithoutSealed(const engine::EventRow& event) const override {
    if (event.data == "told") return engine::SealedGap{"", false, "up"};
    if (event.data != "secret") return engine::SealedGap();
    return engine::SealedGap{"gap", true, ""};
  }
  engine::Erasure ErasureOf(const engine::EventRow& event) const override {
    if (event.data != "erase") return {};
    return {{"p1"}, event.number};
  }

 protected:
  absl::StatusOr<std::vector<engine::NewEvent>> Decide(absl::string_view command) const override {
    if (command == "nothing") return std::vector<engine::NewEvent>{};
    return std::vector<engine::NewEvent>{
        {"test.Said", std::string(command), command == "secret" ? "sealed" : ""}};
  }
  absl::Status Evolve(engine::StoredState& state, const engine::EventRow& event) const override {
    if (event.data == "secret" && event.sealed.empty()) return absl::InternalError("no sealed");
    return engine::TextDomain::Evolve(state, event);
  }
};

// One service: its store and its engine.
struct Service {
  explicit Service(const base::Clock& clock) : store(clock, "log") {
    engine.emplace(domain, store, engine::EngineOptions{});
  }
  void Request(const std::string& stream, const std::string& text, const std::string& key) {
    ASSERT_TRUE(
        SubmitAll(*engine, {{stream, text, engine::RequestOrigin{key, "content", "p", "m"}, {}}})
            .ok());
  }
  void Event(const std::string& stream, const std::string& text, int64_t number) {
    engine::EventOrigin origin;
    origin.upstream = "up";
    origin.number = number;
    origin.ce_id = absl::StrCat("up-", number);
    ASSERT_TRUE(SubmitAll(*engine, {{stream, text, origin, {}}}).ok());
  }
  std::vector<engine::EventRow> Log(int64_t after = 0) { return *store.ReadAfter(after, kAll); }

  SecretDomain domain;
  sim::MemoryStore store;
  std::optional<engine::Engine> engine;
};

std::string TextOf(const engine::EventRow& event) {
  return absl::StrCat(event.stream, " ", event.number, " ", event.ce_id, " ", event.type, " ",
                      absl::FormatTime(event.time), " ", event.cause.SerializeAsString(), " ",
                      event.trace.Format(), " ", event.data);
}

// Everything of a store that must come back, but for positions.
std::vector<std::string> RowsOf(sim::MemoryStore& store) {
  std::vector<std::string> rows;
  const auto events = store.ReadAfter(0, kAll);
  for (const engine::EventRow& event : *events) rows.push_back(TextOf(event));
  const auto heads = store.ReadHeads("", kAll);
  for (const engine::StreamHead& head : *heads) {
    const auto row = store.ReadState(head.stream);
    rows.push_back(absl::StrCat("state ", head.stream, " ", row->version, " ", row->state.open, " ",
                                row->evolve_version, " ", absl::FormatTime(row->last_event_time)));
    for (const auto& [upstream, applied] : row->applied) {
      rows.push_back(absl::StrCat("applied ", head.stream, " ", upstream, " ", applied.number, " ",
                                  absl::BytesToHexString(applied.fingerprints)));
    }
  }
  const auto list = store.ReadList("all", "", "", kAll);
  for (const std::string& key : *list) rows.push_back("list " + key);
  const auto timers = store.ReadDueTimers(absl::InfiniteFuture(), {}, kAll);
  for (const engine::TimerRow& timer : *timers) {
    rows.push_back(absl::StrCat("timer ", timer.stream, " ", timer.due_unix_seconds));
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::string KeyOf(char filled) { return std::string(32, filled); }

// An event of the upstream as its topic has it.
engine::EventRow UpEvent(const std::string& stream, int64_t number) {
  engine::EventRow event;
  event.stream = stream;
  event.number = number;
  event.ce_id = absl::StrCat("up-", number);
  return event;
}

class RestoreTest : public testing::Test {
 protected:
  // What both stores live.
  void LiveFirst(Service& service) {
    service.Request("a", "one", KeyOf('a'));
    service.Event("a", "two", 1);
    service.Event("b", "nothing", 1);
  }
  void SetUp() override {
    LiveFirst(before_);
    // The backup is the same history, not one alike: the ids are the same.
    Restore copy(restored_.domain, restored_.store);
    ASSERT_TRUE(copy.Take(before_.Log()).ok());
    ASSERT_TRUE(copy.Apply().ok());
    restored_.Event("b", "nothing", 1);
    ASSERT_EQ(RowsOf(restored_.store), RowsOf(before_.store));
    clock_.Advance(absl::Seconds(5));
    before_.Event("a", "at:1697600000", 2);
    before_.Event("b", "nothing", 2);
    before_.Request("b", "three", KeyOf('b'));
    before_.Event("a", "nothing", 3);
    before_.Event("b", "four", 3);
    before_.Event("a", "five", 4);
    before_.Request("c", "six", "");
  }
  // Gives all records of `log` as the topic does.
  absl::StatusOr<RestoreReport> RestoreFrom(const std::vector<engine::EventRow>& log) {
    Restore restore(restored_.domain, restored_.store);
    absl::Status status = restore.Take(log);
    if (status.ok()) status = restore.Check();
    if (!status.ok()) return status;
    if (upstream_is_known_) {
      for (const std::string& upstream : restore.UpstreamsToAsk()) {
        std::vector<engine::EventRow> records;
        for (const char* stream : {"a", "b"}) {
          for (int64_t number = 1; number <= 4; ++number) {
            records.push_back(UpEvent(stream, number));
          }
        }
        restore.TakeUpstream(upstream, records);
      }
    }
    return restore.Apply();
  }

  base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  bool upstream_is_known_ = true;
  Service before_{clock_};
  Service restored_{clock_};
};

// A backup is from before what was erased since.
TEST_F(RestoreTest, WhatWasErasedIsErasedAgain) {
  engine::BatchWrite keys;
  keys.keys = {{"a", "p1", "key-1"}, {"a", "p2", "key-2"}, {"b", "p1", "key-3"}};
  ASSERT_TRUE((*restored_.store.Begin())->Commit(keys).ok());
  before_.Request("a", "erase", KeyOf('e'));
  const auto report = RestoreFrom(before_.Log());
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(restored_.store.ReadKeys("a")->size(), 1u);
  EXPECT_EQ((*restored_.store.ReadKeys("a"))[0].person_id, "p2");
  EXPECT_EQ(restored_.store.ReadKeys("b")->size(), 1u);
}

TEST_F(RestoreTest, WhatWasLostIsBackAsItWas) {
  const auto report = RestoreFrom(before_.Log());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->imported, 5);
  EXPECT_EQ(report->streams, 3);
  EXPECT_EQ(report->requests, 1);
  EXPECT_EQ(report->unknown_applied, 0);
  EXPECT_THAT(report->identity_lost, IsEmpty());
  EXPECT_EQ(RowsOf(restored_.store), RowsOf(before_.store));
  EXPECT_EQ(*restored_.store.ReadWatermark(), *restored_.store.LastPosition());
}

TEST_F(RestoreTest, TwiceIsAsOnce) {
  ASSERT_TRUE(RestoreFrom(before_.Log()).ok());
  const auto again = RestoreFrom(before_.Log());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->imported, 0);
  EXPECT_EQ(RowsOf(restored_.store), RowsOf(before_.store));
}

// Batches of 200 events: some are committed, then the store fails.
TEST_F(RestoreTest, WhatWasInterruptedIsFinishedByTheNext) {
  for (int i = 0; i < 500; ++i) before_.Request(absl::StrCat("s", i % 9), "more", "");
  {
    std::vector<engine::EventRow> first = before_.Log();
    first.resize(300);
    ASSERT_TRUE(RestoreFrom(first).ok());
  }
  restored_.store.FailNextCommits(1, absl::UnavailableError("disk"));
  EXPECT_EQ(RestoreFrom(before_.Log()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(*restored_.store.ReadWatermark(), *before_.store.LastPosition());
  const auto again = RestoreFrom(before_.Log());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(RowsOf(restored_.store), RowsOf(before_.store));
}

TEST_F(RestoreTest, NothingAnsweredIsAnsweredAgain) {
  ASSERT_TRUE(RestoreFrom(before_.Log()).ok());
  const std::vector<std::string> rows = RowsOf(restored_.store);
  restored_.Request("b", "three", KeyOf('b'));
  for (int64_t number = 1; number <= 4; ++number) restored_.Event("a", "again", number);
  EXPECT_EQ(RowsOf(restored_.store), rows);
  EXPECT_THAT(*restored_.store.ReadParked(kAll), IsEmpty());
}

// What made no event has its id from the upstream's topic; where that has forgotten it, any id is
// taken for the same rather than parking the case.
TEST_F(RestoreTest, AnAppliedNumberThatNoTopicHasIsTakenForTheSame) {
  upstream_is_known_ = false;
  const auto report = RestoreFrom(before_.Log());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->unknown_applied, 2);  // Number 3 of a, number 2 of b.
  const std::vector<std::string> rows = RowsOf(restored_.store);
  for (int64_t number = 1; number <= 4; ++number) restored_.Event("a", "again", number);
  EXPECT_EQ(RowsOf(restored_.store), rows);
  EXPECT_THAT(*restored_.store.ReadParked(kAll), IsEmpty());
}

TEST_F(RestoreTest, RepeatsAndForeignRecordsDoNotCount) {
  std::vector<engine::EventRow> log = before_.Log();
  const std::vector<engine::EventRow> once = log;
  log.insert(log.end(), once.begin(), once.end());
  log.push_back(engine::EventRow());
  const auto report = RestoreFrom(log);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->foreign, 1);
  EXPECT_EQ(report->imported, 5);
  EXPECT_EQ(RowsOf(restored_.store), RowsOf(before_.store));
}

struct ConflictCase {
  const char* name;
  void (*change)(engine::EventRow& event);
};

class RestoreConflict : public RestoreTest, public testing::WithParamInterface<ConflictCase> {};

// Of an event that the store has, and of one that it lacks and the topic has twice.
TEST_P(RestoreConflict, TwoEventsUnderOneNumberAreRefused) {
  for (const bool is_stored : {true, false}) {
    std::vector<engine::EventRow> log = before_.Log();
    engine::EventRow other = is_stored ? log.front() : log.back();
    GetParam().change(other);
    if (is_stored) log.front() = other;
    if (!is_stored) log.push_back(other);
    const std::vector<std::string> rows = RowsOf(restored_.store);
    const auto report = RestoreFrom(log);
    EXPECT_EQ(report.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(report.status().message()),
                testing::AllOf(HasSubstr("1 cases have two events"), HasSubstr(other.stream),
                               testing::Not(HasSubstr("sesame"))));
    EXPECT_EQ(RowsOf(restored_.store), rows);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Conflicts, RestoreConflict,
    testing::Values(
        ConflictCase{"Id", [](engine::EventRow& e) { e.ce_id = "another"; }},
        ConflictCase{"Bytes", [](engine::EventRow& e) { e.data = "sesame"; }},
        ConflictCase{"Type", [](engine::EventRow& e) { e.type = "test.Other"; }},
        ConflictCase{"Time", [](engine::EventRow& e) { e.time += absl::Microseconds(1); }},
        ConflictCase{"Cause", [](engine::EventRow& e) { e.cause.set_ce_id("another"); }}),
    [](const auto& info) { return info.param.name; });

TEST_F(RestoreTest, AHoleIsRefused) {
  for (const char* stream : {"a", "b"}) {
    std::vector<engine::EventRow> log = before_.Log(2);  // After what the backup has.
    // The first that the store lacks is gone from the topic, of a stream with more behind it.
    log.erase(std::find_if(log.begin(), log.end(),
                           [&](const engine::EventRow& event) { return event.stream == stream; }));
    const std::vector<std::string> rows = RowsOf(restored_.store);
    const auto report = RestoreFrom(log);
    EXPECT_EQ(report.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(report.status().message()),
                testing::AllOf(HasSubstr("1 cases lack events"), HasSubstr(stream)));
    EXPECT_EQ(RowsOf(restored_.store), rows);
  }
}

TEST_F(RestoreTest, AnUpstreamThatIsAnotherIsRefused) {
  engine::EventOrigin origin;
  origin.upstream = "up";
  origin.number = 2;
  origin.ce_id = "another";
  // Applied without an event, so that the numbers fit.
  ASSERT_TRUE(SubmitAll(*restored_.engine, {{"a", "nothing", origin, {}}}).ok());
  const auto report = RestoreFrom(before_.Log());
  EXPECT_EQ(report.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("another one in the database"));
}

TEST_F(RestoreTest, WhatWasSealedIsCountedAndStoodInFor) {
  before_.Request("d", "secret", "");
  before_.Request("d", "open", "");
  const auto report = RestoreFrom(before_.Log());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->identity_lost, testing::ElementsAre("d"));
  EXPECT_EQ(restored_.store.ReadState("d")->state.open, "secret.open.");
  EXPECT_EQ(restored_.store.ReadStream("d", 1, 1, /*with_sealed=*/true)->front().sealed, "gap");
}

TEST_F(RestoreTest, WhatAnUpstreamCanTellAgainIsAskedForFromItsFirstEvent) {
  before_.Event("e", "first", 1);
  before_.Event("e", "told", 2);
  before_.Event("e", "nothing", 3);
  before_.Event("f", "first", 1);
  const auto report = RestoreFrom(before_.Log());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->told_again, 1);
  const engine::StreamRow row = *restored_.store.ReadState("e");
  EXPECT_EQ(row.applied.at("up").number, 0);
  EXPECT_EQ(row.behind.at("up"), 2) << "that it made an event tells that it was applied";
  EXPECT_EQ(restored_.store.ReadState("f")->applied.at("up").number, 1);
  // The puller then brings them once more.
  restored_.Event("e", "first", 1);
  restored_.Event("e", "told", 2);
  EXPECT_EQ(restored_.store.ReadState("e")->applied.at("up").number, 2);
  EXPECT_EQ(restored_.store.ReadState("e")->state.open, "first.told.first.told.");
}

// The backup is an older one than the program.
TEST_F(RestoreTest, ACaseThatAnotherReleaseFoldedHasNothingOfItAnyMore) {
  engine::StreamRow row = *restored_.store.ReadState("a");
  row.evolve_version = 7;
  row.state.open = "of another release";
  const type::Folded folded{{{"all", "other a"}}, {}, {{"other", 1697600000}}};
  ASSERT_TRUE(restored_.store.RestoreFolded("a", row, folded).ok());
  ASSERT_TRUE(RestoreFrom(before_.Log()).ok());
  EXPECT_EQ(RowsOf(restored_.store), RowsOf(before_.store));
}

TEST_F(RestoreTest, WhatTheTopicLacksIsLeftToTheRelay) {
  restored_.Request("e", "seven", "");
  const int64_t unpublished = *restored_.store.LastPosition();
  ASSERT_TRUE(RestoreFrom(before_.Log()).ok());
  EXPECT_EQ(*restored_.store.ReadWatermark(), unpublished - 1);
}

TEST(RequestCauseIdTest, TheKeyComesBackAndNothingElseIsTakenForOne) {
  EXPECT_EQ(base::RequestKeyIn(base::RequestCauseId(KeyOf('k'))), KeyOf('k'));
  EXPECT_EQ(base::RequestKeyIn(base::RequestCauseId("")), "");
  EXPECT_NE(base::RequestCauseId(""), base::RequestCauseId(""));
  EXPECT_EQ(base::RequestKeyIn(std::string(64, 'g')), "");
  EXPECT_EQ(base::RequestKeyIn(std::string(62, 'a')), "");
}

}  // namespace
}  // namespace pathways::follow
