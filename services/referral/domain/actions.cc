#include "services/referral/domain/actions.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/machine.h"
#include "services/referral/domain/validate.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::referral {
namespace {

std::optional<People> FactsOf(const v1::ReferralCaseState& state, const v1::AgencyRoutes& routes,
                              const v1::StoredReferral& stored) {
  return FactsFor(state, routes, stored.referral().agency(), stored.referral().pathway(),
                  stored.person_ids());
}

// What the agency is to have of the people while the referral lives. Where the last screening
// handed on nothing of them, for example because the pathway is suspended, it is what the agency
// has, but never more than its entry permits now. So it is also while the desk has to send again,
// with all corrections in it, and while the agency is asked to let go.
People CorrectFacts(const v1::ReferralCaseState& state, const v1::AgencyRoutes& routes,
                    const v1::StoredReferral& stored) {
  const v1::ReferralState now = stored.referral().state();
  const bool takes_new =
      now != v1::REFERRAL_STATE_RETURNED && now != v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED;
  std::optional<People> people = FactsOf(state, routes, stored);
  if (takes_new && people) return *std::move(people);
  return PermittedOf(stored.referral().people(), routes, stored.referral().agency());
}

// True when the referral already is as the command would leave it, in a state from which that is an
// effect of the command: the caller repeats what was done.
bool SaysTheSame(const v1::ReferralCaseState& state, const v1::StoredReferral& stored,
                 const v1::ReferralActionCommand& command, const v1::AgencyRoutes& routes) {
  const v1::Referral& referral = stored.referral();
  switch (command.action()) {
    case v1::REFERRAL_ACTION_REJECT:
    case v1::REFERRAL_ACTION_CLOSE:
    case v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL:
      return command.reason_code() == referral.reason_code();
    case v1::REFERRAL_ACTION_RETURN:
      return SameStrings(command.fields_to_correct(), referral.fields_to_correct());
    case v1::REFERRAL_ACTION_RESUBMIT: {
      const std::optional<People> people = FactsOf(state, routes, stored);
      return people && SameMessages(*people, referral.people());
    }
    case v1::REFERRAL_ACTION_REPORT_STAGE:
      return command.stage() == referral.stage();
    case v1::REFERRAL_ACTION_HOLD:
      return referral.on_hold() && command.reason_code() == referral.hold_reason();
    case v1::REFERRAL_ACTION_RELEASE:
      return !referral.on_hold();
    case v1::REFERRAL_ACTION_ESCALATE:
      return referral.escalated();
    case v1::REFERRAL_ACTION_DEESCALATE:
      return !referral.escalated();
    default:
      return true;  // The state alone says it.
  }
}

bool IsRepetition(const v1::ReferralCaseState& state, const v1::StoredReferral& stored,
                  const v1::ReferralActionCommand& command, const v1::AgencyRoutes& routes,
                  const Transition& transition) {
  const bool can_repeat = transition.step == Step::kNoEffect || transition.step == Step::kKeeps;
  return can_repeat && SaysTheSame(state, stored, command, routes);
}

bool IsRefused(const Transition& transition) {
  return transition.step == Step::kRefused || transition.step == Step::kNoEffect;
}

absl::Status RefuseState(absl::string_view message) {
  return type::Refuse(absl::StatusCode::kFailedPrecondition, "REFERRAL_STATE", message);
}

bool FlagAfter(bool before, v1::ReferralAction action, v1::ReferralAction sets,
               v1::ReferralAction clears) {
  if (action == sets) return true;
  return before && action != clears;
}

// Facts to send again. A referral open without consent is a broken invariant: losing consent
// withdraws it.
absl::Status TakePeople(const v1::ReferralCaseState& state, const v1::StoredReferral& stored,
                        const v1::AgencyRoutes& routes, v1::ReferralChanged& changed) {
  if (!state.consent()) return absl::InternalError("a referral is open without consent");
  if (changed.action() == v1::REFERRAL_ACTION_CORRECT) {
    *changed.mutable_people() = CorrectFacts(state, routes, stored);
    return absl::OkStatus();
  }
  std::optional<People> people = FactsOf(state, routes, stored);
  if (!people) {
    return RefuseState(
        "by the last screening these people cannot be referred to this pathway as they are: answer "
        "what it asks, or withdraw the referral");
  }
  *changed.mutable_people() = *std::move(people);
  return absl::OkStatus();
}

// Makes the event of a change that the machine allows.
absl::Status Change(Decision& decision, const v1::StoredReferral& stored,
                    const v1::ReferralActionCommand& command, const v1::AgencyRoutes& routes,
                    const Transition& transition) {
  const v1::Referral& before = stored.referral();
  const v1::ReferralAction action = command.action();
  const v1::ReferralState next =
      transition.step == Step::kGoesBack ? before.state_before_withdrawal() : transition.next;
  v1::ReferralEvent event;
  v1::ReferralChanged& changed = *event.mutable_referral_changed();
  changed.set_referral_id(stored.referral_id());
  changed.set_agency(before.agency());
  changed.set_pathway(before.pathway());
  changed.set_action(action);
  changed.set_state(next);
  changed.set_reason_code(command.reason_code());
  if (action == v1::REFERRAL_ACTION_GRANT_WITHDRAWAL && command.reason_code().empty()) {
    changed.set_reason_code(before.reason_code());  // It is withdrawn for what was asked.
  }
  if (next == v1::REFERRAL_STATE_RETURNED) {
    *changed.mutable_fields_to_correct() = action == v1::REFERRAL_ACTION_RETURN
                                               ? command.fields_to_correct()
                                               : before.fields_to_correct();
  }
  changed.set_stage(action == v1::REFERRAL_ACTION_REPORT_STAGE ? command.stage() : before.stage());
  if (IsLive(next)) {
    changed.set_on_hold(
        FlagAfter(before.on_hold(), action, v1::REFERRAL_ACTION_HOLD, v1::REFERRAL_ACTION_RELEASE));
    changed.set_escalated(FlagAfter(before.escalated(), action, v1::REFERRAL_ACTION_ESCALATE,
                                    v1::REFERRAL_ACTION_DEESCALATE));
  }
  if (action == v1::REFERRAL_ACTION_RESUBMIT || action == v1::REFERRAL_ACTION_CORRECT) {
    absl::Status status = TakePeople(decision.state(), stored, routes, changed);
    if (!status.ok()) return status;
  }
  return decision.Add(std::move(event));
}

// The referral the caller means, if it may know of it: an agency sees its own, never a draft.
const v1::StoredReferral* Visible(const v1::ReferralCaseState& state,
                                  const v1::ReferralActionCommand& command) {
  const v1::StoredReferral* stored = FindReferral(state, command.referral_id());
  if (stored == nullptr || command.agency().empty()) return stored;
  const v1::Referral& referral = stored->referral();
  const bool visible =
      referral.agency() == command.agency() && referral.state() != v1::REFERRAL_STATE_DRAFT;
  return visible ? stored : nullptr;
}

}  // namespace

