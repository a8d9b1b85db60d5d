// Goal: nothing is lost, doubled or out of order whatever dies, freezes or restarts, and the two
// checkers would say so if it were. Method: two replicas of each program under load. Random faults
// follow a seed: PATHWAYS_CHAOS_SEED and PATHWAYS_CHAOS_SECONDS, which `./dev chaos` sets; the
// history checker reads the databases and the topic check every record. Then deliberate faults,
// each with the occasion that shows it, with self-repair off and on; the table is printed at the
// end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/base/signal.h"
#include "tests/distributed/alarms.h"
#include "tests/distributed/chaos_settings.h"
#include "tests/distributed/deployment.h"
#include "tests/distributed/load.h"
#include "tests/distributed/settle.h"
#include "tests/distributed/topic_check.h"
#include "tests/kafka/kafka_suite.h"
#include "tests/support/postgres_cluster.h"

namespace pathways {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_support::CheckForTexts;
using testing_support::Deployment;
using testing_support::DeploymentOptions;
using testing_support::Fault;
using testing_support::History;
using testing_support::kStillWithRepair;
using testing_support::Load;
using testing_support::ServiceNames;
using testing_support::Settle;
using testing_support::SuiteBroker;
using testing_support::TheCluster;
using testing_support::UnexplainedAlarms;
using testing_support::Verdict;
using testing_support::Verdicts;

constexpr int kReplicas = 2;
constexpr int kReplicasMax = 4;
constexpr std::chrono::seconds kTimeByDefault{15};
// A run that is long enough for it freezes a replica for longer than a session and any call.
constexpr std::chrono::seconds kLongRun{300};
constexpr int64_t kFrozenMaxMs = 15'000;
constexpr int64_t kFrozenMaxInLongRunMs = 60'000;
// In every event of a registration, and no name.
constexpr char kNationality[] = "HTI";
constexpr absl::Duration kStillWithoutRepair = absl::Seconds(9);
// Every version visits every case, of which a longer run has more.
constexpr absl::Duration kOfficersPause = absl::Milliseconds(200);
constexpr int kPausesOfRun = 100;

DeploymentOptions TwoOfEach() {
  DeploymentOptions options;
  options.replicas = kReplicas;
  options.replicas_max = kReplicasMax;
  options.flags = {"--sweep-seconds", "1", "--timers-seconds", "1", "--group-session-seconds", "6"};
  return options;
}

void Pause(absl::Duration time) {
  base::Signal nobody;
  nobody.Wait(time);
}

// Of one metric, over all its labels and all processes.
double Sum(const Deployment& deployment, const std::string& metric) {
  double sum = 0;
  for (const std::string& service : ServiceNames()) {
    for (int replica = 1; replica <= kReplicas; ++replica) {
      const std::string text = deployment.Metrics(service, replica);
      for (const absl::string_view line : absl::StrSplit(text, '\n')) {
        double value = 0;
        if (!absl::StartsWith(line, metric + "{")) continue;
        if (absl::SimpleAtod(line.substr(line.rfind(' ') + 1), &value)) sum += value;
      }
    }
  }
  return sum;
}

// Random faults, one after the other; each is over when the next begins, but for what was frozen
// and for replicas that were added.
class Chaos {
 public:
  Chaos(Deployment& deployment, uint64_t seed, std::chrono::seconds time)
      : deployment_(deployment),
        random_(seed),
        time_(time),
        frozen_max_ms_(time >= kLongRun ? kFrozenMaxInLongRunMs : kFrozenMaxMs) {}

  // False: a program ended that nobody killed, or did not come back.
  bool Run() {
    const auto end = steady_clock::now() + time_;
    while (steady_clock::now() < end && !HasFailed()) {
      Pause(absl::Milliseconds(Below(1000, 5000)));
      Step();
      CheckAllRun();
    }
    while (!later_.empty()) RunLater();
    CheckAllRun();
    return !HasFailed();
  }
  const std::map<std::string, int>& done() const { return done_; }
  const std::string& failure() const { return failure_; }

 private:
  struct Later {
    steady_clock::time_point at;
    std::function<void()> act;
  };

