#include "services/eligibility/domain/decide.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "services/eligibility/domain/changes.h"
#include "services/eligibility/domain/disclosure.h"
#include "services/eligibility/domain/review.h"
#include "services/type/dates.h"
#include "services/type/desk.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

using Events = std::vector<v1::EligibilityEvent>;

// None of the messages compared holds a map, so equal messages have equal bytes.
template <typename Message>
bool Same(const Message& a, const Message& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

bool IsKnown(const v1::EligibilityState& state) { return state.facts_from() > 0; }

// The last intake number that made an event. Screening goes on without new facts where an update
// left them as they were and the pack had changed.
int64_t LastNumber(const v1::EligibilityState& state) {
  return std::max(state.facts_from(), state.based_on());
}

// A code of a release that this one does not know would be screened as if nothing had been said.
bool AreCodesKnown(const type::v1::PersonFacts& person) {
  return type::v1::Relationship_IsValid(person.relationship()) &&
         type::v1::Sex_IsValid(person.sex()) && type::v1::AgeBand_IsValid(person.age_band()) &&
         type::v1::DatePrecision_IsValid(person.age_precision()) &&
         type::v1::RefugeeClaim_IsValid(person.refugee_claim());
}

void AddFactsRecorded(const type::v1::CaseFacts& facts, int64_t based_on,
                      const std::string& case_id, Events& events) {
  v1::EligibilityEvent event;
  event.set_case_id(case_id);
  *event.mutable_facts_recorded()->mutable_facts() = facts;
  event.mutable_facts_recorded()->set_based_on(based_on);
  events.push_back(std::move(event));
}

// The first day on which a determination would change though no fact does.
type::v1::PartialDate HoldsUntil(const v1::CaseScreened& screened) {
  std::optional<absl::CivilDay> first;
  for (const v1::Determination& determination : screened.determinations()) {
    const auto day = type::RangeOf(determination.holds_until());
    if (day && (!first || day->first < *first)) first = day->first;
  }
  return first ? type::FromDay(*first) : type::v1::PartialDate();
}

void AddScreeningConfirmed(const v1::EligibilityState& state, const v1::CaseScreened& screened,
                           int64_t based_on, const std::string& case_id, Events& events) {
  const type::v1::PartialDate holds_until = HoldsUntil(screened);
  if (Same(holds_until, state.holds_until())) return;
  v1::EligibilityEvent event;
  event.set_case_id(case_id);
  v1::ScreeningConfirmed& confirmed = *event.mutable_screening_confirmed();
  if (!type::IsEmpty(holds_until)) *confirmed.mutable_holds_until() = holds_until;
  confirmed.set_based_on(based_on);
  confirmed.set_policy_number(screened.policy_number());
  events.push_back(std::move(event));
}

// Adds CaseScreened unless it would tell what is already told.
void AddCaseScreened(const v1::EligibilityState& state, const type::v1::CaseFacts& facts,
                     int64_t based_on, const PolicyInForce& policy,
                     const type::DecideContext& context, Events& events) {
  v1::CaseScreened screened = ScreenFacts(facts, policy, context.now);
  ApplyReviews(state.reviews(), *screened.mutable_determinations());
  *screened.mutable_disclosures() = DisclosuresOf(policy.rules, facts, screened.determinations());
  if (state.based_on() > 0) {
    if (SameSubstance(state.determinations(), screened.determinations()) &&
        SameDisclosures(state.disclosures(), screened.disclosures())) {
      return AddScreeningConfirmed(state, screened, based_on, context.stream, events);
    }
    for (v1::DeterminationChange& change :
         ChangesOf(state.determinations(), screened.determinations())) {
      *screened.add_changes() = std::move(change);
    }
  }
  screened.set_based_on(based_on);
  v1::EligibilityEvent event;
  event.set_case_id(context.stream);
  *event.mutable_case_screened() = std::move(screened);
  events.push_back(std::move(event));
}

absl::StatusOr<Events> TakeFacts(const v1::EligibilityState& state,
                                 const type::v1::CaseFacts& facts, int64_t number,
                                 const PolicyInForce& policy, const type::DecideContext& context) {
  absl::Status status = CheckFacts(facts);
  if (!status.ok()) return status;
  Events events;
  if (!IsKnown(state) || !Same(facts, state.facts())) {
    if (number <= LastNumber(state)) return absl::InternalError("other facts of the same number");
    AddFactsRecorded(facts, number, context.stream, events);
  }
  AddCaseScreened(state, facts, number, policy, context, events);
  return events;
}

// False: the case has no such person.
bool SetAgeBand(const intake::v1::AgeBandChanged& changed, type::v1::CaseFacts& facts) {
  for (type::v1::PersonFacts& person : *facts.mutable_people()) {
    if (person.person_id() != changed.person_id()) continue;
    person.set_age_band(changed.age_band());
    return true;
  }
  return false;
}

absl::StatusOr<Events> TakeAgeBand(const v1::EligibilityState& state,
                                   const intake::v1::AgeBandChanged& changed, int64_t number,
                                   const PolicyInForce& policy,
                                   const type::DecideContext& context) {
  type::v1::CaseFacts facts = state.facts();
  if (!SetAgeBand(changed, facts)) {
    return absl::InternalError("the age band of an unknown person changed");
  }
  return TakeFacts(state, facts, number, policy, context);
}

// An event of intake that was taken before, while the facts that it and others told are lost. They
// are put together again; when all are, the case is screened with them.
absl::StatusOr<Events> TakeAgain(const v1::EligibilityState& state,
                                 const v1::IntakeEventCommand& command, const PolicyInForce& policy,
                                 const type::DecideContext& context) {
  type::v1::CaseFacts facts = state.facts();
  const intake::v1::IntakeEvent& event = command.event();
  if (event.has_case_registered()) {
    facts = event.case_registered().facts();
  } else if (event.has_case_updated()) {
    facts = event.case_updated().facts();
  } else if (event.has_age_band_changed()) {
    SetAgeBand(event.age_band_changed(), facts);
  }
  absl::Status status = CheckFacts(facts);
  if (!status.ok()) return status;
  Events events;
  const bool are_all_back = command.number() == state.facts_from();
  if (!are_all_back && Same(facts, state.facts())) return events;
  AddFactsRecorded(facts, command.number(), context.stream, events);
  if (are_all_back) {
    AddCaseScreened(state, facts, LastNumber(state), policy, context, events);
  }
  return events;
}

Events Close(int64_t number, const std::string& case_id) {
  v1::EligibilityEvent event;
  event.set_case_id(case_id);
  event.mutable_screening_closed()->set_based_on(number);
  return {event};
}

absl::StatusOr<Events> FollowIntake(const v1::EligibilityState& state,
                                    const v1::IntakeEventCommand& command,
                                    const PolicyInForce& policy,
                                    const type::DecideContext& context) {
  const intake::v1::IntakeEvent& event = command.event();
  const int64_t number = command.number();
  if (event.case_id() != context.stream)
    return absl::InternalError("an intake event of another case");
  if (state.withdrawn()) return Events();
  if (number < 1 || event.has_case_registered() != (number == 1)) {
    return absl::InternalError("only the first event of a case registers it");
  }
  if (number > 1 && !IsKnown(state)) {
    return absl::InternalError("an intake event before the registration");
  }
  if (state.facts_lost() && number <= state.facts_from()) {
    return TakeAgain(state, command, policy, context);
  }
  if (number <= state.facts_from() && number < LastNumber(state)) {
    return absl::InternalError("an intake event out of order");
  }
  // Told again after the facts: what it led to is in the state.
  if (number < LastNumber(state)) return Events();
  switch (event.kind_case()) {
    case intake::v1::IntakeEvent::kCaseRegistered:
      return TakeFacts(state, event.case_registered().facts(), number, policy, context);
    case intake::v1::IntakeEvent::kCaseUpdated:
      return TakeFacts(state, event.case_updated().facts(), number, policy, context);
    case intake::v1::IntakeEvent::kAgeBandChanged:
      return TakeAgeBand(state, event.age_band_changed(), number, policy, context);
    case intake::v1::IntakeEvent::kCaseWithdrawn:
      return Close(number, context.stream);
    case intake::v1::IntakeEvent::kFactsApplied:
    case intake::v1::IntakeEvent::kFactsProposed:
    case intake::v1::IntakeEvent::KIND_NOT_SET:
      break;
  }
  // Dropped, it would lose what a newer intake says; parked, it waits for the release that knows
  // it.
  return absl::InternalError("an intake event of an unknown kind");
}

// What a person may still ask for.
absl::Status CheckOpen(const v1::EligibilityState& state) {
  if (!IsKnown(state)) {
    return type::Refuse(absl::StatusCode::kNotFound, "CASE_NOT_FOUND",
                        "no screening of this case: check the name, or wait until it is screened");
  }
  if (state.withdrawn()) {
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "CASE_WITHDRAWN",
                        "the case is withdrawn and is not screened any more");
  }
  if (state.facts_lost()) {
    return type::Refuse(absl::StatusCode::kUnavailable, "FACTS_LOST",
                        "the facts of this case are being fetched again: try again in a moment");
  }
  return absl::OkStatus();
}

