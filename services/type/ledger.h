// A ledger: versions of something that all cases of a service are decided by, in order.
//
// Each is one stream of the service's own. A version is added and never changed or taken away; its
// number orders it, not what it is called nor any date in it, and it holds from the moment it is
// stored. Whether the content makes sense is for its owner to say before. Pure.
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
};

// The version that takes effect; nothing where the same version with the same bytes is in force, or
// where `first` is asked of a ledger that is not empty. Errors, with reasons that begin with that
// of the kind: INVALID_ARGUMENT (_TOO_LARGE; INVALID_REQUEST for a reason code that is none),
// ALREADY_EXISTS (_VERSION_USED, for other bytes), FAILED_PRECONDITION (_REPLACED: the version was
// in force and is not any more, and a late repetition must not bring it back), ABORTED (_MOVED_ON:
// another version than `replaces` is in force).
absl::StatusOr<std::optional<v1::VersionApplied>> DecideVersion(
    const LedgerKind& kind, const v1::LedgerState& state, const v1::ApplyVersionCommand& command);

// Adds a version. INTERNAL when it cannot follow.
absl::Status EvolveLedger(const LedgerKind& kind, v1::LedgerState& state,
                          const v1::VersionApplied& applied, const EventContext& context);

// The version that VersionApplied makes. `time` may be absl::InfinitePast: not stored yet.
v1::LedgerVersion VersionOf(const LedgerKind& kind, const v1::VersionApplied& applied,
                            int64_t number, absl::Time time);

// The version called so; null when there is none.
const v1::LedgerVersion* FindVersion(const v1::LedgerState& state, absl::string_view version);

// What applying would give, without applying. Errors: those of DecideVersion.
absl::StatusOr<v1::LedgerVersion> TryVersion(const LedgerKind& kind, const v1::LedgerState& state,
                                             const v1::ApplyVersionCommand& command);

}  // namespace pathways::type

#endif  // PATHWAYS_SERVICES_TYPE_LEDGER_H_
