#include "services/host/ledger_methods.h"

#include "absl/strings/str_cat.h"
#include "services/base/faults.h"
#include "services/base/ids.h"
#include "services/base/serialize.h"
#include "services/engine/engine.h"
#include "services/type/problem.h"

namespace pathways::host {
namespace {

using type::v1::LedgerCeiling;
using type::v1::LedgerEffect;
using type::v1::LedgerProposal;
using type::v1::LedgerState;
using type::v1::LedgerVersion;

absl::Status RefuseAs(const LedgerParts& parts, absl::StatusCode code, absl::string_view reason,
                      absl::string_view message) {
  return type::Refuse(code, absl::StrCat(parts.kind.reason, reason), message);
}

absl::StatusOr<LedgerState> ReadState(const LedgerParts& parts, const std::string& stream) {
  ASSIGN_OR_RETURN(const engine::StreamRow row,
                   engine::ReadFolded(parts.domain, parts.store, stream));
  return parts.ledger_in(row);
}

// What the ledger's decision would find.
absl::StatusOr<type::DecideContext> ContextFor(const LedgerParts& parts,
                                               const LedgerState& ledger) {
  type::DecideContext context{parts.kind.stream, ledger.versions_size(), absl::InfinitePast()};
  for (const std::string& stream : parts.looks_up) {
    ASSIGN_OR_RETURN(const engine::StreamRow row,
                     engine::ReadFolded(parts.domain, parts.store, stream));
    if (row.version > 0) context.found.streams[stream] = {row.version, row.state.open, ""};
  }
  return context;
}

int64_t ATenthMore(int64_t counted) { return counted + (counted + 9) / 10; }

absl::StatusOr<LedgerCeiling> CeilingFor(const Proposing& proposing, const LedgerEffect& effect) {
  if (proposing.ceiling) return *proposing.ceiling;
  if (!effect.whole()) {
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "SIMULATION_PARTIAL",
                        "not all cases were counted in time: give more time, or say how much the "
                        "version may do");
  }
  LedgerCeiling ceiling;
  ceiling.set_referrals(ATenthMore(effect.referrals()));
  ceiling.set_holds(ATenthMore(effect.holds()));
  return ceiling;
}

// Of everything that a second person has to see.
std::string DigestOf(const LedgerProposal& proposal) {
  return base::Sha256Hex(base::SerializeDeterministic(proposal));
}

}  // namespace

absl::StatusOr<WaitingProposal> ReadProposal(const LedgerParts& parts) {
  ASSIGN_OR_RETURN(const LedgerState proposals, ReadState(parts, type::ProposalsOf(parts.kind)));
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadState(parts, parts.kind.stream));
  const bool waits = proposals.has_proposal() &&
                     type::FindVersion(ledger, proposals.proposal().version()) == nullptr;
  if (!waits) {
    return RefuseAs(parts, absl::StatusCode::kNotFound, "_NO_PROPOSAL", "no proposal waits");
  }
  return WaitingProposal{proposals.proposal(), proposals.content()};
}

absl::StatusOr<LedgerProposal> DraftProposal(const LedgerParts& parts, const Principal& principal,
                                             const Proposing& proposing) {
  ASSIGN_OR_RETURN(const LedgerState ledger, ReadState(parts, parts.kind.stream));
  type::v1::ApplyVersionCommand apply;
  apply.set_version(proposing.version);
  apply.set_content(proposing.content);
  apply.set_sha256(base::Sha256Hex(proposing.content));
  apply.set_replaces(proposing.replaces);
  apply.set_principal(principal.Name());
  apply.set_reason_code(proposing.reason_code);
  apply.set_confirmed_by("nobody yet");
  ASSIGN_OR_RETURN(const type::DecideContext context, ContextFor(parts, ledger));
  ASSIGN_OR_RETURN(const bool would_add, parts.try_version(ledger, apply, context));
  if (!would_add) {
    return RefuseAs(parts, absl::StatusCode::kFailedPrecondition, "_IN_FORCE",
                    "the version is in force as it is");
  }
  LedgerProposal proposal;
  proposal.set_version(apply.version());
  proposal.set_sha256(apply.sha256());
  proposal.set_bytes(static_cast<int64_t>(apply.content().size()));
  proposal.set_replaces(type::InForce(ledger));
  proposal.set_reason_code(apply.reason_code());
  proposal.set_principal(apply.principal());
  if (proposing.count) {
    ASSIGN_OR_RETURN(*proposal.mutable_effect(), proposing.count());
    ASSIGN_OR_RETURN(*proposal.mutable_ceiling(), CeilingFor(proposing, proposal.effect()));
  }
  proposal.set_digest(DigestOf(proposal));
  return proposal;
}

absl::StatusOr<Change<LedgerVersion>> Confirm(const LedgerParts& parts, const Caller& caller,
                                              const type::v1::ConfirmVersionRequest& request) {
  type::Violations violations;
  if (request.digest().empty()) violations.Add("digest", "must be that of the proposal");
  type::CheckRequestId(request.request_id(), violations);
  RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
  type::v1::LedgerCommand payload;
  payload.mutable_confirm()->set_digest(request.digest());
  payload.mutable_confirm()->set_principal(caller.principal.Name());
  if (PATHWAYS_MUTANT("confirm_unstored")) {
    return Change<LedgerVersion>{std::nullopt, [](const engine::Answer&, LedgerVersion& response) {
                                   response.set_name("told and not stored");
                                   return absl::OkStatus();
                                 }};
  }
  engine::Command command = RequestCommand(parts.kind.stream, parts.command(payload), caller.method,
                                           request, caller.principal, parts.keyring);
  command.lookup.streams = parts.looks_up;
  command.lookup.streams.push_back(type::ProposalsOf(parts.kind));
  return Change<LedgerVersion>{
      std::move(command),
      [parts](const engine::Answer& answer, LedgerVersion& response) -> absl::Status {
        ASSIGN_OR_RETURN(const LedgerState ledger, parts.ledger_in(answer.row));
        if (answer.number < 1 || answer.number > ledger.versions_size()) {
          return absl::DataLossError("a stored ledger lacks its version");
        }
        const int64_t made =
            PATHWAYS_MUTANT("confirm_answers_last") ? ledger.versions_size() : answer.number;
        response = ledger.versions(static_cast<int>(made - 1));
        parts.changed();
        return absl::OkStatus();
      }};
}

namespace internal {

Change<LedgerProposal> OnlyTried(LedgerProposal proposal) {
  return {std::nullopt,
          [proposal = std::move(proposal)](const engine::Answer&, LedgerProposal& response) {
            response = proposal;
            return absl::OkStatus();
          }};
}

std::string ProposeCommand(const LedgerParts& parts, const LedgerProposal& proposal,
                           const std::string& content) {
  type::v1::LedgerCommand payload;
  *payload.mutable_propose()->mutable_proposal() = proposal;
  payload.mutable_propose()->set_content(content);
  return parts.command(payload);
}

Change<LedgerProposal> Stored(const LedgerParts& parts, engine::Command command,
                              const std::string& sha256) {
  return {std::move(command),
          [parts, sha256](const engine::Answer& answer, LedgerProposal& response) -> absl::Status {
            ASSIGN_OR_RETURN(const LedgerState proposals, parts.ledger_in(answer.row));
            if (proposals.proposal().sha256() != sha256) {
              return RefuseAs(parts, absl::StatusCode::kAborted, "_PROPOSAL_REPLACED",
                              "another proposal has taken the place of this one");
            }
            response = proposals.proposal();
            return absl::OkStatus();
          }};
}

}  // namespace internal

}  // namespace pathways::host