absl::StatusOr<Events> ScreenAgain(const v1::EligibilityState& state, const PolicyInForce& policy,
                                   const type::DecideContext& context) {
  absl::Status status = CheckOpen(state);
  if (!status.ok()) return status;
  Events events;
  AddCaseScreened(state, state.facts(), LastNumber(state), policy, context, events);
  return events;
}

// Only of a determination that is told like this by the policies in force, so that whatever is
// accepted was screened with them.
absl::StatusOr<Events> TakeReview(const v1::EligibilityState& state,
                                  const v1::ReviewCommand& command, const PolicyInForce& policy,
                                  const type::DecideContext& context) {
  absl::Status status = CheckOpen(state);
  if (!status.ok()) return status;
  if (command.seen_version() > 0 && command.seen_version() != context.version) {
    return type::Refuse(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                        "the screening changed since it was read");
  }
  const v1::CaseScreened evaluated = ScreenFacts(state.facts(), policy, context.now);
  if (!SameSubstance(ScreenState(state, policy, context.now).determinations(),
                     state.determinations())) {
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "SCREENING_MOVED_ON",
                        "the policies in force give another result; look again in a moment");
  }
  absl::StatusOr<v1::Review> review =
      TakeOpinion(state, evaluated.determinations(), command, context.now);
  if (!review.ok()) return review.status();
  review->set_policy_number(policy.number);
  v1::EligibilityEvent event;
  event.set_case_id(context.stream);
  *event.mutable_determination_reviewed()->mutable_review() = *review;
  Events events = {std::move(event)};
  if (!review->settled()) return events;
  v1::EligibilityState reviewed = state;
  RecordReview(reviewed, *review);
  AddCaseScreened(reviewed, state.facts(), LastNumber(state), policy, context, events);
  return events;
}

