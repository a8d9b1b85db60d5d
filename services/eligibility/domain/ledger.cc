#include "services/eligibility/domain/ledger.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/type/facts.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using Events = std::vector<v1::EligibilityEvent>;

absl::StatusOr<v1::PolicyPack> CheckedPack(const type::v1::ApplyVersionCommand& command) {
  v1::PolicyPack pack;
  type::Violations violations;
  if (!pack.ParseFromString(command.content()) || pack.version() != command.version()) {
    violations.Add("pack", "cannot be read");
  }
  absl::Status status = violations.ToStatus("INVALID_REQUEST");
  if (status.ok()) status = CheckPack(pack);
  if (!status.ok()) return status;
  return pack;
}

// The catalogue as intake has told it; empty when it has told of none.
absl::StatusOr<type::v1::FactCatalogue> CatalogueIn(const type::DecideContext& context) {
  const auto ledger = type::LedgerFound<v1::EligibilityState>(context.found, type::kFactLedger);
  if (!ledger.ok()) return ledger.status();
  type::v1::FactCatalogue catalogue;
  if (!catalogue.ParseFromString(ledger->content())) {
    return absl::DataLossError("the stored fact catalogue cannot be read");
  }
  return catalogue;
}

// Every fact of the pack must be one that people are asked, as the pack has it.
absl::Status CheckAgainst(const type::v1::FactCatalogue& catalogue, const v1::PolicyPack& pack) {
  std::vector<std::string> unknown;
  for (const type::v1::Fact& fact : pack.facts()) {
    const auto is_same = [&](const type::v1::Fact& known) {
      return known.id() == fact.id() && type::IsSameFact(fact, known);
    };
    if (std::none_of(catalogue.facts().begin(), catalogue.facts().end(), is_same)) {
      unknown.push_back(fact.id());
    }
  }
  if (unknown.empty()) return absl::OkStatus();
  return type::Refuse(
      absl::StatusCode::kFailedPrecondition, "FACTS_NOT_IN_FORCE",
      absl::StrCat("the fact catalogue in force lacks these facts of the pack, or has them "
                   "otherwise; apply the catalogue first: ",
                   absl::StrJoin(unknown, ", ")));
}

}  // namespace

absl::StatusOr<Events> DecideLedger(const type::v1::LedgerState& state,
                                    const type::v1::ApplyVersionCommand& command,
                                    const type::DecideContext& context) {
  const bool begins = command.confirmed_by().empty();
  if (begins && state.versions_size() > 0) return Events();
  // Bytes that are too many are not read.
  const bool is_small = command.content().size() <= type::kLedgerContentBytesMax;
  const absl::StatusOr<v1::PolicyPack> pack =
      is_small ? CheckedPack(command) : absl::StatusOr<v1::PolicyPack>(v1::PolicyPack());
  if (!pack.ok()) return pack.status();
  const auto applied = type::DecideVersion(kPolicyLedgerKind, state, command);
  if (!applied.ok()) return applied.status();
  if (!*applied) return Events();
  if (!begins) {
    const absl::StatusOr<type::v1::FactCatalogue> catalogue = CatalogueIn(context);
    if (!catalogue.ok()) return catalogue.status();
    absl::Status status = CheckAgainst(*catalogue, *pack);
    if (!status.ok()) return status;
  }
  v1::EligibilityEvent event;
  event.set_case_id(kPolicyLedger);
  *event.mutable_policy_applied()->mutable_applied() = **applied;
  return Events{std::move(event)};
}

absl::StatusOr<Events> ProposePolicy(const type::v1::LedgerState& state,
                                     const type::v1::ProposeVersionCommand& command,
                                     absl::Time now) {
  auto proposed = type::DecideProposal(kPolicyLedgerKind, state, command, now);
  if (!proposed.ok()) return proposed.status();
  if (!*proposed) return Events();
  v1::EligibilityEvent event;
  event.set_case_id(type::ProposalsOf(kPolicyLedgerKind));
  *event.mutable_policy_proposed()->mutable_proposed() = **std::move(proposed);
  return Events{std::move(event)};
}

absl::StatusOr<Events> NoteFacts(const v1::EligibilityCommand& command) {
  if (!command.intake_event().event().has_facts_applied()) {
    return absl::InternalError("a case's command for the fact catalogue");
  }
  v1::EligibilityEvent event;
  event.set_case_id(type::kFactLedger);
  *event.mutable_facts_noted()->mutable_applied() =
      command.intake_event().event().facts_applied().applied();
  return Events{std::move(event)};
}

absl::Status EvolveLedger(type::v1::LedgerState& state, const v1::EligibilityEvent& event,
                          const type::EventContext& context) {
  if (event.case_id() != context.stream) return absl::InternalError("an event of another stream");
  if (context.stream == kPolicyLedger && event.has_policy_applied()) {
    return type::EvolveLedger(kPolicyLedgerKind, state, event.policy_applied().applied(), context);
  }
  if (context.stream == type::kFactLedger && event.has_facts_noted()) {
    return type::EvolveLedger(type::kFactLedgerKind, state, event.facts_noted().applied(), context);
  }
  if (context.stream == type::ProposalsOf(kPolicyLedgerKind) && event.has_policy_proposed()) {
    type::EvolveProposal(state, event.policy_proposed().proposed(), context);
    return absl::OkStatus();
  }
  return absl::InternalError("an event of another stream in a ledger");
}

absl::StatusOr<v1::PolicyPack> PackInForce(const type::v1::LedgerState& state) {
  v1::PolicyPack pack;
  if (state.versions().empty() || !pack.ParseFromString(state.content())) {
    return absl::DataLossError("the pack in force cannot be read");
  }
  return pack;
}

}  // namespace pathways::eligibility
