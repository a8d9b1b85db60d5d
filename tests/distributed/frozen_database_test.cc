// Goal: while PostgreSQL stands still, every call at a service ends UNAVAILABLE with RetryInfo
// within the store's limit, and none runs into its own deadline; once PostgreSQL goes on the
// service recovers by itself, and what was answered OK has its effect once. Method: desks that
// register and desks that read, at a real intake, while every process of the server is stopped for
// longer than an operation may take: 30 s in `./dev chaos`, less in `./dev test`.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/signal.h"
#include "services/cli/client.h"
#include "services/engine/store/postgres.h"
#include "tests/distributed/chaos_settings.h"
#include "tests/distributed/deployment.h"
#include "tests/distributed/settle.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_cluster.h"

namespace pathways {
namespace {

using intake::v1::IntakeService;
using std::chrono::steady_clock;
using testing_support::Caller;
using testing_support::Deployment;
using testing_support::Eventually;
using testing_support::History;
using testing_support::TheCluster;
using testing_support::Verdicts;

// Some of each wait behind others.
constexpr int kWriters = 8;
constexpr int kReaders = 8;
constexpr absl::Duration kFrozenInChaos = absl::Seconds(30);
// A COMMIT without an answer is looked for as long again, and what waits behind it waits with it.
const absl::Duration kAnswerMax = 2 * engine::PostgresOptions().operation_max;
// Longer than that: where all writers are in one COMMIT, none is told anything before.
const absl::Duration kFrozenInTest = kAnswerMax + absl::Seconds(1);
const absl::Duration kReadMax = engine::PostgresOptions().operation_max;
constexpr absl::Duration kMargin = absl::Seconds(2);
constexpr absl::Duration kTryAgain = absl::Milliseconds(20);

struct Ended {
  bool is_read;
  steady_clock::time_point from;
  steady_clock::time_point to;
  absl::Status status;
  absl::Duration Took() const { return absl::FromChrono(to - from); }
};

// Desks at one intake, each with one call at a time, which is repeated until it is answered OK.
class Desks {
 public:
  Desks(const Deployment& deployment, std::string known, History& history)
      : deployment_(deployment), known_(std::move(known)), history_(history) {
    for (int i = 0; i < kWriters; ++i) threads_.emplace_back([this, i] { Register(i); });
    for (int i = 0; i < kReaders; ++i) threads_.emplace_back([this] { Read(); });
  }
  ~Desks() { Finish(); }

  void Finish() {
    stop_.Stop();
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  std::vector<Ended> ended() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return ended_;
  }
  int registered() const { return registered_; }

 private:
  template <typename Call>
  bool Time(bool is_read, Call call) {
    const auto from = steady_clock::now();
    const absl::Status status = call();
    std::lock_guard<std::mutex> lock(mutex_);
    ended_.push_back({is_read, from, steady_clock::now(), status});
    return status.ok();
  }
  void Register(int desk) {
    const Caller caller = deployment_.CallerTo("intake");
    base::Signal pause;
    for (int index = 0; !stop_.stopped(); ++index) {
      const auto request =
          testing_support::RegistrationOf(absl::StrCat("frozen", desk), index, history_);
      while (!Time(/*is_read=*/false, [&] {
        return caller.Change("RegisterCase", &IntakeService::Stub::RegisterCase, request, history_)
            .status();
      })) {
        pause.Wait(kTryAgain);
      }
      ++registered_;
      stop_.Wait(kTryAgain);
    }
  }
  void Read() {
    const Caller caller = deployment_.CallerTo("intake");
    intake::v1::GetCaseStatusRequest request;
    request.set_name(known_ + "/status");
    do {
      Time(/*is_read=*/true,
           [&] { return caller.Call(&IntakeService::Stub::GetCaseStatus, request).status(); });
    } while (stop_.Wait(kTryAgain));
  }

  const Deployment& deployment_;
  const std::string known_;  // A case to read.
  History& history_;
  base::Signal stop_;
  std::atomic<int> registered_ = 0;
  mutable std::mutex mutex_;  // Guards ended_.
  std::vector<Ended> ended_;
  std::vector<std::thread> threads_;
};

// What was answered while the server stood still, and how long any call took.
void ExpectShed(const std::vector<Ended>& ended, steady_clock::time_point frozen,
                steady_clock::time_point thawed) {
  int shed[2] = {0, 0};
  absl::Duration longest[2];
  for (const Ended& call : ended) {
    longest[call.is_read] = std::max(longest[call.is_read], call.Took());
    const bool is_frozen = call.from >= frozen && call.to <= thawed;
    EXPECT_FALSE(is_frozen && call.status.ok()) << "by a server that stands still";
    if (call.status.ok()) continue;
    ++shed[call.is_read];
    EXPECT_TRUE(absl::IsUnavailable(call.status)) << call.status;
    EXPECT_GT(cli::FailureOf(call.status).retry_after, absl::ZeroDuration()) << call.status;
  }
  std::cout << shed[0] << " changes were told to come back, the longest took " << longest[0] << "; "
            << shed[1] << " reads, " << longest[1] << "\n";
  EXPECT_GE(shed[0], kWriters);
  EXPECT_GE(shed[1], kReaders);
  EXPECT_LE(longest[0], kAnswerMax + kMargin);
  EXPECT_LE(longest[1], kReadMax + kMargin);
}

TEST(FrozenDatabaseTest, EveryCallIsToldToComeBackAndNothingIsLost) {
  Deployment deployment({.flags = {"--sweep-seconds", "1"}});
  ASSERT_TRUE(deployment.Start()) << deployment.Logs();
  History history;
  const auto known = deployment.CallerTo("intake").Change(
      "RegisterCase", &IntakeService::Stub::RegisterCase,
      testing_support::RegistrationOf("known", 0, history), history);
  ASSERT_TRUE(known.ok()) << known.status();
  Desks desks(deployment, known->name(), history);
  ASSERT_TRUE(Eventually([&] { return desks.registered() >= 2 * kWriters; }));
  const bool is_chaos = testing_support::ChaosTime().has_value();
  TheCluster().Freeze();
  const auto frozen = steady_clock::now();
  base::Signal nobody;
  nobody.Wait(is_chaos ? kFrozenInChaos : kFrozenInTest);
  const auto thawed = steady_clock::now();
  TheCluster().Thaw();
  const int before = desks.registered();
  EXPECT_TRUE(Eventually([&] { return desks.registered() >= before + 2 * kWriters; }))
      << deployment.Logs();
  desks.Finish();
  ExpectShed(desks.ended(), frozen, thawed);
  const Verdicts found = Settle(deployment, history, testing_support::kStillWithRepair);
  EXPECT_TRUE(found.IsClean()) << found << "\n" << deployment.Logs();
}

}  // namespace
}  // namespace pathways
