// A ledger: versions of something that all cases of a service are decided by, in order.
//
// Each is one stream of the service's own. A version is added and never changed or taken away; its
// number orders it, not what it is called nor any date in it, and it holds from the moment it is
// stored. Whether the content makes sense is for its owner to say before.
//
// Two people add a version. What the first proposes waits in a stream beside the ledger, so that a
// proposal is no version and nobody is decided again for it; what the second confirms is found
// there, by its digest. Only what an empty ledger begins with has no second. Pure.
#ifndef PATHWAYS_SERVICES_TYPE_LEDGER_H_
#define PATHWAYS_SERVICES_TYPE_LEDGER_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/type/stream.h"

namespace pathways::type {

// Largest content, so that its event can be published: a record of Kafka takes 1 MiB.
inline constexpr size_t kLedgerContentBytesMax = 512 << 10;

// Who applies what an empty ledger begins with.
inline constexpr char kStartPrincipal[] = "start";

// What tells one ledger from another.
struct LedgerKind {
  const char* reason;  // Reasons of refusals begin with it, for example POLICY.
  const char* prefix;  // Of resource names, for example policyVersions/.
  const char* noun;    // Of messages, for example "pack".
  const char* stream;  // Its id, for example service/policy-ledger.
};

// The stream of the proposals for a ledger.
std::string ProposalsOf(const LedgerKind& kind);

// For how long a proposal can be confirmed.
inline constexpr absl::Duration kProposalHolds = absl::Hours(7 * 24);

// The version that takes effect; nothing where the same version with the same bytes is in force, or
// where a command without `confirmed_by`, which begins a ledger, finds one that is not empty.
// Errors, with reasons that begin with that of the kind: INVALID_ARGUMENT (_TOO_LARGE;
// INVALID_REQUEST for a reason code that is none), ALREADY_EXISTS (_VERSION_USED, for other bytes),
// FAILED_PRECONDITION (_REPLACED: the version was in force and is not any more, and a late
// repetition must not bring it back), ABORTED (_MOVED_ON: another version than `replaces` is in
// force).
absl::StatusOr<std::optional<v1::VersionApplied>> DecideVersion(
    const LedgerKind& kind, const v1::LedgerState& state, const v1::ApplyVersionCommand& command);

// The proposal to be stored; nothing where the same one waits. `state` is that of the proposals.
// INVALID_ARGUMENT with reason INVALID_REQUEST: a reason code or a ceiling that is none.
absl::StatusOr<std::optional<v1::VersionProposed>> DecideProposal(
    const LedgerKind& kind, const v1::LedgerState& state, const v1::ProposeVersionCommand& command,
    absl::Time now);

// What a confirmed proposal adds to the ledger. Errors, with reasons that begin with that of the
// kind: NOT_FOUND (_NO_PROPOSAL), ABORTED (_PROPOSAL_REPLACED: another one waits),
// FAILED_PRECONDITION (_SECOND_OFFICER_NEEDED: the same person twice; _PROPOSAL_LAPSED).
absl::StatusOr<v1::ApplyVersionCommand> ConfirmProposal(const LedgerKind& kind,
                                                        const v1::LedgerState& proposals,
                                                        const v1::ConfirmVersionCommand& command,
                                                        absl::Time now);

// Stores a proposal in place of the one before.
void EvolveProposal(v1::LedgerState& state, const v1::VersionProposed& proposed,
                    const EventContext& context);

// Adds a version. INTERNAL when it cannot follow.
absl::Status EvolveLedger(const LedgerKind& kind, v1::LedgerState& state,
                          const v1::VersionApplied& applied, const EventContext& context);

// The version that VersionApplied makes. `time` may be absl::InfinitePast: not stored yet.
v1::LedgerVersion VersionOf(const LedgerKind& kind, const v1::VersionApplied& applied,
                            int64_t number, absl::Time time);

// The version called so; null when there is none.
const v1::LedgerVersion* FindVersion(const v1::LedgerState& state, absl::string_view version);

// The version in force; empty: the ledger is empty.
std::string InForce(const v1::LedgerState& state);

// A ledger that a decision has looked up, out of a service's state `State`, which keeps it in
// `ledger`. Empty where the stream is. DATA_LOSS when it cannot be read.
template <typename State>
absl::StatusOr<v1::LedgerState> LedgerFound(const Found& found, const std::string& stream) {
  const auto other = found.streams.find(stream);
  State state;
  if (other != found.streams.end() && !state.ParseFromString(other->second.state)) {
    return absl::DataLossError("a stored ledger cannot be read");
  }
  return state.ledger();
}

// The version that a command for a ledger adds. The command looks up the proposals. INTERNAL for
// one that is of the proposals; else the errors of ConfirmProposal.
template <typename State>
absl::StatusOr<v1::ApplyVersionCommand> VersionAsked(const LedgerKind& kind,
                                                     const v1::LedgerCommand& command,
                                                     const DecideContext& context) {
  if (command.has_begin()) return command.begin();
  if (!command.has_confirm()) return absl::InternalError("a command of another stream");
  const auto proposals = LedgerFound<State>(context.found, ProposalsOf(kind));
  if (!proposals.ok()) return proposals.status();
  return ConfirmProposal(kind, *proposals, command.confirm(), context.now);
}

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_LEDGER_H_
