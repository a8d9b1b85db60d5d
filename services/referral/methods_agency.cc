// The agencies' API.
#include <optional>
#include <string>
#include <utility>

#include "pathways/referral/v1/agency_service.pb.h"
#include "services/base/status_macros.h"
#include "services/host/pages.h"
#include "services/referral/actions.h"
#include "services/referral/domain/keys.h"
#include "services/referral/methods.h"
#include "services/referral/views.h"
#include "services/referral/watch_stream.h"

namespace pathways::referral {
namespace {

using host::Caller;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;

v1::ReferralActionCommand Action(v1::ReferralAction kind, const std::string& reason_code = "") {
  v1::ReferralActionCommand action;
  action.set_action(kind);
  action.set_reason_code(reason_code);
  return action;
}

absl::Status GetReferral(const MethodParts& parts, const Caller& caller,
                         const v1::AgencyServiceGetReferralRequest& request,
                         v1::Referral& response) {
  type::Violations violations;
  const std::optional<type::ReferralKey> key = type::ParseReferralName(request.name());
  if (!key) violations.Add("name", kReferralNameForm);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(
      response, ReadReferral(parts.domain, parts.store, *key, Reader::Agency(caller.principal.id)));
  return absl::OkStatus();
}

absl::Status ListReferrals(const MethodParts& parts, const Caller& caller,
                           const v1::AgencyServiceListReferralsRequest& request,
                           v1::AgencyServiceListReferralsResponse& response) {
  type::Violations violations;
  const int page_size =
      host::CheckPageSize(request.page_size(), kPageUsual, kPageMax, "page_size", violations);
  const std::string incarnation = parts.store.Incarnation();
  const std::optional<std::string> after =
      host::StoredKeyOfToken(request.page_token(), incarnation, IsAgencyKey);
  if (!after) violations.Add("page_token", host::kNotAPlaceToken);
  if (!v1::ReferralState_IsValid(request.state())) {
    violations.Add("state", "must be a state of a referral, or unspecified");
  }
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(ReferralPage page,
                   ReadPage(parts.domain, parts.store, Reader::Agency(caller.principal.id), "",
                            *after, page_size, request.state()));
  for (v1::Referral& referral : page.referrals) *response.add_referrals() = std::move(referral);
  if (!page.last_key.empty()) {
    response.set_next_page_token(host::PlaceTokenOf(incarnation, page.last_key));
  }
  return absl::OkStatus();
}

// The staff has methods of the same names.
host::Method Labelled(host::Method method, std::string label) {
  method.label = std::move(label);
  return method;
}

// A method whose action has nothing beside its kind.
template <typename Request>
host::Method PlainAction(const MethodParts& parts, std::string name, v1::ReferralAction kind) {
  return ActionMethod<Request>(parts, std::move(name), Acts::kAgency,
                               [kind](const auto&) { return Action(kind); });
}

// A method whose action has a reason beside its kind.
template <typename Request>
host::Method ReasonedAction(const MethodParts& parts, std::string name, v1::ReferralAction kind) {
  return ActionMethod<Request>(
      parts, std::move(name), Acts::kAgency,
      [kind](const Request& request) { return Action(kind, request.reason_code()); });
}

}  // namespace

host::Api AgencyApi(const MethodParts& parts) {
  const host::Roles agencies = {host::kAgency};
  host::Api api{"pathways.referral.v1.AgencyService", &parts.engine, {}};
  auto& methods = api.methods;
  methods.push_back(
      Labelled(host::ReadMethod<v1::AgencyServiceGetReferralRequest, v1::Referral>(
                   "GetReferral", agencies,
                   [parts](const Caller& caller, const auto& request, auto& response) {
                     return GetReferral(parts, caller, request, response);
                   }),
               "AgencyGetReferral"));
  methods.push_back(
      Labelled(host::ReadMethod<v1::AgencyServiceListReferralsRequest,
                                v1::AgencyServiceListReferralsResponse>(
                   "ListReferrals", agencies,
                   [parts](const Caller& caller, const auto& request, auto& response) {
                     return ListReferrals(parts, caller, request, response);
                   }),
               "AgencyListReferrals"));
  methods.push_back(host::StreamMethod<v1::WatchReferralsRequest, v1::WatchReferralsResponse>(
      "WatchReferrals", agencies,
      [&watches = parts.watches](const Caller& caller, const v1::WatchReferralsRequest& request) {
        return StartWatch(watches, caller.principal.id, request.resume_token());
      }));
  methods.push_back(PlainAction<v1::ReceiveReferralRequest>(parts, "ReceiveReferral",
                                                            v1::REFERRAL_ACTION_RECEIVE));
  methods.push_back(
      PlainAction<v1::AcceptReferralRequest>(parts, "AcceptReferral", v1::REFERRAL_ACTION_ACCEPT));
  methods.push_back(ReasonedAction<v1::RejectReferralRequest>(parts, "RejectReferral",
                                                              v1::REFERRAL_ACTION_REJECT));
  methods.push_back(ActionMethod<v1::ReturnReferralRequest>(
      parts, "ReturnReferral", Acts::kAgency, [](const v1::ReturnReferralRequest& request) {
        v1::ReferralActionCommand action = Action(v1::REFERRAL_ACTION_RETURN);
        *action.mutable_fields_to_correct() = request.fields_to_correct();
        return action;
      }));
  methods.push_back(ActionMethod<v1::ReportStageRequest>(
      parts, "ReportStage", Acts::kAgency, [](const v1::ReportStageRequest& request) {
        v1::ReferralActionCommand action = Action(v1::REFERRAL_ACTION_REPORT_STAGE);
        action.set_stage(request.stage());
        return action;
      }));
  methods.push_back(PlainAction<v1::CompleteReferralRequest>(parts, "CompleteReferral",
                                                             v1::REFERRAL_ACTION_COMPLETE));
  methods.push_back(
      ReasonedAction<v1::CloseReferralRequest>(parts, "CloseReferral", v1::REFERRAL_ACTION_CLOSE));
  methods.push_back(ActionMethod<v1::AnswerWithdrawalRequest>(
      parts, "AnswerWithdrawal", Acts::kAgency, [](const v1::AnswerWithdrawalRequest& request) {
        return Action(request.granted() ? v1::REFERRAL_ACTION_GRANT_WITHDRAWAL
                                        : v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL,
                      request.reason_code());
      }));
  return api;
}

}  // namespace pathways::referral