Events Rescreen(const v1::EligibilityState& state, const PolicyInForce& policy,
                const type::DecideContext& context) {
  Events events;
  if (!IsKnown(state) || state.withdrawn() || state.facts_lost()) return events;
  AddCaseScreened(state, state.facts(), LastNumber(state), policy, context, events);
  return events;
}

absl::Status RecordFacts(v1::EligibilityState& state, const v1::FactsRecorded& recorded) {
  const bool is_again = state.facts_lost() && recorded.based_on() <= state.facts_from();
  if (!is_again && recorded.based_on() <= LastNumber(state)) {
    return absl::InternalError("facts recorded out of order");
  }
  *state.mutable_facts() = recorded.facts();
  if (is_again) {
    state.set_facts_lost(recorded.based_on() < state.facts_from());
    return absl::OkStatus();
  }
  state.set_facts_from(recorded.based_on());
  // No case is without people: its sealed column is gone.
  state.set_facts_lost(recorded.facts().people().empty());
  return absl::OkStatus();
}

// Notes what a version changed for a case that was screened before, so that the case is listed
// under it.
void RecordPolicyEffect(v1::EligibilityState& state, const v1::CaseScreened& screened,
                        int64_t number) {
  const bool is_new = screened.policy_number() != state.policy_number();
  state.set_policy_number(screened.policy_number());
  if (!is_new || state.based_on() == 0) return;
  const type::v1::LedgerEffect on_referrals =
      EffectOf(state.disclosures(), screened.disclosures(), screened.determinations());
  const bool moves = on_referrals.referrals() > 0 || on_referrals.holds() > 0;
  if (screened.changes().empty() && !moves) return;
  v1::PolicyEffect& effect = *state.add_policy_effects();
  effect.set_policy_number(screened.policy_number());
  effect.set_event_number(number);
  effect.set_referrals(on_referrals.referrals());
  effect.set_holds(on_referrals.holds());
  if (state.policy_effects_size() > kPolicyEffectsMax) {
    state.mutable_policy_effects()->DeleteSubrange(0, 1);
  }
}

