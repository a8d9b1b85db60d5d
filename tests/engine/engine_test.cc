// Goal: the engine commits what it answers and nothing else, under failing stores, bad commands and
// events in any order. Method: a domain of ten lines on the memory store; faults are injected into
// its commits.
#include "services/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/base/clock.h"
#include "services/base/ids.h"
#include "services/base/status_macros.h"
#include "services/engine/batch_decision.h"
#include "services/follow/submit.h"
#include "services/type/problem.h"
#include "tests/engine/text_domain.h"
#include "tests/sim/memory_store.h"
#include "tests/support/eventually.h"

namespace pathways::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class EngineTest : public testing::Test {
 protected:
  static Command Request(const std::string& stream, const std::string& payload,
                         const std::string& key) {
    Command command{stream, payload, RequestOrigin{key, payload, "staff/a", "Say"}, {}};
    return command;
  }

  Command Event(int64_t number, const std::string& data, const std::string& ce_id = "") {
    EventRow event;
    event.stream = "s";
    event.number = number;
    event.ce_id = ce_id.empty() ? std::to_string(number) : ce_id;
    event.data = data;
    return follow::CommandOf(domain_, "up", event);
  }

  absl::Status Submit(std::vector<Command> commands) {
    return follow::SubmitAll(engine_, std::move(commands));
  }

  StreamRow Row() { return *store_.ReadState("s"); }

  // Of each event of the log.
  std::vector<base::Trace> Traces() {
    std::vector<base::Trace> traces;
    const auto events = store_.ReadAfter(0, 1000);
    EXPECT_TRUE(events.ok()) << events.status();
    for (const EventRow& event : *events) traces.push_back(event.trace);
    return traces;
  }

  // Streams with a timer that is due, in its order.
  std::vector<std::string> Due() {
    std::vector<std::string> streams;
    const auto timers = store_.ReadDueTimers(clock_.Now(), {}, 1000);
    EXPECT_TRUE(timers.ok()) << timers.status();
    for (const TimerRow& timer : *timers) streams.push_back(timer.stream);
    return streams;
  }

  // Writes a timer's row, whatever the state says.
  void Plant(const std::string& stream, int64_t due) {
    BatchWrite write;
    StreamWrite row;
    row.stream = stream;
    row.row = *store_.ReadState(stream);
    row.expected_version = row.row.version;
    row.added.timers.push_back({kTextTimer, due});
    write.streams.push_back(std::move(row));
    ASSERT_TRUE((*store_.Begin())->Commit(write).ok());
  }

  TextDomain domain_;
  base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  sim::MemoryStore store_{clock_, "log"};
  Engine engine_{domain_, store_, EngineOptions{}};
};

TEST_F(EngineTest, CommandsOfOneStreamAreDecidedInOrder) {
  ASSERT_TRUE(
      Submit({Request("s", "a", "1"), Request("s", "b", "2"), Request("s", "c", "3")}).ok());
  EXPECT_EQ(Row().state.open, "a.b.c.");
  EXPECT_EQ(Row().version, 3);
}

TEST_F(EngineTest, AnEventBearsTheTraceOfItsCommandAndNothingElseDoes) {
  Command first = Request("s", "a", "1");
  Command second = Request("s", "b", "2");
  first.trace = base::Trace::New();
  second.trace = base::Trace::New();
  ASSERT_TRUE(Submit({first, second}).ok());
  Command again = first;
  again.trace = base::Trace::New();
  ASSERT_TRUE(Submit({again}).ok());
  EXPECT_EQ(Traces(), (std::vector<base::Trace>{first.trace, second.trace}));
  const StreamRow row = Row();
  ASSERT_TRUE(RebuildFolded(domain_, store_).ok());
  EXPECT_EQ(Row().state, row.state);
  EXPECT_EQ(Traces(), (std::vector<base::Trace>{first.trace, second.trace}));
}

