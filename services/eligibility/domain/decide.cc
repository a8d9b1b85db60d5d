#include "services/eligibility/domain/decide.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "services/type/dates.h"
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

// Facts that screening would misread, and which intake never publishes.
absl::Status CheckFacts(const type::v1::CaseFacts& facts) {
  std::set<std::string> ids;
  int principals = 0;
  for (const type::v1::PersonFacts& person : facts.people()) {
    if (person.person_id().empty() || !ids.insert(person.person_id()).second) {
      return absl::InternalError("a person without an id of their own");
    }
    if (person.relationship() == type::v1::RELATIONSHIP_PRINCIPAL) ++principals;
  }
  if (principals != 1) return absl::InternalError("a case without one principal applicant");
  return absl::OkStatus();
}

void AddFactsRecorded(const type::v1::CaseFacts& facts, int64_t based_on,
                      const std::string& case_id, Events& events) {
  v1::EligibilityEvent event;
  event.set_case_id(case_id);
  *event.mutable_facts_recorded()->mutable_facts() = facts;
  event.mutable_facts_recorded()->set_based_on(based_on);
  events.push_back(std::move(event));
}

// Adds CaseScreened unless it would tell what is already told.
void AddCaseScreened(const v1::EligibilityState& state, const type::v1::CaseFacts& facts,
                     int64_t based_on, const RulesOfDay& rules, const std::string& case_id,
                     Events& events) {
  v1::EligibilityEvent event;
  event.set_case_id(case_id);
  v1::CaseScreened& screened = *event.mutable_case_screened();
  for (v1::Determination& determination : rules.Screen(facts).determinations) {
    *screened.add_determinations() = std::move(determination);
  }
  const auto& told = state.determinations();
  const auto& made = screened.determinations();
  if (state.based_on() > 0 &&
      std::equal(told.begin(), told.end(), made.begin(), made.end(), SaysTheSame)) {
    return;
  }
  screened.set_based_on(based_on);
  events.push_back(std::move(event));
}

absl::StatusOr<Events> TakeFacts(const v1::EligibilityState& state,
                                 const type::v1::CaseFacts& facts, int64_t number,
                                 const RulesOfDay& rules, const std::string& case_id) {
  absl::Status status = CheckFacts(facts);
  if (!status.ok()) return status;
  Events events;
  if (!IsKnown(state) || !Same(facts, state.facts())) {
    if (number <= LastNumber(state)) return absl::InternalError("other facts of the same number");
    AddFactsRecorded(facts, number, case_id, events);
  }
  AddCaseScreened(state, facts, number, rules, case_id, events);
  return events;
}

absl::StatusOr<Events> TakeAgeBand(const v1::EligibilityState& state,
                                   const intake::v1::AgeBandChanged& changed, int64_t number,
                                   const RulesOfDay& rules, const std::string& case_id) {
  type::v1::CaseFacts facts = state.facts();
  for (type::v1::PersonFacts& person : *facts.mutable_people()) {
    if (person.person_id() != changed.person_id()) continue;
    person.set_age_band(changed.age_band());
    return TakeFacts(state, facts, number, rules, case_id);
  }
  return absl::InternalError("the age band of an unknown person changed");
}

Events Close(int64_t number, const std::string& case_id) {
  v1::EligibilityEvent event;
  event.set_case_id(case_id);
  event.mutable_screening_closed()->set_based_on(number);
  return {event};
}

