#include "services/eligibility/domain/ledger.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/eligibility/domain/policy_check.h"
#include "services/type/dates.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using Events = std::vector<v1::EligibilityEvent>;

// The pack of a command, checked.
absl::StatusOr<v1::PolicyPack> CheckCommand(const v1::ApplyPolicyCommand& command) {
  if (command.pack().size() > kPackBytesMax) {
    return type::Refuse(absl::StatusCode::kInvalidArgument, "POLICY_TOO_LARGE",
                        absl::StrCat("the pack has more than ", kPackBytesMax, " bytes"));
  }
  type::Violations violations;
  if (!type::IsCode(command.reason_code())) {
    violations.Add("reason_code", "must be an upper-case code of at most 64 characters");
  }
  v1::PolicyPack pack;
  if (!pack.ParseFromString(command.pack())) violations.Add("pack", "cannot be read");
  absl::Status status = violations.ToStatus("INVALID_REQUEST");
  if (status.ok()) status = CheckPack(pack);
  if (!status.ok()) return status;
  return pack;
}

}  // namespace

const v1::PolicyVersion* FindVersion(const v1::PolicyLedgerState& state,
                                     absl::string_view version) {
  for (const v1::PolicyVersion& known : state.versions()) {
    if (known.version() == version) return &known;
  }
  return nullptr;
}

absl::StatusOr<Events> DecideLedger(const v1::PolicyLedgerState& state,
                                    const v1::ApplyPolicyCommand& command) {
  if (command.first() && state.versions_size() > 0) return Events();
  absl::StatusOr<v1::PolicyPack> pack = CheckCommand(command);
  if (!pack.ok()) return pack.status();
  const std::string in_force =
      state.versions().empty() ? "" : state.versions(state.versions_size() - 1).version();
  if (const v1::PolicyVersion* const known = FindVersion(state, pack->version())) {
    if (known->sha256() != command.sha256()) {
      return type::Refuse(absl::StatusCode::kAlreadyExists, "POLICY_VERSION_USED",
                          "the version was applied with another pack; give this one a new version");
    }
    if (known->version() == in_force) return Events();
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "POLICY_REPLACED",
                        absl::StrCat("the version was replaced, and ", in_force,
                                     " is in force; to go back, apply it under a new version"));
  }
  if (!command.replaces().empty() && command.replaces() != in_force) {
    return type::Refuse(absl::StatusCode::kAborted, "POLICY_MOVED_ON",
                        absl::StrCat("another version is in force: ", in_force));
  }
  v1::EligibilityEvent event;
  event.set_case_id(kPolicyLedger);
  v1::PolicyApplied& applied = *event.mutable_policy_applied();
  applied.set_version(pack->version());
  applied.set_pack(command.pack());
  applied.set_sha256(command.sha256());
  applied.set_principal(command.principal());
  applied.set_reason_code(command.reason_code());
  return Events{std::move(event)};
}

v1::PolicyVersion VersionOf(const v1::PolicyApplied& applied, int64_t number, absl::Time time) {
  v1::PolicyVersion version;
  version.set_name(absl::StrCat("policyVersions/", applied.version()));
  version.set_number(number);
  version.set_version(applied.version());
  version.set_sha256(applied.sha256());
  version.set_pack_bytes(static_cast<int64_t>(applied.pack().size()));
  version.set_principal(applied.principal());
  version.set_reason_code(applied.reason_code());
  if (time != absl::InfinitePast()) *version.mutable_apply_time() = type::TimestampOf(time);
  return version;
}

absl::Status EvolveLedger(v1::PolicyLedgerState& state, const v1::EligibilityEvent& event,
                          const type::EventContext& context) {
  if (event.case_id() != kPolicyLedger || !event.has_policy_applied()) {
    return absl::InternalError("an event of another stream in the policy ledger");
  }
  if (context.number != state.versions_size() + 1) {
    return absl::InternalError("a policy version out of order");
  }
  const v1::PolicyApplied& applied = event.policy_applied();
  *state.add_versions() = VersionOf(applied, context.number, context.time);
  state.set_pack(applied.pack());
  return absl::OkStatus();
}

absl::StatusOr<v1::PolicyPack> PackInForce(const v1::PolicyLedgerState& state) {
  v1::PolicyPack pack;
  if (state.versions().empty() || !pack.ParseFromString(state.pack())) {
    return absl::DataLossError("the pack in force cannot be read");
  }
  return pack;
}

}  // namespace pathways::eligibility
