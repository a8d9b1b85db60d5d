// The state machine of a referral, as data.
//
// One table says what each action does in each state; nothing else in the service knows a state's
// successors. The machine looks at state and action only: whose referral it is, the etag, a hold
// and the words of a repetition are looked at by Decide. Only an agency leads out of what it has
// accepted: the staff and the system can but ask.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_MACHINE_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_MACHINE_H_

#include "pathways/referral/v1/events.pb.h"
#include "pathways/referral/v1/referral.pb.h"

namespace pathways::referral {

// What an action does in a state.
enum class Step {
  kRefused,   // The state forbids it.
  kNoEffect,  // Its effect stands: nothing happens when it says the same again, else it is refused.
  kKeeps,     // It changes the referral, not the state.
  kMoves,     // It leads to another state.
  kGoesBack,  // It leads to the state before the withdrawal was requested.
};

// One entry of the table.
struct Transition {
  Step step = Step::kRefused;
  // State after the action; unspecified for kRefused and kGoesBack.
  v1::ReferralState next = v1::REFERRAL_STATE_UNSPECIFIED;
  bool operator==(const Transition&) const = default;
};

// Refused for whatever the table does not name, so for unspecified and unknown values too.
Transition TransitionOf(v1::ReferralState state, v1::ReferralAction action);

// Who may ask for an action. The system itself may take the staff's actions as well.
enum class Actor { kNobody, kAgency, kStaff, kSystem };
Actor ActorOf(v1::ReferralAction action);

// True for what has to wait while a referral is on hold: its acceptance, and sending it again.
bool WaitsOnHold(v1::ReferralAction action);

// True for what changes something beside the state: hold and escalation, on and off, and corrected
// facts.
bool IsBesideState(v1::ReferralAction action);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_MACHINE_H_