absl::StatusOr<Events> FollowIntake(const v1::EligibilityState& state,
                                    const v1::IntakeEventCommand& command, const RulesOfDay& rules,
                                    const std::string& case_id) {
  const intake::v1::IntakeEvent& event = command.event();
  const int64_t number = command.number();
  if (event.case_id() != case_id) return absl::InternalError("an intake event of another case");
  if (state.withdrawn()) return Events();
  if (number < 1 || event.has_case_registered() != (number == 1)) {
    return absl::InternalError("only the first event of a case registers it");
  }
  if (number > 1 && !IsKnown(state)) {
    return absl::InternalError("an intake event before the registration");
  }
  if (number < LastNumber(state)) return absl::InternalError("an intake event out of order");
  switch (event.kind_case()) {
    case intake::v1::IntakeEvent::kCaseRegistered:
      return TakeFacts(state, event.case_registered().facts(), number, rules, case_id);
    case intake::v1::IntakeEvent::kCaseUpdated:
      return TakeFacts(state, event.case_updated().facts(), number, rules, case_id);
    case intake::v1::IntakeEvent::kAgeBandChanged:
      return TakeAgeBand(state, event.age_band_changed(), number, rules, case_id);
    case intake::v1::IntakeEvent::kCaseWithdrawn:
      return Close(number, case_id);
    case intake::v1::IntakeEvent::KIND_NOT_SET:
      break;
  }
  // Dropped, it would lose what a newer intake says; parked, it waits for the release that knows
  // it.
  return absl::InternalError("an intake event of an unknown kind");
}

absl::StatusOr<Events> ScreenAgain(const v1::EligibilityState& state, const RulesOfDay& rules,
                                   const std::string& case_id) {
  if (!IsKnown(state)) {
    return type::Refuse(absl::StatusCode::kNotFound, "CASE_NOT_FOUND",
                        "no screening of this case: check the name, or wait until it is screened");
  }
  if (state.withdrawn()) {
    return type::Refuse(absl::StatusCode::kFailedPrecondition, "CASE_WITHDRAWN",
                        "the case is withdrawn and is not screened any more");
  }
  Events events;
  AddCaseScreened(state, state.facts(), LastNumber(state), rules, case_id, events);
  return events;
}

absl::Status RecordFacts(v1::EligibilityState& state, const v1::FactsRecorded& recorded) {
  if (recorded.based_on() <= LastNumber(state)) {
    return absl::InternalError("facts recorded out of order");
  }
  *state.mutable_facts() = recorded.facts();
  state.set_facts_from(recorded.based_on());
  return absl::OkStatus();
}

absl::Status RecordScreening(v1::EligibilityState& state, const v1::CaseScreened& screened,
                             absl::Time time) {
  if (!IsKnown(state) || screened.based_on() < LastNumber(state)) {
    return absl::InternalError("a screening out of order");
  }
  *state.mutable_determinations() = screened.determinations();
  state.set_based_on(screened.based_on());
  *state.mutable_screen_time() = type::TimestampOf(time);
  return absl::OkStatus();
}

absl::Status RecordWithdrawal(v1::EligibilityState& state) {
  if (!IsKnown(state)) return absl::InternalError("the withdrawal of an unknown case");
  state.set_withdrawn(true);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<v1::EligibilityEvent>> Decide(const v1::EligibilityState& state,
                                                         const v1::EligibilityCommand& command,
                                                         const Rules& rules,
                                                         const type::DecideContext& context) {
  const RulesOfDay today = rules.On(AsOfTime(context.now));
  switch (command.kind_case()) {
    case v1::EligibilityCommand::kIntakeEvent:
      return FollowIntake(state, command.intake_event(), today, context.stream);
    case v1::EligibilityCommand::kScreenCase:
      return ScreenAgain(state, today, context.stream);
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
      return RecordScreening(state, event.case_screened(), context.time);
    case v1::EligibilityEvent::kScreeningClosed:
      return RecordWithdrawal(state);
    case v1::EligibilityEvent::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("an event of an unknown kind");
}

type::Folded Fold(const std::string& case_id, const v1::EligibilityState& state) {
  type::Folded folded;
  if (state.based_on() == 0) return folded;
  folded.lists.push_back({kScreeningsIndex, case_id});
  const bool asks = std::any_of(state.determinations().begin(), state.determinations().end(),
                                [](const v1::Determination& determination) {
                                  return determination.outcome() == v1::OUTCOME_NEEDS_INFORMATION;
                                });
  if (asks && !state.withdrawn()) {
    const auto& screened = state.screen_time();
    const int64_t unix_micros = screened.seconds() * 1'000'000 + screened.nanos() / 1'000;
    folded.lists.push_back(
        {kNeedsInformationIndex, absl::StrFormat("%020d/%s", unix_micros, case_id)});
  }
  return folded;
}

}  // namespace pathways::eligibility