absl::Status Act(Decision& decision, const v1::ReferralActionCommand& command,
                 const v1::AgencyRoutes& routes) {
  const Actor actor = command.agency().empty() ? Actor::kStaff : Actor::kAgency;
  if (ActorOf(command.action()) != actor) {
    return type::Refuse(absl::StatusCode::kInvalidArgument, kInvalidAction,
                        "the action does not belong to who asks for it");
  }
  const v1::StoredReferral* stored = Visible(decision.state(), command);
  if (stored == nullptr) {
    // The same words whether it does not exist or is another agency's.
    return type::Refuse(absl::StatusCode::kNotFound, "REFERRAL_NOT_FOUND",
                        absl::StrCat("there is no ", type::ReferralName(decision.case_id(),
                                                                        command.referral_id())));
  }
  if (!command.etag().empty() && command.etag() != absl::StrCat(stored->version())) {
    return type::Refuse(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                        "the referral changed since it was read: read it again");
  }
  const v1::ReferralState state = stored->referral().state();
  const Transition transition = TransitionOf(state, command.action());
  if (IsRepetition(decision.state(), *stored, command, routes, transition)) return absl::OkStatus();
  if (decision.state().withdrawn() && actor == Actor::kStaff) {
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "CASE_WITHDRAWN",
                        "the case is withdrawn: only the agency can still answer");
  }
  if (IsRefused(transition)) {
    return RefuseState(absl::StrCat("not possible while the referral is in state ",
                                    v1::ReferralState_Name(state)));
  }
  // Its reason lies in the law or in the screening, and stands until one of them says otherwise.
  if (command.action() == v1::REFERRAL_ACTION_RELEASE &&
      IsSystemHold(stored->referral().hold_reason())) {
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "SYSTEM_HOLD",
                        "the system set this hold, and takes it off when its reason is gone");
  }
  if (stored->referral().on_hold() && WaitsOnHold(command.action())) {
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "REFERRAL_ON_HOLD",
                        "not possible while the referral is on hold");
  }
  return Change(decision, *stored, command, routes, transition);
}

absl::Status ActAsSystem(Decision& decision, const std::string& referral_id,
                         v1::ReferralAction action, absl::string_view reason_code) {
  const v1::StoredReferral* stored = FindReferral(decision.state(), referral_id);
  if (stored == nullptr) return absl::InternalError("the system acts on an unknown referral");
  v1::ReferralActionCommand command;
  command.set_referral_id(referral_id);
  command.set_action(action);
  command.set_reason_code(std::string(reason_code));
  const Transition transition = TransitionOf(stored->referral().state(), action);
  if (IsRefused(transition)) return absl::OkStatus();
  return Change(decision, *stored, command, /*routes=*/{}, transition);
}

absl::Status SendCorrections(Decision& decision, const v1::AgencyRoutes& routes) {
  // Without consent no agency is shown facts, and none are sent.
  if (!decision.state().consent()) return absl::OkStatus();
  for (int i = 0; i < decision.state().referrals_size(); ++i) {
    const v1::StoredReferral stored = decision.state().referrals(i);
    const People people = CorrectFacts(decision.state(), routes, stored);
    if (SameMessages(people, stored.referral().people())) continue;
    const Transition transition =
        TransitionOf(stored.referral().state(), v1::REFERRAL_ACTION_CORRECT);
    if (IsRefused(transition)) continue;
    v1::ReferralActionCommand command;
    command.set_referral_id(stored.referral_id());
    command.set_action(v1::REFERRAL_ACTION_CORRECT);
    absl::Status status = Change(decision, stored, command, routes, transition);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status WithdrawAll(Decision& decision, absl::string_view reason_code) {
  for (int i = 0; i < decision.state().referrals_size(); ++i) {
    const std::string referral_id = decision.state().referrals(i).referral_id();
    absl::Status status =
        ActAsSystem(decision, referral_id, v1::REFERRAL_ACTION_WITHDRAW, reason_code);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace pathways::referral
