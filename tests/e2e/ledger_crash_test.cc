// Goal: SIGKILL of the real process at any crash point, while two officers put a version of the
// policies, the facts or the routes in force and the cases are decided again by it, loses nothing
// and doubles nothing: the version is in force once, each case is decided by it once, and who
// waited for a route is referred once. Method: cases are registered; `pathways serve` is killed on
// the n-th hit of each point, which comes with the proposal, with the confirmation or with what
// follows; it is started again, and the officers repeat the calls that were not answered, and the
// confirmation in any case; then the history checker reads the stores. A confirmation that is
// repeated after the next version is answered with the version that it made. Batches are small, so
// that a kill comes between them.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/referral/v1/events.pb.h"
#include "services/base/faults.h"
#include "tests/support/answers.h"
#include "tests/support/caller.h"
#include "tests/support/history.h"
#include "tests/support/ledger_moves.h"
#include "tests/support/serve_process.h"
#include "tests/support/stores.h"

namespace pathways {
namespace {

using testing_support::Caller;
using testing_support::CheckHistory;
using testing_support::ConfirmVersion;
using testing_support::EndedBy;
using testing_support::History;
using testing_support::kConfirmer;
using testing_support::kPatience;
using testing_support::kProposer;
using testing_support::MovedLedger;
using testing_support::ProposeVersion;
using testing_support::ServeFolder;
using testing_support::ServeOptions;
using testing_support::ServeProcess;
using testing_support::Stores;
using testing_support::Verdict;

constexpr int kCases = 12;
constexpr int kRowsMax = 10'000;
constexpr char kPull[] = "puller.before_submit";
constexpr absl::Duration kLook = absl::Milliseconds(20);
constexpr absl::Duration kVain = absl::Seconds(5);

// A ledger, a point, and the hit on which the process is killed there.
using Crash = std::tuple<MovedLedger, std::string, int>;

class LedgerCrashTest : public testing::TestWithParam<Crash> {
 protected:
  MovedLedger ledger() const { return std::get<0>(GetParam()); }
  const std::string& point() const { return std::get<1>(GetParam()); }
  int hit() const { return std::get<2>(GetParam()); }
  // The puller is needed only where the bus loses something.
  bool Loses() const { return point() == kPull; }
  // The version under which the cases are registered. By the second of the routes nobody takes
  // work: they wait for the third.
  int before() const { return ledger() == MovedLedger::kRoutes ? 2 : 1; }
  int after() const { return before() + 1; }

  static ServeOptions Options() {
    return {.flags = {"--sweep-seconds", "1", "--batch-max", "3"}, .environment = {}};
  }

  // Until nothing is missing. False: the process ended, or not in time.
  bool WaitUntilClean(ServeProcess& process, absl::Duration limit = kPatience) {
    Stores stores(folder_.data());
    const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(limit);
    for (;;) {
      if (stores.HaveCaughtUp()) {  // Less is read for it.
        verdict_ = CheckHistory(folder_.data(), folder_.log(), history_);
        if (verdict_.IsClean()) return true;
      }
      const bool is_late = std::chrono::steady_clock::now() > deadline;
      if (process.WaitForEnd(kLook) || is_late) return false;
    }
  }

  // Goes on with what was not answered; the confirmation is repeated also where it was.
  absl::Status PutInForce(const ServeProcess& process, int version) {
    const Caller first(folder_, process, kProposer);
    const Caller second(folder_, process, kConfirmer);
    if (digest_.empty()) {
      const auto proposal = ProposeVersion(first, ledger(), version, history_);
      if (!proposal.ok()) return proposal.status();
      digest_ = proposal->digest();
    }
    return ConfirmVersion(second, ledger(), version, digest_, history_).status();
  }

  // A registration of somebody who looks for work.
  absl::Status Register(const ServeProcess& process, int index, bool is_asked = false) {
    const Caller desk(folder_, process, "staff/desk");
    auto request = testing_support::RegistrationOf("ledger", index, history_);
    intake::v1::Person& person = *request.mutable_case_()->mutable_people(0);
    SetAnswer(person, "seeks_work", true);
    if (is_asked) SetAnswer(person, testing_support::kAskedFact, true);
    const auto call = [&] {
      return desk
          .Change("RegisterCase", &intake::v1::IntakeService::Stub::RegisterCase, request, history_)
          .status();
    };
    const absl::Status first = call();
    // The first request after a change of the facts may be held against those before it.
    return cli::FailureOf(first).reason == "CHANGED_MEANWHILE" ? call() : first;
  }

  // The version, and one more case by it; of the facts with an answer that it asks for.
  absl::Status Move(const ServeProcess& process) {
    const absl::Status moved = PutInForce(process, after());
    if (!moved.ok()) return moved;
    return Register(process, kCases, /*is_asked=*/ledger() == MovedLedger::kFacts);
  }

