#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/ledger.h"
#include "services/eligibility/rpc.h"
#include "services/runtime/ids.h"
#include "services/runtime/requests.h"
#include "services/runtime/rpc/pages.h"
#include "services/runtime/serialize.h"
#include "services/runtime/status_macros.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using runtime::Answer;
using runtime::Method;
using runtime::Principal;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;
constexpr char kVersionPrefix[] = "policyVersions/";
constexpr char kNotAToken[] = "must be a next_page_token of this list";

const Method kApplyPolicy{"ApplyPolicy", {"policy-officer"}};
const Method kListPolicyVersions{"ListPolicyVersions", {"policy-officer", "registrar", "viewer"}};
const Method kListPolicyChanges{"ListPolicyChanges", {"policy-officer", "registrar"}};

absl::StatusOr<v1::PolicyLedgerState> LedgerIn(const runtime::StreamRow& row) {
  ASSIGN_OR_RETURN(v1::EligibilityState state, StateIn(row));
  return std::move(*state.mutable_ledger());
}

absl::Status NoSuchVersion() {
  return type::Refuse(absl::StatusCode::kNotFound, "POLICY_VERSION_NOT_FOUND",
                      "the policy ledger has no such version");
}

v1::ApplyPolicyCommand CommandOf(const v1::ApplyPolicyRequest& request,
                                 const Principal& principal) {
  v1::ApplyPolicyCommand command;
  command.set_pack(runtime::SerializeDeterministic(request.pack()));
  command.set_sha256(runtime::Sha256Hex(command.pack()));
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
absl::StatusOr<std::vector<runtime::EventKey>> EventsOf(runtime::EventStore& store,
                                                        const std::vector<std::string>& cases,
                                                        int64_t policy_number) {
  ASSIGN_OR_RETURN(const auto rows, store.ReadStates(cases));
  std::vector<runtime::EventKey> keys;
  for (const auto& [case_id, row] : rows) {
    ASSIGN_OR_RETURN(const v1::EligibilityState state, StateIn(row));
    for (const v1::PolicyEffect& effect : state.policy_effects()) {
      if (effect.policy_number() == policy_number) keys.push_back({case_id, effect.event_number()});
    }
  }
  return keys;
}

absl::Status FillChanges(runtime::EventStore& store, const std::vector<std::string>& cases,
                         v1::ListPolicyChangesResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<runtime::EventKey> keys,
                   EventsOf(store, cases, response.version().number()));
  ASSIGN_OR_RETURN(std::vector<runtime::EventRow> events, store.ReadEvents(keys));
  std::sort(events.begin(), events.end(),
            [](const auto& a, const auto& b) { return a.stream < b.stream; });
  for (const runtime::EventRow& row : events) {
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

absl::StatusOr<v1::PolicyLedgerState> ReadLedger(runtime::EventStore& store) {
  ASSIGN_OR_RETURN(const runtime::StreamRow row, store.ReadState(kPolicyLedger));
  return LedgerIn(row);
}

grpc::ServerUnaryReactor* EligibilityRpc::ApplyPolicy(grpc::CallbackServerContext* context,
                                                      const v1::ApplyPolicyRequest* request,
                                                      v1::PolicyVersion* response) {
  if (request->validate_only()) {
    return parts_.edge.Read(
        context, kApplyPolicy, [=, this](const Principal& principal) -> absl::Status {
          ASSIGN_OR_RETURN(const v1::PolicyLedgerState ledger, ReadLedger(parts_.store));
          ASSIGN_OR_RETURN(*response, TryApply(ledger, CommandOf(*request, principal),
                                               request->pack().version()));
          return absl::OkStatus();
        });
  }
  return parts_.edge.Change(
      context, kApplyPolicy, parts_.engine,
      [&](const Principal& principal) -> absl::StatusOr<runtime::Command> {
        type::Violations violations;
        type::CheckRequestId(request->request_id(), violations);
        RETURN_IF_ERROR(violations.ToStatus(runtime::kInvalidRequest));
        v1::EligibilityCommand payload;
        *payload.mutable_apply_policy() = CommandOf(*request, principal);
        return runtime::RequestCommand(kPolicyLedger, runtime::SerializeDeterministic(payload),
                                       kApplyPolicy.name, *request, principal, parts_.keyring);
      },
      [=, this](const Answer& answer) -> absl::Status {
        ASSIGN_OR_RETURN(const v1::PolicyLedgerState ledger, LedgerIn(answer.row));
        ASSIGN_OR_RETURN(*response, WantedVersion(ledger, absl::StrCat(kVersionPrefix,
                                                                       request->pack().version())));
        parts_.policy_changed();
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* EligibilityRpc::ListPolicyVersions(
    grpc::CallbackServerContext* context, const v1::ListPolicyVersionsRequest* request,
    v1::ListPolicyVersionsResponse* response) {
  return parts_.edge.Read(
      context, kListPolicyVersions, [=, this](const Principal&) -> absl::Status {
        type::Violations violations;
        const int page_size = runtime::CheckPageSize(request->page_size(), kPageUsual, kPageMax,
                                                     "page_size", violations);
        const std::optional<std::string> after = runtime::KeyOfPageToken(request->page_token());
        int before = 0;  // Versions from this number on were shown.
        if (!after || (!after->empty() && !absl::SimpleAtoi(*after, &before))) {
          violations.Add("page_token", kNotAToken);
        }
        RETURN_IF_ERROR(violations.ToStatus(runtime::kInvalidRequest));
        ASSIGN_OR_RETURN(const v1::PolicyLedgerState ledger, ReadLedger(parts_.store));
        int next = ledger.versions_size();
        if (before > 0) next = std::min(next, before - 1);
        for (; next > 0 && response->versions_size() < page_size; --next) {
          *response->add_versions() = ledger.versions(next - 1);
        }
        if (next > 0) {
          response->set_next_page_token(runtime::PageTokenOf(absl::StrCat(next + 1)));
        }
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* EligibilityRpc::ListPolicyChanges(
    grpc::CallbackServerContext* context, const v1::ListPolicyChangesRequest* request,
    v1::ListPolicyChangesResponse* response) {
  return parts_.edge.Read(context, kListPolicyChanges, [=, this](const Principal&) -> absl::Status {
    type::Violations violations;
    const int page_size =
        runtime::CheckPageSize(request->page_size(), kPageUsual, kPageMax, "page_size", violations);
    const std::optional<std::string> after = runtime::KeyOfPageToken(request->page_token());
    if (!after) violations.Add("page_token", kNotAToken);
    RETURN_IF_ERROR(violations.ToStatus(runtime::kInvalidRequest));
    ASSIGN_OR_RETURN(const v1::PolicyLedgerState ledger, ReadLedger(parts_.store));
    ASSIGN_OR_RETURN(*response->mutable_version(), WantedVersion(ledger, request->name()));
    const std::string prefix = absl::StrFormat("%010d/", response->version().number());
    if (!after->empty() && !absl::StartsWith(*after, prefix)) {
      violations.Add("page_token", kNotAToken);
      return violations.ToStatus(runtime::kInvalidRequest);
    }
    ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                     parts_.store.ReadList(kPolicyChangesIndex, prefix, *after, page_size));
    std::vector<std::string> cases;
    for (const std::string& key : keys) cases.push_back(key.substr(prefix.size()));
    RETURN_IF_ERROR(FillChanges(parts_.store, cases, *response));
    if (static_cast<int>(keys.size()) == page_size) {
      response->set_next_page_token(runtime::PageTokenOf(keys.back()));
    }
    return absl::OkStatus();
  });
}

}  // namespace pathways::eligibility
