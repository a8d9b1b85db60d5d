#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/intake/v1/events.pb.h"
#include "pathways/referral/v1/events.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/eligibility/domain/changes.h"
#include "services/eligibility/domain/disclosure.h"
#include "services/eligibility/domain/ledger.h"
#include "services/eligibility/domain/rules.h"
#include "services/referral/domain/decide.h"
#include "services/referral/domain/routes.h"
#include "services/type/fact_fields.h"
#include "tests/support/history_view.h"

namespace pathways::testing_support {
namespace {

// What intake says of one case.
struct CaseStory {
  std::vector<std::pair<int64_t, type::v1::CaseFacts>> facts;  // By intake number, as they changed.
  int64_t withdrawn_at = 0;                                    // 0: it is not.
};

template <typename Event>
Event Parse(const engine::EventRow& row, const ServiceEvents& service, Findings& findings) {
  Event event;
  if (!event.ParseFromString(row.data) || event.case_id() != row.stream) {
    findings.Add(Fault::kUnexpected, service, row.stream, "an event cannot be read");
  }
  return event;
}

template <typename Message>
bool Same(const Message& one, const Message& other) {
  return one.SerializeAsString() == other.SerializeAsString();
}

constexpr eligibility::AsOf kAnyDay = {absl::CivilDay(2026, 1, 1), absl::CivilDay(2026, 1, 1)};

bool SaysTheSame(const eligibility::v1::CaseScreened& one,
                 const eligibility::v1::CaseScreened& other) {
  return eligibility::SameSubstance(one.determinations(), other.determinations()) &&
         eligibility::SameDisclosures(one.disclosures(), other.disclosures());
}

CaseStory StoryOf(const ServiceEvents& intake, const std::vector<engine::EventRow>& events,
                  Findings& findings) {
  CaseStory story;
  for (const engine::EventRow& row : events) {
    const auto event = Parse<intake::v1::IntakeEvent>(row, intake, findings);
    if (event.has_case_withdrawn()) story.withdrawn_at = row.number;
    type::v1::CaseFacts facts;
    if (event.has_case_registered()) {
      facts = event.case_registered().facts();
    } else if (event.has_case_updated()) {
      facts = event.case_updated().facts();
    } else if (event.has_age_band_changed() && !story.facts.empty()) {
      facts = story.facts.back().second;
      for (auto& person : *facts.mutable_people()) {
        if (person.person_id() != event.age_band_changed().person_id()) continue;
        person.set_age_band(event.age_band_changed().age_band());
      }
    } else {
      continue;
    }
    if (story.facts.empty() || !Same(facts, story.facts.back().second)) {
      story.facts.push_back({row.number, facts});
    }
  }
  return story;
}

std::string At(const char* what, int64_t number) { return absl::StrCat(what, " of ", number); }

// The packs of the policy ledger, in order of version.
using Packs = std::vector<std::shared_ptr<const eligibility::Rules>>;

// What one version has to say of these facts.
eligibility::v1::CaseScreened Screen(const eligibility::Rules& rules,
                                     const type::v1::CaseFacts& facts) {
  eligibility::v1::CaseScreened screened;
  // The pack has no condition that turns with time, so the day may be any.
  for (auto& determination : rules.Screen(facts, kAnyDay).determinations) {
    *screened.add_determinations() = std::move(determination);
  }
  *screened.mutable_disclosures() =
      eligibility::DisclosuresOf(rules, facts, screened.determinations());
  return screened;
}

// Recorded once, in order, and closed once.
void CheckRecorded(const ServiceEvents& eligibility, const std::string& id, const CaseStory& story,
                   const std::vector<eligibility::v1::EligibilityEvent>& events,
                   Findings& findings) {
  std::vector<std::string> expected;
  std::vector<std::string> actual;
  for (const auto& [number, unused] : story.facts) {
    expected.push_back(At("FactsRecorded", number));
  }
  if (story.withdrawn_at > 0) expected.push_back(At("ScreeningClosed", story.withdrawn_at));
  for (const auto& event : events) {
    if (event.has_facts_recorded()) {
      const std::string recorded = At("FactsRecorded", event.facts_recorded().based_on());
      const bool is_again = std::find(actual.begin(), actual.end(), recorded) != actual.end();
      if (!is_again || !eligibility.view->is_restored) actual.push_back(recorded);
    } else if (event.has_screening_closed()) {
      actual.push_back(At("ScreeningClosed", event.screening_closed().based_on()));
    }
  }
  findings.Compare(eligibility, id, expected, actual);
}

// Goes through the events of one case at eligibility, as far as they are screenings.
class ScreeningCheck {
 public:
  ScreeningCheck(const ServiceEvents& eligibility, std::string id, const CaseStory& story,
                 const Versions& policies, const Packs& packs, Findings& findings)
      : eligibility_(eligibility),
        id_(std::move(id)),
        story_(story),
        policies_(policies),
        packs_(packs),
        findings_(findings) {}

