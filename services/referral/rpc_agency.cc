// The agencies' API. Its methods are those of referral/rpc.h, class AgencyRpc.
#include <optional>
#include <string>
#include <utility>

#include "services/referral/domain/keys.h"
#include "services/referral/rpc.h"
#include "services/referral/rpc_actions.h"
#include "services/referral/rpc_watch.h"
#include "services/referral/views.h"
#include "services/runtime/rpc/pages.h"
#include "services/runtime/status_macros.h"

namespace pathways::referral {
namespace {

using runtime::Method;
using runtime::Principal;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;

const Method kGetReferral{"AgencyGetReferral", {"agency"}};
const Method kListReferrals{"AgencyListReferrals", {"agency"}};
const Method kReceiveReferral{"ReceiveReferral", {"agency"}};
const Method kAcceptReferral{"AcceptReferral", {"agency"}};
const Method kRejectReferral{"RejectReferral", {"agency"}};
const Method kReturnReferral{"ReturnReferral", {"agency"}};
const Method kReportStage{"ReportStage", {"agency"}};
const Method kCompleteReferral{"CompleteReferral", {"agency"}};
const Method kCloseReferral{"CloseReferral", {"agency"}};
const Method kAnswerWithdrawal{"AnswerWithdrawal", {"agency"}};

v1::ReferralActionCommand Action(v1::ReferralAction kind, const std::string& reason_code = "") {
  v1::ReferralActionCommand action;
  action.set_action(kind);
  action.set_reason_code(reason_code);
  return action;
}

}  // namespace

grpc::ServerUnaryReactor* AgencyRpc::GetReferral(grpc::CallbackServerContext* context,
                                                 const v1::AgencyServiceGetReferralRequest* request,
                                                 v1::Referral* response) {
  return parts_.edge.Read(
      context, kGetReferral, [=, this](const Principal& principal) -> absl::Status {
        type::Violations violations;
        const std::optional<type::ReferralKey> key = type::ParseReferralName(request->name());
        if (!key) violations.Add("name", kReferralNameForm);
        RETURN_IF_ERROR(violations.ToStatus(runtime::kInvalidRequest));
        ASSIGN_OR_RETURN(*response, ReadReferral(parts_.store, *key, Reader::Agency(principal.id)));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* AgencyRpc::ListReferrals(
    grpc::CallbackServerContext* context, const v1::AgencyServiceListReferralsRequest* request,
    v1::AgencyServiceListReferralsResponse* response) {
  return parts_.edge.Read(
      context, kListReferrals, [=, this](const Principal& principal) -> absl::Status {
        type::Violations violations;
        const int page_size = runtime::CheckPageSize(request->page_size(), kPageUsual, kPageMax,
                                                     "page_size", violations);
        const std::optional<std::string> after = runtime::KeyOfPageToken(request->page_token());
        const bool is_key = after && ParseListKey(*after) && !IsReferralsKey(*after);
        if (!after || (!after->empty() && !is_key)) {
          violations.Add("page_token", "must be a next_page_token of this list");
        }
        if (!v1::ReferralState_IsValid(request->state())) {
          violations.Add("state", "must be a state of a referral, or unspecified");
        }
        RETURN_IF_ERROR(violations.ToStatus(runtime::kInvalidRequest));
        ASSIGN_OR_RETURN(ReferralPage page, ReadPage(parts_.store, Reader::Agency(principal.id), "",
                                                     *after, page_size, request->state()));
        for (v1::Referral& referral : page.referrals) {
          *response->add_referrals() = std::move(referral);
        }
        if (!page.last_key.empty()) {
          response->set_next_page_token(runtime::PageTokenOf(page.last_key));
        }
        return absl::OkStatus();
      });
}

grpc::ServerWriteReactor<v1::WatchReferralsResponse>* AgencyRpc::WatchReferrals(
    grpc::CallbackServerContext* context, const v1::WatchReferralsRequest* request) {
  return StartWatch(parts_.watches, parts_.edge, context, *request);
}

grpc::ServerUnaryReactor* AgencyRpc::ReceiveReferral(grpc::CallbackServerContext* context,
                                                     const v1::ReceiveReferralRequest* request,
                                                     v1::Referral* response) {
  return ChangeReferral(parts_, context, kReceiveReferral, Acts::kAgency, request,
                        Action(v1::REFERRAL_ACTION_RECEIVE), response);
}

grpc::ServerUnaryReactor* AgencyRpc::AcceptReferral(grpc::CallbackServerContext* context,
                                                    const v1::AcceptReferralRequest* request,
                                                    v1::Referral* response) {
  return ChangeReferral(parts_, context, kAcceptReferral, Acts::kAgency, request,
                        Action(v1::REFERRAL_ACTION_ACCEPT), response);
}

grpc::ServerUnaryReactor* AgencyRpc::RejectReferral(grpc::CallbackServerContext* context,
                                                    const v1::RejectReferralRequest* request,
                                                    v1::Referral* response) {
  return ChangeReferral(parts_, context, kRejectReferral, Acts::kAgency, request,
                        Action(v1::REFERRAL_ACTION_REJECT, request->reason_code()), response);
}

grpc::ServerUnaryReactor* AgencyRpc::ReturnReferral(grpc::CallbackServerContext* context,
                                                    const v1::ReturnReferralRequest* request,
                                                    v1::Referral* response) {
  v1::ReferralActionCommand action = Action(v1::REFERRAL_ACTION_RETURN);
  *action.mutable_fields_to_correct() = request->fields_to_correct();
  return ChangeReferral(parts_, context, kReturnReferral, Acts::kAgency, request, std::move(action),
                        response);
}

grpc::ServerUnaryReactor* AgencyRpc::ReportStage(grpc::CallbackServerContext* context,
                                                 const v1::ReportStageRequest* request,
                                                 v1::Referral* response) {
  v1::ReferralActionCommand action = Action(v1::REFERRAL_ACTION_REPORT_STAGE);
  action.set_stage(request->stage());
  return ChangeReferral(parts_, context, kReportStage, Acts::kAgency, request, std::move(action),
                        response);
}

grpc::ServerUnaryReactor* AgencyRpc::CompleteReferral(grpc::CallbackServerContext* context,
                                                      const v1::CompleteReferralRequest* request,
                                                      v1::Referral* response) {
  return ChangeReferral(parts_, context, kCompleteReferral, Acts::kAgency, request,
                        Action(v1::REFERRAL_ACTION_COMPLETE), response);
}

grpc::ServerUnaryReactor* AgencyRpc::CloseReferral(grpc::CallbackServerContext* context,
                                                   const v1::CloseReferralRequest* request,
                                                   v1::Referral* response) {
  return ChangeReferral(parts_, context, kCloseReferral, Acts::kAgency, request,
                        Action(v1::REFERRAL_ACTION_CLOSE, request->reason_code()), response);
}

grpc::ServerUnaryReactor* AgencyRpc::AnswerWithdrawal(grpc::CallbackServerContext* context,
                                                      const v1::AnswerWithdrawalRequest* request,
                                                      v1::Referral* response) {
  const v1::ReferralAction kind = request->granted() ? v1::REFERRAL_ACTION_GRANT_WITHDRAWAL
                                                     : v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL;
  return ChangeReferral(parts_, context, kAnswerWithdrawal, Acts::kAgency, request,
                        Action(kind, request->reason_code()), response);
}

}  // namespace pathways::referral
