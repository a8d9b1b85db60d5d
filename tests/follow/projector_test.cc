// Goal: a projection shows every event of its upstreams once and in order, whatever way it comes,
// says when an upstream lost what was shown, and is the same when it is built again. Method: two
// upstreams whose log and streams are written by hand, a projection that joins texts, and the
// memory store.
#include "services/follow/projector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/clock.h"
#include "tests/sim/memory_store.h"
#include "tests/support/eventually.h"

namespace pathways::follow {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Eventually;

// A value is "<number of a>/<number of b>/<texts>".
class TextProjection : public Projection {
 public:
  std::string Name() const override { return "texts"; }

  absl::StatusOr<int64_t> Folded(const std::string& value,
                                 absl::string_view upstream) const override {
    if (value.empty()) return 0;
    const std::vector<std::string> parts = absl::StrSplit(value, '/');
    int64_t number = 0;
    if (parts.size() != 3 || !absl::SimpleAtoi(parts[upstream == "a" ? 0 : 1], &number)) {
      return absl::DataLossError("unreadable");
    }
    return number;
  }

  absl::Status Fold(std::string& value, absl::string_view upstream,
                    const engine::EventRow& event) const override {
    if (event.data == "bad" && !takes_bad) return absl::InternalError("bad");
    std::vector<std::string> parts = absl::StrSplit(value.empty() ? "0/0/" : value, '/');
    parts[upstream == "a" ? 0 : 1] = absl::StrCat(event.number);
    parts[2] += event.data;
    value = absl::StrCat(parts[0], "/", parts[1], "/", parts[2]);
    return absl::OkStatus();
  }

  std::atomic<bool> takes_bad = false;
};

class Upstream : public EventLog, public EventLogs, public StreamReader {
 public:
  // An event that the stream has, and that the log tells unless it is left out.
  void Add(const std::string& stream, const std::string& data, bool is_told = true) {
    std::lock_guard<std::mutex> lock(mutex_);
    engine::EventRow event;
    event.stream = stream;
    event.number = static_cast<int64_t>(streams_[stream].size()) + 1;
    event.position = ++head_;
    event.data = data;
    streams_[stream].push_back(event);
    if (is_told) log_.push_back(event);
  }
  // Tells an event of the stream again.
  void Repeat(const std::string& stream, size_t number) {
    std::lock_guard<std::mutex> lock(mutex_);
    engine::EventRow event = streams_[stream][number - 1];
    event.position = ++head_;
    log_.push_back(event);
  }
  void LoseTail() {
    std::lock_guard<std::mutex> lock(mutex_);
    head_ = 1;
    log_.resize(1);
    for (auto& [stream, events] : streams_) events.resize(1);
  }
  void BecomeAnother(const std::string& incarnation) {
    std::lock_guard<std::mutex> lock(mutex_);
    incarnation_ = incarnation;
  }

  std::atomic<bool> streams_are_down = false;
  // Called once, when heads were read and not yet returned. Set before the projector starts.
  std::function<void()> after_heads;
  std::atomic<bool> is_busy = false;  // There is an event more whenever somebody reads.

