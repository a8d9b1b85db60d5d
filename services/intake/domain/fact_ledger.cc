#include "services/intake/domain/fact_ledger.h"

#include <memory>
#include <utility>

#include "services/type/facts.h"
#include "services/type/problem.h"

namespace pathways::intake {
namespace {

absl::Status CheckCatalogue(const type::v1::LedgerState& state,
                            const type::v1::ApplyVersionCommand& command) {
  type::v1::FactCatalogue catalogue;
  if (!catalogue.ParseFromString(command.content()) || catalogue.version() != command.version()) {
    type::Violations violations;
    violations.Add("catalogue", "cannot be read");
    return violations.ToStatus("INVALID_REQUEST");
  }
  const auto facts = type::Facts::Compile(std::move(catalogue));
  if (!facts.ok()) return facts.status();
  type::v1::FactCatalogue before;
  if (!before.ParseFromString(state.content())) {
    return absl::DataLossError("the fact catalogue in force cannot be read");
  }
  return type::CheckSuccessor(before, (*facts)->catalogue());
}

}  // namespace

absl::StatusOr<std::optional<v1::IntakeEvent>> DecideFacts(
    const type::v1::LedgerState& state, const type::v1::ApplyVersionCommand& command) {
  if (command.confirmed_by().empty() && state.versions_size() > 0) return std::nullopt;
  // Bytes that are too many are not read.
  if (command.content().size() <= type::kLedgerContentBytesMax) {
    absl::Status status = CheckCatalogue(state, command);
    if (!status.ok()) return status;
  }
  auto applied = type::DecideVersion(type::kFactLedgerKind, state, command);
  if (!applied.ok()) return applied.status();
  if (!*applied) return std::nullopt;
  v1::IntakeEvent event;
  event.set_case_id(type::kFactLedger);
  *event.mutable_facts_applied()->mutable_applied() = **std::move(applied);
  return event;
}

absl::StatusOr<std::optional<v1::IntakeEvent>> ProposeFacts(
    const type::v1::LedgerState& state, const type::v1::ProposeVersionCommand& command,
    absl::Time now) {
  auto proposed = type::DecideProposal(type::kFactLedgerKind, state, command, now);
  if (!proposed.ok()) return proposed.status();
  if (!*proposed) return std::nullopt;
  v1::IntakeEvent event;
  event.set_case_id(type::ProposalsOf(type::kFactLedgerKind));
  *event.mutable_facts_proposed()->mutable_proposed() = **std::move(proposed);
  return event;
}

absl::Status EvolveFacts(type::v1::LedgerState& state, const v1::IntakeEvent& event,
                         const type::EventContext& context) {
  if (event.has_facts_proposed() && context.stream == type::ProposalsOf(type::kFactLedgerKind) &&
      event.case_id() == context.stream) {
    type::EvolveProposal(state, event.facts_proposed().proposed(), context);
    return absl::OkStatus();
  }
  if (event.case_id() != type::kFactLedger || context.stream != type::kFactLedger ||
      !event.has_facts_applied()) {
    return absl::InternalError("an event of another stream in the fact catalogue");
  }
  return type::EvolveLedger(type::kFactLedgerKind, state, event.facts_applied().applied(), context);
}

}  // namespace pathways::intake