  bool HasFailed() const { return !failure_.empty(); }
  void Require(bool holds, const std::string& what) {
    if (!holds && failure_.empty()) failure_ = what;
  }
  int64_t Below(int64_t from, int64_t to) {
    // Not std::uniform_int_distribution: its numbers are another library's choice.
    return from + static_cast<int64_t>(random_() % static_cast<uint64_t>(to - from));
  }

  // A replica that neither is frozen nor was added.
  std::pair<std::string, int> Victim() {
    for (;;) {
      const std::string& service = ServiceNames()[static_cast<size_t>(Below(0, 3))];
      const int replica = static_cast<int>(Below(1, kReplicas + 1));
      if (frozen_ != std::make_pair(service, replica)) return {service, replica};
    }
  }

  void Step() {
    while (!later_.empty() && later_.front().at <= steady_clock::now()) RunLater();
    const int64_t dice = Below(0, 100);
    if (dice < 40) {
      Kill();
    } else if (dice < 52) {
      Stop();
    } else if (dice < 62) {
      Freeze();
    } else if (dice < 70) {
      Scale();
    } else if (dice < 78) {
      KillBroker();
    } else if (dice < 82) {
      FreezeFor("broker frozen", [](int signal) { SuiteBroker()->Signal(signal); });
    } else if (dice < 90) {
      CrashDatabase();
    } else if (dice < 94) {
      FreezeFor("database frozen", [](int signal) {
        signal == SIGSTOP ? TheCluster().Freeze() : TheCluster().Thaw();
      });
    } else {
      ++done_["connections cut"];
      TheCluster().CutConnections();
    }
  }

  void RunLater() {
    const Later next = later_.front();
    later_.pop_front();
    Pause(absl::FromChrono(std::max(next.at - steady_clock::now(), steady_clock::duration(0))));
    next.act();
  }
  void DoIn(absl::Duration time, std::function<void()> act) {
    later_.push_back({steady_clock::now() + absl::ToChronoMilliseconds(time), std::move(act)});
  }

  void Kill() {
    const auto [service, replica] = Victim();
    ++done_["killed " + service];
    deployment_.Kill(service, replica);
    Require(deployment_.Restart(service, replica), "no restart of " + service);
  }
  void Stop() {
    const auto [service, replica] = Victim();
    ++done_["stopped " + service];
    Require(deployment_.Terminate(service, replica), "no clean stop of " + service);
    Require(deployment_.Launch(service, replica), "no restart of " + service);
  }
  // Longer than a session of the group, so that others take over and it wakes up late.
  void Freeze() {
    if (frozen_.second != 0) return;
    frozen_ = Victim();
    ++done_["frozen " + frozen_.first];
    deployment_.Signal(frozen_.first, frozen_.second, SIGSTOP);
    DoIn(absl::Milliseconds(Below(1000, frozen_max_ms_)), [this] {
      deployment_.Signal(frozen_.first, frozen_.second, SIGCONT);
      frozen_ = {};
    });
  }
  // One of each for some seconds, then four, then two again.
  void Scale() {
    // Whoever is left must not be frozen.
    if (is_scaled_ || frozen_.second != 0) return;
    is_scaled_ = true;
    ++done_["scaled to 1, 4 and 2"];
    StopAbove(1);
    Pause(absl::Milliseconds(Below(2000, 5000)));
    ForAbove(1, [this](const std::string& service, int replica) {
      Require(deployment_.Launch(service, replica), "no start of one more " + service);
    });
    DoIn(absl::Milliseconds(Below(3000, 10000)), [this] {
      StopAbove(kReplicas);
      is_scaled_ = false;
    });
  }
  void StopAbove(int replicas) {
    ForAbove(replicas, [this](const std::string& service, int replica) {
      if (!deployment_.IsRunning(service, replica)) return;
      Require(deployment_.Terminate(service, replica), "no stop of one more " + service);
    });
  }
  static void ForAbove(int replicas, const std::function<void(const std::string&, int)>& act) {
    for (int replica = replicas + 1; replica <= kReplicasMax; ++replica) {
      for (const std::string& service : ServiceNames()) act(service, replica);
    }
  }
  void KillBroker() {
    ++done_["broker killed"];
    SuiteBroker()->Kill();
    Pause(absl::Milliseconds(Below(0, 3000)));
    const absl::Status restarted = SuiteBroker()->Restart();
    Require(restarted.ok(), std::string(restarted.message()));
  }
  void CrashDatabase() {
    ++done_["database crashed"];
    TheCluster().Crash();
    Pause(absl::Milliseconds(Below(0, 3000)));
    TheCluster().Start();
  }
  void FreezeFor(const char* name, const std::function<void(int)>& send) {
    ++done_[name];
    send(SIGSTOP);
    Pause(absl::Milliseconds(Below(500, 8000)));
    send(SIGCONT);
  }