  std::string Incarnation() override {
    std::lock_guard<std::mutex> lock(mutex_);
    return incarnation_;
  }
  absl::StatusOr<std::vector<engine::EventRow>> ReadAfter(int64_t position, int limit) override {
    if (is_busy) Add("busy", ".");
    std::lock_guard<std::mutex> lock(mutex_);
    std::vector<engine::EventRow> events;
    for (const engine::EventRow& event : log_) {
      if (event.position > position && static_cast<int>(events.size()) < limit) {
        events.push_back(event);
      }
    }
    return events;
  }
  absl::StatusOr<int64_t> Head() override {
    std::lock_guard<std::mutex> lock(mutex_);
    return head_;
  }
  // The one log of this upstream, which lives as long as this object.
  std::vector<std::shared_ptr<EventLog>> Logs() override {
    return {std::shared_ptr<EventLog>(std::shared_ptr<EventLog>(), this)};
  }
  void OnPublish(std::function<void()>) override {}
  absl::StatusOr<std::vector<engine::EventRow>> ReadStream(absl::string_view stream, int64_t from,
                                                           int limit) override {
    if (streams_are_down) return absl::UnavailableError("down");
    std::lock_guard<std::mutex> lock(mutex_);
    std::vector<engine::EventRow> events;
    for (const engine::EventRow& event : streams_[std::string(stream)]) {
      if (event.number >= from && static_cast<int>(events.size()) < limit) events.push_back(event);
    }
    return events;
  }
  absl::StatusOr<std::vector<engine::StreamHead>> ReadHeads(absl::string_view after,
                                                            int limit) override {
    if (streams_are_down) return absl::UnavailableError("down");
    std::unique_lock<std::mutex> lock(mutex_);
    std::vector<engine::StreamHead> heads;
    for (const auto& [stream, events] : streams_) {
      if (stream > after && static_cast<int>(heads.size()) < limit) {
        heads.push_back({stream, static_cast<int64_t>(events.size())});
      }
    }
    lock.unlock();
    if (const auto then = std::exchange(after_heads, nullptr)) then();
    return heads;
  }

 private:
  std::mutex mutex_;  // Guards what follows.
  std::string incarnation_ = "first";
  std::vector<engine::EventRow> log_;
  std::map<std::string, std::vector<engine::EventRow>> streams_;
  int64_t head_ = 0;
};

// Where another replica may be quicker.
class SharedStore : public sim::MemoryStore {
 public:
  using sim::MemoryStore::MemoryStore;
  absl::StatusOr<std::unique_ptr<engine::Batch>> Begin() override {
    if (const auto first = std::exchange(before_next, nullptr)) first();
    return sim::MemoryStore::Begin();
  }
  std::function<void()> before_next;  // Set before the projector starts.
};

class ProjectorTest : public testing::Test {
 protected:
  void Start(absl::Duration sweep_every = absl::Hours(1)) {
    projector_ = std::make_unique<Projector>(
        store_, projection_, std::vector<ProjectionSource>{{"a", a_, a_}, {"b", b_, b_}},
        sweep_every, [this](const absl::Status& status) {
          std::lock_guard<std::mutex> lock(mutex_);
          heard_.push_back(status.code());
        });
  }
  std::vector<absl::StatusCode> heard() {
    std::lock_guard<std::mutex> lock(mutex_);
    return heard_;
  }
  std::string Value(const std::string& stream) {
    return (*store_.ReadProjections("texts", {stream}))[stream];
  }
  bool Shows(const std::string& stream, const std::string& value) {
    return Eventually([&] {
      projector_->Notify();
      return Value(stream) == value;
    });
  }
  void Put(const std::string& stream, const std::string& value) {
    engine::BatchWrite write;
    write.projections.push_back({"texts", stream, value});
    auto batch = store_.Begin();
    ASSERT_TRUE((*batch)->Commit(write).ok());
  }

