// The methods on the routes.
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pathways/referral/v1/referral_service.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/base/ids.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/host/ledger_pages.h"
#include "services/host/pages.h"
#include "services/host/requests.h"
#include "services/referral/domain/routes.h"
#include "services/referral/methods.h"
#include "services/referral/routes_start.h"
#include "services/type/facts.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::referral {
namespace {

using host::Caller;
using type::v1::LedgerState;
using type::v1::LedgerVersion;
using Change = host::Change<LedgerVersion>;

type::v1::ApplyVersionCommand CommandOf(const v1::ApplyRoutesRequest& request,
                                        const host::Principal& principal) {
  type::v1::ApplyVersionCommand command;
  command.set_version(request.routes().version());
  command.set_content(base::SerializeDeterministic(request.routes()));
  command.set_sha256(base::Sha256Hex(command.content()));
  command.set_replaces(request.replaces());
  command.set_principal(principal.Name());
  command.set_reason_code(request.reason_code());
  return command;
}

// What applying would give, without applying.
absl::StatusOr<LedgerVersion> TryApply(const MethodParts& parts,
                                       const type::v1::ApplyVersionCommand& command) {
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadRoutesLedger(parts.domain, parts.store));
  ASSIGN_OR_RETURN(const engine::StreamRow facts,
                   engine::ReadFolded(parts.domain, parts.store, type::kFactLedger));
  type::DecideContext context{kRoutesLedger, ledger.versions_size(), absl::InfinitePast()};
  if (facts.version > 0) {
    context.found.streams[type::kFactLedger] = {facts.version, facts.state.open, ""};
  }
  RETURN_IF_ERROR(DecideRoutes(ledger, command, context).status());
  return type::TryVersion(kRoutesLedgerKind, ledger, command);
}

absl::Status AnswerVersion(const engine::Answer& answer, const std::string& version,
                           LedgerVersion& response) {
  v1::ReferralCaseState state;
  const bool is_read = state.ParseFromString(answer.row.state.open);
  const LedgerVersion* const found = is_read ? type::FindVersion(state.ledger(), version) : nullptr;
  if (found == nullptr) return absl::DataLossError("the stored routes cannot be read");
  response = *found;
  return absl::OkStatus();
}

absl::StatusOr<Change> ApplyRoutes(const MethodParts& parts, const Caller& caller,
                                   const v1::ApplyRoutesRequest& request) {
  type::v1::ApplyVersionCommand command = CommandOf(request, caller.principal);
  if (request.validate_only()) {
    ASSIGN_OR_RETURN(LedgerVersion tried, TryApply(parts, command));
    return Change{std::nullopt,
                  [tried = std::move(tried)](const engine::Answer&, LedgerVersion& response) {
                    response = tried;
                    return absl::OkStatus();
                  }};
  }
  type::Violations violations;
  type::CheckRequestId(request.request_id(), violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  v1::ReferralCommand payload;
  *payload.mutable_apply_routes() = std::move(command);
  engine::Command change =
      host::RequestCommand(kRoutesLedger, base::SerializeDeterministic(payload), caller.method,
                           request, caller.principal, parts.keyring);
  change.lookup.streams = {type::kFactLedger};
  return Change{std::move(change), [parts, version = request.routes().version()](
                                       const engine::Answer& answer, LedgerVersion& response) {
                  parts.routes_changed();
                  return AnswerVersion(answer, version, response);
                }};
}

absl::Status GetRoutes(const MethodParts& parts, v1::GetRoutesResponse& response) {
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadRoutesLedger(parts.domain, parts.store));
  if (ledger.versions().empty() || !response.mutable_routes()->ParseFromString(ledger.content())) {
    return absl::DataLossError("the routes in force cannot be read");
  }
  *response.mutable_version() = ledger.versions(ledger.versions_size() - 1);
  return absl::OkStatus();
}

absl::Status ListRouteVersions(const MethodParts& parts,
                               const v1::ListRouteVersionsRequest& request,
                               v1::ListRouteVersionsResponse& response) {
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadRoutesLedger(parts.domain, parts.store));
  return host::FillVersions(ledger, request, response);
}

}  // namespace

void AddRouteMethods(const MethodParts& parts, host::Api& api) {
  const host::Roles readers = {host::kPolicyOfficer, host::kRegistrar, host::kViewer};
  api.methods.push_back(host::ChangeMethod<v1::ApplyRoutesRequest, LedgerVersion>(
      "ApplyRoutes", {host::kPolicyOfficer},
      [parts](const Caller& caller, const auto& request) {
        return ApplyRoutes(parts, caller, request);
      },
      host::Runs::kInPool));
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
