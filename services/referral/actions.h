// Changes of a referral, the same for staff and agencies.
//
// Every changing call of both APIs is one action on one referral; this file turns it into a command
// and answers with the referral as it is after the commit.
#ifndef PATHWAYS_SERVICES_REFERRAL_ACTIONS_H_
#define PATHWAYS_SERVICES_REFERRAL_ACTIONS_H_

#include <optional>
#include <string>

#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/host/requests.h"
#include "services/referral/domain/validate.h"
#include "services/referral/methods.h"
#include "services/referral/views.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::referral {

inline constexpr char kReferralNameForm[] = "must be cases/{case}/referrals/{referral}";

// Adds the bad fields of a checked action to those of its request, and answers with all of them.
absl::Status CheckAction(const v1::ReferralActionCommand& action, type::Violations violations);

// `action` holds what belongs to the action; referral id, etag and agency are filled here. `acts`
// is the agency whose principal calls, or empty for the staff.
template <typename Request>
absl::StatusOr<engine::Command> ActionCommand(const Request& request, const std::string& method,
                                              v1::ReferralActionCommand action, std::string agency,
                                              const host::Principal& principal,
                                              const host::Keyring& keyring) {
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
  return host::RequestCommand(key->case_id, base::SerializeDeterministic(payload), method, request,
                              principal, keyring);
}

enum class Acts { kStaff, kAgency };

// A method that is one action: `action_of(request)` gives what belongs to it.
template <typename Request, typename ActionOf>
host::Method ActionMethod(const MethodParts& parts, std::string name, Acts acts,
                          ActionOf action_of) {
  const bool is_agency = acts == Acts::kAgency;
  return host::ChangeMethod<Request, v1::Referral>(
      std::move(name), {is_agency ? host::kAgency : host::kRegistrar},
      [parts, is_agency, action_of = std::move(action_of)](
          const host::Caller& caller,
          const Request& request) -> absl::StatusOr<host::Change<v1::Referral>> {
        const std::string agency = is_agency ? caller.principal.id : "";
        ASSIGN_OR_RETURN(engine::Command command,
                         ActionCommand(request, caller.method, action_of(request), agency,
                                       caller.principal, parts.keyring));
        const Reader reader = is_agency ? Reader::Agency(agency) : Reader::Staff();
        return host::Change<v1::Referral>{
            std::move(command),
            [key = *type::ParseReferralName(request.name()), reader](
                const engine::Answer& answer, v1::Referral& response) -> absl::Status {
              ASSIGN_OR_RETURN(response, ReferralOf(answer.row, key, reader));
              return absl::OkStatus();
            }};
      });
}

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_ACTIONS_H_
