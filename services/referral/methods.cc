#include "services/referral/methods.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "pathways/referral/v1/referral_service.pb.h"
#include "services/base/status_macros.h"
#include "services/host/pages.h"
#include "services/referral/actions.h"
#include "services/referral/domain/keys.h"
#include "services/referral/views.h"

namespace pathways::referral {
namespace {

using host::Caller;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;
constexpr char kPageTokenForm[] = "must be a next_page_token of this list";

v1::ReferralActionCommand Action(v1::ReferralAction kind) {
  v1::ReferralActionCommand action;
  action.set_action(kind);
  return action;
}

// The key in a page token of the list under `prefix`; adds a violation when it is none.
std::string CheckPageToken(const std::string& token, const std::string& prefix,
                           type::Violations& violations) {
  const std::optional<std::string> after = host::KeyOfPageToken(token);
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

namespace {

absl::Status GetReferral(const MethodParts& parts, const v1::GetReferralRequest& request,
                         v1::Referral& response) {
  type::Violations violations;
  const std::optional<type::ReferralKey> key = type::ParseReferralName(request.name());
  if (!key) violations.Add("name", kReferralNameForm);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(response, ReadReferral(parts.domain, parts.store, *key, Reader::Staff()));
  return absl::OkStatus();
}

absl::Status ListReferrals(const MethodParts& parts, const v1::ListReferralsRequest& request,
                           v1::ListReferralsResponse& response) {
  type::Violations violations;
  const std::string prefix = CheckParent(request.parent(), violations);
  const int page_size =
      host::CheckPageSize(request.page_size(), kPageUsual, kPageMax, "page_size", violations);
  const std::string after = CheckPageToken(request.page_token(), prefix, violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(ReferralPage page, ReadPage(parts.domain, parts.store, Reader::Staff(), prefix,
                                               after, page_size, v1::REFERRAL_STATE_UNSPECIFIED));
  for (v1::Referral& referral : page.referrals) *response.add_referrals() = std::move(referral);
  if (!page.last_key.empty()) response.set_next_page_token(host::PageTokenOf(page.last_key));
  return absl::OkStatus();
}

}  // namespace

host::Api ReferralApi(const MethodParts& parts) {
  const host::Roles readers = {host::kRegistrar, host::kViewer};
  host::Api api{"pathways.referral.v1.ReferralService", &parts.engine, {}};
  api.methods.push_back(host::ReadMethod<v1::GetReferralRequest, v1::Referral>(
      "GetReferral", readers, [parts](const Caller&, const auto& request, auto& response) {
        return GetReferral(parts, request, response);
      }));
  api.methods.push_back(host::ReadMethod<v1::ListReferralsRequest, v1::ListReferralsResponse>(
      "ListReferrals", readers, [parts](const Caller&, const auto& request, auto& response) {
        return ListReferrals(parts, request, response);
      }));
  api.methods.push_back(ActionMethod<v1::ResubmitReferralRequest>(
      parts, "ResubmitReferral", Acts::kStaff,
      [](const auto&) { return Action(v1::REFERRAL_ACTION_RESUBMIT); }));
  api.methods.push_back(ActionMethod<v1::WithdrawReferralRequest>(
      parts, "WithdrawReferral", Acts::kStaff,
      [](const auto&) { return Action(v1::REFERRAL_ACTION_WITHDRAW); }));
  api.methods.push_back(ActionMethod<v1::SetHoldRequest>(
      parts, "SetHold", Acts::kStaff, [](const v1::SetHoldRequest& request) {
        v1::ReferralActionCommand action =
            Action(request.on_hold() ? v1::REFERRAL_ACTION_HOLD : v1::REFERRAL_ACTION_RELEASE);
        action.set_reason_code(request.reason_code());
        return action;
      }));
  api.methods.push_back(ActionMethod<v1::SetEscalationRequest>(
      parts, "SetEscalation", Acts::kStaff, [](const v1::SetEscalationRequest& request) {
        return Action(request.escalated() ? v1::REFERRAL_ACTION_ESCALATE
                                          : v1::REFERRAL_ACTION_DEESCALATE);
      }));
  AddRouteMethods(parts, api);
  return api;
}

}  // namespace pathways::referral
