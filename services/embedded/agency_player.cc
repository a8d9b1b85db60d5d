#include "services/embedded/agency_player.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/base/ids.h"
#include "services/base/status_macros.h"

namespace pathways::embedded {
namespace {

using referral::v1::AgencyService;
using referral::v1::Referral;

constexpr size_t kLinesMax = 1000;
constexpr int kPageSize = 500;
constexpr int kSharesSum = 100;
// Coprime to 100, so that a run of a hundred referrals meets every share.
constexpr size_t kStride = 37;
// Calls in flight: enough that calls share a transaction.
constexpr int kThreads = 16;

constexpr std::array<absl::string_view, 7> kActions = {"RECEIVE", "ACCEPT",   "REJECT", "RETURN",
                                                       "STAGE",   "COMPLETE", "CLOSE"};

// The steps of a script; nothing when one is no step.
std::optional<std::vector<AgencyStep>> ParseSteps(absl::string_view text) {
  std::vector<AgencyStep> steps;
  if (text.empty()) return steps;
  for (absl::string_view step : absl::StrSplit(text, '>')) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(step, absl::MaxSplits(':', 1));
    if (std::find(kActions.begin(), kActions.end(), parts.first) == kActions.end()) {
      return std::nullopt;
    }
    steps.push_back({parts.first, parts.second});
  }
  return steps;
}

// Adds one line. What is wrong with it; empty: nothing.
std::string AddLine(const std::string& line, AgencyScripts& scripts) {
  // The fourth column is for readers and may hold anything.
  const std::vector<std::string> cells = absl::StrSplit(line, absl::MaxSplits(',', 3));
  AgencyScript script;
  if (cells.size() < 3 || cells[0].empty() || !absl::SimpleAtoi(cells[1], &script.share_percent) ||
      script.share_percent < 1 || script.share_percent > kSharesSum) {
    return "must be agency,share_percent,actions,detail with a share of 1 to 100";
  }
  std::optional<std::vector<AgencyStep>> steps = ParseSteps(cells[2]);
  if (!steps) return absl::StrCat("actions must be of ", absl::StrJoin(kActions, ", "));
  script.steps = *std::move(steps);
  scripts[cells[0]].push_back(std::move(script));
  return "";
}

const AgencyScript& ScriptFor(const std::vector<AgencyScript>& scripts, size_t index) {
  int place = static_cast<int>(index * kStride % kSharesSum);
  for (const AgencyScript& script : scripts) {
    place -= script.share_percent;
    if (place < 0) return script;
  }
  return scripts.back();
}

// Fills what every request of an agency has.
template <typename Request>
Request RequestFor(const Referral& referral, size_t step) {
  Request request;
  request.set_name(referral.name());
  request.set_request_id(base::UuidOf(absl::StrCat("answer/", referral.name(), "/", step)));
  return request;
}

absl::Status PlayStep(cli::Client& client, const Referral& referral, const AgencyStep& step,
                      size_t index) {
  using Stub = AgencyService::Stub;
  using namespace referral::v1;  // NOLINT(google-build-using-namespace): seven requests.
  if (step.action == "RECEIVE") {
    return client.Call(&Stub::ReceiveReferral, RequestFor<ReceiveReferralRequest>(referral, index))
        .status();
  }
  if (step.action == "ACCEPT") {
    return client.Call(&Stub::AcceptReferral, RequestFor<AcceptReferralRequest>(referral, index))
        .status();
  }
  if (step.action == "COMPLETE") {
    return client
        .Call(&Stub::CompleteReferral, RequestFor<CompleteReferralRequest>(referral, index))
        .status();
  }
  if (step.action == "STAGE") {
    auto request = RequestFor<ReportStageRequest>(referral, index);
    request.set_stage(step.argument);
    return client.Call(&Stub::ReportStage, request).status();
  }
  if (step.action == "REJECT") {
    auto request = RequestFor<RejectReferralRequest>(referral, index);
    request.set_reason_code(step.argument);
    return client.Call(&Stub::RejectReferral, request).status();
  }
  if (step.action == "RETURN") {
    auto request = RequestFor<ReturnReferralRequest>(referral, index);
    for (absl::string_view field : absl::StrSplit(step.argument, '|')) {
      request.add_fields_to_correct(std::string(field));
    }
    return client.Call(&Stub::ReturnReferral, request).status();
  }
  auto request = RequestFor<CloseReferralRequest>(referral, index);
  request.set_reason_code(step.argument);
  return client.Call(&Stub::CloseReferral, request).status();
}

absl::StatusOr<std::vector<Referral>> ListAll(cli::Client& client) {
  std::vector<Referral> all;
  referral::v1::AgencyServiceListReferralsRequest request;
  request.set_page_size(kPageSize);
  for (;;) {
    ASSIGN_OR_RETURN(auto page, client.Call(&AgencyService::Stub::ListReferrals, request));
    for (Referral& referral : *page.mutable_referrals()) all.push_back(std::move(referral));
    if (page.next_page_token().empty()) return all;
    request.set_page_token(page.next_page_token());
  }
}

}  // namespace

absl::StatusOr<AgencyScripts> ReadAgencyScripts(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  AgencyScripts scripts;
  std::vector<std::string> faults;
  std::string line;
  for (size_t number = 1; std::getline(file, line) && number <= kLinesMax; ++number) {
    if (number == 1 || line.empty()) continue;  // The header.
    const std::string fault = AddLine(line, scripts);
    if (!fault.empty()) faults.push_back(absl::StrCat(path, ":", number, ": ", fault));
  }
  for (const auto& [agency, of_agency] : scripts) {
    int sum = 0;
    for (const AgencyScript& script : of_agency) sum += script.share_percent;
    if (sum != kSharesSum) {
      faults.push_back(absl::StrCat(path, ": the shares of ", agency, " add up to ", sum));
    }
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  return scripts;
}

absl::Status PlayAgency(cli::Client& client, const std::vector<AgencyScript>& scripts) {
  ASSIGN_OR_RETURN(const std::vector<Referral> referrals, ListAll(client));
  std::atomic<size_t> next{0};
  std::mutex mutex;  // Guards first_error.
  absl::Status first_error;
  const auto play = [&] {
    for (size_t i = next++; i < referrals.size(); i = next++) {
      const AgencyScript& script = ScriptFor(scripts, i);
      for (size_t step = 0; step < script.steps.size(); ++step) {
        const absl::Status status = PlayStep(client, referrals[i], script.steps[step], step);
        if (status.ok()) continue;
        std::lock_guard<std::mutex> lock(mutex);
        first_error.Update(status);
        return;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(play);
  for (std::thread& thread : threads) thread.join();
  return first_error;
}

}  // namespace pathways::embedded
