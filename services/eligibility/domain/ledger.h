// The policy ledger: which pack cases are screened with, and which were before.
//
// The ledger is one stream of eligibility's own. A version is added to it and never changed or
// taken away; its number orders it, not what it is called nor any date in it, and it holds from the
// moment it is stored. A pack with any fault is refused whole, and what is in force stays.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_LEDGER_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_LEDGER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/eligibility/v1/ledger.pb.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "services/type/stream.h"

namespace pathways::eligibility {

// Its stream; no case (services/type/stream.h).
inline constexpr char kPolicyLedger[] = "service/policy-ledger";
// Cause of a screening that a new version led to; its number is the version's.
inline constexpr char kPolicyCause[] = "policy";
// Who applies the pack that an empty ledger begins with, and why.
inline constexpr char kStartPrincipal[] = "start";
inline constexpr char kFirstPolicy[] = "FIRST_POLICY";

// Largest pack, so that its event can be published: a record of Kafka takes 1 MiB.
inline constexpr size_t kPackBytesMax = 512 << 10;

// PolicyApplied, or nothing where the same version with the same bytes is in force, or where
// `first` is asked of a ledger that is not empty. Errors: INVALID_ARGUMENT with every fault (reason
// INVALID_POLICY_PACK, POLICY_TOO_LARGE or INVALID_REQUEST), ALREADY_EXISTS with reason
// POLICY_VERSION_USED (for other bytes), FAILED_PRECONDITION with reason POLICY_REPLACED (the
// version was in force and is not any more: a late repetition must not bring it back), ABORTED with
// reason POLICY_MOVED_ON (another version than `replaces` is in force).
absl::StatusOr<std::vector<v1::EligibilityEvent>> DecideLedger(
    const v1::PolicyLedgerState& state, const v1::ApplyPolicyCommand& command);

// Applies one event of the ledger. INTERNAL when it cannot follow.
absl::Status EvolveLedger(v1::PolicyLedgerState& state, const v1::EligibilityEvent& event,
                          const type::EventContext& context);

// The version that PolicyApplied makes. `time` may be absl::InfinitePast: not stored yet.
v1::PolicyVersion VersionOf(const v1::PolicyApplied& applied, int64_t number, absl::Time time);

// The version called so; null when there is none.
const v1::PolicyVersion* FindVersion(const v1::PolicyLedgerState& state, absl::string_view version);

// The pack in force. DATA_LOSS when it cannot be read or the ledger is empty.
absl::StatusOr<v1::PolicyPack> PackInForce(const v1::PolicyLedgerState& state);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DOMAIN_LEDGER_H_
