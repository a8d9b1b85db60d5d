// The methods on the routes.
#include <string>
#include <utility>

#include "pathways/referral/v1/referral_service.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/host/case_pass.h"
#include "services/host/ledger_methods.h"
#include "services/host/ledger_pages.h"
#include "services/host/ledger_start.h"
#include "services/referral/domain/routes.h"
#include "services/referral/methods.h"
#include "services/referral/rerouting_bound.h"
#include "services/type/facts.h"

namespace pathways::referral {
namespace {

using host::Caller;
using type::v1::LedgerProposal;
using type::v1::LedgerState;
using type::v1::LedgerVersion;

absl::StatusOr<LedgerState> ReadRoutesLedger(const MethodParts& parts) {
  return host::ReadLedger<v1::ReferralCaseState>(parts.domain, parts.store, kRoutesLedger);
}

host::LedgerParts LedgerOf(const MethodParts& parts) {
  return {.kind = kRoutesLedgerKind,
          .domain = parts.domain,
          .store = parts.store,
          .keyring = parts.keyring,
          .looks_up = {type::kFactLedger},
          .ledger_in = host::LedgerIn<v1::ReferralCaseState>,
          .command = host::LedgerCommandOf<v1::ReferralCommand>,
          .try_version = [](const auto& ledger, const auto& apply,
                            const auto& context) -> absl::StatusOr<bool> {
            ASSIGN_OR_RETURN(const auto events, DecideRoutes(ledger, apply, context));
            return !events.empty();
          },
          .changed = parts.routes_changed};
}

absl::StatusOr<type::v1::LedgerEffect> CountEffect(const MethodParts& parts, const Caller& caller,
                                                   const v1::AgencyRoutes& routes,
                                                   absl::Duration most) {
  type::v1::LedgerEffect sum;
  ASSIGN_OR_RETURN(const bool whole,
                   host::ForEachCase(parts.domain, parts.store, caller, most,
                                     [&](const std::string& case_id,
                                         const engine::StreamRow& row) -> absl::Status {
                                       ASSIGN_OR_RETURN(const type::v1::LedgerEffect one,
                                                        EffectOfRoutes(routes, case_id, row));
                                       sum.set_cases(sum.cases() + 1);
                                       sum.set_referrals(sum.referrals() + one.referrals());
                                       return absl::OkStatus();
                                     }));
  sum.set_whole(whole);
  return sum;
}

absl::StatusOr<host::Change<LedgerProposal>> ProposeRoutes(
    const MethodParts& parts, const Caller& caller, const v1::ProposeRoutesRequest& request) {
  ASSIGN_OR_RETURN(const absl::Duration most, host::CasePassTime(request.seconds_max()));
  host::Proposing proposing;
  proposing.version = request.routes().version();
  proposing.content = base::SerializeDeterministic(request.routes());
  proposing.reason_code = request.reason_code();
  proposing.replaces = request.replaces();
  if (request.has_ceiling()) proposing.ceiling = request.ceiling();
  proposing.only_try = request.validate_only();
  proposing.count = [&] { return CountEffect(parts, caller, request.routes(), most); };
  return host::Propose(LedgerOf(parts), caller, request, proposing);
}

absl::Status GetRoutesProposal(const MethodParts& parts, v1::GetRoutesProposalResponse& response) {
  ASSIGN_OR_RETURN(host::WaitingProposal waiting, host::ReadProposal(LedgerOf(parts)));
  *response.mutable_proposal() = std::move(waiting.proposal);
  if (!response.mutable_routes()->ParseFromString(waiting.content)) {
    return absl::DataLossError("the proposed routes cannot be read");
  }
  return absl::OkStatus();
}

absl::Status GetRoutes(const MethodParts& parts, v1::GetRoutesResponse& response) {
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadRoutesLedger(parts));
  if (ledger.versions().empty() || !response.mutable_routes()->ParseFromString(ledger.content())) {
    return absl::DataLossError("the routes in force cannot be read");
  }
  *response.mutable_version() = ledger.versions(ledger.versions_size() - 1);
  return absl::OkStatus();
}

absl::Status ListRouteVersions(const MethodParts& parts,
                               const v1::ListRouteVersionsRequest& request,
                               v1::ListRouteVersionsResponse& response) {
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadRoutesLedger(parts));
  return host::FillVersions(ledger, request, response);
}

}  // namespace

void AddRouteMethods(const MethodParts& parts, host::Api& api) {
  const host::Roles readers = {host::kPolicyOfficer, host::kRegistrar, host::kViewer};
  const host::Roles officers = {host::kPolicyOfficer};
  api.methods.push_back(host::ChangeMethod<v1::ProposeRoutesRequest, LedgerProposal>(
      "ProposeRoutes", officers,
      [parts](const Caller& caller, const auto& request) {
        return ProposeRoutes(parts, caller, request);
      },
      host::Runs::kInPool));
  api.methods.push_back(host::ChangeMethod<type::v1::ConfirmVersionRequest, LedgerVersion>(
      "ConfirmRoutes", officers, [parts](const Caller& caller, const auto& request) {
        return host::Confirm(LedgerOf(parts), caller, request);
      }));
  api.methods.push_back(
      host::ReadMethod<type::v1::GetProposalRequest, v1::GetRoutesProposalResponse>(
          "GetRoutesProposal", officers, [parts](const Caller&, const auto&, auto& response) {
            return GetRoutesProposal(parts, response);
          }));
  api.methods.push_back(host::ReadMethod<v1::GetRoutesRequest, v1::GetRoutesResponse>(
      "GetRoutes", readers,
      [parts](const Caller&, const auto&, auto& response) { return GetRoutes(parts, response); }));
  api.methods.push_back(
      host::ReadMethod<v1::ListRouteVersionsRequest, v1::ListRouteVersionsResponse>(
          "ListRouteVersions", readers,
          [parts](const Caller&, const auto& request, auto& response) {
            return ListRouteVersions(parts, request, response);
          }));
}

}  // namespace pathways::referral