  void Take(const engine::EventRow& row, const eligibility::v1::EligibilityEvent& event) {
    if (event.has_case_screened()) return TakeScreening(row, event.case_screened());
    ExpectNothingDue();
    if (event.has_screening_confirmed()) {
      ExpectInForce(row, event.screening_confirmed().policy_number());
    }
    if (!event.has_facts_recorded()) return;
    facts_ = FactsOf(event.facts_recorded().based_on());
    // After a restore what was told before is recorded again, piece by piece.
    if (eligibility_.view->is_restored) return;
    const int64_t version = policies_.InForceAt(row.position);
    if (facts_ == nullptr || !IsVersion(version)) return;
    if (SaysTheSame(ScreenBy(version), told_)) return;
    due_ = At("CaseScreened", event.facts_recorded().based_on());
  }

  // What is told at the end is what the last version says.
  void Finish() {
    ExpectNothingDue();
    if (story_.withdrawn_at > 0 || facts_ == nullptr) return;
    if (IsVersion(policies_.last()) && SaysTheSame(ScreenBy(policies_.last()), told_)) return;
    findings_.Add(Fault::kLost, eligibility_, id_, "a screening by the last version");
  }

 private:
  bool IsVersion(int64_t number) const {
    return number >= 1 && number <= static_cast<int64_t>(packs_.size());
  }
  eligibility::v1::CaseScreened ScreenBy(int64_t version) const {
    return Screen(*packs_[static_cast<size_t>(version - 1)], *facts_);
  }
  const type::v1::CaseFacts* FactsOf(int64_t number) const {
    for (const auto& [at, facts] : story_.facts) {
      if (at == number) return &facts;
    }
    return nullptr;
  }
  void ExpectInForce(const engine::EventRow& row, int64_t version) {
    // Between streams the log of a restored service is in another order.
    if (eligibility_.view->is_restored || version == policies_.InForceAt(row.position)) return;
    findings_.Add(Fault::kUnexpected, eligibility_, id_,
                  absl::StrCat("decided by version ", version,
                               " of the policies, which was not in "
                               "force"));
  }
  void ExpectNothingDue() {
    if (!due_.empty()) findings_.Add(Fault::kLost, eligibility_, id_, due_);
    due_.clear();
  }
  void TakeScreening(const engine::EventRow& row, const eligibility::v1::CaseScreened& screened) {
    due_.clear();
    ExpectInForce(row, screened.policy_number());
    if (facts_ == nullptr || !IsVersion(screened.policy_number()) ||
        !SaysTheSame(ScreenBy(screened.policy_number()), screened)) {
      findings_.Add(Fault::kUnexpected, eligibility_, id_, "a screening is not what its facts say");
    }
    if (SaysTheSame(screened, told_)) {
      findings_.Add(Fault::kDoubled, eligibility_, id_, At("CaseScreened", screened.based_on()));
    }
    told_ = screened;
  }

