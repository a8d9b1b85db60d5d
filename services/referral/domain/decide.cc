#include "services/referral/domain/decide.h"

#include <cstdint>
#include <utility>

#include "services/referral/domain/actions.h"
#include "services/referral/domain/decision.h"
#include "services/referral/domain/release.h"
#include "services/referral/domain/validate.h"

namespace pathways::referral {
namespace {

// Takes over who is in the case and whether they consent, and what follows from their "no". What
// follows from a "yes" comes with the screening that hands on their facts.
absl::Status NoteCase(Decision& decision, int64_t number, const type::v1::CaseFacts& facts) {
  Strings person_ids;
  for (const type::v1::PersonFacts& person : facts.people()) *person_ids.Add() = person.person_id();
  const v1::ReferralCaseState& before = decision.state();
  const bool is_known = before.noted_from() > 0;
  const bool consents_as_before = is_known && before.consent() == facts.consent();
  if (consents_as_before && SameStrings(before.person_ids(), person_ids)) return absl::OkStatus();
  v1::ReferralEvent event;
  v1::CaseNoted& noted = *event.mutable_case_noted();
  noted.set_consent(facts.consent());
  *noted.mutable_person_ids() = std::move(person_ids);
  noted.set_based_on(number);
  absl::Status status = decision.Add(std::move(event));
  if (!status.ok() || facts.consent() || consents_as_before) return status;
  return WithdrawAll(decision, kConsentWithdrawn);
}

absl::Status NoteWithdrawal(Decision& decision, int64_t number) {
  v1::ReferralEvent event;
  event.mutable_withdrawal_noted()->set_based_on(number);
  absl::Status status = decision.Add(std::move(event));
  if (!status.ok()) return status;
  return WithdrawAll(decision, kCaseWithdrawn);
}

absl::Status FollowIntake(Decision& decision, const v1::IntakeEventCommand& command) {
  const intake::v1::IntakeEvent& event = command.event();
  if (event.case_id() != decision.case_id()) {
    return absl::InternalError("an intake event of another case");
  }
  if (decision.state().withdrawn()) return absl::OkStatus();
  const bool first = decision.state().noted_from() == 0;
  if (event.has_case_registered() != first || command.number() <= decision.state().noted_from()) {
    return absl::InternalError("an intake event out of order");
  }
  switch (event.kind_case()) {
    case intake::v1::IntakeEvent::kCaseRegistered:
      return NoteCase(decision, command.number(), event.case_registered().facts());
    case intake::v1::IntakeEvent::kCaseUpdated:
      return NoteCase(decision, command.number(), event.case_updated().facts());
    case intake::v1::IntakeEvent::kAgeBandChanged:
      return absl::OkStatus();
    case intake::v1::IntakeEvent::kCaseWithdrawn:
      return NoteWithdrawal(decision, command.number());
    case intake::v1::IntakeEvent::kFactsApplied:
    case intake::v1::IntakeEvent::kFactsProposed:
    case intake::v1::IntakeEvent::KIND_NOT_SET:
      break;
  }
  // Dropping it would lose what a newer intake says; parked, it waits for the release that knows
  // it.
  return absl::InternalError("an intake event of an unknown kind");
}

absl::Status FollowEligibility(Decision& decision, const v1::EligibilityEventCommand& command,
                               const RoutesVersion& routes) {
  const eligibility::v1::EligibilityEvent& event = command.event();
  if (event.case_id() != decision.case_id()) {
    return absl::InternalError("an eligibility event of another case");
  }
  switch (event.kind_case()) {
    case eligibility::v1::EligibilityEvent::kCaseScreened:
      break;
    case eligibility::v1::EligibilityEvent::kFactsRecorded:
    case eligibility::v1::EligibilityEvent::kScreeningClosed:
    case eligibility::v1::EligibilityEvent::kScreeningConfirmed:
    case eligibility::v1::EligibilityEvent::kDeterminationReviewed:
      return absl::OkStatus();  // People, consent and withdrawal come from intake.
    case eligibility::v1::EligibilityEvent::kPolicyApplied:
    case eligibility::v1::EligibilityEvent::kPolicyProposed:
    case eligibility::v1::EligibilityEvent::kFactsNoted:
      return absl::InternalError("an event of a ledger in a case");
    case eligibility::v1::EligibilityEvent::KIND_NOT_SET:
      return absl::InternalError("an eligibility event of an unknown kind");
  }
  if (decision.state().withdrawn()) return absl::OkStatus();
  if (decision.state().noted_from() == 0) {
    return absl::InternalError("a screening of a case that intake has not told of");
  }
  // Told again after facts were lost; the screening that counts follows.
  if (command.number() < decision.state().screened_from()) return absl::OkStatus();
  absl::Status status = NoteDeterminations(decision, event.case_screened(), command.number());
  if (status.ok()) status = UpdateHolds(decision);
  if (status.ok()) status = SendCorrections(decision, routes.routes);
  if (!status.ok()) return status;
  return Release(decision, routes);
}

absl::Status FollowAction(Decision& decision, const v1::ReferralActionCommand& command,
                          const RoutesVersion& routes) {
  absl::Status status = Act(decision, command, routes.routes);
  if (!status.ok()) return status;
  switch (command.action()) {
    case v1::REFERRAL_ACTION_GRANT_WITHDRAWAL:
      // Consent may have been given again while the agency was asked to let go.
      return Release(decision, routes);
    case v1::REFERRAL_ACTION_RELEASE:
      // The hold of the staff may have stood over a reason of the system.
      return UpdateHolds(decision);
    default:
      return absl::OkStatus();
  }
}

// A case that was never screened qualifies for nothing, and so nothing happens to it.
absl::Status FollowRoutes(Decision& decision, const RoutesVersion& routes) {
  if (decision.state().withdrawn()) return absl::OkStatus();
  absl::Status status = SendCorrections(decision, routes.routes);
  if (!status.ok()) return status;
  return Release(decision, routes, For::kRoutes);
}

absl::Status Follow(Decision& decision, const v1::ReferralCommand& command,
                    const RoutesVersion& routes) {
  switch (command.kind_case()) {
    case v1::ReferralCommand::kIntakeEvent:
      return FollowIntake(decision, command.intake_event());
    case v1::ReferralCommand::kEligibilityEvent:
      return FollowEligibility(decision, command.eligibility_event(), routes);
    case v1::ReferralCommand::kAction:
      return FollowAction(decision, command.action(), routes);
    case v1::ReferralCommand::kFollowRoutes:
      return FollowRoutes(decision, routes);
    case v1::ReferralCommand::kLedger:
      return absl::InternalError("a command for a ledger in a case");
    case v1::ReferralCommand::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("a command without a kind");
}

}  // namespace

absl::StatusOr<std::vector<v1::ReferralEvent>> Decide(const v1::ReferralCaseState& state,
                                                      const v1::ReferralCommand& command,
                                                      const RoutesVersion& routes,
                                                      const type::DecideContext& context) {
  Decision decision(state, context);
  absl::Status status = Follow(decision, command, routes);
  if (!status.ok()) return status;
  return decision.TakeEvents();
}

}  // namespace pathways::referral
