#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/ledger.h"
#include "services/eligibility/domain/simulation.h"
#include "services/eligibility/domain/told_count.h"
#include "services/eligibility/list_tokens.h"
#include "services/eligibility/methods.h"
#include "services/eligibility/policy_file.h"
#include "services/host/case_pass.h"
#include "services/host/ledger_methods.h"
#include "services/host/ledger_pages.h"
#include "services/host/ledger_start.h"
#include "services/host/pages.h"
#include "services/type/facts.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using host::Caller;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;
constexpr absl::string_view kVersionPrefix = kPolicyLedgerKind.prefix;

absl::Status NoSuchVersion() {
  return type::Refuse(absl::StatusCode::kNotFound, "POLICY_VERSION_NOT_FOUND",
                      "the policy ledger has no such version");
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

absl::StatusOr<type::v1::LedgerState> ReadPolicyLedger(const MethodParts& parts) {
  return host::ReadLedger<v1::EligibilityState>(parts.domain, parts.store, kPolicyLedger);
}

host::LedgerParts LedgerOf(const MethodParts& parts) {
  return {.kind = kPolicyLedgerKind,
          .domain = parts.domain,
          .store = parts.store,
          .keyring = parts.keyring,
          .looks_up = {type::kFactLedger},
          .ledger_in = host::LedgerIn<v1::EligibilityState>,
          .command = host::LedgerCommandOf<v1::EligibilityCommand>,
          .try_version = [](const auto& ledger, const auto& apply,
                            const auto& context) -> absl::StatusOr<bool> {
            ASSIGN_OR_RETURN(const auto events, DecideLedger(ledger, apply, context));
            return !events.empty();
          },
          .changed = parts.policy_changed};
}

// What a pack would do to the referrals of the people on file.
absl::StatusOr<type::v1::LedgerEffect> CountEffect(MethodContext& context, const Caller& caller,
                                                   const v1::PolicyPack& pack,
                                                   absl::Duration most) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const Rules> rules, Rules::Compile(pack));
  ASSIGN_OR_RETURN(const Policy in_force, context.policies.InForce());
  Simulation simulation({*rules, in_force.number + 1}, context.parts.clock.Now());
  ASSIGN_OR_RETURN(const bool whole,
                   Simulate(context, caller, most,
                            [&](const v1::EligibilityState& state) { simulation.Add(state); }));
  type::v1::LedgerEffect effect = simulation.effect();
  effect.set_whole(whole);
  return effect;
}

void RoundDown(type::v1::LedgerEffect& effect) {
  effect.set_cases(Tell(effect.cases()).told);
  effect.set_referrals(Tell(effect.referrals()).told);
  effect.set_holds(Tell(effect.holds()).told);
}

absl::StatusOr<host::Change<type::v1::LedgerProposal>> ProposePolicy(
    const Context& context, const Caller& caller, const v1::ProposePolicyRequest& request) {
  ASSIGN_OR_RETURN(const absl::Duration most, host::CasePassTime(request.seconds_max()));
  ASSIGN_OR_RETURN(const v1::PolicyPack pack, CheckedPack(request.pack()));
  host::Proposing proposing;
  proposing.version = pack.version();
  proposing.content = base::SerializeDeterministic(pack);
  proposing.reason_code = request.reason_code();
  proposing.replaces = request.replaces();
  if (request.has_ceiling()) proposing.ceiling = request.ceiling();
  proposing.only_try = request.validate_only();
  proposing.count = [&]() -> absl::StatusOr<type::v1::LedgerEffect> {
    ASSIGN_OR_RETURN(type::v1::LedgerEffect effect, CountEffect(*context, caller, pack, most));
    // Exact numbers leave a trace: a proposal is stored, with its content and whose it is.
    if (request.validate_only()) RoundDown(effect);
    return effect;
  };
  return host::Propose(LedgerOf(context->parts), caller, request, proposing);
}

absl::Status GetPolicyProposal(const MethodContext& context,
                               v1::GetPolicyProposalResponse& response) {
  ASSIGN_OR_RETURN(host::WaitingProposal waiting, host::ReadProposal(LedgerOf(context.parts)));
  *response.mutable_proposal() = std::move(waiting.proposal);
  if (!response.mutable_pack()->ParseFromString(waiting.content)) {
    return absl::DataLossError("the proposed pack cannot be read");
  }
  return absl::OkStatus();
}

absl::Status ListPolicyVersions(MethodContext& context,
                                const v1::ListPolicyVersionsRequest& request,
                                v1::ListPolicyVersionsResponse& response) {
  ASSIGN_OR_RETURN(const type::v1::LedgerState ledger, ReadPolicyLedger(context.parts));
  return host::FillVersions(ledger, request, response);
}

absl::Status ListPolicyChanges(MethodContext& context, const v1::ListPolicyChangesRequest& request,
                               v1::ListPolicyChangesResponse& response) {
  type::Violations violations;
  const int page_size =
      host::CheckPageSize(request.page_size(), kPageUsual, kPageMax, "page_size", violations);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  ASSIGN_OR_RETURN(const type::v1::LedgerState ledger, ReadPolicyLedger(context.parts));
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
  const host::Roles officers = {host::kPolicyOfficer};
  api.methods.push_back(host::ChangeMethod<v1::ProposePolicyRequest, type::v1::LedgerProposal>(
      "ProposePolicy", officers,
      [context](const Caller& caller, const auto& request) {
        return ProposePolicy(context, caller, request);
      },
      host::Runs::kInPool));
  api.methods.push_back(
      host::ChangeMethod<type::v1::ConfirmVersionRequest, type::v1::LedgerVersion>(
          "ConfirmPolicy", officers, [context](const Caller& caller, const auto& request) {
            return host::Confirm(LedgerOf(context->parts), caller, request);
          }));
  api.methods.push_back(
      host::ReadMethod<type::v1::GetProposalRequest, v1::GetPolicyProposalResponse>(
          "GetPolicyProposal", officers, [context](const Caller&, const auto&, auto& response) {
            return GetPolicyProposal(*context, response);
          }));
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
