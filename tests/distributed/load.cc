#include "tests/distributed/load.h"

#include <chrono>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/ids.h"
#include "tests/support/answers.h"
#include "tests/support/caller.h"

namespace pathways::testing_support {
namespace {

using intake::v1::IntakeService;
using referral::v1::AgencyService;

constexpr absl::Duration kTryAgain = absl::Milliseconds(20);
constexpr absl::Duration kCallMax = absl::Seconds(5);
constexpr int kTwofoldEvery = 10;
constexpr int kUpdatedEvery = 2;
constexpr int kWithdrawnEvery = 7;
constexpr int kAskedEvery = 3;
// Too short for most answers, so that they are lost.
constexpr absl::Duration kLeavesAfter = absl::Milliseconds(10);
constexpr int kLeavesEvery = 2;
constexpr size_t kRefusalMax = 300;
constexpr char kAgency[] = "agency/unhcr-mx";

// What may be answered otherwise the next time.
bool IsPassing(const absl::Status& status) {
  const std::string reason = cli::FailureOf(status).reason;
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status) || absl::IsCancelled(status) ||
         // With a reason somebody else was quicker for good.
         (absl::IsAborted(status) && reason.empty()) ||
         // Intake may have told of no facts yet.
         reason == "FACTS_NOT_IN_FORCE";
}

}  // namespace

Load::Load(const Deployment& deployment, int replicas, LoadOptions options, History& history)
    : deployment_(deployment), replicas_(replicas), options_(options), history_(history) {
  for (int desk = 0; desk < options_.desks; ++desk) {
    desks_.emplace_back([this, desk] { RunDesk(desk); });
  }
  if (options_.has_agency) desks_.emplace_back([this] { RunAgency(); });
  if (options_.officers_pause > absl::ZeroDuration())
    desks_.emplace_back([this] { RunOfficers(); });
}

Load::~Load() { Finish(); }

void Load::Finish() {
  stop_.Stop();
  for (std::thread& desk : desks_) {
    if (desk.joinable()) desk.join();
  }
}

void Load::RunDesk(int desk) {
  for (int index = 0; !stop_.stopped(); ++index) {
    HandleCase(desk, index);
    if (options_.pause > absl::ZeroDuration()) stop_.Wait(options_.pause);
  }
}

void Load::NoteRefusal(const absl::Status& status) {
  const absl::MutexLock lock(&mutex_);
  refusals_.insert(std::string(status.message().substr(0, kRefusalMax)) + " " +
                   absl::StatusCodeToString(status.code()));
}

std::string Load::refusals() const {
  const absl::MutexLock lock(&mutex_);
  return absl::StrJoin(refusals_, "\n");
}

template <typename Call>
auto Load::Insist(int desk, Call call, absl::StatusCode may_be) -> decltype(call(1)) {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoSeconds(4 * kPatience);
  base::Signal pause;
  for (int attempt = 0;; ++attempt) {
    ++calls_;
    auto answer = call(1 + (desk + attempt) % replicas_);
    if (answer.ok() || answer.status().code() == may_be) return answer;
    if (!IsPassing(answer.status())) {
      ++refused_;
      NoteRefusal(answer.status());
      return answer;
    }
    if (std::chrono::steady_clock::now() > deadline) {
      ++unanswered_;
      return answer;
    }
    pause.Wait(kTryAgain);
  }
}

template <typename Method, typename Request>
bool Load::Act(const char* name, Method method, Request request, const std::string& referral) {
  request.set_name(referral);
  request.set_request_id(base::UuidOf(absl::StrCat(name, "/", referral)));
  const auto act_at = [&](int replica) {
    return deployment_.CallerTo("referral", replica, kAgency)
        .WithLimit(kCallMax)
        .Change(name, method, request, history_);
  };
  // The desk may withdraw the case meanwhile, or the policies halt the pathway.
  return Insist(0, act_at, absl::StatusCode::kFailedPrecondition).ok();
}

void Load::RunAgency() {
  referral::v1::AgencyServiceListReferralsRequest submitted;
  submitted.set_state(referral::v1::REFERRAL_STATE_SUBMITTED);
  const auto list_at = [&](int replica) {
    return deployment_.CallerTo("referral", replica, kAgency)
        .WithLimit(kCallMax)
        .Call(&AgencyService::Stub::ListReferrals, submitted);
  };
  for (int round = 0; !stop_.stopped(); ++round) {
    const auto page = Insist(round, list_at);
    if (!page.ok()) return;
    for (const referral::v1::Referral& one : page->referrals()) {
      if (stop_.stopped()) return;
      if (Act("ReceiveReferral", &AgencyService::Stub::ReceiveReferral,
              referral::v1::ReceiveReferralRequest(), one.name()) &&
          Act("AcceptReferral", &AgencyService::Stub::AcceptReferral,
              referral::v1::AcceptReferralRequest(), one.name())) {
        ++accepted_;
      }
    }
    stop_.Wait(kTryAgain);
  }
}

