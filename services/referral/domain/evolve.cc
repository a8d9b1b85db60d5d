#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/decision.h"
#include "services/referral/domain/keys.h"
#include "services/referral/domain/machine.h"
#include "services/referral/domain/validate.h"
#include "services/type/dates.h"

namespace pathways::referral {
namespace {

// Nothing may leave any more.
void DropFacts(v1::ReferralCaseState& state) {
  state.clear_disclosures();
  state.clear_facts_lost();
  for (v1::Qualification& qualification : *state.mutable_qualifications()) {
    qualification.clear_has_facts();
  }
}

void NoteCase(v1::ReferralCaseState& state, const v1::CaseNoted& noted) {
  if (state.noted_from() == 0 || state.consent() != noted.consent()) {
    state.set_consent_from(noted.based_on());
  }
  state.set_consent(noted.consent());
  *state.mutable_person_ids() = noted.person_ids();
  state.set_noted_from(noted.based_on());
  if (!noted.consent()) DropFacts(state);
}

void NoteDeterminations(v1::ReferralCaseState& state, const v1::DeterminationsNoted& noted) {
  *state.mutable_qualifications() = noted.qualifications();
  *state.mutable_disclosures() = noted.disclosures();
  state.set_screened_from(noted.based_on());
  const auto& all = noted.qualifications();
  const bool had_facts = std::any_of(all.begin(), all.end(),
                                     [](const v1::Qualification& one) { return one.has_facts(); });
  // Facts were noted, and there are none: the sealed column is gone.
  state.set_facts_lost(had_facts && noted.disclosures().empty());
}

absl::Status Submit(v1::ReferralCaseState& state, const v1::ReferralSubmitted& submitted,
                    const type::EventContext& context) {
  if (submitted.referral_id() != ReferralId(state.referrals_size() + 1)) {
    return absl::InternalError("a referral id out of order");
  }
  v1::StoredReferral& stored = *state.add_referrals();
  stored.set_referral_id(submitted.referral_id());
  stored.set_version(context.number);
  stored.set_create_number(context.number);
  *stored.mutable_person_ids() = submitted.person_ids();
  if (submitted.brought_by_routes()) stored.set_brought_by_routes(submitted.routes_number());
  v1::Referral& referral = *stored.mutable_referral();
  referral.set_pathway(submitted.pathway());
  referral.set_agency(submitted.agency());
  referral.set_attempt(submitted.attempt());
  referral.set_state(v1::REFERRAL_STATE_SUBMITTED);
  *referral.mutable_people() = submitted.people();
  referral.set_policy_version(submitted.policy_version());
  *referral.mutable_create_time() = type::TimestampOf(context.time);
  *referral.mutable_update_time() = referral.create_time();
  return absl::OkStatus();
}

// What a change of state leaves of an earlier withdrawal, and why it is in the state. A report of a
// stage says nothing of either, so a refused withdrawal keeps its reason while the work goes on.
void EnterState(v1::StoredReferral& stored, const v1::ReferralChanged& changed) {
  v1::Referral& referral = *stored.mutable_referral();
  if (changed.action() != v1::REFERRAL_ACTION_REPORT_STAGE) {
    referral.set_reason_code(changed.reason_code());
  }
  if (changed.action() == v1::REFERRAL_ACTION_WITHDRAW) {
    stored.set_consent_lost(changed.reason_code() == kConsentWithdrawn);
  } else if (changed.action() != v1::REFERRAL_ACTION_GRANT_WITHDRAWAL) {
    stored.set_consent_lost(false);
  }
  if (changed.action() == v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL) {
    referral.set_withdrawal_refused(true);
  }
  if (changed.state() == v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED) {
    referral.set_state_before_withdrawal(referral.state());
  } else {
    referral.clear_state_before_withdrawal();
  }
  referral.set_state(changed.state());
}

absl::Status Change(v1::ReferralCaseState& state, const v1::ReferralChanged& changed,
                    const type::EventContext& context) {
  const auto found =
      std::find_if(state.mutable_referrals()->begin(), state.mutable_referrals()->end(),
                   [&](const v1::StoredReferral& stored) {
                     return stored.referral_id() == changed.referral_id();
                   });
  if (found == state.mutable_referrals()->end()) {
    return absl::InternalError("a change of an unknown referral");
  }
  if (changed.state() == v1::REFERRAL_STATE_UNSPECIFIED) {
    return absl::InternalError("a change into no state");
  }
  v1::StoredReferral& stored = *found;
  stored.set_version(context.number);
  if (!IsBesideState(changed.action())) EnterState(stored, changed);
  v1::Referral& referral = *stored.mutable_referral();
  if (changed.action() == v1::REFERRAL_ACTION_HOLD) referral.set_hold_reason(changed.reason_code());
  if (!changed.on_hold()) referral.clear_hold_reason();
  referral.set_on_hold(changed.on_hold());
  referral.set_escalated(changed.escalated());
  *referral.mutable_fields_to_correct() = changed.fields_to_correct();
  referral.set_stage(changed.stage());
  if (changed.action() == v1::REFERRAL_ACTION_RESUBMIT ||
      changed.action() == v1::REFERRAL_ACTION_CORRECT) {
    *referral.mutable_people() = changed.people();
  }
  *referral.mutable_update_time() = type::TimestampOf(context.time);
  return absl::OkStatus();
}

}  // namespace

absl::Status Evolve(v1::ReferralCaseState& state, const v1::ReferralEvent& event,
                    const type::EventContext& context) {
  if (event.case_id() != context.stream) return absl::InternalError("an event of another case");
  switch (event.kind_case()) {
    case v1::ReferralEvent::kCaseNoted:
      NoteCase(state, event.case_noted());
      return absl::OkStatus();
    case v1::ReferralEvent::kWithdrawalNoted:
      state.set_withdrawn(true);
      DropFacts(state);
      return absl::OkStatus();
    case v1::ReferralEvent::kDeterminationsNoted:
      NoteDeterminations(state, event.determinations_noted());
      return absl::OkStatus();
    case v1::ReferralEvent::kReferralSubmitted:
      return Submit(state, event.referral_submitted(), context);
    case v1::ReferralEvent::kReferralChanged:
      return Change(state, event.referral_changed(), context);
    case v1::ReferralEvent::kRoutesApplied:
    case v1::ReferralEvent::kRoutesProposed:
    case v1::ReferralEvent::kFactsNoted:
      return absl::InternalError("an event of a ledger in a case");
    case v1::ReferralEvent::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("an event of an unknown kind");
}

type::Folded Fold(const std::string& case_id, const v1::ReferralCaseState& state) {
  type::Folded folded;
  for (const v1::StoredReferral& stored : state.referrals()) {
    const v1::Referral& referral = stored.referral();
    folded.lists.push_back({kReferralsIndex, ReferralsKey(case_id, stored)});
    if (referral.state() != v1::REFERRAL_STATE_DRAFT) {
      folded.lists.push_back(
          {AgencyIndex(referral.agency()), AgencyKey(case_id, stored), stored.create_number()});
    }
    if (stored.brought_by_routes() > 0) {
      folded.lists.push_back({kBroughtByRoutesIndex, BroughtByRoutesKey(case_id, stored)});
    }
    if (IsLive(referral.state())) {
      folded.lists.push_back({kWaitingIndex, WaitingKey(case_id, stored)});
    }
  }
  return folded;
}

}  // namespace pathways::referral
