// The process that the crash test kills: registers cases under fixed request ids, waits until every
// one is referred, has the agency receive it, and exits with 0. Run again after a crash it repeats
// every call with the same ids, as a client would; at the end every intake event is delivered
// again. Usage: road_program FOLDER CASES.
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/runtime/ids.h"
#include "tests/support/road.h"

namespace pathways {
namespace {

// Delivers every event of an upstream once more, as a bus may at any time.
bool DeliverAgain(const std::string& name, testing_support::Service& from,
                  testing_support::Service& to) {
  const auto events = from.store->ReadAfter(0, 10000);
  if (!events.ok()) return false;
  std::vector<runtime::Command> commands;
  for (const runtime::EventRow& event : *events) {
    commands.push_back(runtime::CommandOf(*to.domain, name, event));
  }
  return runtime::SubmitAll(*to.engine, std::move(commands)).ok();
}

// A client that retries mints a new case id each time; intake answers with the first one.
int Run(const std::string& folder, int cases) {
  testing_support::Road road(folder);
  std::vector<std::string> ids;
  for (int i = 0; i < cases; ++i) {
    const runtime::Answer answer = road.intake().Call(
        runtime::NewUuid(), testing_support::Registration(), absl::StrCat("register-", i));
    if (!answer.status.ok()) return 1;
    ids.push_back(answer.stream);
  }
  for (const std::string& id : ids) {
    if (!road.Eventually([&] { return road.ReferralState(id).referrals_size() > 0; })) return 2;
    const runtime::Answer answer =
        road.referral().Call(id, testing_support::Action(referral::v1::REFERRAL_ACTION_RECEIVE),
                             absl::StrCat("receive-", id));
    if (!answer.status.ok()) return 3;
  }
  return DeliverAgain("intake", road.intake(), road.referral()) ? 0 : 4;
}

}  // namespace
}  // namespace pathways

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  return pathways::Run(argv[1], std::atoi(argv[2]));
}
