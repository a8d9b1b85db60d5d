#include "services/referral/domain/machine.h"

#include <cstdint>
#include <initializer_list>

#include "services/referral/domain/decide.h"

namespace pathways::referral {
namespace {

constexpr v1::ReferralState kDraft = v1::REFERRAL_STATE_DRAFT;
constexpr v1::ReferralState kSubmitted = v1::REFERRAL_STATE_SUBMITTED;
constexpr v1::ReferralState kReceived = v1::REFERRAL_STATE_RECEIVED;
constexpr v1::ReferralState kAccepted = v1::REFERRAL_STATE_ACCEPTED;
constexpr v1::ReferralState kRejected = v1::REFERRAL_STATE_REJECTED;
constexpr v1::ReferralState kReturned = v1::REFERRAL_STATE_RETURNED;
constexpr v1::ReferralState kInProgress = v1::REFERRAL_STATE_IN_PROGRESS;
constexpr v1::ReferralState kCompleted = v1::REFERRAL_STATE_COMPLETED;
constexpr v1::ReferralState kClosed = v1::REFERRAL_STATE_CLOSED_WITHOUT_OUTCOME;
constexpr v1::ReferralState kRequested = v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED;
constexpr v1::ReferralState kWithdrawn = v1::REFERRAL_STATE_WITHDRAWN;
constexpr v1::ReferralState kExpired = v1::REFERRAL_STATE_EXPIRED;
constexpr v1::ReferralState kNone = v1::REFERRAL_STATE_UNSPECIFIED;

// A set of states, one bit each.
constexpr uint32_t In(std::initializer_list<v1::ReferralState> states) {
  uint32_t set = 0;
  for (const v1::ReferralState state : states) set |= uint32_t{1} << state;
  return set;
}

constexpr bool Has(uint32_t set, v1::ReferralState state) {
  return state > 0 && state < 32 && ((set >> state) & 1) != 0;
}

constexpr uint32_t kLive =
    In({kDraft, kSubmitted, kReceived, kAccepted, kReturned, kInProgress, kRequested});

// In each state of `from`, the action does `step`.
struct Rule {
  v1::ReferralAction action;
  uint32_t from;
  Step step;
  v1::ReferralState next;
};

constexpr Rule kRules[] = {
    {v1::REFERRAL_ACTION_RECEIVE, In({kSubmitted}), Step::kMoves, kReceived},
    {v1::REFERRAL_ACTION_RECEIVE, In({kReceived}), Step::kNoEffect, kReceived},
    {v1::REFERRAL_ACTION_ACCEPT, In({kReceived}), Step::kMoves, kAccepted},
    {v1::REFERRAL_ACTION_ACCEPT, In({kAccepted}), Step::kNoEffect, kAccepted},
    {v1::REFERRAL_ACTION_REJECT, In({kReceived}), Step::kMoves, kRejected},
    {v1::REFERRAL_ACTION_REJECT, In({kRejected}), Step::kNoEffect, kRejected},
    {v1::REFERRAL_ACTION_RETURN, In({kReceived}), Step::kMoves, kReturned},
    {v1::REFERRAL_ACTION_RETURN, In({kReturned}), Step::kNoEffect, kReturned},
    {v1::REFERRAL_ACTION_RESUBMIT, In({kReturned}), Step::kMoves, kSubmitted},
    {v1::REFERRAL_ACTION_RESUBMIT, In({kSubmitted}), Step::kNoEffect, kSubmitted},
    {v1::REFERRAL_ACTION_REPORT_STAGE, In({kAccepted}), Step::kMoves, kInProgress},
    {v1::REFERRAL_ACTION_REPORT_STAGE, In({kInProgress}), Step::kKeeps, kInProgress},
    // Work may be finished before the request to withdraw is read.
    {v1::REFERRAL_ACTION_COMPLETE, In({kAccepted, kInProgress, kRequested}), Step::kMoves,
     kCompleted},
    {v1::REFERRAL_ACTION_COMPLETE, In({kCompleted}), Step::kNoEffect, kCompleted},
    {v1::REFERRAL_ACTION_CLOSE, In({kAccepted, kInProgress}), Step::kMoves, kClosed},
    {v1::REFERRAL_ACTION_CLOSE, In({kClosed}), Step::kNoEffect, kClosed},
    {v1::REFERRAL_ACTION_WITHDRAW, In({kDraft, kSubmitted, kReceived, kReturned}), Step::kMoves,
     kWithdrawn},
    {v1::REFERRAL_ACTION_WITHDRAW, In({kAccepted, kInProgress}), Step::kMoves, kRequested},
    {v1::REFERRAL_ACTION_WITHDRAW, In({kRequested}), Step::kNoEffect, kRequested},
    {v1::REFERRAL_ACTION_WITHDRAW, In({kWithdrawn}), Step::kNoEffect, kWithdrawn},
    {v1::REFERRAL_ACTION_GRANT_WITHDRAWAL, In({kRequested}), Step::kMoves, kWithdrawn},
    {v1::REFERRAL_ACTION_GRANT_WITHDRAWAL, In({kWithdrawn}), Step::kNoEffect, kWithdrawn},
    {v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL, In({kRequested}), Step::kGoesBack, kNone},
    {v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL, In({kAccepted}), Step::kNoEffect, kAccepted},
    {v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL, In({kInProgress}), Step::kNoEffect, kInProgress},
    {v1::REFERRAL_ACTION_HOLD, kLive, Step::kKeeps, kNone},
    {v1::REFERRAL_ACTION_RELEASE, kLive, Step::kKeeps, kNone},
    {v1::REFERRAL_ACTION_ESCALATE, kLive, Step::kKeeps, kNone},
    {v1::REFERRAL_ACTION_DEESCALATE, kLive, Step::kKeeps, kNone},
    {v1::REFERRAL_ACTION_EXPIRE, In({kSubmitted, kReceived}), Step::kMoves, kExpired},
    {v1::REFERRAL_ACTION_EXPIRE, In({kExpired}), Step::kNoEffect, kExpired},
    // In every state in which the agency reads the people.
    {v1::REFERRAL_ACTION_CORRECT,
     In({kSubmitted, kReceived, kAccepted, kReturned, kInProgress, kRequested}), Step::kKeeps,
     kNone},
};

}  // namespace

bool IsLive(v1::ReferralState state) { return Has(kLive, state); }

bool IsOpenToAgency(const v1::ReferralCaseState& state, const v1::Referral& referral) {
  return IsLive(referral.state()) && state.consent() && !state.withdrawn();
}

Transition TransitionOf(v1::ReferralState state, v1::ReferralAction action) {
  for (const Rule& rule : kRules) {
    if (rule.action != action || !Has(rule.from, state)) continue;
    return {rule.step, rule.step == Step::kKeeps ? state : rule.next};
  }
  return {};
}

Actor ActorOf(v1::ReferralAction action) {
  switch (action) {
    case v1::REFERRAL_ACTION_RECEIVE:
    case v1::REFERRAL_ACTION_ACCEPT:
    case v1::REFERRAL_ACTION_REJECT:
    case v1::REFERRAL_ACTION_RETURN:
    case v1::REFERRAL_ACTION_REPORT_STAGE:
    case v1::REFERRAL_ACTION_COMPLETE:
    case v1::REFERRAL_ACTION_CLOSE:
    case v1::REFERRAL_ACTION_GRANT_WITHDRAWAL:
    case v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL:
      return Actor::kAgency;
    case v1::REFERRAL_ACTION_RESUBMIT:
    case v1::REFERRAL_ACTION_WITHDRAW:
    case v1::REFERRAL_ACTION_HOLD:
    case v1::REFERRAL_ACTION_RELEASE:
    case v1::REFERRAL_ACTION_ESCALATE:
    case v1::REFERRAL_ACTION_DEESCALATE:
      return Actor::kStaff;
    case v1::REFERRAL_ACTION_EXPIRE:
    case v1::REFERRAL_ACTION_CORRECT:
      return Actor::kSystem;
    default:
      return Actor::kNobody;
  }
}

bool WaitsOnHold(v1::ReferralAction action) {
  return action == v1::REFERRAL_ACTION_ACCEPT || action == v1::REFERRAL_ACTION_RESUBMIT;
}

bool IsBesideState(v1::ReferralAction action) {
  switch (action) {
    case v1::REFERRAL_ACTION_HOLD:
    case v1::REFERRAL_ACTION_RELEASE:
    case v1::REFERRAL_ACTION_ESCALATE:
    case v1::REFERRAL_ACTION_DEESCALATE:
    case v1::REFERRAL_ACTION_CORRECT:
      return true;
    default:
      return false;
  }
}

}  // namespace pathways::referral
