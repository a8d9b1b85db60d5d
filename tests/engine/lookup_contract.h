// Goal: a decision that looks something up gets it as it is when the decision is committed, on
// every store: behind the commands before it in its batch, and beside other writers. What a
// decision erases is gone. Method: a domain of desks that hold numbers and stand in a row; the
// engine goes by steps, so that a test says which commands share a batch.
//
// The binaries that have a store to try include this header. What only a store with several writers
// can get wrong is in postgres_lookup_test.cc.
#ifndef PATHWAYS_TESTS_ENGINE_LOOKUP_CONTRACT_H_
#define PATHWAYS_TESTS_ENGINE_LOOKUP_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/engine/engine.h"
#include "services/type/problem.h"
#include "tests/engine/event_store_contract.h"
#include "tests/support/bytes_domain.h"

namespace pathways::engine {

inline constexpr char kDeskUnknown[] = "unknown";

// A stream's state is its last word. "hold:<n>" holds the number n and stands in the row under it;
// "crowd:<n>" stands there nine times; "leave" gives all up. "nothing" is no event. "ask" says what
// was found, and changes neither. "erase:<p>" erases the key of person p and everything that was
// sealed before. "unknown" is an event of another release.
class DeskDomain : public testing_support::BytesDomain {
 public:
  absl::StatusOr<SealedGap> WithoutSealed(const EventRow&) const override {
    return SealedGap{"gap", true};
  }
  Erasure ErasureOf(const EventRow& event) const override {
    absl::string_view person = event.data;
    if (!absl::ConsumePrefix(&person, "erase:")) return {};
    return {{std::string(person)}, event.number};
  }
  absl::StatusOr<UpstreamCommand> FromUpstream(absl::string_view,
                                               const EventRow& event) const override {
    return UpstreamCommand{event.data, {}};
  }

 protected:
  absl::StatusOr<std::vector<NewEvent>> DecideFor(const type::DecideContext& context,
                                                  absl::string_view command) const override {
    if (command == "nothing") return std::vector<NewEvent>();
    std::string text(command);
    if (command == "ask") {
      for (const auto& [entry, stream] : context.found.holders) {
        absl::StrAppend(&text, " ", entry.key, "=", stream.empty() ? "-" : stream);
      }
      for (const auto& [range, keys] : context.found.lists) {
        absl::StrAppend(&text, " [", absl::StrJoin(keys, ","), "]");
      }
      for (const auto& [stream, other] : context.found.streams) {
        absl::StrAppend(&text, " ", stream, "@", other.version, ":", other.state);
      }
    }
    return std::vector<NewEvent>{{"test.Said", text, "sealed"}};
  }
  absl::Status Evolve(StoredState& state, const EventRow& event) const override {
    if (event.data == kDeskUnknown) return absl::DataLossError("unknown");
    if (!absl::StartsWith(event.data, "ask")) state.open = event.data;
    state.sealed = absl::StartsWith(event.data, "erase:") ? "" : event.sealed;
    return absl::OkStatus();
  }
  type::Folded Fold(const std::string& stream, const StoredState& state) const override {
    absl::string_view number = state.open;
    type::Folded crowd;
    if (absl::ConsumePrefix(&number, "crowd:")) {
      for (int i = 0; i < 9; ++i) {
        crowd.lists.push_back({"row", absl::StrCat(number, i, " ", stream)});
      }
      return crowd;
    }
    if (!absl::ConsumePrefix(&number, "hold:")) return {};
    return {{{"row", absl::StrCat(number, " ", stream)}}, {{"number", std::string(number)}}, {}};
  }
};

class LookupContract : public testing::TestWithParam<StoreKind> {
 protected:
  LookupContract()
      : clock_(kStart),
        store_(GetParam().make(clock_, folder_.path())),
        engine_(std::make_unique<Engine>(domain_, *store_, Steps())) {}

  void SetUp() override { ASSERT_NE(store_, nullptr); }

