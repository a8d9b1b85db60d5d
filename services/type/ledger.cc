#include "services/type/ledger.h"

#include "absl/strings/str_cat.h"
#include "services/type/dates.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::type {
namespace {

std::string InForce(const v1::LedgerState& state) {
  return state.versions().empty() ? "" : state.versions(state.versions_size() - 1).version();
}

absl::Status RefuseAs(const LedgerKind& kind, absl::StatusCode code, absl::string_view reason,
                      absl::string_view message) {
  return Refuse(code, absl::StrCat(kind.reason, reason), message);
}

absl::Status CheckCommand(const LedgerKind& kind, const v1::ApplyVersionCommand& command) {
  if (command.content().size() > kLedgerContentBytesMax) {
    return RefuseAs(
        kind, absl::StatusCode::kInvalidArgument, "_TOO_LARGE",
        absl::StrCat("the ", kind.noun, " has more than ", kLedgerContentBytesMax, " bytes"));
  }
  Violations violations;
  if (!IsCode(command.reason_code())) {
    violations.Add("reason_code", "must be an upper-case code of at most 64 characters");
  }
  return violations.ToStatus("INVALID_REQUEST");
}

}  // namespace

const v1::LedgerVersion* FindVersion(const v1::LedgerState& state, absl::string_view version) {
  for (const v1::LedgerVersion& known : state.versions()) {
    if (known.version() == version) return &known;
  }
  return nullptr;
}

absl::StatusOr<std::optional<v1::VersionApplied>> DecideVersion(
    const LedgerKind& kind, const v1::LedgerState& state, const v1::ApplyVersionCommand& command) {
  if (command.first() && state.versions_size() > 0) return std::nullopt;
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
  return applied;
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

absl::StatusOr<v1::LedgerVersion> TryVersion(const LedgerKind& kind, const v1::LedgerState& state,
                                             const v1::ApplyVersionCommand& command) {
  const auto applied = DecideVersion(kind, state, command);
  if (!applied.ok()) return applied.status();
  if (*applied) return VersionOf(kind, **applied, state.versions_size() + 1, absl::InfinitePast());
  return state.versions(state.versions_size() - 1);
}

}  // namespace pathways::type
