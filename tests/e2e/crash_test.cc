// Goal: SIGKILL at any crash point loses nothing and doubles nothing. Method: a process is killed
// on the n-th hit of each point, started again, and repeats its calls; then the stores are read:
// one case per request, one screening, one referral, one receipt, every number applied once.
// A build without the duplicate check must be caught by the same reading.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "services/runtime/faults.h"
#include "tests/support/road.h"
#include "tests/support/temp_folder.h"

namespace pathways {
namespace {

using runtime::EventRow;
using testing_support::Road;
using testing_support::TempFolder;

constexpr int kCases = 5;

// Runs the program to its end; the wait status.
int RunProgram(const std::string& folder, const std::string& variable, const std::string& value) {
  const pid_t child = fork();
  if (child == 0) {
    if (!variable.empty()) setenv(variable.c_str(), value.c_str(), 1);
    const std::string cases = std::to_string(kCases);
    execl(PATHWAYS_ROAD_PROGRAM, PATHWAYS_ROAD_PROGRAM, folder.c_str(), cases.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

bool Exited(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

// All events of a service, in commit order.
std::vector<EventRow> EventsOf(testing_support::Service& service) {
  return *service.store->ReadAfter(0, 10000);
}

int Count(const std::vector<EventRow>& events, const std::string& stream, const std::string& type) {
  int count = 0;
  for (const EventRow& event : events) count += event.stream == stream && event.type == type;
  return count;
}

// What is wrong with the stores, in words. Empty: nothing.
std::vector<std::string> Faults(const std::string& folder) {
  Road road(folder);
  std::vector<std::string> faults;
  const std::vector<EventRow> registered = EventsOf(road.intake());
  if (registered.size() != kCases) {
    faults.push_back(absl::StrCat(registered.size(), " registrations"));
  }
  const std::vector<EventRow> screened = EventsOf(road.eligibility());
  const std::vector<EventRow> referred = EventsOf(road.referral());
  for (const EventRow& event : registered) {
    const std::string& id = event.stream;
    const int screenings = Count(screened, id, "pathways.eligibility.v1.CaseScreened");
    const int referrals = Count(referred, id, "pathways.referral.v1.ReferralSubmitted");
    const int receipts = Count(referred, id, "pathways.referral.v1.ReferralChanged");
    if (screenings != 1) faults.push_back(absl::StrCat(id, ": ", screenings, " screenings"));
    if (referrals != 1) faults.push_back(absl::StrCat(id, ": ", referrals, " referrals"));
    if (receipts != 1) faults.push_back(absl::StrCat(id, ": ", receipts, " receipts"));
    for (testing_support::Service* service : {&road.eligibility(), &road.referral()}) {
      const runtime::StreamRow row = *service->store->ReadState(id);
      if (!row.parked_reason.empty()) faults.push_back(absl::StrCat(id, ": ", row.parked_reason));
      for (const auto& [upstream, applied] : row.applied) {
        if (applied.fingerprints.size() != 4 * static_cast<size_t>(applied.number)) {
          faults.push_back(absl::StrCat(id, ": ", upstream, " applied out of number"));
        }
      }
    }
  }
  return faults;
}

class CrashPoint : public testing::TestWithParam<std::string> {};

TEST_P(CrashPoint, LosesAndDoublesNothing) {
  for (const int hit : {1, 2, 4}) {
    TempFolder folder;
    const int killed =
        RunProgram(folder.path(), "PATHWAYS_CRASH_AT", absl::StrCat(GetParam(), ":", hit));
    // A point that was not reached that often lets the program end by itself.
    ASSERT_TRUE(Exited(killed) || (WIFSIGNALED(killed) && WTERMSIG(killed) == SIGKILL)) << killed;
    if (hit == 1 && GetParam() != "puller.before_submit" &&
        GetParam() != "projector.before_commit") {
      ASSERT_TRUE(WIFSIGNALED(killed)) << "the crash point was never reached";
    }
    ASSERT_TRUE(Exited(RunProgram(folder.path(), "", ""))) << GetParam() << ":" << hit;
    EXPECT_THAT(Faults(folder.path()), testing::IsEmpty()) << GetParam() << ":" << hit;
  }
}

TEST(Mutant, WithoutTheDuplicateCheckIsCaught) {
  TempFolder folder;
  // How it ends is open: a stream that is parked early keeps the program waiting until it gives up.
  const int status = RunProgram(folder.path(), "PATHWAYS_MUTANT", "skip_duplicate_check");
  ASSERT_TRUE(WIFEXITED(status)) << status;
  EXPECT_THAT(Faults(folder.path()), testing::Not(testing::IsEmpty()));
}

INSTANTIATE_TEST_SUITE_P(All, CrashPoint, testing::ValuesIn(runtime::CrashPoints()),
                         [](const testing::TestParamInfo<std::string>& row) {
                           std::string name = row.param;
                           for (char& c : name) c = c == '.' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace pathways