  static EngineOptions Steps() {
    EngineOptions options;
    options.drive = base::Drive::kSteps;
    return options;
  }
  static type::Lookup Numbers(const std::vector<std::string>& numbers) {
    type::Lookup lookup;
    for (const std::string& number : numbers) lookup.uniques.push_back({"number", number});
    return lookup;
  }
  static type::Lookup Row(int limit, const std::string& prefix = "",
                          const std::string& after = "") {
    return {{}, {{"row", prefix, after, limit}}, {}};
  }

  // Queues a command; its answer comes with Run.
  void Queue(const std::string& stream, const std::string& word, type::Lookup lookup = {},
             std::vector<KeyRow> keys = {}) {
    const size_t at = answers_.size();
    answers_.push_back(absl::UnknownError("no answer"));
    Command command{stream, word,
                    RequestOrigin{absl::StrCat("request-", ++requests_), word, "staff/a", "Say"},
                    std::move(keys)};
    command.lookup = std::move(lookup);
    engine_->Submit(std::move(command),
                    [this, at](const Answer& answer) { answers_[at] = answer.status; });
  }
  // Everything that is queued, as one batch unless the engine splits it. The answers.
  std::vector<absl::Status> Run() {
    while (engine_->RunOnce()) {
    }
    return std::exchange(answers_, {});
  }
  void Say(const std::string& stream, const std::string& word) {
    Queue(stream, word);
    for (const absl::Status& status : Run()) ASSERT_TRUE(status.ok()) << status;
  }
  // What was said to a stream last.
  std::string LastOf(const std::string& stream) {
    const std::vector<EventRow> events = Value(store_->ReadStream(stream, 1, kAll, false));
    return events.empty() ? "" : events.back().data;
  }

  const TempFolder folder_;  // Outlives the store.
  base::ManualClock clock_;
  const DeskDomain domain_;
  const std::unique_ptr<EventStore> store_;
  std::unique_ptr<Engine> engine_;
  std::vector<absl::Status> answers_;
  int requests_ = 0;
};

TEST_P(LookupContract, ABatchReadsHoldersAndRanges) {
  Say("a", "hold:1");
  Say("b", "hold:2");
  Say("c", "hold:3");
  const std::unique_ptr<Batch> batch = Value(store_->Begin());
  BatchRead wanted;
  wanted.uniques = {{"number", "1"}, {"number", "9"}, {"other", "1"}};
  wanted.lists = {
      {"row", "", "", 2}, {"row", "", "1 a", 5}, {"row", "3", "", 1}, {"no", "", "", 1}};
  const BatchData data = Value(batch->Read(wanted));
  EXPECT_EQ(data.holders,
            (std::map<type::UniqueEntry, std::string>{
                {{"number", "1"}, "a"}, {{"number", "9"}, ""}, {{"other", "1"}, ""}}));
  using Keys = std::vector<std::string>;
  EXPECT_EQ(data.lists, (std::map<type::ListRange, Keys>{{wanted.lists[0], {"1 a", "2 b"}},
                                                         {wanted.lists[1], {"2 b", "3 c"}},
                                                         {wanted.lists[2], {"3 c"}},
                                                         {wanted.lists[3], {}}}));
}

TEST_P(LookupContract, ADecisionGetsWhatIsStored) {
  Say("a", "hold:1");
  Say("b", "hold:2");
  type::Lookup lookup = Numbers({"1", "9"});
  lookup.lists = {{"row", "", "", 5}};
  lookup.streams = {"b", "nobody"};
  Queue("x", "ask", lookup);
  EXPECT_THAT(Run(), testing::ElementsAre(absl::OkStatus()));
  EXPECT_EQ(LastOf("x"), "ask 1=a 9=- [1 a,2 b] b@1:hold:2");
}

TEST_P(LookupContract, ADecisionGetsWhatItsBatchHasChanged) {
  Say("a", "hold:1");
  Say("b", "hold:2");
  type::Lookup lookup = Numbers({"1", "2", "3"});
  lookup.lists = {{"row", "", "", 5}};
  lookup.streams = {"b", "c"};
  Queue("a", "leave");
  Queue("x", "ask", lookup);
  Queue("c", "hold:3");
  Queue("b", "hold:1");
  Queue("x", "ask", lookup);
  Queue("b", "leave");
  Queue("x", "ask", lookup);
  for (const absl::Status& status : Run()) EXPECT_TRUE(status.ok()) << status;
  std::vector<std::string> said;
  for (const EventRow& event : Value(store_->ReadStream("x", 1, kAll, false))) {
    said.push_back(event.data);
  }
  EXPECT_THAT(said, testing::ElementsAre("ask 1=- 2=b 3=- [2 b] b@1:hold:2",
                                         "ask 1=b 2=- 3=c [1 b,3 c] b@2:hold:1 c@1:hold:3",
                                         "ask 1=- 2=- 3=c [3 c] b@3:leave c@1:hold:3"));
}

// Behind a command that takes keys out of a range, what follows the part that was read is not
// known: then the batch is split.
TEST_P(LookupContract, ARangeThatGetsShorterIsReadAgain) {
  for (const std::string stream : {"a", "b", "c", "d"}) {
    Say(stream, absl::StrCat("hold:", stream));
  }
  Queue("a", "leave");
  Queue("x", "ask", Row(2));
  Queue("e", "hold:aa");
  Queue("x", "ask", Row(2));
  for (const absl::Status& status : Run()) EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Value(store_->ReadStream("x", 1, kAll, false))[0].data, "ask [b b,c c]");
  EXPECT_EQ(LastOf("x"), "ask [aa e,b b]");
}

