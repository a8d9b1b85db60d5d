// The methods by which two people change a ledger (services/type/ledger.h), for every service
// alike.
//
// Who proposes sees what it would do to the people on file; who confirms names the digest of the
// whole of that. Both are commands to the engine: the proposal to the stream beside the ledger,
// the confirmation to the ledger itself, which looks the proposal up.
#ifndef PATHWAYS_SERVICES_HOST_LEDGER_METHODS_H_
#define PATHWAYS_SERVICES_HOST_LEDGER_METHODS_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pathways/type/v1/ledger.pb.h"
#include "services/base/status_macros.h"
#include "services/engine/domain.h"
#include "services/engine/store/event_store.h"
#include "services/host/keys.h"
#include "services/host/method.h"
#include "services/host/pages.h"
#include "services/host/requests.h"
#include "services/type/ledger.h"
#include "services/type/names.h"
#include "services/type/stream.h"

namespace pathways::host {

// A service's ledger, as its methods see it. What is referred to must outlive them.
struct LedgerParts {
  const type::LedgerKind& kind;
  const engine::Domain& domain;
  engine::EventReader& store;
  const Keyring& keyring;
  std::vector<std::string> looks_up;  // Streams that a version is held against.
  // The ledger in the stored state of a stream.
  std::function<absl::StatusOr<type::v1::LedgerState>(const engine::StreamRow&)> ledger_in;
  // The service's command, serialised.
  std::function<std::string(const type::v1::LedgerCommand&)> command;
  // Decides as the service would: whether the version would be added. The context has what the
  // ledger looks up.
  std::function<absl::StatusOr<bool>(const type::v1::LedgerState&,
                                     const type::v1::ApplyVersionCommand&,
                                     const type::DecideContext&)>
      try_version;
  std::function<void()> changed;  // Called after a version was added. Must not block.
};

// The proposal that waits, and what is proposed. NOT_FOUND with a reason that ends in _NO_PROPOSAL.
struct WaitingProposal {
  type::v1::LedgerProposal proposal;
  std::string content;
};
absl::StatusOr<WaitingProposal> ReadProposal(const LedgerParts& parts);

// What somebody asks to propose.
struct Proposing {
  std::string version;
  std::string content;  // Serialised.
  std::string reason_code;
  std::string replaces;  // Empty: whichever is in force.
  std::optional<type::v1::LedgerCeiling> ceiling;
  bool only_try = false;
  // Counts what it would do; null where nothing in it touches a case. Called once the version was
  // found good.
  std::function<absl::StatusOr<type::v1::LedgerEffect>()> count;
};

// The proposal that would be stored. Blocks on the store. Errors of the service's own check;
// FAILED_PRECONDITION with a reason that ends in _IN_FORCE, or SIMULATION_PARTIAL.
absl::StatusOr<type::v1::LedgerProposal> DraftProposal(const LedgerParts& parts,
                                                       const Principal& principal,
                                                       const Proposing& proposing);

// The command that stores a proposal, or none where it is only tried. `request` names it. ABORTED
// with a reason that ends in _PROPOSAL_REPLACED answers a repetition in place of whose proposal
// another one waits by then: nobody is told the digest of what somebody else proposed as if it were
// theirs.
template <typename Request>
absl::StatusOr<Change<type::v1::LedgerProposal>> Propose(const LedgerParts& parts,
                                                         const Caller& caller,
                                                         const Request& request,
                                                         const Proposing& proposing);

// The command that confirms a proposal. Does not block. The answer is the version that it made,
// also to a repetition, however late.
absl::StatusOr<Change<type::v1::LedgerVersion>> Confirm(
    const LedgerParts& parts, const Caller& caller, const type::v1::ConfirmVersionRequest& request);

namespace internal {

Change<type::v1::LedgerProposal> OnlyTried(type::v1::LedgerProposal proposal);
std::string ProposeCommand(const LedgerParts& parts, const type::v1::LedgerProposal& proposal,
                           const std::string& content);
Change<type::v1::LedgerProposal> Stored(const LedgerParts& parts, engine::Command command,
                                        const std::string& sha256);

}  // namespace internal

template <typename Request>
absl::StatusOr<Change<type::v1::LedgerProposal>> Propose(const LedgerParts& parts,
                                                         const Caller& caller,
                                                         const Request& request,
                                                         const Proposing& proposing) {
  if (!proposing.only_try) {
    type::Violations violations;
    type::CheckRequestId(request.request_id(), violations);
    RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
  }
  ASSIGN_OR_RETURN(type::v1::LedgerProposal proposal,
                   DraftProposal(parts, caller.principal, proposing));
  if (proposing.only_try) return internal::OnlyTried(std::move(proposal));
  return internal::Stored(
      parts,
      RequestCommand(type::ProposalsOf(parts.kind),
                     internal::ProposeCommand(parts, proposal, proposing.content), caller.method,
                     request, caller.principal, parts.keyring),
      proposal.sha256());
}

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_LEDGER_METHODS_H_
