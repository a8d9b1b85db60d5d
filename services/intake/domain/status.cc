#include "services/intake/domain/status.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/type/names.h"

namespace pathways::intake {
namespace {

// Whether an event is the next of its stream, and of this case.
absl::Status CheckFollows(const v1::CaseStatus& status, const std::string& name, int64_t last,
                          int64_t number) {
  if (!status.name().empty() && status.name() != name) {
    return absl::InternalError("an event of another case");
  }
  if (number == last + 1) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("event ", number, " cannot follow event ", last, " of its stream"));
}

std::string StatusName(const std::string& case_id) {
  return absl::StrCat(type::CaseName(case_id), "/status");
}

void ShowOutcomes(v1::CaseStatus& status, const eligibility::v1::CaseScreened& screened) {
  status.clear_outcomes();
  status.set_based_on(screened.based_on());
  for (const eligibility::v1::Determination& determination : screened.determinations()) {
    v1::PathwayOutcome& outcome = *status.add_outcomes();
    outcome.set_pathway(determination.pathway());
    *outcome.mutable_person_ids() = determination.person_ids();
    outcome.set_outcome(eligibility::v1::Outcome_Name(determination.outcome()));
    *outcome.mutable_missing_facts() = determination.missing_facts();
    outcome.set_policy_version(determination.policy_version());
  }
}

void ShowSubmitted(v1::CaseStatus& status, const std::string& case_id,
                   const referral::v1::ReferralSubmitted& submitted) {
  v1::ReferralStatus& shown = *status.add_referrals();
  shown.set_referral(type::ReferralName(case_id, submitted.referral_id()));
  shown.set_pathway(submitted.pathway());
  *shown.mutable_person_ids() = submitted.person_ids();
  shown.set_agency(submitted.agency());
  shown.set_state(referral::v1::ReferralState_Name(referral::v1::REFERRAL_STATE_SUBMITTED));
}

// True for actions whose reason is not the reason of the state: flags, and reports of a stage.
bool KeepsReason(referral::v1::ReferralAction action) {
  return action == referral::v1::REFERRAL_ACTION_HOLD ||
         action == referral::v1::REFERRAL_ACTION_RELEASE ||
         action == referral::v1::REFERRAL_ACTION_ESCALATE ||
         action == referral::v1::REFERRAL_ACTION_DEESCALATE ||
         action == referral::v1::REFERRAL_ACTION_CORRECT ||
         action == referral::v1::REFERRAL_ACTION_REPORT_STAGE;
}

absl::Status ShowChanged(v1::CaseStatus& status, const std::string& case_id,
                         const referral::v1::ReferralChanged& changed) {
  const std::string name = type::ReferralName(case_id, changed.referral_id());
  const auto shown =
      std::find_if(status.mutable_referrals()->begin(), status.mutable_referrals()->end(),
                   [&](const v1::ReferralStatus& entry) { return entry.referral() == name; });
  if (shown == status.mutable_referrals()->end()) {
    return absl::InternalError("a change of an unknown referral");
  }
  shown->set_state(referral::v1::ReferralState_Name(changed.state()));
  if (!KeepsReason(changed.action())) shown->set_reason_code(changed.reason_code());
  shown->set_stage(changed.stage());
  shown->set_on_hold(changed.on_hold());
  *shown->mutable_fields_to_correct() = changed.fields_to_correct();
  return absl::OkStatus();
}

absl::Status ShowReferral(v1::CaseStatus& status, const referral::v1::ReferralEvent& event) {
  switch (event.kind_case()) {
    case referral::v1::ReferralEvent::kCaseNoted:
    case referral::v1::ReferralEvent::kWithdrawalNoted:
    case referral::v1::ReferralEvent::kDeterminationsNoted:
      return absl::OkStatus();
    case referral::v1::ReferralEvent::kReferralSubmitted:
      ShowSubmitted(status, event.case_id(), event.referral_submitted());
      return absl::OkStatus();
    case referral::v1::ReferralEvent::kReferralChanged:
      return ShowChanged(status, event.case_id(), event.referral_changed());
    case referral::v1::ReferralEvent::kRoutesApplied:
    case referral::v1::ReferralEvent::kRoutesProposed:
    case referral::v1::ReferralEvent::kFactsNoted:
      return absl::InternalError("an event of a ledger in a case");
    case referral::v1::ReferralEvent::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("a referral event of an unknown kind");
}

absl::Status ShowEligibility(v1::CaseStatus& status,
                             const eligibility::v1::EligibilityEvent& event) {
  switch (event.kind_case()) {
    case eligibility::v1::EligibilityEvent::kFactsRecorded:
    case eligibility::v1::EligibilityEvent::kScreeningConfirmed:
    case eligibility::v1::EligibilityEvent::kDeterminationReviewed:
      return absl::OkStatus();
    case eligibility::v1::EligibilityEvent::kCaseScreened:
      ShowOutcomes(status, event.case_screened());
      return absl::OkStatus();
    case eligibility::v1::EligibilityEvent::kScreeningClosed:
      status.clear_outcomes();
      status.set_based_on(event.screening_closed().based_on());
      return absl::OkStatus();
    case eligibility::v1::EligibilityEvent::kPolicyApplied:
    case eligibility::v1::EligibilityEvent::kPolicyProposed:
    case eligibility::v1::EligibilityEvent::kFactsNoted:
      return absl::InternalError("an event of the policy ledger in a case");
    case eligibility::v1::EligibilityEvent::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("an eligibility event of an unknown kind");
}

}  // namespace

absl::Status ProjectEligibility(v1::CaseStatus& status,
                                const eligibility::v1::EligibilityEvent& event, int64_t number) {
  if (number <= status.eligibility_number()) return absl::OkStatus();
  const std::string name = StatusName(event.case_id());
  absl::Status result = CheckFollows(status, name, status.eligibility_number(), number);
  if (result.ok()) result = ShowEligibility(status, event);
  if (!result.ok()) return result;
  status.set_name(name);
  status.set_eligibility_number(number);
  return absl::OkStatus();
}

absl::Status ProjectReferral(v1::CaseStatus& status, const referral::v1::ReferralEvent& event,
                             int64_t number) {
  if (number <= status.referral_number()) return absl::OkStatus();
  const std::string name = StatusName(event.case_id());
  absl::Status result = CheckFollows(status, name, status.referral_number(), number);
  if (result.ok()) result = ShowReferral(status, event);
  if (!result.ok()) return result;
  status.set_name(name);
  status.set_referral_number(number);
  return absl::OkStatus();
}

}  // namespace pathways::intake