// A stream that takes several keys out of a range at once leaves too few of what was read.
TEST_P(LookupContract, ARangeThatLosesMoreThanWasReadForItIsReadAgain) {
  for (const std::string letter : {"a", "b", "c"}) {
    Say(absl::StrCat("crowd-", letter), absl::StrCat("crowd:", letter));
  }
  Queue("crowd-a", "leave");
  Queue("x", "ask", Row(2));
  for (const absl::Status& status : Run()) EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(LastOf("x"), "ask [b0 crowd-b,b1 crowd-b]");
}

TEST_P(LookupContract, ARangeWithoutALimitIsAMistake) {
  for (const int limit : {0, -1, type::kRangeMax + 1}) {
    Queue("x", "ask", Row(limit));
    const std::vector<absl::Status> answers = Run();
    EXPECT_EQ(answers[0].code(), absl::StatusCode::kInternal) << limit;
    ASSERT_TRUE(store_->ClearParked("x").ok());
  }
}

// What another release has folded is replaced as a whole when anything of it is written, also
// without an event: who looks it up behind that sees what replaces it.
TEST_P(LookupContract, WhatReplacesAnotherFoldIsFound) {
  StreamWrite old = Append("a", 0);
  old.events[0].data = "hold:2";
  old.row.evolve_version = 9;
  old.added.uniques = {{"number", "old"}};
  old.added.lists = {{"row", "old a"}};
  ASSERT_TRUE(Commit(*store_, Batched({old})).ok());
  type::Lookup lookup = Numbers({"2", "old"});
  lookup.lists = {{"row", "", "", 5}};
  engine_->Submit({"a", "", FoldOrigin{}, {}}, [](const Answer&) {});
  Queue("x", "ask", lookup);
  EXPECT_THAT(Run(), testing::ElementsAre(absl::OkStatus()));
  EXPECT_EQ(LastOf("x"), "ask 2=a old=- [2 a]");
}