void Load::RunOfficers() {
  std::map<MovedLedger, std::string> before;
  for (int version = 2; !stop_.stopped(); ++version) {
    for (const MovedLedger ledger : kMovedLedgers) {
      const std::string digest = PutInForce(ledger, version);
      if (digest.empty()) return;
      ++versions_;
      // Late, and once more.
      if (version > 2 && !Confirm(ledger, version - 1, before[ledger])) return;
      if (!Confirm(ledger, version, digest)) return;
      before[ledger] = digest;
      stop_.Wait(options_.officers_pause);
    }
  }
}

std::string Load::PutInForce(MovedLedger ledger, int version) {
  int tries = version;
  const auto propose_at = [&](int replica) {
    const bool leaves = ++tries % kLeavesEvery == 0;
    return ProposeVersion(deployment_.CallerTo(ServiceOf(ledger), replica, kProposer)
                              .WithLimit(leaves ? kLeavesAfter : kCallMax),
                          ledger, version, history_);
  };
  const auto proposal = Insist(version, propose_at);
  if (!proposal.ok() || !Confirm(ledger, version, proposal->digest())) return "";
  return proposal->digest();
}

bool Load::Confirm(MovedLedger ledger, int version, const std::string& digest) {
  int tries = version;
  const auto confirm_at = [&](int replica) {
    const bool leaves = ++tries % kLeavesEvery == 0;
    return ConfirmVersion(deployment_.CallerTo(ServiceOf(ledger), replica, kConfirmer)
                              .WithLimit(leaves ? kLeavesAfter : kCallMax),
                          ledger, version, digest, history_);
  };
  return Insist(version, confirm_at).ok();
}

void Load::HandleCase(int desk, int index) {
  const std::string test = absl::StrCat(options_.name, desk);
  auto registration = RegistrationOf(test, index, history_);
  const bool is_asked = options_.officers_pause > absl::ZeroDuration() && index % kAskedEvery == 0;
  if (is_asked) SetAnswer(*registration.mutable_case_()->mutable_people(0), kAskedFact, true);
  // By every second version of the facts it is asked no more.
  const absl::StatusCode may_be =
      is_asked ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kOk;
  const auto intake_at = [&](int replica) {
    return deployment_.CallerTo("intake", replica).WithLimit(kCallMax);
  };
  const auto register_at = [&](int replica) {
    return intake_at(replica).Change("RegisterCase", &IntakeService::Stub::RegisterCase,
                                     registration, history_);
  };
  std::optional<std::thread> twin;
  if (options_.is_twofold && index % kTwofoldEvery == 0) {
    twin.emplace([&] { (void)Insist(desk + 1, register_at, may_be); });
  }
  const auto registered = Insist(desk, register_at, may_be);
  if (twin) twin->join();
  if (!registered.ok()) return;
  ++cases_;
  if (!options_.changes) return;
  if (index % kUpdatedEvery == 0) {
    intake::v1::UpdateCaseRequest update;
    *update.mutable_case_() = registration.case_();
    update.mutable_case_()->set_name(registered->name());
    for (auto& person : *update.mutable_case_()->mutable_people()) person.clear_identity();
    SetAnswer(*update.mutable_case_()->mutable_people(0), "seeks_work", true);
    update.mutable_update_mask()->add_paths("people");
    update.set_request_id(base::UuidOf(absl::StrCat(test, "/update/", index)));
    (void)Insist(desk, [&](int replica) {
      return intake_at(replica).Change("UpdateCase", &IntakeService::Stub::UpdateCase, update,
                                       history_);
    });
  }
  if (index % kWithdrawnEvery == 0) {
    intake::v1::WithdrawCaseRequest withdrawal;
    withdrawal.set_name(registered->name());
    withdrawal.set_request_id(base::UuidOf(absl::StrCat(test, "/withdraw/", index)));
    (void)Insist(desk, [&](int replica) {
      return intake_at(replica).Change("WithdrawCase", &IntakeService::Stub::WithdrawCase,
                                       withdrawal, history_);
    });
  }
}

}  // namespace pathways::testing_support