void SetHoldsUntil(v1::EligibilityState& state, const type::v1::PartialDate& day) {
  state.clear_holds_until();
  if (!type::IsEmpty(day)) *state.mutable_holds_until() = day;
}

absl::Status RecordConfirmation(v1::EligibilityState& state,
                                const v1::ScreeningConfirmed& confirmed) {
  if (state.based_on() == 0 || confirmed.based_on() < LastNumber(state)) {
    return absl::InternalError("a confirmation out of order");
  }
  SetHoldsUntil(state, confirmed.holds_until());
  return absl::OkStatus();
}

absl::Status RecordScreening(v1::EligibilityState& state, const v1::CaseScreened& screened,
                             const type::EventContext& context) {
  if (!IsKnown(state) || screened.based_on() < LastNumber(state)) {
    return absl::InternalError("a screening out of order");
  }
  RecordPolicyEffect(state, screened, context.number);
  *state.mutable_determinations() = screened.determinations();
  *state.mutable_disclosures() = screened.disclosures();
  SetHoldsUntil(state, HoldsUntil(screened));
  state.set_based_on(screened.based_on());
  *state.mutable_screen_time() = type::TimestampOf(context.time);
  state.set_screen_number(context.number);
  return absl::OkStatus();
}

absl::Status RecordWithdrawal(v1::EligibilityState& state) {
  if (!IsKnown(state)) return absl::InternalError("the withdrawal of an unknown case");
  state.set_withdrawn(true);
  // Nothing is screened any more.
  state.clear_facts();
  state.clear_facts_lost();
  state.clear_disclosures();
  return absl::OkStatus();
}

bool AsksForInformation(const v1::Determination& determination) {
  return determination.outcome() == v1::OUTCOME_NEEDS_INFORMATION;
}

}  // namespace

absl::Status CheckFacts(const type::v1::CaseFacts& facts) {
  std::set<std::string> ids;
  int principals = 0;
  for (const type::v1::PersonFacts& person : facts.people()) {
    if (person.person_id().empty() || !ids.insert(person.person_id()).second) {
      return absl::InternalError("a person without an id of their own");
    }
    if (!AreCodesKnown(person)) {
      return type::Refuse(absl::StatusCode::kInternal, "FACT_UNKNOWN",
                          "a fact has a value that this version does not know");
    }
    if (person.relationship() == type::v1::RELATIONSHIP_PRINCIPAL) ++principals;
  }
  if (principals != 1) return absl::InternalError("a case without one principal applicant");
  return absl::OkStatus();
}

v1::CaseScreened ScreenFacts(const type::v1::CaseFacts& facts, const PolicyInForce& policy,
                             absl::Time now) {
  v1::CaseScreened screened;
  for (v1::Determination& determination :
       policy.rules.Screen(facts, AsOfTime(type::PlaceOf(facts), now)).determinations) {
    *screened.add_determinations() = std::move(determination);
  }
  screened.set_policy_number(policy.number);
  return screened;
}