  const ServiceEvents& eligibility_;
  const std::string id_;
  const CaseStory& story_;
  const Versions& policies_;
  const Packs& packs_;
  Findings& findings_;
  const type::v1::CaseFacts* facts_ = nullptr;  // Recorded last.
  eligibility::v1::CaseScreened told_;
  std::string due_;  // What has to follow at once. Empty: nothing.
};

// Recorded once, and screened by each version that was in force once where the outcome is another.
void CheckScreening(const ServiceEvents& eligibility, const std::string& id, const CaseStory& story,
                    const Versions& policies, const Packs& packs, Findings& findings) {
  std::vector<eligibility::v1::EligibilityEvent> events;
  ScreeningCheck check(eligibility, id, story, policies, packs, findings);
  if (const auto found = eligibility.streams.find(id); found != eligibility.streams.end()) {
    for (const engine::EventRow& row : found->second) {
      events.push_back(Parse<eligibility::v1::EligibilityEvent>(row, eligibility, findings));
      check.Take(row, events.back());
    }
  }
  check.Finish();
  CheckRecorded(eligibility, id, story, events, findings);
}

template <typename PersonIds>
std::string UnitOf(const std::string& pathway, const PersonIds& people) {
  return absl::StrCat(pathway, " for ", absl::StrJoin(people, "+"));
}

// What referral's events say of one case.
struct ReferralStory {
  std::vector<std::string> noted;                    // The case and its withdrawal, in order.
  std::map<std::string, std::vector<int>> attempts;  // By pathway and people.
};

// The agency that takes a pathway. Empty: nobody does.
std::string AgencyFor(const referral::v1::AgencyRoutes& routes, const std::string& pathway) {
  for (const referral::v1::Agency& agency : routes.agencies()) {
    const auto& taken = agency.pathways();
    if (std::find(taken.begin(), taken.end(), pathway) != taken.end()) return agency.id();
  }
  return "";
}

// Sent to whom the routes of its moment say.
void CheckRoute(const ServiceEvents& referral, const engine::EventRow& row,
                const referral::v1::ReferralSubmitted& submitted, const Versions& routes,
                Findings& findings) {
  const int64_t number = submitted.routes_number();
  const bool is_in_force = referral.view->is_restored || number == routes.InForceAt(row.position);
  if (!is_in_force) {
    findings.Add(Fault::kUnexpected, referral, row.stream,
                 absl::StrCat("referred by version ", number,
                              " of the routes, which was not in "
                              "force"));
  }
  const auto by = routes.Read<referral::v1::AgencyRoutes>(number);
  if (AgencyFor(by, submitted.pathway()) == submitted.agency()) return;
  findings.Add(Fault::kUnexpected, referral, row.stream,
               absl::StrCat(submitted.pathway(), " went to ", submitted.agency(),
                            ", which is not its agency"));
}

ReferralStory ReferralStoryOf(const ServiceEvents& referral, const std::string& id,
                              const Versions& routes, Findings& findings) {
  ReferralStory story;
  std::map<std::string, int> changes;
  const auto found = referral.streams.find(id);
  if (found == referral.streams.end()) return story;
  for (const engine::EventRow& row : found->second) {
    const auto event = Parse<referral::v1::ReferralEvent>(row, referral, findings);
    if (event.has_case_noted()) {
      story.noted.push_back(At("CaseNoted", event.case_noted().based_on()));
    } else if (event.has_withdrawal_noted()) {
      story.noted.push_back(At("WithdrawalNoted", event.withdrawal_noted().based_on()));
    } else if (event.has_referral_submitted()) {
      const auto& submitted = event.referral_submitted();
      const std::string unit = UnitOf(submitted.pathway(), submitted.person_ids());
      story.attempts[unit].push_back(submitted.attempt());
      CheckRoute(referral, row, submitted, routes, findings);
    } else if (event.has_referral_changed()) {
      const auto& changed = event.referral_changed();
      const std::string change = absl::StrCat(changed.referral_id(), " action ", changed.action(),
                                              " by ", row.cause.ce_id());
      if (++changes[change] > 1) findings.Add(Fault::kDoubled, referral, id, change);
    }
  }
  return story;
}

// Attempts are 1, 2 and so on, and at most one referral of a unit is live.
void CheckAttempts(const ServiceEvents& referral, const std::string& id, const ReferralStory& story,
                   const referral::v1::ReferralCaseState& state, Findings& findings) {
  for (const auto& [unit, attempts] : story.attempts) {
    std::vector<std::string> expected;
    std::vector<std::string> actual;
    const int last = *std::max_element(attempts.begin(), attempts.end());
    for (int i = 1; i <= last; ++i) expected.push_back(absl::StrCat(unit, " attempt ", i));
    for (const int attempt : attempts) actual.push_back(absl::StrCat(unit, " attempt ", attempt));
    findings.Compare(referral, id, expected, actual);
  }
  std::map<std::string, int> live;
  for (const auto& stored : state.referrals()) {
    if (!referral::IsLive(stored.referral().state())) continue;
    const std::string unit = UnitOf(stored.referral().pathway(), stored.person_ids());
    if (++live[unit] > 1) findings.Add(Fault::kDoubled, referral, id, "live: " + unit);
  }
}

// The last screening of a case, and what the routes in force make of it.
struct Outcome {
  eligibility::v1::CaseScreened screened;
  referral::v1::AgencyRoutes routes;
};

// Why nothing is sent: the pathway is halted.
std::string HaltOf(const eligibility::v1::Determination& determination) {
  return determination.status() == eligibility::v1::PATHWAY_STATUS_SUSPENDED ? "PATHWAY_SUSPENDED"
                                                                             : "";
}

// Each unit that meets the conditions of a pathway that is open, and that an agency takes, is
// referred, and waits for nothing; one that was referred before the pathway was halted is held.
void CheckUnits(const ServiceEvents& referral, const std::string& id, const Outcome& outcome,
                const ReferralStory& referred, const referral::v1::ReferralCaseState& state,
                Findings& findings) {
  for (const auto& determination : outcome.screened.determinations()) {
    if (determination.outcome() != eligibility::v1::OUTCOME_MEETS) continue;
    const std::string unit = UnitOf(determination.pathway(), determination.person_ids());
    const std::string halt = HaltOf(determination);
    const bool is_due = halt.empty() && !AgencyFor(outcome.routes, determination.pathway()).empty();
    if (is_due && !referred.attempts.contains(unit)) {
      findings.Add(Fault::kLost, referral, id, "the referral to " + unit);
    }
    for (const auto& stored : state.referrals()) {
      const bool is_it = UnitOf(stored.referral().pathway(), stored.person_ids()) == unit;
      if (!is_it || !referral::IsLive(stored.referral().state())) continue;
      if (stored.referral().hold_reason() == halt) continue;
      findings.Add(Fault::kUnexpected, referral, id,
                   absl::StrCat(unit, " is held for ", stored.referral().hold_reason(),
                                ", and not for ", halt));
    }
  }
}

// An agency has of the people what its entry in the routes in force permits, and no more.
void CheckPermitted(const ServiceEvents& referral, const std::string& id, const Outcome& outcome,
                    const referral::v1::ReferralCaseState& state, Findings& findings) {
  for (const auto& stored : state.referrals()) {
    if (!referral::IsLive(stored.referral().state())) continue;
    type::FactNames permitted;
    for (const auto& agency : outcome.routes.agencies()) {
      if (agency.id() != stored.referral().agency()) continue;
      permitted = {agency.facts().begin(), agency.facts().end()};
    }
    const std::string unit = UnitOf(stored.referral().pathway(), stored.person_ids());
    std::string has;
    std::string may_have;
    for (const auto& person : stored.referral().people()) {
      absl::StrAppend(&has, person.SerializeAsString());
      absl::StrAppend(&may_have, type::KeepFacts(person, permitted).SerializeAsString());
    }
    if (has != may_have) {
      findings.Add(Fault::kUnexpected, referral, id,
                   absl::StrCat(stored.referral().agency(), " has facts for ", unit,
                                " that it may not have"));
    }
    for (const auto& disclosure : outcome.screened.disclosures()) {
      std::vector<std::string> people;
      std::string wanted;
      for (const auto& person : disclosure.people()) {
        people.push_back(person.person_id());
        absl::StrAppend(&wanted, type::KeepFacts(person, permitted).SerializeAsString());
      }
      if (UnitOf(disclosure.pathway(), people) != unit || wanted == has) continue;
      findings.Add(Fault::kLost, referral, id,
                   absl::StrCat(stored.referral().agency(), " lacks facts for ", unit));
    }
  }
}

// A withdrawn case is not before any agency that has not accepted it.
void CheckWithdrawn(const ServiceEvents& referral, const std::string& id,
                    const referral::v1::ReferralCaseState& state, Findings& findings) {
  for (const auto& stored : state.referrals()) {
    const auto now = stored.referral().state();
    if (now == referral::v1::REFERRAL_STATE_SUBMITTED ||
        now == referral::v1::REFERRAL_STATE_RECEIVED) {
      findings.Add(Fault::kLost, referral, id, "the withdrawal of " + stored.referral_id());
    }
  }
}

// Who is in the case and whether they consent, as intake has told.
void CheckCaseNoted(const ServiceEvents& referral, const std::string& id, const CaseStory& story,
                    const ReferralStory& referred, Findings& findings) {
  std::vector<std::string> noted;
  bool consent_ever = false;
  std::string before;
  for (const auto& [number, facts] : story.facts) {
    std::string now = facts.consent() ? "yes" : "no";
    for (const auto& person : facts.people()) absl::StrAppend(&now, " ", person.person_id());
    if (now != before) noted.push_back(At("CaseNoted", number));
    before = now;
    consent_ever |= facts.consent();
  }
  if (story.withdrawn_at > 0) noted.push_back(At("WithdrawalNoted", story.withdrawn_at));
  findings.Compare(referral, id, noted, referred.noted);
  if (!consent_ever && !referred.attempts.empty()) {
    findings.Add(Fault::kUnexpected, referral, id, "a referral without consent");
  }
}

void CheckReferrals(const ServiceEvents& eligibility, const ServiceEvents& referral,
                    const std::string& id, const CaseStory& story, const Versions& routes,
                    Findings& findings) {
  const ReferralStory referred = ReferralStoryOf(referral, id, routes, findings);
  CheckCaseNoted(referral, id, story, referred, findings);
  referral::v1::ReferralCaseState state;
  const auto row = referral.view->store->ReadState(id);
  if (!row.ok() || !state.ParseFromString(row->state.open)) {
    findings.Add(Fault::kUnexpected, referral, id, "the state cannot be read");
    return;
  }
  CheckAttempts(referral, id, referred, state, findings);
  if (story.withdrawn_at > 0) return CheckWithdrawn(referral, id, state, findings);
  Outcome outcome;
  outcome.routes = routes.Read<referral::v1::AgencyRoutes>(routes.last());
  if (const auto found = eligibility.streams.find(id); found != eligibility.streams.end()) {
    for (const engine::EventRow& event_row : found->second) {
      const auto event = Parse<eligibility::v1::EligibilityEvent>(event_row, eligibility, findings);
      if (event.has_case_screened()) outcome.screened = event.case_screened();
    }
  }
  if (story.facts.empty() || !story.facts.back().second.consent()) return;
  CheckUnits(referral, id, outcome, referred, state, findings);
  CheckPermitted(referral, id, outcome, state, findings);
}

}  // namespace

void CheckOutcomes(const AllEvents& all, Findings& findings) {
  const ServiceEvents& intake = Named(all, "intake");
  const ServiceEvents& eligibility = Named(all, "eligibility");
  const ServiceEvents& referral = Named(all, "referral");
  const Versions policies(eligibility, eligibility::kPolicyLedger);
  const Versions routes(referral, referral::kRoutesLedger);
  Packs packs;
  for (int64_t number = 1; number <= policies.last(); ++number) {
    auto rules = eligibility::Rules::Compile(policies.Read<eligibility::v1::PolicyPack>(number));
    if (!rules.ok()) return findings.Add(Fault::kUnexpected, "a policy pack cannot be read");
    packs.push_back(*std::move(rules));
  }
  for (const auto& [id, events] : intake.streams) {
    const CaseStory story = StoryOf(intake, events, findings);
    CheckScreening(eligibility, id, story, policies, packs, findings);
    CheckReferrals(eligibility, referral, id, story, routes, findings);
  }
  for (const ServiceEvents* service : {&eligibility, &referral}) {
    for (const auto& [id, events] : service->streams) {
      if (intake.streams.contains(id)) continue;
      findings.Add(Fault::kUnexpected, *service, id, "a case that intake does not know");
    }
  }
}

}  // namespace pathways::testing_support