  void RegisterAll() {
    ServeProcess process(folder_, Options());
    ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
    ASSERT_TRUE(WaitUntilClean(process)) << verdict_;  // All have noted the facts.
    for (int version = 2; version <= before(); ++version) {
      const absl::Status applied = PutInForce(process, version);
      ASSERT_TRUE(applied.ok()) << applied;
      first_digest_ = digest_;
      digest_.clear();
    }
    for (int i = 0; i < kCases; ++i) {
      const absl::Status registered = Register(process, i);
      ASSERT_TRUE(registered.ok()) << registered;
    }
    ASSERT_TRUE(WaitUntilClean(process)) << verdict_;
    ASSERT_TRUE(process.Terminate());
  }

  void MoveUntilKilled() {
    ServeOptions options = Options();
    options.environment.push_back(absl::StrCat("PATHWAYS_CRASH_AT=", point(), ":", hit()));
    if (Loses()) options.environment.push_back("PATHWAYS_MUTANT=drop_records");
    ServeProcess process(folder_, options);
    bool reached = !process.WaitUntilServing();
    if (!reached) {
      const absl::Status moved = Move(process);
      ASSERT_TRUE(moved.ok() || absl::IsUnavailable(moved)) << moved;
      // What the bus has lost for good at the end of a log is waited for in vain.
      if (moved.ok()) WaitUntilClean(process, Loses() ? kVain : kPatience);
      // Its connections may be gone a moment before the process is.
      reached = process.WaitForEnd(moved.ok() ? absl::ZeroDuration() : kPatience).has_value();
    }
    if (reached) {
      ASSERT_TRUE(EndedBy(process.WaitForEnd(kPatience), SIGKILL)) << process.Log();
      return;
    }
    // There are not so many hits, or the last of them comes now.
    ASSERT_GT(hit(), 1) << "the crash point was never reached";
    ASSERT_TRUE(process.Terminate() || EndedBy(process.WaitForEnd(kPatience), SIGKILL));
  }

  void MoveToTheEnd() {
    ServeProcess process(folder_, Options());
    ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
    const absl::Status moved = Move(process);
    ASSERT_TRUE(moved.ok()) << moved;
    if (before() > 1) {
      const Caller second(folder_, process, kConfirmer);
      const auto again = ConfirmVersion(second, ledger(), before(), first_digest_, history_);
      ASSERT_TRUE(again.ok()) << again.status();
    }
    ASSERT_TRUE(WaitUntilClean(process)) << verdict_;
    ASSERT_TRUE(process.Terminate());
  }

  // What the last version has to make: a screening of each case, or a referral of each that waited,
  // and two of the one that came after it.
  int DueByTheLast() const {
    switch (ledger()) {
      case MovedLedger::kFacts:
        break;
      case MovedLedger::kPolicies:
        return kCases + 1;
      case MovedLedger::kRoutes:
        return kCases + 2;
    }
    return 0;
  }
  int MadeByTheLast() {
    Stores stores(folder_.data());
    int made = 0;
    const auto rows = stores.Of(ServiceOf(ledger())).store->ReadAfter(0, kRowsMax);
    if (!rows.ok()) return -1;
    for (const engine::EventRow& row : *rows) {
      eligibility::v1::EligibilityEvent screened;
      referral::v1::ReferralEvent referred;
      if (ledger() == MovedLedger::kPolicies && screened.ParseFromString(row.data)) {
        made += screened.case_screened().policy_number() == after() ? 1 : 0;
      } else if (ledger() == MovedLedger::kRoutes && referred.ParseFromString(row.data)) {
        made += referred.referral_submitted().routes_number() == after() ? 1 : 0;
      }
    }
    return made;
  }

  ServeFolder folder_;
  History history_;
  Verdict verdict_;
  std::string digest_;        // Of what was proposed and may not be confirmed yet.
  std::string first_digest_;  // Of the version before.
};

TEST_P(LedgerCrashTest, IsInForceOnceAndEachCaseIsDecidedByItOnce) {
  ASSERT_NO_FATAL_FAILURE(RegisterAll());
  ASSERT_NO_FATAL_FAILURE(MoveUntilKilled());
  ASSERT_NO_FATAL_FAILURE(MoveToTheEnd());
  const Verdict verdict = CheckHistory(folder_.data(), folder_.log(), history_);
  EXPECT_TRUE(verdict.IsClean()) << verdict;
  EXPECT_EQ(MadeByTheLast(), DueByTheLast());
}

std::string NameOf(const testing::TestParamInfo<Crash>& row) {
  std::string name = absl::StrCat(ServiceOf(std::get<0>(row.param)), "_", std::get<1>(row.param));
  for (char& c : name) c = c == '.' ? '_' : c;
  return absl::StrCat(name, "_hit_", std::get<2>(row.param));
}

std::vector<Crash> Rows() {
  std::vector<Crash> rows;
  for (const MovedLedger ledger : testing_support::kMovedLedgers) {
    for (const std::string& point : base::EmbeddedCrashPoints()) {
      for (const int hit : {1, 2, 4}) {
        // What the bus has lost is pulled together.
        if (hit > 1 && point == kPull) continue;
        rows.emplace_back(ledger, point, hit);
      }
    }
  }
  return rows;
}

INSTANTIATE_TEST_SUITE_P(All, LedgerCrashTest, testing::ValuesIn(Rows()), NameOf);

}  // namespace
}  // namespace pathways
