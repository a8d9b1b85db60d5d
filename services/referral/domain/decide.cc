#include "services/referral/domain/decide.h"

#include <cstdint>
#include <utility>

#include "services/referral/domain/actions.h"
#include "services/referral/domain/decision.h"
#include "services/referral/domain/release.h"
#include "services/referral/domain/validate.h"

namespace pathways::referral {
namespace {

// Takes over new facts and what follows from a change of consent.
absl::Status NoteFacts(Decision& decision, int64_t number, const type::v1::CaseFacts& facts,
                       const v1::AgencyRoutes& routes) {
  const v1::ReferralCaseState& before = decision.state();
  const bool known = before.facts_from() > 0;
  if (known && facts.SerializeAsString() == before.facts().SerializeAsString()) {
    return absl::OkStatus();
  }
  const bool consent_taken_away = known && before.facts().consent() && !facts.consent();
  v1::ReferralEvent event;
  *event.mutable_facts_noted()->mutable_facts() = facts;
  event.mutable_facts_noted()->set_based_on(number);
  absl::Status status = decision.Add(std::move(event));
  if (status.ok() && consent_taken_away) status = WithdrawAll(decision, kConsentWithdrawn);
  if (!status.ok()) return status;
  return Release(decision, routes);
}

absl::Status NoteAgeBand(Decision& decision, int64_t number,
                         const intake::v1::AgeBandChanged& changed,
                         const v1::AgencyRoutes& routes) {
  type::v1::CaseFacts facts = decision.state().facts();
  for (type::v1::PersonFacts& person : *facts.mutable_people()) {
    if (person.person_id() != changed.person_id()) continue;
    person.set_age_band(changed.age_band());
    return NoteFacts(decision, number, facts, routes);
  }
  return absl::InternalError("the age band of an unknown person changed");
}

absl::Status NoteWithdrawal(Decision& decision, int64_t number) {
  v1::ReferralEvent event;
  event.mutable_withdrawal_noted()->set_based_on(number);
  absl::Status status = decision.Add(std::move(event));
  if (!status.ok()) return status;
  return WithdrawAll(decision, kCaseWithdrawn);
}

absl::Status FollowIntake(Decision& decision, const v1::IntakeEventCommand& command,
                          const v1::AgencyRoutes& routes) {
  const intake::v1::IntakeEvent& event = command.event();
  if (event.case_id() != decision.case_id()) {
    return absl::InternalError("an intake event of another case");
  }
  if (decision.state().withdrawn()) return absl::OkStatus();
  const bool first = decision.state().facts_from() == 0;
  if (event.has_case_registered() != first || command.number() <= decision.state().facts_from()) {
    return absl::InternalError("an intake event out of order");
  }
  switch (event.kind_case()) {
    case intake::v1::IntakeEvent::kCaseRegistered:
      return NoteFacts(decision, command.number(), event.case_registered().facts(), routes);
    case intake::v1::IntakeEvent::kCaseUpdated:
      return NoteFacts(decision, command.number(), event.case_updated().facts(), routes);
    case intake::v1::IntakeEvent::kAgeBandChanged:
      return NoteAgeBand(decision, command.number(), event.age_band_changed(), routes);
    case intake::v1::IntakeEvent::kCaseWithdrawn:
      return NoteWithdrawal(decision, command.number());
    case intake::v1::IntakeEvent::KIND_NOT_SET:
      break;
  }
  // Dropping it would lose what a newer intake says; parked, it waits for the release that knows
  // it.
  return absl::InternalError("an intake event of an unknown kind");
}

absl::Status FollowEligibility(Decision& decision, const v1::EligibilityEventCommand& command,
                               const v1::AgencyRoutes& routes) {
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
      return absl::OkStatus();  // Facts and withdrawals come from intake.
    case eligibility::v1::EligibilityEvent::kPolicyApplied:
      return absl::InternalError("an event of the policy ledger in a case");
    case eligibility::v1::EligibilityEvent::KIND_NOT_SET:
      return absl::InternalError("an eligibility event of an unknown kind");
  }
  if (decision.state().withdrawn()) return absl::OkStatus();
  if (decision.state().facts_from() == 0) {
    return absl::InternalError("a screening of a case whose facts are not known");
  }
  absl::Status status = NoteDeterminations(decision, event.case_screened(), command.number());
  if (status.ok()) status = UpdateHolds(decision);
  if (!status.ok()) return status;
  return Release(decision, routes);
}

absl::Status FollowAction(Decision& decision, const v1::ReferralActionCommand& command,
                          const v1::AgencyRoutes& routes) {
  absl::Status status = Act(decision, command);
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

absl::Status Follow(Decision& decision, const v1::ReferralCommand& command,
                    const v1::AgencyRoutes& routes) {
  switch (command.kind_case()) {
    case v1::ReferralCommand::kIntakeEvent:
      return FollowIntake(decision, command.intake_event(), routes);
    case v1::ReferralCommand::kEligibilityEvent:
      return FollowEligibility(decision, command.eligibility_event(), routes);
    case v1::ReferralCommand::kAction:
      return FollowAction(decision, command.action(), routes);
    case v1::ReferralCommand::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("a command without a kind");
}

}  // namespace

absl::StatusOr<std::vector<v1::ReferralEvent>> Decide(const v1::ReferralCaseState& state,
                                                      const v1::ReferralCommand& command,
                                                      const v1::AgencyRoutes& routes,
                                                      const type::DecideContext& context) {
  Decision decision(state, context);
  absl::Status status = Follow(decision, command, routes);
  if (!status.ok()) return status;
  return decision.TakeEvents();
}

}  // namespace pathways::referral