  void CheckAllRun() {
    for (const std::string& service : ServiceNames()) {
      for (int replica = 1; replica <= (is_scaled_ ? kReplicasMax : kReplicas); ++replica) {
        Require(deployment_.IsRunning(service, replica),
                absl::StrCat(service, " ", replica, " ended by itself"));
      }
    }
  }

  Deployment& deployment_;
  std::mt19937_64 random_;
  const std::chrono::seconds time_;
  const int64_t frozen_max_ms_;
  std::pair<std::string, int> frozen_;
  bool is_scaled_ = false;
  std::deque<Later> later_;
  std::map<std::string, int> done_;
  std::string failure_;
};

// No name of a person is anywhere where it must not be: in no record, in no metric. Logs and files
// are the history checker's.
void ExpectNoPlainName(const Deployment& deployment, const History& history) {
  EXPECT_FALSE(CheckForTexts(deployment.prefix(), {kNationality}).IsClean())
      << "what is there is not found";
  const Verdict verdict = CheckForTexts(deployment.prefix(), history.planted());
  EXPECT_TRUE(verdict.IsClean()) << verdict;
  for (const std::string& service : ServiceNames()) {
    for (int replica = 1; replica <= kReplicas; ++replica) {
      const std::string metrics = deployment.Metrics(service, replica);
      EXPECT_THAT(metrics, HasSubstr("pathways_")) << service << " " << replica;
      for (const std::string& text : history.planted()) EXPECT_THAT(metrics, Not(HasSubstr(text)));
    }
  }
}

TEST(ChaosTest, RandomFaultsLoseAndDoubleNothing) {
  const uint64_t seed = testing_support::ChaosSeed();
  const std::chrono::seconds time = testing_support::ChaosTime().value_or(kTimeByDefault);
  Deployment deployment(TwoOfEach());
  ASSERT_TRUE(deployment.Start()) << deployment.Logs();
  History history;
  Load load(deployment, kReplicas,
            {.pause = absl::Milliseconds(100),
             .has_agency = true,
             .officers_pause = std::max(kOfficersPause, absl::FromChrono(time) / kPausesOfRun)},
            history);
  Chaos chaos(deployment, seed, time);
  EXPECT_TRUE(chaos.Run()) << chaos.failure() << "\n" << deployment.Logs();
  load.Finish();
  const Verdicts found = Settle(deployment, history, kStillWithRepair);
  std::cout << "seed " << seed << ", " << time.count() << " s\n";
  for (const auto& [what, count] : chaos.done()) {
    std::cout << "  " << std::setw(6) << count << "  " << what << "\n";
  }
  std::cout << "  " << std::setw(6) << load.calls() << "  calls, " << load.cases() << " cases, "
            << load.accepted() << " referrals accepted, " << load.versions()
            << " versions of ledgers\n"
            << "  " << std::setw(6) << Sum(deployment, "pathways_stale_positions_total")
            << "  stale positions\n"
            << found << "\n";
  EXPECT_TRUE(found.IsClean()) << deployment.Logs();
  EXPECT_EQ(load.refused(), 0) << load.refusals();
  EXPECT_EQ(load.unanswered(), 0);
  EXPECT_GT(load.accepted(), 0);
  EXPECT_GT(load.versions(), 0);
  // Nothing was lost or stopped, so nobody may have said so, not even a process that has died
  // since.
  EXPECT_EQ(Sum(deployment, "pathways_upstream_tail_lost"), 0);
  EXPECT_EQ(Sum(deployment, "pathways_version_stopped"), 0);
  EXPECT_THAT(UnexplainedAlarms(deployment.Logs()), IsEmpty());
  ExpectNoPlainName(deployment, history);
}

// A deliberate fault and what brings it to light.
struct Mutant {
  std::string name;
  std::string fault;     // Empty: none.
  std::string crash_in;  // A service whose first replica dies at `crash_at`.
  std::string crash_at;
  bool changes = true;  // False: what is lost is the last of its case, and nothing waits for it.
  bool kills_broker = false;
  bool alarms = false;  // With self-repair on, the operator hears of it.
  std::string sees;     // What a finding or an alarm has to say. Empty: any finding will do.
  int desks = 6;
  std::chrono::seconds load{3};
};

const std::vector<Mutant>& Mutants() {
  static const auto& mutants = *new std::vector<Mutant>{
      {"none", "", "intake", "relay.after_publish:3"},
      {.name = "position before effect",
       .fault = "position_before_effect",
       .crash_in = "eligibility",
       .crash_at = "consumer.before_submit:5",
       .changes = false},
      {"duplicate check removed", "skip_duplicate_check", "intake", "relay.after_publish:3"},
      {"publish before commit", "publish_before_commit", "intake", "store.before_commit:5"},
      {.name = "no commit order",
       .fault = "postgres.no_commit_order_lock",
       .desks = 16,
       .load = std::chrono::seconds(10)},
      {.name = "two relay workers", .fault = "relay_two_workers"},
      {.name = "one event dropped", .fault = "relay_drop", .changes = false, .alarms = true},
      {.name = "acks=0", .fault = "acks_0", .kills_broker = true},
      {.name = "version not stored",
       .fault = "confirm_unstored",
       .sees = "ConfirmPolicy",
       .desks = 2},
      {.name = "told another version",
       .fault = "confirm_answers_last",
       .sees = "was answered with what it did not make: factVersions/",
       .desks = 2},
      {.name = "proposed twice",
       .fault = "no_request_ids",
       .sees = "service/policy-ledger.proposals: ",
       .desks = 2},
      {.name = "nobody is decided again",
       .fault = "no_rescreening",
       .sees = "decided by version ",
       .desks = 2},
      {.name = "rules not held",
       .fault = "postgres.no_rules_lock",
       .sees = ", which was not in force",
       .desks = 16,
       .load = std::chrono::seconds(10)},
      {.name = "catalogue noted twice",
       .fault = "skip_duplicate_check",
       .crash_in = "intake",
       .crash_at = "relay.after_publish:3",
       .sees = "service/fact-catalogue: noted ",
       .desks = 0},
      {.name = "stopped for no reason",
       .fault = "ceiling_of_none",
       .sees = "is brought to no further case",
       .desks = 2},
  };
  return mutants;
}

// Rows of the two tables, printed when the program ends.
class Tables : public testing::Environment {
 public:
  static void Add(bool repairs, const std::string& name, const Verdicts& found, bool is_caught) {
    std::ostringstream row;
    row << "  " << std::left << std::setw(26) << name << std::right;
    for (const Verdict* verdict : {&found.effects, &found.topics}) {
      for (const Fault fault :
           {Fault::kLost, Fault::kDoubled, Fault::kOutOfOrder, Fault::kUnexpected}) {
        row << std::setw(6) << verdict->Count(fault);
      }
      row << "  |";
    }
    row << std::setw(6) << found.effects.Count(Fault::kWaiting) << "  "
        << (is_caught ? "caught" : "-") << "\n";
    Rows()[repairs] += row.str();
  }
  void TearDown() override {
    for (const auto& [repairs, rows] : Rows()) {
      std::cout << "self-repair " << (repairs ? "on" : "off") << "\n"
                << "                            databases                 topics\n"
                << "                              lost   dbl order unexp  |  lost   dbl order unexp"
                << "  |  wait\n"
                << rows;
    }
  }

