#include "tests/referral/builders.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/machine.h"
#include "services/type/problem.h"

namespace pathways::referral {
namespace {

std::string Short(v1::ReferralAction action) {
  return std::string(absl::StripPrefix(v1::ReferralAction_Name(action), "REFERRAL_ACTION_"));
}

std::string Short(v1::ReferralState state) {
  return std::string(absl::StripPrefix(v1::ReferralState_Name(state), "REFERRAL_STATE_"));
}

v1::ReferralCommand Intake(int64_t number, intake::v1::IntakeEvent event) {
  event.set_case_id(kCase);
  v1::ReferralCommand command;
  command.mutable_intake_event()->set_number(number);
  *command.mutable_intake_event()->mutable_event() = std::move(event);
  return command;
}

// Actions that lead from SUBMITTED to a state. Drafts and expiry have no action that a caller may
// ask for.
std::vector<v1::ReferralAction> WayTo(v1::ReferralState state) {
  std::vector<v1::ReferralAction> way = {v1::REFERRAL_ACTION_RECEIVE};
  switch (state) {
    case v1::REFERRAL_STATE_SUBMITTED:
      return {};
    case v1::REFERRAL_STATE_RECEIVED:
      return way;
    case v1::REFERRAL_STATE_REJECTED:
      way.push_back(v1::REFERRAL_ACTION_REJECT);
      return way;
    case v1::REFERRAL_STATE_RETURNED:
      way.push_back(v1::REFERRAL_ACTION_RETURN);
      return way;
    case v1::REFERRAL_STATE_WITHDRAWN:
      return {v1::REFERRAL_ACTION_WITHDRAW};
    default:
      way.push_back(v1::REFERRAL_ACTION_ACCEPT);
  }
  if (state == v1::REFERRAL_STATE_IN_PROGRESS) way.push_back(v1::REFERRAL_ACTION_REPORT_STAGE);
  if (state == v1::REFERRAL_STATE_COMPLETED) way.push_back(v1::REFERRAL_ACTION_COMPLETE);
  if (state == v1::REFERRAL_STATE_CLOSED_WITHOUT_OUTCOME) way.push_back(v1::REFERRAL_ACTION_CLOSE);
  if (state == v1::REFERRAL_STATE_WITHDRAWAL_REQUESTED) way.push_back(v1::REFERRAL_ACTION_WITHDRAW);
  return way;
}

}  // namespace

v1::AgencyRoutes Routes() {
  v1::AgencyRoutes routes;
  routes.set_version("test");
  for (const auto& [pathway, agency] :
       {std::pair(kResettlement, kUnhcr), std::pair(kRefugeeStatus, kComar)}) {
    v1::Agency& entry = *routes.add_agencies();
    entry.set_id(agency);
    entry.add_pathways(pathway);
    entry.add_facts("age_band");
  }
  routes.mutable_agencies()->rbegin()->add_facts("nationalities");
  return routes;
}

type::v1::CaseFacts Facts(const std::vector<std::string>& person_ids, bool consent) {
  type::v1::CaseFacts facts;
  facts.set_consent(consent);
  for (const std::string& id : person_ids) {
    type::v1::PersonFacts& person = *facts.add_people();
    person.set_person_id(id);
    person.set_age_band(type::v1::AGE_BAND_21_59);
  }
  return facts;
}

v1::ReferralCommand Registered(int64_t number, const type::v1::CaseFacts& facts) {
  intake::v1::IntakeEvent event;
  *event.mutable_case_registered()->mutable_facts() = facts;
  return Intake(number, event);
}

v1::ReferralCommand Updated(int64_t number, const type::v1::CaseFacts& facts) {
  intake::v1::IntakeEvent event;
  *event.mutable_case_updated()->mutable_facts() = facts;
  return Intake(number, event);
}

v1::ReferralCommand AgeBand(int64_t number, const std::string& person_id, type::v1::AgeBand band) {
  intake::v1::IntakeEvent event;
  event.mutable_age_band_changed()->set_person_id(person_id);
  event.mutable_age_band_changed()->set_age_band(band);
  return Intake(number, event);
}

v1::ReferralCommand Withdrawn(int64_t number) {
  intake::v1::IntakeEvent event;
  event.mutable_case_withdrawn();
  return Intake(number, event);
}

v1::ReferralCommand Screened(int64_t number, int64_t based_on, const std::vector<Unit>& units,
                             const std::string& policy_version) {
  v1::ReferralCommand command;
  v1::EligibilityEventCommand& event = *command.mutable_eligibility_event();
  event.set_number(number);
  event.mutable_event()->set_case_id(kCase);
  eligibility::v1::CaseScreened& screened = *event.mutable_event()->mutable_case_screened();
  screened.set_based_on(based_on);
  for (const Unit& unit : units) {
    eligibility::v1::Determination& determination = *screened.add_determinations();
    determination.set_pathway(unit.pathway);
    for (const std::string& id : unit.person_ids) determination.add_person_ids(id);
    determination.set_outcome(unit.outcome);
    determination.set_policy_version(policy_version);
    if (unit.outcome != eligibility::v1::OUTCOME_MEETS) continue;
    type::v1::Disclosure& disclosure = *screened.add_disclosures();
    disclosure.set_pathway(unit.pathway);
    for (const std::string& id : unit.person_ids) {
      type::v1::PersonFacts& person = *disclosure.add_people();
      person.set_person_id(id);
      person.set_age_band(type::v1::AGE_BAND_21_59);
      person.add_nationalities("HTI");
    }
  }
  return command;
}

v1::ReferralCommand WithAge(v1::ReferralCommand screened, type::v1::AgeBand band) {
  for (type::v1::Disclosure& disclosure : *screened.mutable_eligibility_event()
                                               ->mutable_event()
                                               ->mutable_case_screened()
                                               ->mutable_disclosures()) {
    for (type::v1::PersonFacts& person : *disclosure.mutable_people()) person.set_age_band(band);
  }
  return screened;
}

v1::ReferralCommand WithoutFacts(v1::ReferralCommand screened) {
  screened.mutable_eligibility_event()
      ->mutable_event()
      ->mutable_case_screened()
      ->clear_disclosures();
  return screened;
}

v1::ReferralCommand Action(v1::ReferralAction action, const std::string& referral_id,
                           const std::string& agency) {
  v1::ReferralCommand command;
  v1::ReferralActionCommand& asked = *command.mutable_action();
  asked.set_action(action);
  asked.set_referral_id(referral_id);
  asked.set_agency(agency);
  switch (action) {
    case v1::REFERRAL_ACTION_REJECT:
    case v1::REFERRAL_ACTION_CLOSE:
    case v1::REFERRAL_ACTION_REFUSE_WITHDRAWAL:
    case v1::REFERRAL_ACTION_HOLD:
      asked.set_reason_code("REASON");
      break;
    case v1::REFERRAL_ACTION_RETURN:
      asked.add_fields_to_correct("identity.date_of_birth");
      break;
    case v1::REFERRAL_ACTION_REPORT_STAGE:
      asked.set_stage("INTERVIEW_SCHEDULED");
      break;
    default:
      break;
  }
  return command;
}

v1::ReferralCommand Action(v1::ReferralAction action, const std::string& referral_id) {
  return Action(action, referral_id, ActorOf(action) == Actor::kAgency ? kUnhcr : "");
}

std::vector<v1::ReferralState> AllStates() {
  std::vector<v1::ReferralState> states;
  for (int i = 1; i < v1::ReferralState_ARRAYSIZE; ++i) {
    states.push_back(static_cast<v1::ReferralState>(i));
  }
  return states;
}

std::vector<v1::ReferralAction> AllActions() {
  std::vector<v1::ReferralAction> actions;
  for (int i = 1; i < v1::ReferralAction_ARRAYSIZE; ++i) {
    actions.push_back(static_cast<v1::ReferralAction>(i));
  }
  return actions;
}

std::string Describe(const absl::Status& status) {
  if (status.ok()) return "OK";
  const std::string reason = type::ProblemOf(status).reason();
  return absl::StrCat("error ", absl::StatusCodeToString(status.code()), reason.empty() ? "" : " ",
                      reason);
}

std::string Describe(const v1::ReferralEvent& event) {
  if (event.has_case_noted()) return absl::StrCat("noted ", event.case_noted().based_on());
  if (event.has_withdrawal_noted()) {
    return absl::StrCat("case withdrawn ", event.withdrawal_noted().based_on());
  }
  if (event.has_determinations_noted()) {
    return absl::StrCat("qualifies for ", event.determinations_noted().qualifications_size());
  }
  if (event.has_referral_submitted()) {
    const v1::ReferralSubmitted& submitted = event.referral_submitted();
    return absl::StrCat("submitted ", submitted.referral_id(), " ", submitted.pathway(), " ",
                        absl::StrJoin(submitted.person_ids(), "+"), " to ", submitted.agency(),
                        ", attempt ", submitted.attempt());
  }
  const v1::ReferralChanged& changed = event.referral_changed();
  return absl::StrCat(changed.referral_id(), " ", Short(changed.action()), " -> ",
                      Short(changed.state()), changed.reason_code().empty() ? "" : ", ",
                      changed.reason_code());
}

Case::Case(v1::ReferralState state) {
  Do(Registered(1, Facts({"p1", "p2"})));
  Do(Screened(1, 1, {{kResettlement, {"p1"}}}));
  if (state == v1::REFERRAL_STATE_DRAFT || state == v1::REFERRAL_STATE_EXPIRED) {
    state_.mutable_referrals(0)->mutable_referral()->set_state(state);
    return;
  }
  for (const v1::ReferralAction action : WayTo(state)) Do(Action(action));
  EXPECT_EQ(referral().state(), state);
}

void Case::Apply(const v1::ReferralEvent& event) {
  events_.push_back(event);
  EXPECT_TRUE(Evolve(state_, event, {kCase, version(), now_}).ok());
}

std::vector<std::string> Case::Follow(v1::AgencyRoutes routes) {
  routes_ = std::move(routes);
  ++routes_number_;
  v1::ReferralCommand command;
  command.mutable_follow_routes();
  return Do(command);
}

absl::Status Case::Try(const v1::ReferralCommand& command) const {
  return Decide(state_, command, {routes_, routes_number_}, {kCase, version(), now_}).status();
}

std::vector<std::string> Case::Do(const v1::ReferralCommand& command) {
  now_ += absl::Seconds(1);
  const auto events = Decide(state_, command, {routes_, routes_number_}, {kCase, version(), now_});
  if (!events.ok()) return {Describe(events.status())};
  std::vector<std::string> lines;
  for (const v1::ReferralEvent& event : *events) {
    events_.push_back(event);
    EXPECT_TRUE(Evolve(state_, event, {kCase, version(), now_}).ok());
    lines.push_back(Describe(event));
  }
  EXPECT_TRUE(state_.ParseFromString(std::string(state_.SerializeAsString())));
  return lines;
}

}  // namespace pathways::referral
