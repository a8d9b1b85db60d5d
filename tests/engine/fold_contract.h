// Goal: after a newer release, or the way back, what is folded is what the present Fold makes of
// the events, of every stream and on every store. Method: a store written by one domain is handed
// to another one that adds a list and a timer, drops a list, and changes a key and a due time;
// every row of a stream is compared with what the present domain's Fold gives.
//
// Unique entries cannot be read; a probe stream tries to take them. The binaries that have a store
// to try include this header.
#ifndef PATHWAYS_TESTS_ENGINE_FOLD_CONTRACT_H_
#define PATHWAYS_TESTS_ENGINE_FOLD_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/engine/engine.h"
#include "services/follow/refold_sweep.h"
#include "services/follow/submit.h"
#include "services/type/problem.h"
#include "tests/engine/event_store_contract.h"
#include "tests/support/bytes_domain.h"

namespace pathways::engine {

// An event that the first release does not know.
inline constexpr char kNewWord[] = "new";

// A stream is the text of its commands. "nothing" is no event.
class FirstRelease : public testing_support::BytesDomain {
 public:
  absl::StatusOr<UpstreamCommand> FromUpstream(absl::string_view,
                                               const EventRow& event) const override {
    return UpstreamCommand{event.data, {}};
  }
  type::Folded Fold(const std::string& stream, const StoredState&) const override {
    return {{{"cases", "1 " + stream}, {"open", stream}},
            {{"number", "1 " + stream}},
            {{"age-band", 1000}}};
  }

 protected:
  absl::StatusOr<std::vector<NewEvent>> Decide(absl::string_view command) const override {
    if (command == "nothing") return std::vector<NewEvent>{};
    if (command == "refuse") return absl::FailedPreconditionError("refused");
    return std::vector<NewEvent>{{"test.Said", std::string(command), ""}};
  }
  absl::Status Evolve(StoredState& state, const EventRow& event) const override {
    if (event.data == kNewWord) return absl::DataLossError("unknown");
    state.open += event.data + ".";
    return absl::OkStatus();
  }
};

class SecondRelease : public FirstRelease {
 public:
  int EvolveVersion() const override { return 2; }
  type::Folded Fold(const std::string& stream, const StoredState&) const override {
    return {{{"cases", "2 " + stream}, {"reviews", stream}},
            {{"number", "2 " + stream}},
            {{"age-band", 2000}, {"holds-until", 3000}}};
  }

 protected:
  absl::Status Evolve(StoredState& state, const EventRow& event) const override {
    state.open += absl::AsciiStrToUpper(event.data) + "!";
    return absl::OkStatus();
  }
};

class FoldContract : public testing::TestWithParam<StoreKind> {
 protected:
  FoldContract() : clock_(kStart), store_(GetParam().make(clock_, folder_.path())) {}

  void SetUp() override {
    ASSERT_NE(store_, nullptr);
    ASSERT_TRUE(store_->LeadRelay().ok());  // Who publishes the log keeps it folded too.
  }

  // Says something to streams, as the release of `domain`.
  absl::Status Say(const Domain& domain, const std::vector<std::string>& streams,
                   const std::string& word) {
    Engine engine(domain, *store_, EngineOptions{});
    std::vector<Command> commands;
    for (const std::string& stream : streams) {
      const std::string key = absl::StrCat("request-", ++requests_);
      commands.push_back({stream, word, RequestOrigin{key, word, "staff/a", "Say"}, {}});
    }
    return follow::SubmitAll(engine, std::move(commands));
  }

  // The first event of an upstream for a stream.
  absl::Status Bring(const Domain& domain, const std::string& stream, const std::string& word) {
    Engine engine(domain, *store_, EngineOptions{});
    EventRow event{.stream = stream, .number = 1, .ce_id = "1", .data = word};
    return follow::SubmitAll(engine, {follow::CommandOf(domain, "up", event)});
  }

  // One pass, as the release of `domain`.
  absl::StatusOr<follow::RefoldSweep::Pass> Sweep(const Domain& domain) {
    Engine engine(domain, *store_, EngineOptions{});
    follow::RefoldSweep sweep(domain, *store_, engine, {.page = 2}, nullptr);
    return sweep.SweepOnce();
  }

