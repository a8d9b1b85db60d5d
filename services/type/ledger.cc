#include "services/type/ledger.h"

#include "absl/strings/str_cat.h"
#include "services/type/dates.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::type {
namespace {

absl::Status RefuseAs(const LedgerKind& kind, absl::StatusCode code, absl::string_view reason,
                      absl::string_view message) {
  return Refuse(code, absl::StrCat(kind.reason, reason), message);
}

void CheckReason(const std::string& reason_code, Violations& violations) {
  if (!IsCode(reason_code)) {
    violations.Add("reason_code", "must be an upper-case code of at most 64 characters");
  }
}

absl::Status CheckCommand(const LedgerKind& kind, const v1::ApplyVersionCommand& command) {
  if (command.content().size() > kLedgerContentBytesMax) {
    return RefuseAs(
        kind, absl::StatusCode::kInvalidArgument, "_TOO_LARGE",
        absl::StrCat("the ", kind.noun, " has more than ", kLedgerContentBytesMax, " bytes"));
  }
  Violations violations;
  CheckReason(command.reason_code(), violations);
  return violations.ToStatus("INVALID_REQUEST");
}

bool HasLapsed(const v1::LedgerProposal& proposal, absl::Time now) {
  return now - absl::FromUnixSeconds(proposal.propose_time().seconds()) > kProposalHolds;
}

}  // namespace

std::string ProposalsOf(const LedgerKind& kind) { return absl::StrCat(kind.stream, ".proposals"); }

std::string InForce(const v1::LedgerState& state) {
  return state.versions().empty() ? "" : state.versions(state.versions_size() - 1).version();
}

const v1::LedgerVersion* FindVersion(const v1::LedgerState& state, absl::string_view version) {
  for (const v1::LedgerVersion& known : state.versions()) {
    if (known.version() == version) return &known;
  }
  return nullptr;
}

absl::StatusOr<std::optional<v1::VersionApplied>> DecideVersion(
    const LedgerKind& kind, const v1::LedgerState& state, const v1::ApplyVersionCommand& command) {
  if (command.confirmed_by().empty() && state.versions_size() > 0) return std::nullopt;
  absl::Status status = CheckCommand(kind, command);
  if (!status.ok()) return status;
  const std::string in_force = InForce(state);
  if (const v1::LedgerVersion* const known = FindVersion(state, command.version())) {
    if (known->sha256() != command.sha256()) {
      return RefuseAs(kind, absl::StatusCode::kAlreadyExists, "_VERSION_USED",
                      absl::StrCat("the version was applied with another ", kind.noun,
                                   "; give this one a new version"));
    }
    if (known->version() == in_force) return std::nullopt;
    return RefuseAs(kind, absl::StatusCode::kFailedPrecondition, "_REPLACED",
                    absl::StrCat("the version was replaced, and ", in_force,
                                 " is in force; to go back, apply it under a new version"));
  }
  if (!command.replaces().empty() && command.replaces() != in_force) {
    return RefuseAs(kind, absl::StatusCode::kAborted, "_MOVED_ON",
                    absl::StrCat("another version is in force: ", in_force));
  }
  v1::VersionApplied applied;
  applied.set_version(command.version());
  applied.set_content(command.content());
  applied.set_sha256(command.sha256());
  applied.set_principal(command.principal());
  applied.set_reason_code(command.reason_code());
  applied.set_confirmed_by(command.confirmed_by());
  if (command.has_ceiling()) *applied.mutable_ceiling() = command.ceiling();
  return applied;
}

absl::StatusOr<std::optional<v1::VersionProposed>> DecideProposal(
    const LedgerKind& kind, const v1::LedgerState& state, const v1::ProposeVersionCommand& command,
    absl::Time now) {
  const v1::LedgerProposal& proposal = command.proposal();
  Violations violations;
  CheckReason(proposal.reason_code(), violations);
  if (proposal.ceiling().referrals() < 0) violations.Add("ceiling.referrals", "must be 0 or more");
  if (proposal.ceiling().holds() < 0) violations.Add("ceiling.holds", "must be 0 or more");
  absl::Status status = violations.ToStatus("INVALID_REQUEST");
  if (!status.ok()) return status;
  const bool waits = state.proposal().digest() == proposal.digest();
  if (waits && !HasLapsed(state.proposal(), now)) return std::nullopt;
  v1::VersionProposed proposed;
  *proposed.mutable_proposal() = proposal;
  proposed.set_content(command.content());
  return proposed;
}

absl::StatusOr<v1::ApplyVersionCommand> ConfirmProposal(const LedgerKind& kind,
                                                        const v1::LedgerState& proposals,
                                                        const v1::ConfirmVersionCommand& command,
                                                        absl::Time now) {
  const v1::LedgerProposal& proposal = proposals.proposal();
  if (!proposals.has_proposal()) {
    return RefuseAs(kind, absl::StatusCode::kNotFound, "_NO_PROPOSAL", "no proposal waits");
  }
  if (proposal.digest() != command.digest()) {
    return RefuseAs(kind, absl::StatusCode::kAborted, "_PROPOSAL_REPLACED",
                    "another proposal waits than that of the digest: read it");
  }
  if (proposal.principal() == command.principal()) {
    return RefuseAs(kind, absl::StatusCode::kFailedPrecondition, "_SECOND_OFFICER_NEEDED",
                    "another officer must confirm than who proposed");
  }
  if (HasLapsed(proposal, now)) {
    return RefuseAs(kind, absl::StatusCode::kFailedPrecondition, "_PROPOSAL_LAPSED",
                    "the proposal is older than seven days: propose again");
  }
  v1::ApplyVersionCommand apply;
  apply.set_version(proposal.version());
  apply.set_content(proposals.content());
  apply.set_sha256(proposal.sha256());
  apply.set_replaces(proposal.replaces());
  apply.set_principal(proposal.principal());
  apply.set_reason_code(proposal.reason_code());
  apply.set_confirmed_by(command.principal());
  if (proposal.has_ceiling()) *apply.mutable_ceiling() = proposal.ceiling();
  return apply;
}

void EvolveProposal(v1::LedgerState& state, const v1::VersionProposed& proposed,
                    const EventContext& context) {
  *state.mutable_proposal() = proposed.proposal();
  *state.mutable_proposal()->mutable_propose_time() = TimestampOf(context.time);
  state.set_content(proposed.content());
}

v1::LedgerVersion VersionOf(const LedgerKind& kind, const v1::VersionApplied& applied,
                            int64_t number, absl::Time time) {
  v1::LedgerVersion version;
  version.set_name(absl::StrCat(kind.prefix, applied.version()));
  version.set_number(number);
  version.set_version(applied.version());
  version.set_sha256(applied.sha256());
  version.set_bytes(static_cast<int64_t>(applied.content().size()));
  version.set_principal(applied.principal());
  version.set_reason_code(applied.reason_code());
  version.set_confirmed_by(applied.confirmed_by());
  if (applied.has_ceiling()) *version.mutable_ceiling() = applied.ceiling();
  if (time != absl::InfinitePast()) *version.mutable_apply_time() = TimestampOf(time);
  return version;
}

absl::Status EvolveLedger(const LedgerKind& kind, v1::LedgerState& state,
                          const v1::VersionApplied& applied, const EventContext& context) {
  if (context.number != state.versions_size() + 1) {
    return absl::InternalError("a version of a ledger out of order");
  }
  *state.add_versions() = VersionOf(kind, applied, context.number, context.time);
  state.set_content(applied.content());
  return absl::OkStatus();
}

}  // namespace pathways::type
