#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/intake/v1/events.pb.h"
#include "pathways/referral/v1/events.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/eligibility/domain/changes.h"
#include "services/eligibility/domain/disclosure.h"
#include "services/eligibility/domain/rules.h"
#include "services/eligibility/policy_file.h"
#include "services/referral/domain/decide.h"
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

// Recorded once, screened once where the outcome is another, closed once.
void CheckScreening(const ServiceEvents& eligibility, const std::string& id, const CaseStory& story,
                    const eligibility::Rules& rules, Findings& findings) {
  std::vector<std::string> expected;
  std::vector<std::string> actual;
  eligibility::v1::CaseScreened told;
  std::map<int64_t, eligibility::v1::CaseScreened> wanted;
  for (const auto& [number, facts] : story.facts) {
    expected.push_back(At("FactsRecorded", number));
    eligibility::v1::CaseScreened screened;
    // The pack has no condition that turns with time, so the day may be any.
    for (auto& determination : rules.Screen(facts, kAnyDay).determinations) {
      *screened.add_determinations() = std::move(determination);
    }
    *screened.mutable_disclosures() =
        eligibility::DisclosuresOf(rules, facts, screened.determinations());
    if (SaysTheSame(screened, told)) continue;
    told = screened;
    expected.push_back(At("CaseScreened", number));
    screened.set_based_on(number);
    wanted[number] = screened;
  }
  if (story.withdrawn_at > 0) expected.push_back(At("ScreeningClosed", story.withdrawn_at));
  if (const auto found = eligibility.streams.find(id); found != eligibility.streams.end()) {
    for (const engine::EventRow& row : found->second) {
      const auto event = Parse<eligibility::v1::EligibilityEvent>(row, eligibility, findings);
      if (event.has_facts_recorded()) {
        const std::string recorded = At("FactsRecorded", event.facts_recorded().based_on());
        const bool is_again = std::find(actual.begin(), actual.end(), recorded) != actual.end();
        if (!is_again || !eligibility.view->is_restored) actual.push_back(recorded);
      } else if (event.has_screening_closed()) {
        actual.push_back(At("ScreeningClosed", event.screening_closed().based_on()));
      } else if (event.has_case_screened()) {
        const int64_t number = event.case_screened().based_on();
        actual.push_back(At("CaseScreened", number));
        if (wanted.contains(number) && !SaysTheSame(wanted[number], event.case_screened())) {
          findings.Add(Fault::kUnexpected, eligibility, id,
                       "a screening is not what its facts say");
        }
      }
    }
  }
  findings.Compare(eligibility, id, expected, actual);
}

// What referral's events say of one case.
struct ReferralStory {
  std::vector<std::string> noted;                    // The case and its withdrawal, in order.
  std::map<std::string, std::vector<int>> attempts;  // By pathway and people.
};

ReferralStory ReferralStoryOf(const ServiceEvents& referral, const std::string& id,
                              Findings& findings) {
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
      const std::string unit =
          absl::StrCat(submitted.pathway(), " for ", absl::StrJoin(submitted.person_ids(), "+"));
      story.attempts[unit].push_back(submitted.attempt());
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
    const std::string unit =
        absl::StrCat(stored.referral().pathway(), " for ", absl::StrJoin(stored.person_ids(), "+"));
    if (++live[unit] > 1) findings.Add(Fault::kDoubled, referral, id, "live: " + unit);
  }
}

// Each unit that meets a pathway's conditions is referred, with consent; a withdrawn case is not
// before any agency that has not accepted it.
void CheckReferrals(const ServiceEvents& eligibility, const ServiceEvents& referral,
                    const std::string& id, const CaseStory& story, Findings& findings) {
  const ReferralStory referred = ReferralStoryOf(referral, id, findings);
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
  referral::v1::ReferralCaseState state;
  const auto row = referral.view->store->ReadState(id);
  if (!row.ok() || !state.ParseFromString(row->state.open)) {
    findings.Add(Fault::kUnexpected, referral, id, "the state cannot be read");
    return;
  }
  CheckAttempts(referral, id, referred, state, findings);
  if (story.withdrawn_at > 0) {
    for (const auto& stored : state.referrals()) {
      const auto now = stored.referral().state();
      if (now == referral::v1::REFERRAL_STATE_SUBMITTED ||
          now == referral::v1::REFERRAL_STATE_RECEIVED) {
        findings.Add(Fault::kLost, referral, id, "the withdrawal of " + stored.referral_id());
      }
    }
    return;
  }
  eligibility::v1::CaseScreened last;
  if (const auto found = eligibility.streams.find(id); found != eligibility.streams.end()) {
    for (const engine::EventRow& event_row : found->second) {
      const auto event = Parse<eligibility::v1::EligibilityEvent>(event_row, eligibility, findings);
      if (event.has_case_screened()) last = event.case_screened();
    }
  }
  if (story.facts.empty() || !story.facts.back().second.consent()) return;
  for (const auto& determination : last.determinations()) {
    if (determination.outcome() != eligibility::v1::OUTCOME_MEETS) continue;
    const std::string unit = absl::StrCat(determination.pathway(), " for ",
                                          absl::StrJoin(determination.person_ids(), "+"));
    if (!referred.attempts.contains(unit)) {
      findings.Add(Fault::kLost, referral, id, "the referral to " + unit);
    }
  }
}

}  // namespace

void CheckOutcomes(const ServiceEvents& intake, const ServiceEvents& eligibility,
                   const ServiceEvents& referral, Findings& findings) {
  const auto rules =
      eligibility::LoadRules(std::string(PATHWAYS_SOURCE_DIR) + "/policies/2023-07-28");
  if (!rules.ok()) {
    findings.Add(Fault::kUnexpected, "the policy pack cannot be read");
    return;
  }
  for (const auto& [id, events] : intake.streams) {
    const CaseStory story = StoryOf(intake, events, findings);
    CheckScreening(eligibility, id, story, **rules, findings);
    CheckReferrals(eligibility, referral, id, story, findings);
  }
  for (const ServiceEvents* service : {&eligibility, &referral}) {
    for (const auto& [id, events] : service->streams) {
      if (intake.streams.contains(id)) continue;
      findings.Add(Fault::kUnexpected, *service, id, "a case that intake does not know");
    }
  }
}

}  // namespace pathways::testing_support
