// Goal: SIGKILL of the real process at any crash point, while the policies are changed and the
// cases are screened again, loses no case and screens none twice. Method: cases are registered;
// `pathways serve` is killed on the n-th hit of each point while `current` is applied, is started
// again, and the officer repeats the call under the same request id; then the stores must hold one
// screening of each case by each version, and one hold. Batches are small, so that a kill comes
// between them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pathways/eligibility/v1/eligibility_service.grpc.pb.h"
#include "services/base/clock.h"
#include "services/base/faults.h"
#include "services/base/ids.h"
#include "services/type/dates.h"
#include "services/type/desk.h"
#include "tests/support/caller.h"
#include "tests/support/history.h"
#include "tests/support/policy_switch.h"
#include "tests/support/serve_process.h"
#include "tests/support/stores.h"
#include "tests/support/switch_check.h"
#include "tests/support/two_officers.h"

namespace pathways {
namespace {

using eligibility::v1::EligibilityService;
using testing::IsEmpty;
using testing_support::Caller;
using testing_support::EndedBy;
using testing_support::kPatience;
using testing_support::ServeFolder;
using testing_support::ServeOptions;
using testing_support::ServeProcess;
using testing_support::Stores;

constexpr int kCases = 12;
constexpr absl::Duration kLook = absl::Milliseconds(5);
constexpr absl::Duration kVain = absl::Seconds(5);

// One of three is for Mexico, and stays as it is.
bool IsMexican(int index) { return index % 3 == 0; }

// A point and the hit on which the process is killed there.
using Crash = std::tuple<std::string, int>;

class PolicyCrashTest : public testing::TestWithParam<Crash> {
 protected:
  const std::string& point() const { return std::get<0>(GetParam()); }
  int hit() const { return std::get<1>(GetParam()); }
  // The puller is needed only where the bus loses something.
  bool Loses() const { return point() == "puller.before_submit"; }

  static ServeOptions Options() {
    return {.flags = {"--sweep-seconds", "1", "--batch-max", "3"}, .environment = {}};
  }

  // Until every case is screened by this version and all is followed. False: the process ended, or
  // not in time.
  bool WaitUntilScreenedBy(int64_t version, ServeProcess& process,
                           absl::Duration limit = kPatience) {
    Stores stores(folder_.data());
    const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(limit);
    while (!AreScreenedBy(stores, version) || !stores.HaveCaughtUp()) {
      const bool is_late = std::chrono::steady_clock::now() > deadline;
      if (process.WaitForEnd(kLook) || is_late) return false;
    }
    return true;
  }

  absl::StatusOr<std::string> Register(const Caller& desk, int index) {
    auto request = testing_support::RegistrationOf("policy", index, history_);
    intake::v1::Person& person = *request.mutable_case_()->mutable_people(0);
    if (IsMexican(index)) {
      // Lately, by the clock of the process: the filing period runs.
      const absl::CivilDay today = type::DeskDay(type::kDefaultPlace, base::SystemClock().Now());
      testing_support::MakeMexicanCase(type::FromDay(today - 7), person);
    } else {
      testing_support::MakeUnitedStatesCase("VEN", person);
    }
    const auto registered = desk.Call(&intake::v1::IntakeService::Stub::RegisterCase, request);
    if (!registered.ok()) return registered.status();
    return registered->name().substr(registered->name().find('/') + 1);
  }

  void RegisterAll() {
    ServeProcess process(folder_, Options());
    ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
    {
      // Gone before the process is: an idle connection would keep it for seconds.
      const Caller desk(folder_, process, "staff/desk");
      for (int i = 0; i < kCases; ++i) {
        const absl::StatusOr<std::string> id = Register(desk, i);
        ASSERT_TRUE(id.ok()) << id.status();
        holds_[*id] = IsMexican(i) ? "" : testing_support::kSuspended;
      }
    }
    ASSERT_TRUE(WaitUntilScreenedBy(1, process));
    ASSERT_TRUE(process.Terminate());
  }

  absl::Status Apply(const ServeProcess& process) {
    eligibility::v1::ProposePolicyRequest request;
    *request.mutable_pack() = testing_support::PackNamed("current");
    request.set_reason_code("RULE_CHANGED");
    request.set_request_id(base::UuidOf("apply"));
    const Caller first(folder_, process, "staff/policy");
    const Caller second(folder_, process, "staff/policy-2");
    const absl::Status status =
        testing_support::ApplyAsTwo(first, second, &EligibilityService::Stub::ProposePolicy,
                                    &EligibilityService::Stub::ConfirmPolicy, request)
            .status();
    // What was confirmed before the process was killed, and not answered.
    const bool is_done = cli::FailureOf(status).reason == "POLICY_IN_FORCE";
    return is_done ? absl::OkStatus() : status;
  }

  void ApplyUntilKilled() {
    ServeOptions options = Options();
    options.environment.push_back(absl::StrCat("PATHWAYS_CRASH_AT=", point(), ":", hit()));
    if (Loses()) options.environment.push_back("PATHWAYS_MUTANT=drop_records");
    ServeProcess process(folder_, options);
    bool reached = !process.WaitUntilServing();
    if (!reached) {
      const absl::Status applied = Apply(process);
      ASSERT_TRUE(applied.ok() || absl::IsUnavailable(applied)) << applied;
      // What the bus has lost for good at the end of a log is waited for in vain.
      if (applied.ok()) WaitUntilScreenedBy(2, process, Loses() ? kVain : kPatience);
      // Its connections may be gone a moment before the process is.
      reached = process.WaitForEnd(applied.ok() ? absl::ZeroDuration() : kPatience).has_value();
    }
    if (reached) {
      ASSERT_TRUE(EndedBy(process.WaitForEnd(kPatience), SIGKILL)) << process.Log();
      return;
    }
    // There are not so many hits, or the last of them comes now.
    ASSERT_GT(hit(), 1) << "the crash point was never reached";
    ASSERT_TRUE(process.Terminate() || EndedBy(process.WaitForEnd(kPatience), SIGKILL));
  }

  void ApplyToTheEnd() {
    ServeProcess process(folder_, Options());
    ASSERT_TRUE(process.WaitUntilServing()) << process.Log();
    const absl::Status applied = Apply(process);
    ASSERT_TRUE(applied.ok()) << applied;
    ASSERT_TRUE(WaitUntilScreenedBy(2, process));
    ASSERT_TRUE(process.Terminate());
  }

  ServeFolder folder_;
  testing_support::History history_;
  std::map<std::string, std::string> holds_;  // By case.
};

TEST_P(PolicyCrashTest, EveryCaseIsScreenedByTheNewVersionOnce) {
  ASSERT_NO_FATAL_FAILURE(RegisterAll());
  ASSERT_NO_FATAL_FAILURE(ApplyUntilKilled());
  ASSERT_NO_FATAL_FAILURE(ApplyToTheEnd());
  Stores stores(folder_.data());
  EXPECT_THAT(FaultsAfterSwitch(stores, holds_), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, PolicyCrashTest,
                         testing::Combine(testing::ValuesIn(base::EmbeddedCrashPoints()),
                                          testing::Values(1, 2, 3, 5)),
                         [](const testing::TestParamInfo<Crash>& row) {
                           std::string name = std::get<0>(row.param);
                           for (char& c : name) c = c == '.' ? '_' : c;
                           return absl::StrCat(name, "_hit_", std::get<1>(row.param));
                         });

}  // namespace
}  // namespace pathways