  TextProjection projection_;
  const base::ManualClock clock_{absl::FromUnixSeconds(1697500000)};
  SharedStore store_{clock_, "log"};
  Upstream a_;
  Upstream b_;
  std::mutex mutex_;  // Guards heard_.
  std::vector<absl::StatusCode> heard_;
  std::unique_ptr<Projector> projector_;
};

TEST_F(ProjectorTest, FoldsInOrderAndEachEventOnce) {
  for (const char* data : {"p", "q", "r"}) a_.Add("x", data);
  a_.Repeat("x", 1);
  a_.Repeat("x", 2);
  a_.Add("x", "s");
  b_.Add("y", "t");
  Start();
  EXPECT_TRUE(Shows("x", "4/0/pqrs")) << Value("x");
  EXPECT_TRUE(Shows("y", "0/1/t")) << Value("y");
  EXPECT_THAT(heard(), IsEmpty());
}

// Each replica is given other partitions, and the two events of one case may be on two of them.
TEST_F(ProjectorTest, WhatAnotherReplicaShowsMeanwhileIsKept) {
  a_.Add("x", "p");
  b_.Add("x", "q", /*is_told=*/false);
  b_.streams_are_down = true;  // No sweep mends it.
  store_.before_next = [this] { Put("x", "0/1/q"); };
  Start();
  EXPECT_TRUE(Shows("x", "1/1/qp")) << Value("x");
}

TEST_F(ProjectorTest, WhatTheLogLeftOutIsFetchedFromTheStream) {
  a_.Add("x", "p");
  a_.Add("x", "q", /*is_told=*/false);
  a_.Add("x", "r");
  Start();
  EXPECT_TRUE(Shows("x", "3/0/pqr")) << Value("x");
}

TEST_F(ProjectorTest, TheSweepFindsWhatTheLogNeverTold) {
  a_.Add("x", "p");
  a_.Add("x", "q", /*is_told=*/false);
  b_.Add("y", "r", /*is_told=*/false);
  Start();
  EXPECT_TRUE(Shows("x", "2/0/pq")) << Value("x");
  EXPECT_TRUE(Shows("y", "0/1/r")) << Value("y");
}

TEST_F(ProjectorTest, TheSweepComesUnderASteadyLoadToo) {
  a_.Add("x", "p", /*is_told=*/false);
  a_.is_busy = true;
  Start();
  EXPECT_TRUE(Shows("x", "1/0/p")) << Value("x");
}

TEST_F(ProjectorTest, ABadEventHoldsUpItsOwnValueAlone) {
  a_.Add("x", "p");
  a_.Add("x", "bad");
  a_.Add("x", "r");
  a_.Add("y", "s");
  Start(absl::Milliseconds(1));
  EXPECT_TRUE(Shows("y", "1/0/s")) << Value("y");
  EXPECT_TRUE(Eventually([&] { return !heard().empty(); }));
  EXPECT_EQ(Value("x"), "1/0/p");
  EXPECT_THAT(heard(), Contains(absl::StatusCode::kInternal));
  // The next release understands it: the sweep comes back to it.
  projection_.takes_bad = true;
  EXPECT_TRUE(Shows("x", "3/0/pbadr")) << Value("x");
  EXPECT_TRUE(Eventually([&] {
    projector_->Notify();
    return heard().back() == absl::StatusCode::kOk;
  }));
}

TEST_F(ProjectorTest, AnUpstreamThatIsDownIsAskedAgain) {
  a_.streams_are_down = true;
  a_.Add("x", "p");
  a_.Add("x", "q", /*is_told=*/false);
  a_.Add("x", "r");
  Start();
  EXPECT_TRUE(Eventually([&] { return !heard().empty(); }));
  EXPECT_EQ(store_.ReadPosition("texts/a")->position, 0);
  a_.streams_are_down = false;
  EXPECT_TRUE(Shows("x", "3/0/pqr")) << Value("x");
}

TEST_F(ProjectorTest, AStoreThatCannotWriteLosesNothing) {
  store_.FailNextCommits(2, absl::UnavailableError("full"));
  a_.Add("x", "p");
  Start();
  EXPECT_TRUE(Shows("x", "1/0/p")) << Value("x");
  EXPECT_EQ(heard().front(), absl::StatusCode::kUnavailable);
}

TEST_F(ProjectorTest, ALostTailIsToldAndKeepsNoOtherUpstream) {
  for (const char* data : {"p", "q", "r"}) a_.Add("x", data);
  Start();
  ASSERT_TRUE(Shows("x", "3/0/pqr"));
  projector_.reset();
  a_.LoseTail();
  b_.Add("x", "s");
  Start();
  EXPECT_TRUE(Shows("x", "3/1/pqrs")) << Value("x");
  EXPECT_TRUE(Eventually([&] { return !heard().empty(); }));
  EXPECT_THAT(heard(), ElementsAre(absl::StatusCode::kDataLoss));
}

TEST_F(ProjectorTest, AHeadBelowWhatIsShownIsToldBySweep) {
  Put("x", "5/0/pqrst");
  a_.Add("x", "p", /*is_told=*/false);
  a_.Add("y", "u", /*is_told=*/false);
  Start();
  EXPECT_TRUE(Shows("y", "1/0/u")) << Value("y");
  EXPECT_TRUE(Eventually([&] { return !heard().empty(); }));
  EXPECT_THAT(heard(), ElementsAre(absl::StatusCode::kDataLoss));
  EXPECT_EQ(Value("x"), "5/0/pqrst");
}

TEST_F(ProjectorTest, ACaseThatCannotBeShownHidesNoLoss) {
  Put("x", "5/0/pqrst");
  a_.Add("x", "p", /*is_told=*/false);
  a_.Add("w", "bad", /*is_told=*/false);
  Start();
  EXPECT_TRUE(Eventually([&] { return !heard().empty(); }));
  EXPECT_THAT(heard(), ElementsAre(absl::StatusCode::kDataLoss));
}

// Another replica shows it meanwhile, and the sweep has read the heads before.
TEST_F(ProjectorTest, WhatComesDuringASweepIsNotLost) {
  a_.Add("x", "p", /*is_told=*/false);
  a_.after_heads = [this] {
    a_.Add("x", "q", /*is_told=*/false);
    Put("x", "2/0/pq");
  };
  // Swept behind a, once: were it added after the start, the sweep could have passed it.
  b_.Add("y", "r", /*is_told=*/false);
  Start();
  EXPECT_TRUE(Shows("y", "0/1/r")) << Value("y");
  EXPECT_TRUE(Eventually([&] { return Value("x") == "2/0/pq"; }));
  projector_.reset();
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(ProjectorTest, AValueThatCannotBeReadKeepsNoOther) {
  Put("x", "garbage");
  a_.Add("x", "p", /*is_told=*/false);
  a_.Add("y", "q", /*is_told=*/false);
  Start();
  EXPECT_TRUE(Shows("y", "1/0/q")) << Value("y");
  EXPECT_EQ(Value("x"), "garbage");
}

TEST_F(ProjectorTest, AnotherIncarnationIsReadFromItsStart) {
  a_.Add("x", "p");
  a_.Add("x", "q");
  Start();
  ASSERT_TRUE(Shows("x", "2/0/pq"));
  projector_.reset();
  a_.BecomeAnother("second");
  a_.Add("y", "r");
  Start();
  EXPECT_TRUE(Shows("y", "1/0/r")) << Value("y");
  EXPECT_EQ(Value("x"), "2/0/pq");
  EXPECT_EQ(store_.ReadPosition("texts/a")->incarnation, "second");
}

TEST_F(ProjectorTest, BuiltAgainItHasTheSameBytes) {
  for (int i = 0; i < 600; ++i) a_.Add(absl::StrCat("s", i % 5), absl::StrCat(i, "."));
  const std::vector<std::string> streams = {"s0", "s1", "s2", "s3", "s4"};
  std::vector<std::map<std::string, std::string>> built;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(store_.DropProjection("texts", {"texts/a", "texts/b"}).ok());
    Start();
    ASSERT_TRUE(Eventually([&] {
      projector_->Notify();
      return store_.ReadPosition("texts/a")->position == *a_.Head();
    }));
    projector_.reset();
    built.push_back(*store_.ReadProjections("texts", streams));
  }
  EXPECT_EQ(built[0], built[1]);
  EXPECT_EQ(built[0].size(), 5U);
}

}  // namespace
}  // namespace pathways::follow