TEST_F(EngineTest, AnEventOfAnUpstreamEventIsAChildOfItsTrace) {
  EventRow upstream;
  upstream.stream = "s";
  upstream.number = 1;
  upstream.ce_id = "1";
  upstream.data = "a";
  upstream.trace = base::Trace::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  ASSERT_TRUE(Submit({follow::CommandOf(domain_, "up", upstream)}).ok());
  ASSERT_EQ(Traces().size(), 1u);
  const std::string child = Traces()[0].Format();
  EXPECT_TRUE(absl::StartsWith(child, "00-4bf92f3577b34da6a3ce929d0e0e4736-")) << child;
  EXPECT_TRUE(absl::EndsWith(child, "-01")) << child;
  EXPECT_NE(Traces()[0], upstream.trace);
}

TEST_F(EngineTest, WhatHasNoTraceBeginsOne) {
  ASSERT_TRUE(Submit({Request("s", "a", "1"), Request("s", "b", "2"), Event(1, "c")}).ok());
  std::set<std::string> ids;
  for (const base::Trace& trace : Traces()) ids.insert(trace.Format().substr(0, 35));
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_FALSE(ids.contains(""));
}

TEST_F(EngineTest, OnlyTheRefusedCommandFails) {
  EXPECT_EQ(
      Submit({Request("s", "a", "1"), Request("s", "refuse", "2"), Request("s", "c", "3")}).code(),
      absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Row().state.open, "a.c.");
}

TEST_F(EngineTest, AnEngineThatRefusesTakesNothingAnyMore) {
  ASSERT_TRUE(Submit({Request("s", "a", "1")}).ok());
  engine_.Refuse(absl::UnavailableError("lost"));
  EXPECT_EQ(Submit({Request("s", "b", "2")}).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Submit({Event(1, "c")}).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Row().state.open, "a.");
}

TEST_F(EngineTest, ARefusedRequestIsNotRemembered) {
  EXPECT_FALSE(Submit({Request("s", "refuse", "1")}).ok());
  EXPECT_TRUE(Submit({Request("s", "a", "1")}).ok());
}

