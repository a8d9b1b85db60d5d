// Goal: the engine commits what it answers and nothing else, under failing stores, bad commands and
// events in any order. Method: a domain of ten lines on the memory store; faults are injected into
// its commits.
#include "services/runtime/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

#include "absl/strings/ascii.h"
#include "services/runtime/batch_decision.h"
#include "services/runtime/clock.h"
#include "services/runtime/ids.h"
#include "services/runtime/store/memory_store.h"
#include "services/runtime/submit.h"
#include "services/type/problem.h"
#include "tests/runtime/text_domain.h"

namespace pathways::runtime {
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
    return CommandOf(domain_, "up", event);
  }

  absl::Status Submit(std::vector<Command> commands) {
    return SubmitAll(engine_, std::move(commands));
  }

  StreamRow Row() { return *store_.ReadState("s"); }

  TextDomain domain_;
  ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  MemoryStore store_{clock_, "log"};
  Engine engine_{domain_, store_, EngineOptions{}};
};

TEST_F(EngineTest, CommandsOfOneStreamAreDecidedInOrder) {
  ASSERT_TRUE(
      Submit({Request("s", "a", "1"), Request("s", "b", "2"), Request("s", "c", "3")}).ok());
  EXPECT_EQ(Row().state.open, "a.b.c.");
  EXPECT_EQ(Row().version, 3);
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
  ASSERT_TRUE(SubmitAll(engine, {at(1, 0), at(2, 1)}).ok());
  EXPECT_EQ(stale, 0);
  EXPECT_TRUE(SubmitAll(engine, {at(2, 1)}).ok());
  EXPECT_EQ(stale, 1);
  EXPECT_TRUE(absl::IsAborted(SubmitAll(engine, {at(9, 8)})));
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
  ASSERT_TRUE(SubmitAll(engine, {Request("s", "b", "2")}).ok());
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
  ASSERT_TRUE(SubmitAll(engine, {Event(1, "a"), Request("s", kUnknownText, "1")}).ok());
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
  ASSERT_TRUE(SubmitAll(engine, {event}).ok());
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

TEST_F(EngineTest, AfterDrainCallsAreRefused) {
  engine_.Drain();
  EXPECT_EQ(Submit({Request("s", "a", "1")}).code(), absl::StatusCode::kUnavailable);
}

TEST(EngineQueue, AFullQueueRefusesAtOnce) {
  TextDomain domain;
  ManualClock clock(absl::FromUnixSeconds(1697500000));
  MemoryStore store(clock, "log");
  Engine engine(domain, store, EngineOptions{.batch_max = 1, .queue_max = 0});
  Command command{"s", "a", RequestOrigin{"1", "a", "staff/a", "Say"}, {}};
  EXPECT_EQ(SubmitAll(engine, {command}).code(), absl::StatusCode::kResourceExhausted);
}

TEST(EngineQueue, EventsAndTimersAreNotRefusedWhenItIsFull) {
  const TextDomain domain;
  const ManualClock clock(absl::FromUnixSeconds(1697500000));
  MemoryStore store(clock, "log");
  Engine engine(domain, store, EngineOptions{.queue_max = 0});
  EventRow event;
  event.stream = "s";
  event.number = 1;
  event.ce_id = "1";
  event.data = "at:1";
  EXPECT_TRUE(SubmitAll(engine, {CommandOf(domain, "up", event)}).ok());
  EXPECT_TRUE(SubmitAll(engine, {{"s", "fired", TimerOrigin{kTextTimer, 1}, {}}}).ok());
  EXPECT_EQ(store.ReadState("s")->state.open, "at:1.fired.");
}

// Answers when it is told to, and then that it cannot.
class LateStore : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
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
  const ManualClock clock(absl::FromUnixSeconds(1697500000));
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
  const ManualClock clock(absl::FromUnixSeconds(1697500000));
  MemoryStore store(clock, "log");
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
}  // namespace pathways::runtime
