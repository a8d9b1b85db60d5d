#include "services/referral/rpc.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "services/referral/domain/keys.h"
#include "services/referral/rpc_actions.h"
#include "services/referral/views.h"
#include "services/runtime/rpc/pages.h"
#include "services/runtime/status_macros.h"

namespace pathways::referral {
namespace {

using runtime::Method;
using runtime::Principal;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;
constexpr char kPageTokenForm[] = "must be a next_page_token of this list";

const Method kGetReferral{"GetReferral", {"registrar", "viewer"}};
const Method kListReferrals{"ListReferrals", {"registrar", "viewer"}};
const Method kResubmitReferral{"ResubmitReferral", {"registrar"}};
const Method kWithdrawReferral{"WithdrawReferral", {"registrar"}};
const Method kSetHold{"SetHold", {"registrar"}};
const Method kSetEscalation{"SetEscalation", {"registrar"}};

v1::ReferralActionCommand Action(v1::ReferralAction kind) {
  v1::ReferralActionCommand action;
  action.set_action(kind);
  return action;
}

// The key in a page token of the list under `prefix`; adds a violation when it is none.
std::string CheckPageToken(const std::string& token, const std::string& prefix,
                           type::Violations& violations) {
  const std::optional<std::string> after = runtime::KeyOfPageToken(token);
  const bool is_key = after && IsReferralsKey(*after) && absl::StartsWith(*after, prefix);
  if (!after || (!after->empty() && !is_key)) {
    violations.Add("page_token", kPageTokenForm);
    return "";
  }
  return *after;
}

// "cases/{case}" or "cases/-": the prefix of the list's keys.
std::string CheckParent(const std::string& parent, type::Violations& violations) {
  if (parent == "cases/-") return "";
  const std::optional<std::string> case_id = type::ParseCaseName(parent);
  if (!case_id) violations.Add("parent", "must be cases/{case}, or cases/- for all");
  return case_id ? CasePrefix(*case_id) : "";
}

}  // namespace

absl::Status CheckAction(const v1::ReferralActionCommand& action, type::Violations violations) {
  const absl::Status status = ValidateAction(action);
  const type::v1::Problem problem = type::ProblemOf(status);
  for (const type::v1::FieldViolation& found : problem.violations()) {
    violations.Add(found.field(), found.description());
  }
  if (!status.ok() && problem.violations().empty()) return status;
  return violations.ToStatus(kInvalidAction);
}

grpc::ServerUnaryReactor* ReferralRpc::GetReferral(grpc::CallbackServerContext* context,
                                                   const v1::GetReferralRequest* request,
                                                   v1::Referral* response) {
  return parts_.edge.Read(context, kGetReferral, [=, this](const Principal&) -> absl::Status {
    type::Violations violations;
    const std::optional<type::ReferralKey> key = type::ParseReferralName(request->name());
    if (!key) violations.Add("name", kReferralNameForm);
    RETURN_IF_ERROR(violations.ToStatus(runtime::kInvalidRequest));
    ASSIGN_OR_RETURN(*response, ReadReferral(parts_.store, *key, Reader::Staff()));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ReferralRpc::ListReferrals(grpc::CallbackServerContext* context,
                                                     const v1::ListReferralsRequest* request,
                                                     v1::ListReferralsResponse* response) {
  return parts_.edge.Read(context, kListReferrals, [=, this](const Principal&) -> absl::Status {
    type::Violations violations;
    const std::string prefix = CheckParent(request->parent(), violations);
    const int page_size =
        runtime::CheckPageSize(request->page_size(), kPageUsual, kPageMax, "page_size", violations);
    const std::string after = CheckPageToken(request->page_token(), prefix, violations);
    RETURN_IF_ERROR(violations.ToStatus(runtime::kInvalidRequest));
    ASSIGN_OR_RETURN(ReferralPage page, ReadPage(parts_.store, Reader::Staff(), prefix, after,
                                                 page_size, v1::REFERRAL_STATE_UNSPECIFIED));
    for (v1::Referral& referral : page.referrals) *response->add_referrals() = std::move(referral);
    if (!page.last_key.empty()) {
      response->set_next_page_token(runtime::PageTokenOf(page.last_key));
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ReferralRpc::ResubmitReferral(grpc::CallbackServerContext* context,
                                                        const v1::ResubmitReferralRequest* request,
                                                        v1::Referral* response) {
  return ChangeReferral(parts_, context, kResubmitReferral, Acts::kStaff, request,
                        Action(v1::REFERRAL_ACTION_RESUBMIT), response);
}

grpc::ServerUnaryReactor* ReferralRpc::WithdrawReferral(grpc::CallbackServerContext* context,
                                                        const v1::WithdrawReferralRequest* request,
                                                        v1::Referral* response) {
  return ChangeReferral(parts_, context, kWithdrawReferral, Acts::kStaff, request,
                        Action(v1::REFERRAL_ACTION_WITHDRAW), response);
}

grpc::ServerUnaryReactor* ReferralRpc::SetHold(grpc::CallbackServerContext* context,
                                               const v1::SetHoldRequest* request,
                                               v1::Referral* response) {
  v1::ReferralActionCommand action =
      Action(request->on_hold() ? v1::REFERRAL_ACTION_HOLD : v1::REFERRAL_ACTION_RELEASE);
  action.set_reason_code(request->reason_code());
  return ChangeReferral(parts_, context, kSetHold, Acts::kStaff, request, std::move(action),
                        response);
}

grpc::ServerUnaryReactor* ReferralRpc::SetEscalation(grpc::CallbackServerContext* context,
                                                     const v1::SetEscalationRequest* request,
                                                     v1::Referral* response) {
  const v1::ReferralAction kind =
      request->escalated() ? v1::REFERRAL_ACTION_ESCALATE : v1::REFERRAL_ACTION_DEESCALATE;
  return ChangeReferral(parts_, context, kSetEscalation, Acts::kStaff, request, Action(kind),
                        response);
}

}  // namespace pathways::referral