TEST_F(EngineTest, ABrokenInvariantParksTheStreamAndNoOther) {
  EXPECT_EQ(Submit({Request("s", "break", "1"), Request("t", "a", "2")}).code(),
            absl::StatusCode::kInternal);
  EXPECT_FALSE(Row().parked_reason.empty());
  EXPECT_EQ(store_.ReadState("t")->state.open, "a.");
  EXPECT_EQ(Submit({Request("s", "a", "3")}).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(store_.ClearParked("s").ok());
  EXPECT_TRUE(Submit({Request("s", "a", "4")}).ok());
}

// In one batch: the state in memory is then no longer what the events before it made.
TEST_F(EngineTest, ACommandThatBreaksHalfwayLeavesWhatCameBeforeIt) {
  BatchData data;
  data.now = clock_.Now();
  BatchDecision decision(domain_, std::move(data));
  EXPECT_TRUE(decision.Decide(Event(1, "a")).status.ok());
  EXPECT_TRUE(decision.Decide(Event(2, "spoil")).status.ok());
  const absl::StatusOr<BatchWrite> write = decision.Build();
  ASSERT_TRUE(write.ok()) << write.status();
  ASSERT_EQ(write->streams.size(), 1u);
  EXPECT_EQ(write->streams[0].row.state.open, "a.");
  EXPECT_EQ(write->streams[0].events.size(), 1u);
  EXPECT_EQ(write->parked.size(), 1u);
}

TEST_F(EngineTest, WhatTheDomainRefusesIsRefusedInItsWordsAlsoWhenParked) {
  EXPECT_FALSE(Submit({Request("s", "break", "1")}).ok());
  EXPECT_EQ(type::ProblemOf(Submit({Request("s", "a", "2")})).reason(), "STREAM_PARKED");
  EXPECT_EQ(type::ProblemOf(Submit({Request("s", "break", "3")})).reason(), "STREAM_PARKED");
  EXPECT_EQ(Submit({Request("s", "refuse", "4")}), Submit({Request("t", "refuse", "5")}));
  EXPECT_EQ(Row().version, 0);
}

TEST_F(EngineTest, AStoreThatCannotWriteFailsEveryCallAndKeepsNothing) {
  store_.FailNextCommits(1, absl::UnavailableError("full"));
  EXPECT_EQ(Submit({Request("s", "a", "1")}).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Row().version, 0);
  EXPECT_TRUE(Submit({Request("s", "a", "1")}).ok());
  EXPECT_EQ(Row().state.open, "a.");
}

TEST_F(EngineTest, ALostRaceIsDecidedAgain) {
  store_.FailNextCommits(2, absl::AbortedError("lost"));
  EXPECT_TRUE(Submit({Request("s", "a", "1")}).ok());
  EXPECT_EQ(Row().state.open, "a.");
}

TEST_F(EngineTest, EventsAreAppliedOnceAndInOrder) {
  ASSERT_TRUE(Submit({Event(1, "a"), Event(1, "a"), Event(3, "c"), Event(2, "b")}).ok());
  EXPECT_EQ(Row().state.open, "a.b.");
  EXPECT_THAT(Row().behind, ElementsAre(testing::Pair("up", 3)));
  ASSERT_TRUE(Submit({Event(3, "c"), Event(2, "b")}).ok());
  EXPECT_EQ(Row().state.open, "a.b.c.");
  EXPECT_THAT(Row().behind, IsEmpty());
}

TEST_F(EngineTest, AnEventWithoutEffectIsAppliedToo) {
  ASSERT_TRUE(Submit({Event(1, "nothing"), Event(2, "b")}).ok());
  EXPECT_EQ(Row().state.open, "b.");
  EXPECT_EQ(Row().applied.at("up").number, 2);
}

TEST_F(EngineTest, AConflictParks) {
  ASSERT_TRUE(Submit({Event(1, "a"), Event(1, "a", "another")}).ok());
  EXPECT_EQ(Row().parked_reason, "EVENT_CONFLICT");
  EXPECT_TRUE(Row().behind.empty()) << "nothing is missing";
  EXPECT_EQ(Row().state.open, "a.");
}

TEST_F(EngineTest, GarbageParksItsStreamAndIsAppliedAfterRedrive) {
  ASSERT_TRUE(Submit({Event(1, "garbage"), Event(2, "b")}).ok());
  EXPECT_EQ(Row().parked_reason, "EVENT_UNREADABLE");
  EXPECT_EQ(Row().version, 0);
  EXPECT_THAT(Row().behind, ElementsAre(testing::Pair("up", 2)));
  ASSERT_TRUE(store_.ClearParked("s").ok());
  ASSERT_TRUE(Submit({Event(1, "a"), Event(2, "b")}).ok());
  EXPECT_EQ(Row().state.open, "a.b.");
}

TEST_F(EngineTest, APositionNeverPassesARecordThatWasNotCommitted) {
  Command first = Event(1, "a");
  Command second = Event(2, "b");
  auto& origin = std::get<EventOrigin>(second.origin);
  origin.position_key = "up";
  origin.incarnation = "log";
  origin.previous_position = 7;  // As if the record at 7 had failed.
  origin.position = 8;
  EXPECT_EQ(Submit({second}).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Row().version, 0);
  EXPECT_EQ(store_.ReadPosition("up")->position, 0);
}

// A replica that was frozen comes late, and one whose record before failed comes early.
TEST_F(EngineTest, AStalePositionIsSaid) {
  std::atomic<int> stale = 0;
  EngineOptions options;
  options.observe = [&](const auto&, const std::vector<Answer>& answers, const absl::Status&,
                        absl::Duration) {
    for (const Answer& answer : answers) stale += answer.is_stale ? 1 : 0;
  };
  Engine engine(domain_, store_, std::move(options));
  const auto at = [&](int64_t position, int64_t previous) {
    Command command = Event(position, "a");
    auto& origin = std::get<EventOrigin>(command.origin);
    origin.position_key = "up";
    origin.incarnation = "log";
    origin.previous_position = previous;
    origin.position = position;
    return command;
  };
  ASSERT_TRUE(follow::SubmitAll(engine, {at(1, 0), at(2, 1)}).ok());
  EXPECT_EQ(stale, 0);
  EXPECT_TRUE(follow::SubmitAll(engine, {at(2, 1)}).ok());
  EXPECT_EQ(stale, 1);
  EXPECT_TRUE(absl::IsAborted(follow::SubmitAll(engine, {at(9, 8)})));
  EXPECT_EQ(stale, 2);
  EXPECT_EQ(Row().state.open, "a.a.");
}

// The next release: knows the events of both, and writes them in capitals.
class NextDomain : public TextDomain {
 public:
  int EvolveVersion() const override { return 2; }

 protected:
  absl::StatusOr<std::vector<NewEvent>> Decide(absl::string_view command) const override {
    return std::vector<NewEvent>{{"test.Said", std::string(command), ""}};
  }
  absl::Status Evolve(StoredState& state, const EventRow& event) const override {
    state.open += absl::AsciiStrToUpper(event.data) + "!";
    return absl::OkStatus();
  }
};

TEST_F(EngineTest, AStateOfAnotherVersionIsFoldedAgainBeforeUse) {
  NextDomain next;
  Engine engine(next, store_, EngineOptions{});
  ASSERT_TRUE(Submit({Request("s", "a", "1")}).ok());
  ASSERT_TRUE(follow::SubmitAll(engine, {Request("s", "b", "2")}).ok());
  EXPECT_EQ(Row().state.open, "A!B!");
  EXPECT_EQ(Row().evolve_version, 2);
  ASSERT_TRUE(Submit({Request("s", "c", "3")}).ok());
  EXPECT_EQ(Row().state.open, "a.b.c.");
  EXPECT_EQ(Row().evolve_version, 1);
}

// While two releases run side by side, and after a way back.
TEST_F(EngineTest, AnEventOfTheNextReleaseKeepsItsOwnCaseAlone) {
  NextDomain next;
  Engine engine(next, store_, EngineOptions{});
  ASSERT_TRUE(follow::SubmitAll(engine, {Event(1, "a"), Request("s", kUnknownText, "1")}).ok());
  const StreamRow before = Row();
  Command event = Event(2, "b");
  Command other = Event(1, "o");
  other.stream = "other";
  EXPECT_TRUE(Submit({event, other}).ok());
  EXPECT_EQ(store_.ReadState("other")->state.open, "o.");
  for (const char* key : {"1", "2"}) {  // One that the next release has answered, and a new one.
    const absl::Status refused = Submit({Request("s", kUnknownText, key)});
    EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
    EXPECT_EQ(type::ProblemOf(refused).reason(), "OTHER_RELEASE");
  }
  EXPECT_EQ(Row().state.open, before.state.open);
  EXPECT_EQ(Row().evolve_version, 2);
  EXPECT_EQ(Row().parked_reason, "");
  EXPECT_THAT(Row().behind, ElementsAre(testing::Pair("up", 2)));
  ASSERT_TRUE(follow::SubmitAll(engine, {event}).ok());
  EXPECT_THAT(Row().behind, IsEmpty());
  EXPECT_EQ(Row().applied.at("up").number, 2);
}

TEST_F(EngineTest, TimeNeverGoesBackWithinAStream) {
  ASSERT_TRUE(Submit({Request("s", "a", "1")}).ok());
  const absl::Time first = Row().last_event_time;
  clock_.Advance(-absl::Hours(1));
  ASSERT_TRUE(Submit({Request("s", "b", "2")}).ok());
  EXPECT_EQ(Row().last_event_time, first);
}

TEST_F(EngineTest, ATimerTheStateNoLongerHasIsDropped) {
  Command timer{"s", "nothing", TimerOrigin{"kind", 1}, {}};
  ASSERT_TRUE(Submit({timer}).ok());
  EXPECT_EQ(Row().parked_reason, "");
}

TEST_F(EngineTest, ATimerIsNotDueBeforeTheStoresOwnTime) {
  const int64_t due = absl::ToUnixSeconds(clock_.Now()) + 1;
  ASSERT_TRUE(Submit({Request("s", absl::StrCat("at:", due), "1")}).ok());
  const StreamRow before = Row();
  for (const absl::Duration before_due : {absl::Seconds(1), absl::Microseconds(1)}) {
    clock_.Set(absl::FromUnixSeconds(due) - before_due);
    EXPECT_TRUE(Submit({{"s", "fired", TimerOrigin{kTextTimer, due}, {}}}).ok());
    EXPECT_EQ(Row().version, before.version) << before_due;
  }
  clock_.Set(absl::FromUnixSeconds(due));
  EXPECT_TRUE(Submit({{"s", "fired", TimerOrigin{kTextTimer, due}, {}}}).ok());
  EXPECT_EQ(Row().version, before.version + 1);
}

TEST_F(EngineTest, ADueTimerThatChangesNothingIsDroppedAndParksNothing) {
  const int64_t due = absl::ToUnixSeconds(clock_.Now());
  ASSERT_TRUE(Submit({Request("s", absl::StrCat("at:", due), "1")}).ok());
  EXPECT_TRUE(Submit({{"s", "nothing", TimerOrigin{kTextTimer, due}, {}}}).ok());
  EXPECT_EQ(Row().parked_reason, "");
  EXPECT_EQ(Row().version, 1);
  EXPECT_THAT(Due(), IsEmpty());
}

// The state has it still, and may be another one for the decision.
TEST_F(EngineTest, ADroppedTimerComesBackWhenTheStateChangesOrIsFoldedAgain) {
  const int64_t due = absl::ToUnixSeconds(clock_.Now());
  const Command timer{"s", "nothing", TimerOrigin{kTextTimer, due}, {}};
  ASSERT_TRUE(Submit({Request("s", absl::StrCat("at:", due), "1"), timer}).ok());
  ASSERT_TRUE(Submit({timer}).ok());
  ASSERT_THAT(Due(), IsEmpty());
  ASSERT_TRUE(Submit({Request("s", "a", "2")}).ok());
  EXPECT_THAT(Due(), ElementsAre("s"));
  ASSERT_TRUE(Submit({timer}).ok());
  ASSERT_THAT(Due(), IsEmpty());
  ASSERT_TRUE(RebuildFolded(domain_, store_).ok());
  EXPECT_THAT(Due(), ElementsAre("s"));
}

// A row that the state's fold does not have, as an earlier release may leave one.
TEST_F(EngineTest, ATimerThatTheStateDoesNotHaveLosesItsRow) {
  ASSERT_TRUE(Submit({Request("s", "a", "1")}).ok());
  const int64_t due = absl::ToUnixSeconds(clock_.Now());
  Plant("s", due);
  ASSERT_THAT(Due(), ElementsAre("s"));
  EXPECT_TRUE(Submit({{"s", "fired", TimerOrigin{kTextTimer, due}, {}}}).ok());
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_EQ(Row().version, 1);
}

TEST_F(EngineTest, AfterDrainCallsAreRefused) {
  engine_.Drain();
  EXPECT_EQ(Submit({Request("s", "a", "1")}).code(), absl::StatusCode::kUnavailable);
}

// Answers nothing until it is told to go on.
class HeldStore : public sim::MemoryStore {
 public:
  using sim::MemoryStore::MemoryStore;
  absl::StatusOr<std::unique_ptr<Batch>> Begin() override {
    told.wait();
    return sim::MemoryStore::Begin();
  }
  std::promise<void> go_on;
  std::shared_future<void> told = go_on.get_future().share();
};

TEST(EngineQueue, AFullQueueRefusesAtOnce) {
  TextDomain domain;
  base::ManualClock clock(absl::FromUnixSeconds(1697500000));
  sim::MemoryStore store(clock, "log");
  Engine engine(domain, store, EngineOptions{.batch_max = 1, .queue_max = 0});
  Command command{"s", "a", RequestOrigin{"1", "a", "staff/a", "Say"}, {}};
  EXPECT_EQ(follow::SubmitAll(engine, {command}).code(), absl::StatusCode::kResourceExhausted);
}

// What is being committed counts too: it is held until it is answered.
TEST(EngineQueue, AFullByteBudgetRefusesAtOnce) {
  const TextDomain domain;
  const base::ManualClock clock(absl::FromUnixSeconds(1697500000));
  HeldStore store(clock, "log");
  Engine engine(domain, store, EngineOptions{.batch_max = 1, .queue_bytes_max = 100});
  std::mutex mutex;
  std::map<std::string, absl::StatusCode> answers;
  const auto submit = [&](const std::string& id, size_t payload, size_t key) {
    Command command{"s", std::string(payload, 'a'), RequestOrigin{id, id, "staff/a", "Say"}, {}};
    if (key > 0) command.keys.push_back({"s", "p", std::string(key - 2, 'k')});
    engine.Submit(std::move(command), [&, id](const Answer& answer) {
      std::lock_guard<std::mutex> lock(mutex);
      answers[id] = answer.status.code();
    });
  };
  submit("60 of 100", 60, 0);
  submit("one too many", 20, 21);
  submit("keys fill it", 20, 20);
  submit("nothing more", 1, 0);
  {
    std::lock_guard<std::mutex> lock(mutex);
    EXPECT_THAT(answers, testing::UnorderedElementsAre(
                             testing::Pair("one too many", absl::StatusCode::kResourceExhausted),
                             testing::Pair("nothing more", absl::StatusCode::kResourceExhausted)));
  }
  // Events are bounded by those who submit them.
  EventRow event{.stream = "t", .number = 1, .ce_id = "1", .data = std::string(200, 'e')};
  engine.Submit(follow::CommandOf(domain, "up", event), [&](const Answer& answer) {
    std::lock_guard<std::mutex> lock(mutex);
    answers["event"] = answer.status.code();
  });
  store.go_on.set_value();
  ASSERT_TRUE(testing_support::Eventually([&] {
    std::lock_guard<std::mutex> lock(mutex);
    return answers.size() == 5;
  }));
  // All of it is given back, and one that is larger than all has its turn when nothing waits.
  submit("larger than all", 101, 0);
  ASSERT_TRUE(testing_support::Eventually([&] {
    std::lock_guard<std::mutex> lock(mutex);
    return answers.size() == 6;
  }));
  EXPECT_EQ(answers["event"], absl::StatusCode::kOk);
  EXPECT_EQ(answers["larger than all"], absl::StatusCode::kOk);
}

TEST(EngineQueue, EventsAndTimersAreNotRefusedWhenItIsFull) {
  const TextDomain domain;
  const base::ManualClock clock(absl::FromUnixSeconds(1697500000));
  sim::MemoryStore store(clock, "log");
  Engine engine(domain, store, EngineOptions{.queue_max = 0});
  EventRow event;
  event.stream = "s";
  event.number = 1;
  event.ce_id = "1";
  event.data = "at:1";
  EXPECT_TRUE(follow::SubmitAll(engine, {follow::CommandOf(domain, "up", event)}).ok());
  EXPECT_TRUE(follow::SubmitAll(engine, {{"s", "fired", TimerOrigin{kTextTimer, 1}, {}}}).ok());
  EXPECT_EQ(store.ReadState("s")->state.open, "at:1.fired.");
}

// Cannot write the events of one stream, as a database may refuse a row.
class PoisonedStore : public sim::MemoryStore {
 public:
  using sim::MemoryStore::MemoryStore;
  absl::StatusOr<std::unique_ptr<Batch>> Begin() override {
    ASSIGN_OR_RETURN(std::unique_ptr<Batch> batch, sim::MemoryStore::Begin());
    return std::make_unique<Poisoned>(*this, std::move(batch));
  }
  std::string poisoned;  // The stream. Empty: none. Before the engine is asked.
  absl::Status fault = absl::InternalError("the row is refused");
  bool is_unreadable = false;  // Its row cannot be read either.
  bool is_all = false;         // It is every stream.

 private:
  class Poisoned : public Batch {
   public:
    Poisoned(const PoisonedStore& store, std::unique_ptr<Batch> batch)
        : store_(store), batch_(std::move(batch)) {}
    absl::StatusOr<BatchData> Read(const BatchRead& wanted) override {
      if (store_.is_unreadable) {
        for (const std::string& stream : wanted.streams) {
          if (stream == store_.poisoned) return store_.fault;
        }
      }
      return batch_->Read(wanted);
    }
    absl::Status Commit(BatchWrite& write) override {
      for (const StreamWrite& stream : write.streams) {
        const bool is_poisoned = store_.is_all || stream.stream == store_.poisoned;
        if (is_poisoned && !stream.events.empty()) return store_.fault;
      }
      return batch_->Commit(write);
    }

   private:
    const PoisonedStore& store_;
    std::unique_ptr<Batch> batch_;
  };
};

class PoisonTest : public testing::Test {
 protected:
  // The record at a position of the upstream's log; `number` of `stream`.
  Command Record(int64_t position, const std::string& stream, int64_t number,
                 const std::string& data) {
    EventRow event;
    event.stream = stream;
    event.number = number;
    event.ce_id = absl::StrCat(stream, number);
    event.data = data;
    Command command = follow::CommandOf(domain_, "up", event);
    auto& origin = std::get<EventOrigin>(command.origin);
    origin.position_key = "up";
    origin.incarnation = "log";
    origin.previous_position = position - 1;
    origin.position = position;
    return command;
  }
  std::string Text(const std::string& stream) { return store_.ReadState(stream)->state.open; }
  std::string Parked(const std::string& stream) { return store_.ReadState(stream)->parked_reason; }

  const TextDomain domain_;
  base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  PoisonedStore store_{clock_, "log"};
  Engine engine_{domain_, store_, EngineOptions{}};
};

TEST_F(PoisonTest, AnEventThatCannotBeCommittedParksItsStreamAndKeepsNoOther) {
  const struct {
    const char* name;
    absl::Status fault;
    bool is_unreadable;
    const char* reason;
  } rows[] = {
      {"internal", absl::InternalError("refused"), false, "INTERNAL"},
      {"lost", absl::DataLossError("damaged"), false, "DATA_LOSS"},
      {"a race that is always lost", absl::AbortedError("lost"), false, "ABORTED"},
      {"unreadable", absl::DataLossError("damaged"), true, "DATA_LOSS"},
  };
  int64_t position = 0;
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const std::string x = absl::StrCat("x ", row.name), other = absl::StrCat("other ", row.name);
    store_.poisoned = x;
    store_.fault = row.fault;
    store_.is_unreadable = row.is_unreadable;
    EXPECT_TRUE(follow::SubmitAll(
                    engine_, {Record(position + 1, other, 1, "a"), Record(position + 2, x, 1, "a"),
                              Record(position + 3, other, 2, "b")})
                    .ok());
    position += 3;
    EXPECT_EQ(Text(other), "a.b.");
    EXPECT_EQ(Parked(x), row.reason);
    EXPECT_EQ(Parked(other), "");
    EXPECT_EQ(store_.ReadPosition("up")->position, position);
    store_.poisoned.clear();
    ASSERT_TRUE(store_.ClearParked(x).ok());
    // As the puller brings it.
    EventRow again;
    again.stream = x;
    again.number = 1;
    again.ce_id = absl::StrCat(x, 1);
    again.data = "a";
    EXPECT_TRUE(follow::SubmitAll(engine_, {follow::CommandOf(domain_, "up", again)}).ok());
    EXPECT_EQ(Text(x), "a.");
    EXPECT_EQ(Parked(x), "");
  }
}