// The same of a stream that looks itself up, and says nothing.
TEST_P(LookupContract, AStreamOfAnotherFoldMayLookItselfUp) {
  StreamWrite old = Append("a", 0);
  old.events[0].data = "hold:2";
  old.row.evolve_version = 9;
  old.added.uniques = {{"number", "old"}};
  ASSERT_TRUE(Commit(*store_, Batched({old})).ok());
  Queue("a", "nothing", Numbers({"2", "old"}));
  EXPECT_THAT(Run(), testing::ElementsAre(absl::OkStatus()));
  Queue("x", "ask", Numbers({"2", "old"}));
  EXPECT_THAT(Run(), testing::ElementsAre(absl::OkStatus()));
  EXPECT_EQ(LastOf("x"), "ask 2=a old=-");
}

// What only another release can fold is not looked at: a request is refused, and an event waits.
TEST_P(LookupContract, AStreamOfAnotherReleaseIsNotLookedAt) {
  Say("a", "hold:1");
  StreamWrite other = Append("a", 1);
  other.row.evolve_version = 9;
  other.events[0].data = kDeskUnknown;
  ASSERT_TRUE(Commit(*store_, Batched({other})).ok());
  Queue("x", "ask", {{}, {}, {"a"}});
  const std::vector<absl::Status> answers = Run();
  EXPECT_EQ(type::ProblemOf(answers[0]).reason(), kOtherRelease) << answers[0];
  EventOrigin origin;
  origin.upstream = "up";
  origin.number = 1;
  origin.ce_id = "id";
  Command event{"x", "ask", origin, {}};
  event.lookup.streams = {"a"};
  engine_->Submit(std::move(event), [](const Answer&) {});
  Run();
  const StreamRow row = Value(store_->ReadState("x"));
  EXPECT_EQ(row.version, 0);
  EXPECT_EQ(row.parked_reason, "");
  EXPECT_THAT(row.behind, testing::ElementsAre(testing::Pair("up", 1)));
}

TEST_P(LookupContract, WhatIsErasedIsGone) {
  Queue("a", "one", {}, {{"a", "p1", "key-1"}, {"a", "p2", "key-2"}});
  Queue("b", "one", {}, {{"b", "p1", "key-3"}});
  Run();
  // The second word is of the same batch, and so is a new key for another person.
  Queue("a", "two", {}, {{"a", "p1", "key-4"}});
  Queue("a", "erase:p1", {}, {{"a", "p3", "key-5"}});
  Queue("a", "three");
  for (const absl::Status& status : Run()) EXPECT_TRUE(status.ok()) << status;
  std::vector<std::string> people;
  for (const KeyRow& key : Value(store_->ReadKeys("a"))) people.push_back(key.person_id);
  EXPECT_THAT(people, testing::UnorderedElementsAre("p2", "p3"));
  EXPECT_EQ(Value(store_->ReadKeys("b")).size(), 1u);
  std::vector<std::string> sealed;
  for (const EventRow& event : Value(store_->ReadStream("a", 1, kAll, true))) {
    sealed.push_back(event.sealed);
  }
  EXPECT_THAT(sealed, testing::ElementsAre("", "", "sealed", "sealed"));
  EXPECT_EQ(Value(store_->ReadStream("b", 1, kAll, true))[0].sealed, "sealed");
  const StreamRow before = Value(store_->ReadState("a"));
  engine_.reset();
  ASSERT_TRUE(RebuildFolded(domain_, *store_).ok());
  EXPECT_EQ(Value(store_->ReadState("a")).state, before.state);
}

// What is folded again has no sealed column to fold: the domain says what stands in its place.
TEST_P(LookupContract, AnErasedEventIsFoldedWithoutWhatWasSealed) {
  Say("a", "one");
  BatchWrite write;
  write.erased_sealed = {{"a", 1}};
  ASSERT_TRUE(Commit(*store_, write).ok());
  StreamRow row = Value(store_->ReadState("a"));
  EXPECT_EQ(row.state.sealed, "sealed");
  ASSERT_TRUE(FoldAgain(domain_, *store_, "a", row).ok());
  EXPECT_EQ(row.state.sealed, "gap");
}

}  // namespace pathways::engine

#endif  // PATHWAYS_TESTS_ENGINE_LOOKUP_CONTRACT_H_
