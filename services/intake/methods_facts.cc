// The methods of the fact catalogue.
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pathways/intake/v1/intake_service.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/base/ids.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/host/ledger_pages.h"
#include "services/host/pages.h"
#include "services/host/requests.h"
#include "services/intake/domain/fact_ledger.h"
#include "services/intake/methods.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::intake {
namespace {

using host::Caller;
using type::v1::LedgerState;
using type::v1::LedgerVersion;
using Change = host::Change<LedgerVersion>;

type::v1::ApplyVersionCommand CommandOf(const v1::ApplyFactsRequest& request,
                                        const host::Principal& principal) {
  type::v1::ApplyVersionCommand command;
  command.set_version(request.catalogue().version());
  command.set_content(base::SerializeDeterministic(request.catalogue()));
  command.set_sha256(base::Sha256Hex(command.content()));
  command.set_replaces(request.replaces());
  command.set_principal(principal.Name());
  command.set_reason_code(request.reason_code());
  return command;
}

// What applying would give, without applying.
absl::StatusOr<LedgerVersion> TryApply(const MethodParts& parts,
                                       const type::v1::ApplyVersionCommand& command) {
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadFactLedger(parts.domain, parts.store));
  RETURN_IF_ERROR(DecideFacts(ledger, command).status());
  return type::TryVersion(type::kFactLedgerKind, ledger, command);
}

absl::Status AnswerVersion(const engine::Answer& answer, const std::string& version,
                           LedgerVersion& response) {
  v1::IntakeState state;
  const bool is_read = state.ParseFromString(answer.row.state.open);
  const LedgerVersion* const found = is_read ? type::FindVersion(state.ledger(), version) : nullptr;
  if (found == nullptr) return absl::DataLossError("the stored fact catalogue cannot be read");
  response = *found;
  return absl::OkStatus();
}

absl::StatusOr<Change> ApplyFacts(const MethodParts& parts, const Caller& caller,
                                  const v1::ApplyFactsRequest& request) {
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
  v1::IntakeCommand payload;
  *payload.mutable_apply_facts() = std::move(command);
  return Change{host::RequestCommand(type::kFactLedger, base::SerializeDeterministic(payload),
                                     caller.method, request, caller.principal, parts.keyring),
                [version = request.catalogue().version()](const engine::Answer& answer,
                                                          LedgerVersion& response) {
                  return AnswerVersion(answer, version, response);
                }};
}

absl::Status GetFacts(const MethodParts& parts, v1::GetFactsResponse& response) {
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadFactLedger(parts.domain, parts.store));
  if (ledger.versions().empty() ||
      !response.mutable_catalogue()->ParseFromString(ledger.content())) {
    return absl::DataLossError("the fact catalogue in force cannot be read");
  }
  *response.mutable_version() = ledger.versions(ledger.versions_size() - 1);
  return absl::OkStatus();
}

absl::Status ListFactVersions(const MethodParts& parts, const v1::ListFactVersionsRequest& request,
                              v1::ListFactVersionsResponse& response) {
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadFactLedger(parts.domain, parts.store));
  return host::FillVersions(ledger, request, response);
}

}  // namespace

void AddFactMethods(const MethodParts& parts, host::Api& api) {
  api.methods.push_back(host::ChangeMethod<v1::ApplyFactsRequest, LedgerVersion>(
      "ApplyFacts", {host::kPolicyOfficer},
      [parts](const Caller& caller, const auto& request) {
        return ApplyFacts(parts, caller, request);
      },
      host::Runs::kInPool));
  api.methods.push_back(host::ReadMethod<v1::GetFactsRequest, v1::GetFactsResponse>(
      "GetFacts", {host::kPolicyOfficer, host::kRegistrar, host::kViewer},
      [parts](const Caller&, const auto&, auto& response) { return GetFacts(parts, response); }));
  api.methods.push_back(host::ReadMethod<v1::ListFactVersionsRequest, v1::ListFactVersionsResponse>(
      "ListFactVersions", {host::kPolicyOfficer, host::kRegistrar, host::kViewer},
      [parts](const Caller&, const auto& request, auto& response) {
        return ListFactVersions(parts, request, response);
      }));
}

}  // namespace pathways::intake