 private:
  static std::map<bool, std::string>& Rows() {
    static auto& rows = *new std::map<bool, std::string>();
    return rows;
  }
};

const testing::Environment* const kTables = testing::AddGlobalTestEnvironment(new Tables());

class MutantTest : public testing::TestWithParam<std::tuple<Mutant, bool>> {};

// Whatever dies by its crash point comes back without it.
void RestartAfterCrash(Deployment& deployment, const std::string& service) {
  ASSERT_TRUE(testing_support::Eventually([&] { return !deployment.IsRunning(service, 1); }))
      << "the crash point was never reached";
  ASSERT_TRUE(deployment.Launch(service, 1));
}

// Acknowledged by nobody: what lies in the broker's sockets when it dies.
void KillBrokerUnderLoad() {
  SuiteBroker()->Signal(SIGSTOP);
  Pause(absl::Seconds(1));
  SuiteBroker()->Kill();
  const absl::Status restarted = SuiteBroker()->Restart();
  ASSERT_TRUE(restarted.ok()) << restarted;
}

TEST_P(MutantTest, IsCaught) {
  const auto& [mutant, repairs] = GetParam();
  DeploymentOptions options = TwoOfEach();
  if (!mutant.fault.empty()) options.environment.push_back("PATHWAYS_MUTANT=" + mutant.fault);
  if (!repairs) options.environment.emplace_back("PATHWAYS_REPAIR=off");
  if (!mutant.crash_in.empty()) {
    options.at_first[mutant.crash_in] = {"PATHWAYS_CRASH_AT=" + mutant.crash_at};
  }
  Deployment deployment(options);
  ASSERT_TRUE(deployment.Start()) << deployment.Logs();
  History history;
  {
    Load load(deployment, kReplicas,
              {.desks = mutant.desks,
               .changes = mutant.changes,
               .officers_pause = absl::Milliseconds(50)},
              history);
    Pause(absl::FromChrono(mutant.load) / 2);
    if (mutant.kills_broker) {
      ASSERT_NO_FATAL_FAILURE(KillBrokerUnderLoad());
    }
    if (!mutant.crash_in.empty()) {
      ASSERT_NO_FATAL_FAILURE(RestartAfterCrash(deployment, mutant.crash_in));
    }
    Pause(absl::FromChrono(mutant.load) / 2);
    load.Finish();
  }
  const Verdicts found = Settle(deployment, history, kStillWithoutRepair);
  // Without self-repair even a healthy build may wait, where one upstream overtakes the other.
  const auto waiting = static_cast<size_t>(found.effects.Count(Fault::kWaiting));
  const std::vector<std::string> alarms = UnexplainedAlarms(deployment.Logs());
  const bool is_caught =
      found.effects.findings.size() > waiting || !found.topics.findings.empty() || !alarms.empty();
  Tables::Add(repairs, mutant.name, found, is_caught);
  if (mutant.alarms && repairs) {
    EXPECT_TRUE(found.effects.IsClean()) << found << deployment.Logs();
    EXPECT_TRUE(absl::StrContains(deployment.Logs(), "\"sweep_found_missing\""));
    EXPECT_GT(Sum(deployment, "pathways_swept_missing_total"), 0);
  }
  if (mutant.fault.empty()) {
    EXPECT_FALSE(is_caught) << found << testing::PrintToString(alarms);
  } else if (!repairs) {
    EXPECT_TRUE(is_caught) << "the checkers do not see it";
    std::ostringstream said;
    said << found << testing::PrintToString(alarms);
    EXPECT_THAT(said.str(), HasSubstr(mutant.sees));
  }
}

INSTANTIATE_TEST_SUITE_P(All, MutantTest,
                         testing::Combine(testing::ValuesIn(Mutants()), testing::Bool()),
                         [](const testing::TestParamInfo<std::tuple<Mutant, bool>>& info) {
                           std::string name = std::get<0>(info.param).fault;
                           if (name.empty()) name = "none";
                           if (std::get<0>(info.param).desks == 0) name += "_of_officers";
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name + (std::get<1>(info.param) ? "_repaired" : "");
                         });

}  // namespace
}  // namespace pathways