  // Every row that there is of a stream, but for unique entries.
  std::vector<std::string> Rows(const std::string& stream) {
    std::vector<std::string> lines;
    for (const std::string index : {"cases", "open", "reviews"}) {
      for (const std::string& key : Value(store_->ReadList(index, "", "", kAll))) {
        if (absl::EndsWith(key, stream)) lines.push_back(absl::StrCat(index, " ", key));
      }
    }
    for (const TimerRow& timer : Value(store_->ReadDueTimers(absl::InfiniteFuture(), {}, kAll))) {
      if (timer.stream != stream) continue;
      lines.push_back(absl::StrCat(timer.kind, " ", timer.due_unix_seconds));
    }
    const StreamRow row = Value(store_->ReadState(stream));
    lines.push_back(absl::StrCat(row.evolve_version, " ", row.version, " ", row.state.open));
    return lines;
  }
  // Those that the stream has when `domain` folds it, with the events "a" and, of version 2, "b".
  static std::vector<std::string> RowsBy(const FirstRelease& domain, const std::string& stream,
                                         int64_t version = 1) {
    const type::Folded folded = domain.Fold(stream, {});
    std::vector<std::string> lines;
    for (const auto& entry : folded.lists) {
      lines.push_back(absl::StrCat(entry.index, " ", entry.key));
    }
    for (const auto& timer : folded.timers) {
      lines.push_back(absl::StrCat(timer.kind, " ", timer.due_unix_seconds));
    }
    const bool is_first = domain.EvolveVersion() == 1;
    const std::string state =
        version == 1 ? (is_first ? "a." : "A!") : (is_first ? "a.b." : "A!B!");
    lines.push_back(absl::StrCat(domain.EvolveVersion(), " ", version, " ", state));
    return lines;
  }

