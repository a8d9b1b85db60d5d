// The ledger of the fact catalogue: what people are asked, and what was asked before.
//
// One stream of intake's own, type::kFactLedger, and one of the proposals for it, kept as
// services/type/ledger.h says. From the
// moment a version is stored every registration and update is held against it; what was answered
// before stays as it is.
#ifndef PATHWAYS_SERVICES_INTAKE_DOMAIN_FACT_LEDGER_H_
#define PATHWAYS_SERVICES_INTAKE_DOMAIN_FACT_LEDGER_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pathways/intake/v1/events.pb.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/type/stream.h"

namespace pathways::intake {

// Why the catalogue is applied that an empty ledger begins with.
inline constexpr char kFirstFacts[] = "FIRST_FACTS";

// FactsApplied, or nothing. Errors: those of type::DecideVersion; INVALID_ARGUMENT with reason
// INVALID_FACT_CATALOGUE and every fault, also where the catalogue leaves out a fact of the one in
// force or changes what its answers are.
absl::StatusOr<std::optional<v1::IntakeEvent>> DecideFacts(
    const type::v1::LedgerState& state, const type::v1::ApplyVersionCommand& command);

// FactsProposed, or nothing. Errors: those of type::DecideProposal.
absl::StatusOr<std::optional<v1::IntakeEvent>> ProposeFacts(
    const type::v1::LedgerState& state, const type::v1::ProposeVersionCommand& command,
    absl::Time now);

// Applies one event of the ledger or of the proposals. INTERNAL when it cannot follow.
absl::Status EvolveFacts(type::v1::LedgerState& state, const v1::IntakeEvent& event,
                         const type::EventContext& context);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_DOMAIN_FACT_LEDGER_H_
