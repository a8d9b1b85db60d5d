#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/base/ids.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/ledger.h"
#include "services/eligibility/list_tokens.h"
#include "services/eligibility/methods.h"
#include "services/eligibility/policy_file.h"
#include "services/host/ledger_pages.h"
#include "services/host/pages.h"
#include "services/host/requests.h"
#include "services/type/facts.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using engine::Answer;
using host::Caller;
using host::Principal;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;
constexpr absl::string_view kVersionPrefix = kPolicyLedgerKind.prefix;

absl::StatusOr<type::v1::LedgerState> LedgerIn(const engine::StreamRow& row) {
  ASSIGN_OR_RETURN(v1::EligibilityState state, StateIn(row));
  return std::move(*state.mutable_ledger());
}

absl::Status NoSuchVersion() {
  return type::Refuse(absl::StatusCode::kNotFound, "POLICY_VERSION_NOT_FOUND",
                      "the policy ledger has no such version");
}

// `pack` is that of the request, checked.
type::v1::ApplyVersionCommand CommandOf(const v1::ApplyPolicyRequest& request,
                                        const v1::PolicyPack& pack, const Principal& principal) {
  type::v1::ApplyVersionCommand command;
  command.set_version(pack.version());
  command.set_content(base::SerializeDeterministic(pack));
  command.set_sha256(base::Sha256Hex(command.content()));
  command.set_replaces(request.replaces());
  command.set_principal(principal.Name());
  command.set_reason_code(request.reason_code());
  return command;
}

// The version asked for; the one in force when none is named.
absl::StatusOr<type::v1::LedgerVersion> WantedVersion(const type::v1::LedgerState& ledger,
                                                      absl::string_view name) {
  if (name.empty() && !ledger.versions().empty()) {
    return ledger.versions(ledger.versions_size() - 1);
  }
  const type::v1::LedgerVersion* const version =
      absl::ConsumePrefix(&name, kVersionPrefix) ? type::FindVersion(ledger, name) : nullptr;
  if (version == nullptr) return NoSuchVersion();
  return *version;
}

// Numbers of the events that tell what a version changed, by case.
absl::StatusOr<std::vector<engine::EventKey>> EventsOf(const MethodParts& parts,
                                                       const std::vector<std::string>& cases,
                                                       int64_t policy_number) {
  ASSIGN_OR_RETURN(const auto rows, engine::ReadFolded(parts.domain, parts.store, cases));
  std::vector<engine::EventKey> keys;
  for (const auto& [case_id, row] : rows) {
    RETURN_IF_ERROR(row.status());
    ASSIGN_OR_RETURN(const v1::EligibilityState state, StateIn(*row));
    for (const v1::PolicyEffect& effect : state.policy_effects()) {
      if (effect.policy_number() == policy_number) keys.push_back({case_id, effect.event_number()});
    }
  }
  return keys;
}

