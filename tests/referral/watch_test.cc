// Goal: every watch hears all changes of its agency's referrals, in order and from its token on;
// each page of the log is read once for all of them; and none of them keeps another waiting, or
// holds more than its share of memory. Method: watches over a store in memory, with sinks that take
// messages as a test says. The test makes the reader's steps itself, but for the last tests.
#include "services/referral/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pathways/referral/v1/events.pb.h"
#include "services/base/clock.h"
#include "services/referral/domain_adapter.h"
#include "services/type/problem.h"
#include "tests/referral/builders.h"
#include "tests/sim/memory_store.h"
#include "tests/support/eventually.h"

namespace pathways::referral {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kSne[] = "sne";

std::string CaseId(int index) {
  return absl::StrCat("3f2c1b0a-9d8e-4f7a-8b6c-", 100'000'000'000 + index);
}

// An event that is for no agency.
v1::ReferralEvent Noted(int index) {
  v1::ReferralEvent event;
  event.set_case_id(CaseId(index));
  event.mutable_withdrawal_noted();
  return event;
}

// A store that notes how it is read.
class ReadStore : public sim::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  absl::StatusOr<std::vector<engine::EventRow>> ReadAfter(int64_t position, int limit) override {
    if (!fault.ok()) return fault;
    ++reads[position];
    return MemoryStore::ReadAfter(position, limit);
  }
  int Reads() const {
    int sum = 0;
    for (const auto& [position, count] : reads) sum += count;
    return sum;
  }

  std::map<int64_t, int> reads;  // By position.
  absl::Status fault;
};

// What an agency has read. Takes one message after another, or only when it is asked to.
class Agency : public WatchSink {
 public:
  explicit Agency(bool takes_all) : takes_all_(takes_all) {}
  bool Send(WatchMessage message) override {
    std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_TRUE(end_.ok()) << "nothing is sent after the end";
    read_.push_back(*message);
    return takes_all_;
  }
  void End(const absl::Status& status) override {
    std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_TRUE(end_.ok()) << "there is one end";
    end_ = status;
  }

  std::vector<v1::WatchReferralsResponse> read() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return read_;
  }
  // Indexes of the cases in what was read since the last call.
  std::vector<int> Take() {
    std::lock_guard<std::mutex> lock(mutex_);
    std::vector<int> cases;
    for (; taken_ < read_.size(); ++taken_) {
      const std::string& name = read_[taken_].referral().name();
      cases.push_back(std::stoi(name.substr(name.find("/referrals") - 11, 11)));
    }
    return cases;
  }
  absl::Status end() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return end_;
  }

 private:
  const bool takes_all_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::vector<v1::WatchReferralsResponse> read_;
  size_t taken_ = 0;
  absl::Status end_;
};

struct Watching {
  std::shared_ptr<Agency> agency;
  std::shared_ptr<ReferralWatch> watch;
};

class WatchTest : public testing::Test {
 protected:
  static ReferralWatches::Limits SmallPages() {
    ReferralWatches::Limits limits;
    limits.page_events = 4;
    return limits;
  }

  // Appends one event of a case and stores the state that belongs to it.
  void Commit(int index, const v1::ReferralEvent& event, const v1::ReferralCaseState& state) {
    auto batch = store_.Begin();
    ASSERT_TRUE(batch.ok());
    ASSERT_TRUE((*batch)->Read({.streams = {CaseId(index)}}).ok());
    engine::BatchWrite write;
    engine::StreamWrite& stream = write.streams.emplace_back();
    stream.stream = CaseId(index);
    stream.expected_version = versions_[index];
    stream.row.version = ++versions_[index];
    stream.row.evolve_version = domain_.EvolveVersion();
    stream.row.state.open = state.SerializeAsString();
    stream.row.last_event_time = clock_.Now();
    stream.state_changed = true;
    engine::EventRow& row = stream.events.emplace_back();
    row.stream = stream.stream;
    row.number = versions_[index];
    row.ce_id = absl::StrCat(index, "-", row.number);
    row.type = "event";
    row.time = clock_.Now();
    row.data = event.SerializeAsString();
    const absl::Status committed = (*batch)->Commit(write);
    ASSERT_TRUE(committed.ok()) << committed;
  }