v1::CaseScreened ScreenState(const v1::EligibilityState& state, const PolicyInForce& policy,
                             absl::Time now) {
  v1::CaseScreened screened = ScreenFacts(state.facts(), policy, now);
  ApplyReviews(state.reviews(), *screened.mutable_determinations());
  return screened;
}

absl::StatusOr<std::vector<v1::EligibilityEvent>> Decide(const v1::EligibilityState& state,
                                                         const v1::EligibilityCommand& command,
                                                         const PolicyInForce& policy,
                                                         const type::DecideContext& context) {
  switch (command.kind_case()) {
    case v1::EligibilityCommand::kIntakeEvent:
      return FollowIntake(state, command.intake_event(), policy, context);
    case v1::EligibilityCommand::kScreenCase:
      return ScreenAgain(state, policy, context);
    case v1::EligibilityCommand::kRescreen:
      return Rescreen(state, policy, context);
    case v1::EligibilityCommand::kReview:
      return TakeReview(state, command.review(), policy, context);
    case v1::EligibilityCommand::kLedger:
      return absl::InternalError("a command of the ledger for a case");
    case v1::EligibilityCommand::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("a command without a kind");
}

absl::Status Evolve(v1::EligibilityState& state, const v1::EligibilityEvent& event,
                    const type::EventContext& context) {
  if (event.case_id() != context.stream) return absl::InternalError("an event of another case");
  if (state.withdrawn()) return absl::InternalError("an event after the withdrawal");
  switch (event.kind_case()) {
    case v1::EligibilityEvent::kFactsRecorded:
      return RecordFacts(state, event.facts_recorded());
    case v1::EligibilityEvent::kCaseScreened:
      return RecordScreening(state, event.case_screened(), context);
    case v1::EligibilityEvent::kScreeningClosed:
      return RecordWithdrawal(state);
    case v1::EligibilityEvent::kScreeningConfirmed:
      return RecordConfirmation(state, event.screening_confirmed());
    case v1::EligibilityEvent::kDeterminationReviewed:
      if (!IsKnown(state)) return absl::InternalError("a review of an unknown case");
      RecordReview(state, event.determination_reviewed().review());
      return absl::OkStatus();
    case v1::EligibilityEvent::kPolicyApplied:
    case v1::EligibilityEvent::kPolicyProposed:
    case v1::EligibilityEvent::kFactsNoted:
      return absl::InternalError("an event of the ledger in a case");
    case v1::EligibilityEvent::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("an event of an unknown kind");
}

type::Folded Fold(const std::string& case_id, const v1::EligibilityState& state) {
  type::Folded folded;
  if (state.based_on() == 0) return folded;
  for (const v1::PolicyEffect& effect : state.policy_effects()) {
    folded.lists.push_back(
        {kPolicyChangesIndex, absl::StrFormat("%010d/%s", effect.policy_number(), case_id)});
  }
  folded.lists.push_back({kScreeningsIndex, case_id});
  if (const auto day = type::RangeOf(state.holds_until()); day && !state.withdrawn()) {
    const absl::Time due = type::DeskMidnight(type::PlaceOf(state.facts()), day->first);
    folded.timers.push_back({kHoldsUntilTimer, absl::ToUnixSeconds(due)});
  }
  if (state.withdrawn()) return folded;
  const auto& screened = state.screen_time();
  const int64_t unix_micros = screened.seconds() * 1'000'000 + screened.nanos() / 1'000;
  const auto& determinations = state.determinations();
  if (std::any_of(determinations.begin(), determinations.end(), AsksForInformation)) {
    folded.lists.push_back(
        {kNeedsInformationIndex, absl::StrFormat("%020d/%s", unix_micros, case_id)});
  }
  if (std::any_of(determinations.begin(), determinations.end(), WaitsForReview)) {
    folded.lists.push_back({kReviewsIndex, case_id, state.screen_number()});
  }
  return folded;
}

}  // namespace pathways::eligibility