absl::Status FillChanges(const MethodParts& parts, const std::vector<std::string>& cases,
                         v1::ListPolicyChangesResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<engine::EventKey> keys,
                   EventsOf(parts, cases, response.version().number()));
  ASSIGN_OR_RETURN(std::vector<engine::EventRow> events, parts.store.ReadEvents(keys));
  std::sort(events.begin(), events.end(),
            [](const auto& a, const auto& b) { return a.stream < b.stream; });
  for (const engine::EventRow& row : events) {
    v1::EligibilityEvent event;
    if (!event.ParseFromString(row.data)) {
      return absl::DataLossError("a stored event cannot be read");
    }
    v1::PolicyChange& change = *response.add_changes();
    change.set_screening(type::CaseName(row.stream) + "/screening");
    change.set_number(row.number);
    *change.mutable_changes() = event.case_screened().changes();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<type::v1::LedgerState> ReadLedger(const engine::Domain& domain,
                                                 engine::EventReader& store) {
  ASSIGN_OR_RETURN(const engine::StreamRow row, engine::ReadFolded(domain, store, kPolicyLedger));
  return LedgerIn(row);
}

namespace {

// What applying would give, without applying.
absl::StatusOr<type::v1::LedgerVersion> TryApply(const MethodParts& parts,
                                                 const type::v1::ApplyVersionCommand& command) {
  ASSIGN_OR_RETURN(const type::v1::LedgerState ledger, ReadLedger(parts.domain, parts.store));
  ASSIGN_OR_RETURN(const engine::StreamRow facts,
                   engine::ReadFolded(parts.domain, parts.store, type::kFactLedger));
  type::DecideContext context{kPolicyLedger, ledger.versions_size(), absl::InfinitePast()};
  if (facts.version > 0) {
    context.found.streams[type::kFactLedger] = {facts.version, facts.state.open, ""};
  }
  RETURN_IF_ERROR(DecideLedger(ledger, command, context).status());
  return type::TryVersion(kPolicyLedgerKind, ledger, command);
}

absl::StatusOr<host::Change<type::v1::LedgerVersion>> ApplyPolicy(
    const Context& context, const Caller& caller, const v1::ApplyPolicyRequest& request) {
  const std::string version = request.pack().version();
  ASSIGN_OR_RETURN(const v1::PolicyPack pack, CheckedPack(request.pack()));
  type::v1::ApplyVersionCommand command = CommandOf(request, pack, caller.principal);
  if (request.validate_only()) {
    ASSIGN_OR_RETURN(type::v1::LedgerVersion tried, TryApply(context->parts, command));
    return host::Change<type::v1::LedgerVersion>{
        std::nullopt, [tried = std::move(tried)](const Answer&, type::v1::LedgerVersion& response) {
          response = tried;
          return absl::OkStatus();
        }};
  }
  type::Violations violations;
  type::CheckRequestId(request.request_id(), violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  v1::EligibilityCommand payload;
  *payload.mutable_apply_policy() = std::move(command);
  engine::Command change =
      host::RequestCommand(kPolicyLedger, base::SerializeDeterministic(payload), caller.method,
                           request, caller.principal, context->parts.keyring);
  change.lookup.streams = {type::kFactLedger};
  return host::Change<type::v1::LedgerVersion>{
      std::move(change),
      [context, version](const Answer& answer, type::v1::LedgerVersion& response) -> absl::Status {
        ASSIGN_OR_RETURN(const type::v1::LedgerState ledger, LedgerIn(answer.row));
        ASSIGN_OR_RETURN(response, WantedVersion(ledger, absl::StrCat(kVersionPrefix, version)));
        context->parts.policy_changed();
        return absl::OkStatus();
      }};
}

absl::Status ListPolicyVersions(MethodContext& context,
                                const v1::ListPolicyVersionsRequest& request,
                                v1::ListPolicyVersionsResponse& response) {
  ASSIGN_OR_RETURN(const type::v1::LedgerState ledger,
                   ReadLedger(context.parts.domain, context.parts.store));
  return host::FillVersions(ledger, request, response);
}

absl::Status ListPolicyChanges(MethodContext& context, const v1::ListPolicyChangesRequest& request,
                               v1::ListPolicyChangesResponse& response) {
  type::Violations violations;
  const int page_size =
      host::CheckPageSize(request.page_size(), kPageUsual, kPageMax, "page_size", violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(const type::v1::LedgerState ledger,
                   ReadLedger(context.parts.domain, context.parts.store));
  ASSIGN_OR_RETURN(*response.mutable_version(), WantedVersion(ledger, request.name()));
  const int64_t number = response.version().number();
  const std::string prefix = ChangesPrefix(number);
  const std::optional<std::string> after = ChangesKeyOfToken(request.page_token(), number);
  if (!after) violations.Add("page_token", host::kNotAPageToken);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                   context.parts.store.ReadList(kPolicyChangesIndex, prefix, *after, page_size));
  std::vector<std::string> cases;
  for (const std::string& key : keys) cases.push_back(key.substr(prefix.size()));
  RETURN_IF_ERROR(FillChanges(context.parts, cases, response));
  if (static_cast<int>(keys.size()) == page_size) {
    response.set_next_page_token(host::PageTokenOf(keys.back()));
  }
  return absl::OkStatus();
}

}  // namespace

void AddPolicyMethods(const Context& context, host::Api& api) {
  api.methods.push_back(host::ChangeMethod<v1::ApplyPolicyRequest, type::v1::LedgerVersion>(
      "ApplyPolicy", {host::kPolicyOfficer},
      [context](const Caller& caller, const auto& request) {
        return ApplyPolicy(context, caller, request);
      },
      host::Runs::kInPool));
  api.methods.push_back(
      host::ReadMethod<v1::ListPolicyVersionsRequest, v1::ListPolicyVersionsResponse>(
          "ListPolicyVersions", {host::kPolicyOfficer, host::kRegistrar, host::kViewer},
          [context](const Caller&, const auto& request, auto& response) {
            return ListPolicyVersions(*context, request, response);
          }));
  api.methods.push_back(
      host::ReadMethod<v1::ListPolicyChangesRequest, v1::ListPolicyChangesResponse>(
          "ListPolicyChanges", {host::kPolicyOfficer, host::kRegistrar},
          [context](const Caller&, const auto& request, auto& response) {
            return ListPolicyChanges(*context, request, response);
          }));
}

}  // namespace pathways::eligibility
