// The methods of the fact catalogue.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pathways/intake/v1/intake_service.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/host/ledger_methods.h"
#include "services/host/ledger_pages.h"
#include "services/host/ledger_start.h"
#include "services/intake/domain/fact_ledger.h"
#include "services/intake/methods.h"

namespace pathways::intake {
namespace {

using host::Caller;
using type::v1::LedgerProposal;
using type::v1::LedgerState;
using type::v1::LedgerVersion;

absl::StatusOr<LedgerState> ReadFactLedger(const MethodParts& parts) {
  return host::ReadLedger<v1::IntakeState>(parts.domain, parts.store, type::kFactLedger);
}

host::LedgerParts LedgerOf(const MethodParts& parts) {
  return {.kind = type::kFactLedgerKind,
          .domain = parts.domain,
          .store = parts.store,
          .keyring = parts.keyring,
          .looks_up = {},
          .ledger_in = host::LedgerIn<v1::IntakeState>,
          .command = host::LedgerCommandOf<v1::IntakeCommand>,
          .try_version = [](const auto& ledger, const auto& apply,
                            const auto&) -> absl::StatusOr<bool> {
            ASSIGN_OR_RETURN(const auto event, DecideFacts(ledger, apply));
            return event.has_value();
          },
          .changed = [] {}};
}

// A catalogue touches no case: what was answered stays as it is.
absl::StatusOr<host::Change<LedgerProposal>> ProposeFacts(const MethodParts& parts,
                                                          const Caller& caller,
                                                          const v1::ProposeFactsRequest& request) {
  host::Proposing proposing;
  proposing.version = request.catalogue().version();
  proposing.content = base::SerializeDeterministic(request.catalogue());
  proposing.reason_code = request.reason_code();
  proposing.replaces = request.replaces();
  proposing.only_try = request.validate_only();
  return host::Propose(LedgerOf(parts), caller, request, proposing);
}

absl::Status GetFactsProposal(const MethodParts& parts, v1::GetFactsProposalResponse& response) {
  ASSIGN_OR_RETURN(host::WaitingProposal waiting, host::ReadProposal(LedgerOf(parts)));
  *response.mutable_proposal() = std::move(waiting.proposal);
  if (!response.mutable_catalogue()->ParseFromString(waiting.content)) {
    return absl::DataLossError("the proposed catalogue cannot be read");
  }
  return absl::OkStatus();
}

absl::Status GetFacts(const MethodParts& parts, v1::GetFactsResponse& response) {
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadFactLedger(parts));
  if (ledger.versions().empty() ||
      !response.mutable_catalogue()->ParseFromString(ledger.content())) {
    return absl::DataLossError("the fact catalogue in force cannot be read");
  }
  *response.mutable_version() = ledger.versions(ledger.versions_size() - 1);
  return absl::OkStatus();
}

absl::Status ListFactVersions(const MethodParts& parts, const v1::ListFactVersionsRequest& request,
                              v1::ListFactVersionsResponse& response) {
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadFactLedger(parts));
  return host::FillVersions(ledger, request, response);
}

}  // namespace

void AddFactMethods(const MethodParts& parts, host::Api& api) {
  const host::Roles officers = {host::kPolicyOfficer};
  api.methods.push_back(host::ChangeMethod<v1::ProposeFactsRequest, LedgerProposal>(
      "ProposeFacts", officers,
      [parts](const Caller& caller, const auto& request) {
        return ProposeFacts(parts, caller, request);
      },
      host::Runs::kInPool));
  api.methods.push_back(host::ChangeMethod<type::v1::ConfirmVersionRequest, LedgerVersion>(
      "ConfirmFacts", officers, [parts](const Caller& caller, const auto& request) {
        return host::Confirm(LedgerOf(parts), caller, request);
      }));
  api.methods.push_back(
      host::ReadMethod<type::v1::GetProposalRequest, v1::GetFactsProposalResponse>(
          "GetFactsProposal", officers, [parts](const Caller&, const auto&, auto& response) {
            return GetFactsProposal(parts, response);
          }));
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
