// Changes of a referral, the same for staff and agencies.
//
// Every changing call of both APIs is one action on one referral; this file turns it into a command
// and answers with the referral as it is after the commit.
#ifndef PATHWAYS_SERVICES_REFERRAL_RPC_ACTIONS_H_
#define PATHWAYS_SERVICES_REFERRAL_RPC_ACTIONS_H_

#include <memory>
#include <optional>
#include <string>

#include "services/referral/domain/validate.h"
#include "services/referral/rpc.h"
#include "services/referral/views.h"
#include "services/runtime/requests.h"
#include "services/runtime/serialize.h"
#include "services/runtime/status_macros.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::referral {

inline constexpr char kReferralNameForm[] = "must be cases/{case}/referrals/{referral}";

// Adds the bad fields of a checked action to those of its request, and answers with all of them.
absl::Status CheckAction(const v1::ReferralActionCommand& action, type::Violations violations);

// `action` holds what belongs to the action; referral id, etag and agency are filled here. `acts`
// is the agency whose principal calls, or empty for the staff.
template <typename Request>
absl::StatusOr<runtime::Command> ActionCommand(const Request& request, const char* method,
                                               v1::ReferralActionCommand action, std::string agency,
                                               const runtime::Principal& principal,
                                               const runtime::Keyring& keyring) {
  type::Violations violations;
  const std::optional<type::ReferralKey> key = type::ParseReferralName(request.name());
  if (!key) violations.Add("name", kReferralNameForm);
  type::CheckRequestId(request.request_id(), violations);
  RETURN_IF_ERROR(CheckAction(action, std::move(violations)));
  action.set_referral_id(key->referral_id);
  action.set_etag(request.etag());
  action.set_agency(std::move(agency));
  v1::ReferralCommand payload;
  *payload.mutable_action() = std::move(action);
  return runtime::RequestCommand(key->case_id, runtime::SerializeDeterministic(payload), method,
                                 request, principal, keyring);
}

enum class Acts { kStaff, kAgency };

template <typename Request>
grpc::ServerUnaryReactor* ChangeReferral(const RpcParts& parts,
                                         grpc::CallbackServerContext* context,
                                         const runtime::Method& method, Acts acts,
                                         const Request* request, v1::ReferralActionCommand action,
                                         v1::Referral* response) {
  // Who is shown the answer; known once the call was admitted.
  const auto reader = std::make_shared<std::optional<Reader>>();
  return parts.edge.Change(
      context, method, parts.engine,
      [&](const runtime::Principal& principal) {
        *reader = acts == Acts::kAgency ? Reader::Agency(principal.id) : Reader::Staff();
        return ActionCommand(*request, method.name, std::move(action),
                             acts == Acts::kAgency ? principal.id : "", principal, parts.keyring);
      },
      [request, response, reader](const runtime::Answer& answer) -> absl::Status {
        const std::optional<type::ReferralKey> key = type::ParseReferralName(request->name());
        ASSIGN_OR_RETURN(*response, ReferralOf(answer.row, *key, **reader));
        return absl::OkStatus();
      });
}

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_RPC_ACTIONS_H_
