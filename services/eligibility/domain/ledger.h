// The policy ledger: which pack cases are screened with, and which were before; and the fact
// catalogue that packs are held against.
//
// Each is one stream of eligibility's own, the first with one of proposals beside it, kept as
// services/type/ledger.h says. A pack brings the
// facts that it looks at with it, so what is screened hangs on the pack alone; that they are the
// facts that people are asked is checked when the pack is applied, against the catalogue as intake
// has told it by then. A pack with any fault is refused whole, and what is in force stays.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_LEDGER_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_LEDGER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "services/type/ledger.h"
#include "services/type/stream.h"

namespace pathways::eligibility {

// Its stream; no case (services/type/stream.h).
inline constexpr char kPolicyLedger[] = "service/policy-ledger";
inline constexpr type::LedgerKind kPolicyLedgerKind = {"POLICY", "policyVersions/", "pack",
                                                       kPolicyLedger};
// Cause of a screening that a new version led to; its number is the version's.
inline constexpr char kPolicyCause[] = "policy";
// Why the pack is applied that an empty ledger begins with.
inline constexpr char kFirstPolicy[] = "FIRST_POLICY";

// PolicyApplied, or nothing. The command looks up the stream type::kFactLedger. Errors: those of
// type::DecideVersion; INVALID_ARGUMENT with reason INVALID_POLICY_PACK and every fault;
// FAILED_PRECONDITION with reason FACTS_NOT_IN_FORCE, naming every fact of the pack that the
// catalogue lacks or knows otherwise. What an empty ledger begins with is not held against the
// catalogue, which may not have been told yet.
absl::StatusOr<std::vector<v1::EligibilityEvent>> DecideLedger(
    const type::v1::LedgerState& state, const type::v1::ApplyVersionCommand& command,
    const type::DecideContext& context);

// PolicyProposed, or nothing. Errors: those of type::DecideProposal.
absl::StatusOr<std::vector<v1::EligibilityEvent>> ProposePolicy(
    const type::v1::LedgerState& state, const type::v1::ProposeVersionCommand& command,
    absl::Time now);

// FactsNoted for what intake tells of its catalogue; INTERNAL for anything else.
absl::StatusOr<std::vector<v1::EligibilityEvent>> NoteFacts(const v1::EligibilityCommand& command);

// Applies one event of a ledger or of the proposals. INTERNAL when it cannot follow.
absl::Status EvolveLedger(type::v1::LedgerState& state, const v1::EligibilityEvent& event,
                          const type::EventContext& context);

// The pack in force. DATA_LOSS when it cannot be read or the ledger is empty.
absl::StatusOr<v1::PolicyPack> PackInForce(const type::v1::LedgerState& state);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_LEDGER_H_