  const TempFolder folder_;  // Outlives the store.
  base::ManualClock clock_;
  std::unique_ptr<EventStore> store_;
  const FirstRelease first_;
  const SecondRelease second_;
  int requests_ = 0;
};

TEST_P(FoldContract, ACommandMakesItsStreamsRowsThoseOfTheNewFold) {
  ASSERT_TRUE(Say(first_, {"a", "b"}, "a").ok());
  ASSERT_EQ(Rows("a"), RowsBy(first_, "a"));
  ASSERT_TRUE(Say(second_, {"a"}, "b").ok());
  EXPECT_EQ(Rows("a"), RowsBy(second_, "a", 2));
  EXPECT_EQ(Rows("b"), RowsBy(first_, "b"));
  EXPECT_FALSE(IsHeld(*store_, {"number", "1 a"}));
  EXPECT_TRUE(IsHeld(*store_, {"number", "2 a"}));
  EXPECT_TRUE(IsHeld(*store_, {"number", "1 b"}));
}

// And back: the older release finds what the newer one has left.
TEST_P(FoldContract, ACommandOfTheReleaseBeforeMakesThemThoseOfItsFold) {
  ASSERT_TRUE(Say(second_, {"a"}, "a").ok());
  ASSERT_TRUE(Say(first_, {"a"}, "b").ok());
  EXPECT_EQ(Rows("a"), RowsBy(first_, "a", 2));
  EXPECT_FALSE(IsHeld(*store_, {"number", "2 a"}));
  EXPECT_TRUE(IsHeld(*store_, {"number", "1 a"}));
}

TEST_P(FoldContract, ACommandWithoutAnEventDoesSoToo) {
  ASSERT_TRUE(Say(first_, {"a"}, "a").ok());
  const int64_t last = Value(store_->LastPosition());
  ASSERT_TRUE(Bring(second_, "a", "nothing").ok());
  EXPECT_EQ(Rows("a"), RowsBy(second_, "a"));
  EXPECT_EQ(Value(store_->LastPosition()), last);
  EXPECT_EQ(Value(store_->ReadState("a")).applied.at("up").number, 1);
}

TEST_P(FoldContract, ARefusedCommandChangesNothing) {
  ASSERT_TRUE(Say(first_, {"a"}, "a").ok());
  ASSERT_FALSE(Say(second_, {"a"}, "refuse").ok());
  EXPECT_EQ(Rows("a"), RowsBy(first_, "a"));
}

TEST_P(FoldContract, ThePassFoldsWhatNobodyTouches) {
  ASSERT_TRUE(Say(first_, {"a", "b", "c"}, "a").ok());
  ASSERT_TRUE(Say(second_, {"b"}, "b").ok());
  const int64_t last = Value(store_->LastPosition());
  const follow::RefoldSweep::Pass pass = Value(Sweep(second_));
  EXPECT_EQ(pass.folded, 2);
  EXPECT_EQ(pass.left, 0);
  for (const std::string stream : {"a", "c"}) EXPECT_EQ(Rows(stream), RowsBy(second_, stream));
  EXPECT_EQ(Rows("b"), RowsBy(second_, "b", 2));
  EXPECT_EQ(Value(store_->LastPosition()), last);
  EXPECT_EQ(Value(store_->CountOtherFolds(2)), 0);
  EXPECT_EQ(Value(Sweep(second_)).folded, 0);
  EXPECT_FALSE(IsHeld(*store_, {"number", "1 c"}));
  EXPECT_TRUE(IsHeld(*store_, {"number", "2 c"}));
}

// Whatever was folded by which release, by a command or by the pass.
TEST_P(FoldContract, ARebuildMakesTheSame) {
  ASSERT_TRUE(Say(first_, {"a", "b", "c"}, "a").ok());
  ASSERT_TRUE(Say(second_, {"b", "d"}, "a").ok());
  ASSERT_TRUE(Sweep(second_).ok());
  const std::vector<std::string> folded = FoldedOf(*store_);
  ASSERT_TRUE(RebuildFolded(second_, *store_).ok());
  EXPECT_EQ(FoldedOf(*store_), folded);
}

TEST_P(FoldContract, APassThatWasCutShortIsFinishedByTheNext) {
  ASSERT_TRUE(Say(first_, {"a", "b", "c", "d"}, "a").ok());
  {
    EngineOptions options;
    Engine* dying = nullptr;
    options.observe = [&](const auto&, const auto&, const absl::Status&, absl::Duration) {
      dying->Refuse(absl::UnavailableError("killed"));
    };
    Engine engine(second_, *store_, options);
    dying = &engine;
    follow::RefoldSweep sweep(second_, *store_, engine, {.page = 2}, nullptr);
    EXPECT_TRUE(absl::IsUnavailable(sweep.SweepOnce().status()));
  }
  const int64_t left = Value(store_->CountOtherFolds(2));
  EXPECT_GT(left, 0);
  EXPECT_LT(left, 4);
  EXPECT_EQ(Value(Sweep(second_)).folded, left);
  for (const std::string stream : {"a", "b", "c", "d"}) {
    EXPECT_EQ(Rows(stream), RowsBy(second_, stream));
  }
}

TEST_P(FoldContract, TheWayBackIsFoldedToo) {
  ASSERT_TRUE(Say(first_, {"a", "b"}, "a").ok());
  ASSERT_TRUE(Sweep(second_).ok());
  ASSERT_TRUE(Say(second_, {"c"}, "a").ok());
  EXPECT_EQ(Value(Sweep(first_)).folded, 3);
  for (const std::string stream : {"a", "b", "c"}) EXPECT_EQ(Rows(stream), RowsBy(first_, stream));
}

TEST_P(FoldContract, WhatThisReleaseCannotFoldIsLeftAndCounted) {
  ASSERT_TRUE(Say(second_, {"a", "b", "c"}, "a").ok());
  ASSERT_TRUE(Say(second_, {"b"}, kNewWord).ok());
  const std::vector<std::string> before = Rows("b");
  Engine engine(first_, *store_, EngineOptions{});
  follow::RefoldSweep sweep(first_, *store_, engine, {}, nullptr);
  const follow::RefoldSweep::Pass pass = Value(sweep.SweepOnce());
  EXPECT_EQ(pass.folded, 2);
  EXPECT_EQ(pass.left, 1);
  EXPECT_EQ(sweep.left(), 1);
  EXPECT_EQ(Rows("a"), RowsBy(first_, "a"));
  EXPECT_EQ(Rows("b"), before);
  EXPECT_EQ(Value(store_->ReadState("b")).parked_reason, "");
}

// The new Fold gives two streams one unique entry: nothing of the second is written or parked.
TEST_P(FoldContract, AStreamWhoseEntryAnotherOneHoldsIsLeft) {
  ASSERT_TRUE(Say(first_, {"a", "b"}, "a").ok());
  StreamWrite probe = Append("probe", 0);
  probe.row.evolve_version = 2;
  probe.added.uniques = {{"number", "2 a"}};
  ASSERT_TRUE(Commit(*store_, Batched({probe})).ok());
  const absl::StatusOr<follow::RefoldSweep::Pass> pass = Sweep(second_);
  EXPECT_TRUE(absl::IsAborted(pass.status())) << pass.status();
  EXPECT_EQ(Rows("a"), RowsBy(first_, "a"));
  EXPECT_EQ(Rows("b"), RowsBy(second_, "b"));
  EXPECT_EQ(Value(store_->ReadState("a")).parked_reason, "");
}

TEST_P(FoldContract, AReadNeverShowsAnotherFold) {
  ASSERT_TRUE(Say(first_, {"a", "b"}, "a").ok());
  const StreamRow row = Value(ReadFolded(second_, *store_, "a"));
  EXPECT_EQ(row.state.open, "A!");
  EXPECT_EQ(row.version, 1);
  EXPECT_EQ(row.evolve_version, 2);
  EXPECT_EQ(Rows("a"), RowsBy(first_, "a")) << "nothing is written";
  EXPECT_EQ(Value(ReadFolded(second_, *store_, "no such")).version, 0);
  const auto rows = Value(ReadFolded(second_, *store_, std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(Value(rows.at("b")).state.open, "A!");
  ASSERT_TRUE(Say(second_, {"b"}, kNewWord).ok());
  const absl::Status refused = ReadFolded(first_, *store_, "b").status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_EQ(type::ProblemOf(refused).reason(), kOtherRelease);
  const auto both = Value(ReadFolded(first_, *store_, std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(Value(both.at("a")).state.open, "a.");
  EXPECT_EQ(both.at("b").status(), refused);
}

}  // namespace pathways::engine

#endif  // PATHWAYS_TESTS_ENGINE_FOLD_CONTRACT_H_