TEST_F(PoisonTest, WhatIsParkedSoIsKnownToBeMissing) {
  store_.poisoned = "x";
  ASSERT_TRUE(follow::SubmitAll(engine_, {Record(1, "x", 1, "a"), Record(2, "x", 2, "b")}).ok());
  EXPECT_THAT(store_.ReadState("x")->behind, ElementsAre(testing::Pair("up", 2)));
}

TEST_F(PoisonTest, AStoreThatIsBusyParksNothing) {
  store_.poisoned = "x";
  store_.fault = absl::UnavailableError("full");
  EXPECT_TRUE(absl::IsUnavailable(follow::SubmitAll(engine_, {Record(1, "x", 1, "a")})));
  EXPECT_EQ(Parked("x"), "");
  EXPECT_EQ(store_.ReadPosition("up")->position, 0);
}

TEST_F(PoisonTest, ATimerThatCannotBeCommittedParksItsStream) {
  const int64_t due = absl::ToUnixSeconds(clock_.Now());
  ASSERT_TRUE(follow::SubmitAll(engine_, {Record(1, "x", 1, absl::StrCat("at:", due))}).ok());
  store_.poisoned = "x";
  EXPECT_EQ(follow::SubmitAll(engine_, {{"x", "fired", TimerOrigin{kTextTimer, due}, {}}}).code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(Parked("x"), "INTERNAL");
  EXPECT_THAT(*store_.ReadDueTimers(clock_.Now(), {}, 10), IsEmpty());
}

TEST_F(PoisonTest, ARequestThatCannotBeCommittedFailsAndParksNothing) {
  store_.poisoned = "x";
  const Command request{"x", "a", RequestOrigin{"1", "a", "staff/a", "Say"}, {}};
  EXPECT_EQ(follow::SubmitAll(engine_, {request}).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Parked("x"), "");
  store_.poisoned.clear();
  EXPECT_TRUE(follow::SubmitAll(engine_, {request}).ok());
}

// It is the store that is broken then, and no stream's own fault.
TEST_F(PoisonTest, AStoreThatTakesNoEventAtAllDoesNotParkEverything) {
  store_.is_all = true;
  std::vector<Command> commands;
  for (int64_t i = 1; i <= 1000; ++i) commands.push_back(Record(i, absl::StrCat("s", i), 1, "a"));
  EXPECT_FALSE(follow::SubmitAll(engine_, std::move(commands)).ok());
  EXPECT_LT(store_.ReadParked(1000)->size(), 100U);
  EXPECT_LT(store_.ReadPosition("up")->position, 100);
}

// Answers when it is told to, and then that it cannot.
class LateStore : public sim::MemoryStore {
 public:
  using sim::MemoryStore::MemoryStore;
  absl::StatusOr<std::unique_ptr<Batch>> Begin() override {
    ++asked;
    answer.get_future().wait();
    return absl::UnavailableError("no answer in time");
  }
  std::promise<void> answer;
  std::atomic<int> asked = 0;
};

TEST(EngineQueue, WhatWaitsBehindAStoreThatDoesNotAnswerIsNotKeptWaiting) {
  const TextDomain domain;
  const base::ManualClock clock(absl::FromUnixSeconds(1697500000));
  LateStore store(clock, "log");
  Engine engine(domain, store, EngineOptions{.batch_max = 1, .patience = absl::ZeroDuration()});
  std::vector<absl::StatusCode> answers;  // On the engine's thread until it drains.
  for (const char* id : {"1", "2", "3"}) {
    engine.Submit({"s", "a", RequestOrigin{id, "a", "staff/a", "Say"}, {}},
                  [&](const Answer& answer) { answers.push_back(answer.status.code()); });
  }
  store.answer.set_value();
  engine.Drain();
  EXPECT_THAT(answers,
              testing::ElementsAre(absl::StatusCode::kUnavailable, absl::StatusCode::kUnavailable,
                                   absl::StatusCode::kUnavailable));
  EXPECT_EQ(store.asked, 1) << "the second would have waited for a try of its own";
}

TEST(EngineObserve, HearsEveryCommandBeforeItsCaller) {
  const TextDomain domain;
  const base::ManualClock clock(absl::FromUnixSeconds(1697500000));
  sim::MemoryStore store(clock, "log");
  std::vector<std::string> heard;  // On the engine's thread until it drains.
  EngineOptions options;
  options.observe = [&](const std::vector<const Command*>& commands,
                        const std::vector<Answer>& answers, const absl::Status& committed,
                        absl::Duration took) {
    EXPECT_TRUE(committed.ok());
    EXPECT_GE(took, absl::ZeroDuration());
    ASSERT_EQ(commands.size(), answers.size());
    for (size_t i = 0; i < commands.size(); ++i) {
      heard.push_back(commands[i]->payload + " " +
                      absl::StatusCodeToString(answers[i].status.code()));
    }
  };
  Engine engine(domain, store, options);
  for (const char* payload : {"a", "refuse"}) {
    Command command{"s", payload, RequestOrigin{payload, payload, "staff/a", "Say"}, {}};
    engine.Submit(command, [&](const Answer& answer) {
      heard.push_back("answered " + absl::StatusCodeToString(answer.status.code()));
    });
  }
  engine.Drain();
  EXPECT_THAT(heard,
              testing::UnorderedElementsAre("a OK", "answered OK", "refuse FAILED_PRECONDITION",
                                            "answered FAILED_PRECONDITION"));
  EXPECT_EQ(heard.front(), "a OK");
  EXPECT_EQ(heard.back(), "answered FAILED_PRECONDITION");
}

}  // namespace
}  // namespace pathways::engine