  void Submit(int index, const std::string& agency,
              v1::ReferralState state = v1::REFERRAL_STATE_SUBMITTED) {
    v1::ReferralEvent event;
    event.set_case_id(CaseId(index));
    event.mutable_referral_submitted()->set_referral_id("r1");
    event.mutable_referral_submitted()->set_agency(agency);
    v1::ReferralCaseState stored;
    stored.set_consent(true);
    v1::StoredReferral& referral = *stored.add_referrals();
    referral.set_referral_id("r1");
    referral.set_version(1);
    referral.mutable_referral()->set_agency(agency);
    referral.mutable_referral()->set_pathway(kResettlement);
    referral.mutable_referral()->set_state(state);
    referral.mutable_referral()->add_people()->set_person_id("p1");
    Commit(index, event, stored);
  }

  Watching Begin(ReferralWatches& watches, const std::string& agency, const std::string& token = "",
                 bool takes_all = true) {
    Watching watching;
    watching.agency = std::make_shared<Agency>(takes_all);
    const auto watch = watches.Begin(agency, token, watching.agency);
    EXPECT_TRUE(watch.ok()) << watch.status();
    if (watch.ok()) watching.watch = *watch;
    return watching;
  }

  static void StepToTheEnd(ReferralWatches& watches) {
    int steps = 0;
    while (watches.Step()) ASSERT_LT(++steps, 10'000) << "the reader finds no end";
  }

  const ReferralDomain domain_{nullptr};
  base::ManualClock clock_{absl::FromUnixSeconds(1'690'500'000)};
  ReadStore store_{clock_, "store"};
  std::map<int, int64_t> versions_;
};

TEST_F(WatchTest, TellsEachAgencyItsOwnInOrder) {
  for (int i = 0; i < 20; ++i) Submit(i, i % 2 == 0 ? kSne : kComar);
  Commit(20, Noted(20), {});
  ReferralWatches watches(domain_, store_, SmallPages());
  const Watching sne = Begin(watches, kSne);
  const Watching again = Begin(watches, kSne);
  const Watching comar = Begin(watches, kComar);
  const Watching nobody = Begin(watches, kUnhcr);
  StepToTheEnd(watches);
  EXPECT_THAT(sne.agency->Take(), ElementsAre(0, 2, 4, 6, 8, 10, 12, 14, 16, 18));
  EXPECT_THAT(again.agency->Take(), SizeIs(10));
  EXPECT_THAT(comar.agency->Take(), ElementsAre(1, 3, 5, 7, 9, 11, 13, 15, 17, 19));
  Submit(21, kComar);
  StepToTheEnd(watches);
  EXPECT_THAT(comar.agency->Take(), ElementsAre(21));
  EXPECT_THAT(sne.agency->Take(), IsEmpty());
  EXPECT_THAT(nobody.agency->Take(), IsEmpty());
}

TEST_F(WatchTest, ReadsEachPageOnceForAllWatches) {
  for (int i = 0; i < 20; ++i) Submit(i, i % 2 == 0 ? kSne : kComar);
  ReferralWatches watches(domain_, store_, SmallPages());
  std::vector<Watching> all;
  for (int i = 0; i < 10; ++i) all.push_back(Begin(watches, i % 2 == 0 ? kSne : kComar));
  StepToTheEnd(watches);
  EXPECT_EQ(store_.Reads(), 6) << "five pages and the end";
  store_.reads.clear();
  Submit(20, kSne);
  EXPECT_TRUE(watches.Step());
  EXPECT_EQ(store_.Reads(), 1);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_THAT(all[i].agency->Take(), SizeIs(i % 2 == 0 ? 11 : 10));
  }
}

TEST_F(WatchTest, GivesThoseBehindTurnsByAgency) {
  Submit(0, kComar);
  for (int i = 1; i <= 200; ++i) Submit(i, kSne);
  ReferralWatches watches(domain_, store_, SmallPages());
  const Watching first = Begin(watches, kSne);
  StepToTheEnd(watches);
  // Sixteen of one agency, each at a place of its own, and one of another after them.
  std::vector<Watching> many;
  for (int i = 0; i < 15; ++i) {
    many.push_back(Begin(watches, kSne, first.agency->read()[i * 10].resume_token()));
  }
  for (int i = 0; i < 3; ++i) watches.Step();
  const Watching comar = Begin(watches, kComar);
  watches.Step();
  EXPECT_THAT(comar.agency->Take(), ElementsAre(0)) << "its turn is the next";
  // And who stands at the end hears of a commit in one step, whoever is behind.
  const Watching at_end = Begin(watches, kUnhcr, first.agency->read().back().resume_token());
  Submit(201, kUnhcr);
  watches.Step();
  EXPECT_THAT(at_end.agency->Take(), ElementsAre(201));
  StepToTheEnd(watches);
  for (int i = 0; i < 15; ++i) EXPECT_THAT(many[i].agency->Take(), SizeIs(199 - i * 10));
}

TEST_F(WatchTest, HoldsNoMoreThanItsShareForASlowAgency) {
  for (int i = 0; i < 200; ++i) Submit(i, kSne);
  ReferralWatches::Limits limits = SmallPages();
  limits.outbox_bytes_max = 1'000;
  ReferralWatches watches(domain_, store_, limits);
  const Watching slow = Begin(watches, kSne, "", /*takes_all=*/false);
  const Watching quick = Begin(watches, kSne);
  StepToTheEnd(watches);
  EXPECT_THAT(quick.agency->Take(), SizeIs(200)) << "it is not held back";
  EXPECT_THAT(slow.agency->Take(), ElementsAre(0));
  // What waits for it, without the reader.
  for (int i = 0; i < 200; ++i) slow.watch->Ready();
  const size_t waited = slow.agency->Take().size();
  const size_t bytes = slow.agency->read().front().ByteSizeLong();
  EXPECT_GT(waited * bytes, 500U);
  EXPECT_LE((waited - 1) * bytes, 1'000U);
  // It misses nothing.
  for (int i = 0; i < 400; ++i) {
    watches.Step();
    slow.watch->Ready();
  }
  EXPECT_THAT(slow.agency->read(), SizeIs(200));
  EXPECT_EQ(slow.agency->Take().back(), 199);
}

TEST_F(WatchTest, SendsOneMessageThatIsLargerThanTheBound) {
  for (int i = 0; i < 3; ++i) Submit(i, kSne);
  ReferralWatches::Limits limits;
  limits.outbox_bytes_max = 1;
  ReferralWatches watches(domain_, store_, limits);
  const Watching slow = Begin(watches, kSne, "", /*takes_all=*/false);
  for (int i = 0; i < 6; ++i) {
    watches.Step();
    slow.watch->Ready();
  }
  EXPECT_THAT(slow.agency->Take(), ElementsAre(0, 1, 2));
}

TEST_F(WatchTest, IsResumedWithoutAGap) {
  for (int i = 0; i < 10; ++i) Submit(i, kSne);
  ReferralWatches watches(domain_, store_, SmallPages());
  const Watching first = Begin(watches, kSne);
  StepToTheEnd(watches);
  const auto read = first.agency->read();
  for (size_t i = 0; i < read.size(); ++i) {
    const Watching next = Begin(watches, kSne, read[i].resume_token());
    StepToTheEnd(watches);
    EXPECT_THAT(next.agency->Take(), SizeIs(9 - i));
    watches.Leave(next.watch);
  }
}

TEST_F(WatchTest, BeginsAgainInAnotherStoreAndBeyondTheEnd) {
  for (int i = 0; i < 3; ++i) Submit(i, kSne);
  ReadStore other(clock_, "other");
  ReferralWatches there(domain_, other);
  ReferralWatches here(domain_, store_);
  const Watching first = Begin(here, kSne);
  StepToTheEnd(here);
  const std::string last = first.agency->read().back().resume_token();
  // The log of this token was restored from a copy that is older.
  ReadStore older(clock_, "store");
  ReferralWatches restored(domain_, older);
  const Watching beyond = Begin(restored, kSne, last);
  EXPECT_TRUE(restored.Step());
  StepToTheEnd(restored);
  EXPECT_EQ(older.reads[3], 1);
  EXPECT_GT(older.reads[0], 0);
  const Watching foreign = Begin(there, kSne, last);
  StepToTheEnd(there);
  EXPECT_EQ(other.reads, (std::map<int64_t, int>{{0, 1}}));
  for (const char* token : {"none", "MS8", "!!!", "MS8vLTE"}) {
    const auto refused = here.Begin(kSne, token, std::make_shared<Agency>(true));
    EXPECT_EQ(Describe(refused.status()), "error INVALID_ARGUMENT INVALID_REQUEST") << token;
  }
}

TEST_F(WatchTest, BoundsTheWatchesOfAnAgencyAndOfAll) {
  ReferralWatches::Limits limits;
  limits.watches_max = 5;
  limits.watches_of_agency_max = 3;
  ReferralWatches watches(domain_, store_, limits);
  const auto refused = [&](const std::string& agency) {
    return Describe(watches.Begin(agency, "", std::make_shared<Agency>(true)).status());
  };
  constexpr char kFull[] = "error RESOURCE_EXHAUSTED WATCHES_FULL";
  std::vector<Watching> sne;
  for (int i = 0; i < 3; ++i) sne.push_back(Begin(watches, kSne));
  EXPECT_EQ(refused(kSne), kFull);
  const Watching comar = Begin(watches, kComar);
  const Watching unhcr = Begin(watches, kUnhcr);
  EXPECT_EQ(refused(kUnhcr), kFull) << "all together";
  sne[0].watch->End(absl::CancelledError(""));
  EXPECT_EQ(refused(kSne), kFull) << "its transport still holds what it holds";
  watches.Leave(sne[0].watch);
  watches.Leave(sne[0].watch);  // Twice is once.
  Begin(watches, kSne);
  EXPECT_EQ(refused(kSne), kFull);
}

TEST_F(WatchTest, TellsNumberAndStateOfWhatHasEnded) {
  Submit(0, kSne);
  Submit(1, kSne, v1::REFERRAL_STATE_WITHDRAWN);
  ReferralWatches watches(domain_, store_);
  const Watching sne = Begin(watches, kSne);
  StepToTheEnd(watches);
  const auto read = sne.agency->read();
  ASSERT_THAT(read, SizeIs(2));
  EXPECT_EQ(read[0].referral().people_size(), 1);
  EXPECT_EQ(read[1].referral().people_size(), 0);
  EXPECT_EQ(read[1].referral().pathway(), "");
  EXPECT_EQ(read[1].referral().state(), v1::REFERRAL_STATE_WITHDRAWN);
}

TEST_F(WatchTest, EndsTheWatchesThatCannotBeServed) {
  Submit(0, kSne);
  Submit(1, kSne);
  Commit(1, Noted(1), {});
  ReferralWatches watches(domain_, store_);
  const Watching sne = Begin(watches, kSne);
  const Watching comar = Begin(watches, kComar);
  StepToTheEnd(watches);
  // The state of case 1 knows no referral, so what the log tells of it cannot be shown.
  EXPECT_THAT(sne.agency->Take(), ElementsAre(0));
  EXPECT_EQ(Describe(sne.agency->end()), "error NOT_FOUND REFERRAL_NOT_FOUND");
  EXPECT_TRUE(comar.agency->end().ok()) << "it is not concerned";
  store_.fault = absl::UnavailableError("busy");
  StepToTheEnd(watches);
  EXPECT_EQ(comar.agency->end().code(), absl::StatusCode::kUnavailable);
}

TEST_F(WatchTest, IsToldOfCommitsAndOfTheStopByAThread) {
  ReferralWatches watches(domain_, store_);
  watches.Start();
  const Watching sne = Begin(watches, kSne);
  for (int i = 0; i < 5; ++i) {
    Submit(i, kSne);
    watches.Notify();
    EXPECT_TRUE(testing_support::Eventually(
        [&] { return static_cast<int>(sne.agency->read().size()) == i + 1; }));
  }
  watches.Stop();
  watches.Stop();
  EXPECT_EQ(Describe(sne.agency->end()), "error UNAVAILABLE STOPPING");
  const auto late = watches.Begin(kSne, "", std::make_shared<Agency>(true));
  EXPECT_EQ(Describe(late.status()), "error UNAVAILABLE STOPPING");
}

TEST_F(WatchTest, ASlowAgencyIsReadForAgainByTheThread) {
  for (int i = 0; i < 50; ++i) Submit(i, kSne);
  ReferralWatches::Limits limits = SmallPages();
  limits.outbox_bytes_max = 1'000;
  ReferralWatches watches(domain_, store_, limits);
  watches.Start();
  const Watching slow = Begin(watches, kSne, "", /*takes_all=*/false);
  for (size_t i = 1; i <= 50; ++i) {
    EXPECT_TRUE(testing_support::Eventually([&] { return slow.agency->read().size() == i; }));
    slow.watch->Ready();
  }
}

}  // namespace
}  // namespace pathways::referral
