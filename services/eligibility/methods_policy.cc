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
#include "services/host/pages.h"
#include "services/host/requests.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using engine::Answer;
using host::Caller;
using host::Principal;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;
constexpr char kVersionPrefix[] = "policyVersions/";

absl::StatusOr<v1::PolicyLedgerState> LedgerIn(const engine::StreamRow& row) {
  ASSIGN_OR_RETURN(v1::EligibilityState state, StateIn(row));
  return std::move(*state.mutable_ledger());
}

absl::Status NoSuchVersion() {
  return type::Refuse(absl::StatusCode::kNotFound, "POLICY_VERSION_NOT_FOUND",
                      "the policy ledger has no such version");
}

// `pack` is that of the request, checked.
v1::ApplyPolicyCommand CommandOf(const v1::ApplyPolicyRequest& request, const v1::PolicyPack& pack,
                                 const Principal& principal) {
  v1::ApplyPolicyCommand command;
  command.set_pack(base::SerializeDeterministic(pack));
  command.set_sha256(base::Sha256Hex(command.pack()));
  command.set_replaces(request.replaces());
  command.set_principal(principal.Name());
  command.set_reason_code(request.reason_code());
  return command;
}

// What applying would give, without applying.
absl::StatusOr<v1::PolicyVersion> TryApply(const v1::PolicyLedgerState& ledger,
                                           const v1::ApplyPolicyCommand& command,
                                           const std::string& version) {
  ASSIGN_OR_RETURN(const auto events, DecideLedger(ledger, command));
  if (!events.empty()) {
    return VersionOf(events[0].policy_applied(), ledger.versions_size() + 1, absl::InfinitePast());
  }
  const v1::PolicyVersion* const known = FindVersion(ledger, version);
  if (known == nullptr) return NoSuchVersion();
  return *known;
}

// The version asked for; the one in force when none is named.
absl::StatusOr<v1::PolicyVersion> WantedVersion(const v1::PolicyLedgerState& ledger,
                                                absl::string_view name) {
  if (name.empty() && !ledger.versions().empty()) {
    return ledger.versions(ledger.versions_size() - 1);
  }
  const v1::PolicyVersion* const version =
      absl::ConsumePrefix(&name, kVersionPrefix) ? FindVersion(ledger, name) : nullptr;
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

absl::StatusOr<v1::PolicyLedgerState> ReadLedger(const engine::Domain& domain,
                                                 engine::EventReader& store) {
  ASSIGN_OR_RETURN(const engine::StreamRow row, engine::ReadFolded(domain, store, kPolicyLedger));
  return LedgerIn(row);
}

namespace {

absl::StatusOr<host::Change<v1::PolicyVersion>> ApplyPolicy(const Context& context,
                                                            const Caller& caller,
                                                            const v1::ApplyPolicyRequest& request) {
  const std::string version = request.pack().version();
  ASSIGN_OR_RETURN(const v1::PolicyPack pack, CheckedPack(request.pack()));
  v1::ApplyPolicyCommand command = CommandOf(request, pack, caller.principal);
  if (request.validate_only()) {
    ASSIGN_OR_RETURN(const v1::PolicyLedgerState ledger,
                     ReadLedger(context->parts.domain, context->parts.store));
    ASSIGN_OR_RETURN(v1::PolicyVersion tried, TryApply(ledger, command, version));
    return host::Change<v1::PolicyVersion>{
        std::nullopt, [tried = std::move(tried)](const Answer&, v1::PolicyVersion& response) {
          response = tried;
          return absl::OkStatus();
        }};
  }
  type::Violations violations;
  type::CheckRequestId(request.request_id(), violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  v1::EligibilityCommand payload;
  *payload.mutable_apply_policy() = std::move(command);
  return host::Change<v1::PolicyVersion>{
      host::RequestCommand(kPolicyLedger, base::SerializeDeterministic(payload), caller.method,
                           request, caller.principal, context->parts.keyring),
      [context, version](const Answer& answer, v1::PolicyVersion& response) -> absl::Status {
        ASSIGN_OR_RETURN(const v1::PolicyLedgerState ledger, LedgerIn(answer.row));
        ASSIGN_OR_RETURN(response, WantedVersion(ledger, absl::StrCat(kVersionPrefix, version)));
        context->parts.policy_changed();
        return absl::OkStatus();
      }};
}

absl::Status ListPolicyVersions(MethodContext& context,
                                const v1::ListPolicyVersionsRequest& request,
                                v1::ListPolicyVersionsResponse& response) {
  type::Violations violations;
  const int page_size =
      host::CheckPageSize(request.page_size(), kPageUsual, kPageMax, "page_size", violations);
  const std::optional<int> before = VersionOfToken(request.page_token());
  if (!before) violations.Add("page_token", kNotAPageToken);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(const v1::PolicyLedgerState ledger,
                   ReadLedger(context.parts.domain, context.parts.store));
  int next = ledger.versions_size();
  if (*before > next) violations.Add("page_token", kNotAPageToken);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  if (*before > 0) next = *before - 1;
  for (; next > 0 && response.versions_size() < page_size; --next) {
    *response.add_versions() = ledger.versions(next - 1);
  }
  if (next > 0) response.set_next_page_token(VersionsTokenOf(next + 1));
  return absl::OkStatus();
}

absl::Status ListPolicyChanges(MethodContext& context, const v1::ListPolicyChangesRequest& request,
                               v1::ListPolicyChangesResponse& response) {
  type::Violations violations;
  const int page_size =
      host::CheckPageSize(request.page_size(), kPageUsual, kPageMax, "page_size", violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(const v1::PolicyLedgerState ledger,
                   ReadLedger(context.parts.domain, context.parts.store));
  ASSIGN_OR_RETURN(*response.mutable_version(), WantedVersion(ledger, request.name()));
  const int64_t number = response.version().number();
  const std::string prefix = ChangesPrefix(number);
  const std::optional<std::string> after = ChangesKeyOfToken(request.page_token(), number);
  if (!after) violations.Add("page_token", kNotAPageToken);
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
  api.methods.push_back(host::ChangeMethod<v1::ApplyPolicyRequest, v1::PolicyVersion>(
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
