#include "services/referral/domain/validate.h"

#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "services/type/fact_fields.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::referral {
namespace {

constexpr char kCodeExpected[] =
    "an upper-case code of 1 to 64 letters, digits and underscores, beginning with a letter";

enum class Presence { kForbidden, kOptional, kRequired };

Presence ReasonOf(v1::ReferralAction action) {
  switch (action) {
    case v1::REFERRAL_ACTION_REJECT:
    case v1::REFERRAL_ACTION_CLOSE:
    case v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL:
    case v1::REFERRAL_ACTION_HOLD:
      return Presence::kRequired;
    // One request each serves granting and refusing, holding and releasing, so a client may fill
    // the code in always.
    case v1::REFERRAL_ACTION_GRANT_WITHDRAWAL:
    case v1::REFERRAL_ACTION_RELEASE:
      return Presence::kOptional;
    default:
      return Presence::kForbidden;
  }
}

void CheckCode(absl::string_view field, absl::string_view code, Presence presence,
               type::Violations& violations) {
  if (code.empty()) {
    if (presence == Presence::kRequired) {
      violations.Add(field, absl::StrCat("is required: ", kCodeExpected));
    }
  } else if (presence == Presence::kForbidden) {
    violations.Add(field, "does not belong to this action");
  } else if (!type::IsCode(code)) {
    violations.Add(field, absl::StrCat("must be ", kCodeExpected));
  }
}

void CheckFields(const v1::ReferralActionCommand& command, type::Violations& violations) {
  const int count = command.fields_to_correct_size();
  if (command.action() != v1::REFERRAL_ACTION_RETURN) {
    if (count > 0) violations.Add("fields_to_correct", "does not belong to this action");
    return;
  }
  if (count < 1 || count > kFieldsToCorrectMax) {
    violations.Add("fields_to_correct", absl::StrCat("must name 1 to ", kFieldsToCorrectMax));
    return;
  }
  for (int i = 0; i < count; ++i) {
    if (type::IsCorrectable(command.fields_to_correct(i))) continue;
    violations.Add(absl::StrCat("fields_to_correct[", i, "]"),
                   absl::StrCat("must be one of: ", type::CorrectableExpected()));
  }
}

}  // namespace

bool IsSystemHold(absl::string_view reason) {
  return reason == kScreeningChanged || reason == kReviewPending ||
         absl::StartsWith(reason, kPathwayHold);
}

absl::Status ValidateAction(const v1::ReferralActionCommand& command) {
  type::Violations violations;
  CheckCode("reason_code", command.reason_code(), ReasonOf(command.action()), violations);
  if (command.action() == v1::REFERRAL_ACTION_HOLD && IsSystemHold(command.reason_code())) {
    violations.Add("reason_code", "is kept for holds that the system sets");
  }
  CheckCode("stage", command.stage(),
            command.action() == v1::REFERRAL_ACTION_REPORT_STAGE ? Presence::kRequired
                                                                 : Presence::kForbidden,
            violations);
  CheckFields(command, violations);
  return violations.ToStatus(kInvalidAction);
}

}  // namespace pathways::referral
