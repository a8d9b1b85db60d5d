#include "tests/eligibility/builders.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "services/eligibility/domain/decide.h"
#include "services/type/problem.h"

namespace pathways::eligibility {
namespace {

v1::EligibilityCommand IntakeEvent(int64_t number) {
  v1::EligibilityCommand command;
  command.mutable_intake_event()->set_number(number);
  command.mutable_intake_event()->mutable_event()->set_case_id(kCase);
  return command;
}

intake::v1::IntakeEvent& EventOf(v1::EligibilityCommand& command) {
  return *command.mutable_intake_event()->mutable_event();
}

std::string Describe(const v1::Determination& determination) {
  const std::string& outcome = v1::Outcome_Name(determination.outcome());
  return absl::StrCat(determination.pathway(), " ", absl::StrJoin(determination.person_ids(), "+"),
                      " ", absl::StripPrefix(outcome, "OUTCOME_"));
}

}  // namespace

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}
template v1::Predicate Parse(const std::string& text);
template v1::PolicyPack Parse(const std::string& text);
template type::v1::PersonFacts Parse(const std::string& text);

v1::Pathway PathwayOf(const v1::Predicate& predicate) {
  v1::Pathway pathway;
  pathway.set_id("road");
  pathway.set_unit(v1::SCREENING_UNIT_PERSON);
  v1::Criterion& criterion = *pathway.add_criteria();
  criterion.set_id("only");
  *criterion.mutable_predicate() = predicate;
  criterion.set_citation("Book");
  criterion.set_confidence(v1::CONFIDENCE_S1);
  criterion.set_when_met("met");
  criterion.set_when_not_met("not met");
  criterion.set_when_unknown("ask");
  return pathway;
}

v1::Pathway PathwayOf(const std::string& predicate) {
  return PathwayOf(Parse<v1::Predicate>(predicate));
}

v1::PolicyPack SmallPack() {
  return Parse<v1::PolicyPack>(R"pb(
    version: "2023-07-28"
    title: "Test"
    pathways {
      id: "road"
      title: "Road"
      unit: SCREENING_UNIT_PERSON
      criteria {
        id: "in-mexico"
        predicate { yes: QUESTION_FACT_IN_MEXICO }
        citation: "Book"
        source_date: "2023-07-28"
        confidence: CONFIDENCE_S1
        when_met: "in Mexico"
        when_not_met: "not in Mexico"
        when_unknown: "in Mexico?"
      }
    }
    pathways {
      id: "bridge"
      title: "Bridge"
      unit: SCREENING_UNIT_FAMILY
      criteria {
        id: "nationality"
        predicate { nationality_in { of: "CUB" } }
        citation: "Book"
        source_date: "2023-07-28"
        confidence: CONFIDENCE_S1
        when_met: "Cuban"
        when_not_met: "not Cuban"
        when_unknown: "nationality?"
      }
      criteria {
        id: "adult"
        predicate { age_band_in { of: AGE_BAND_18_20 of: AGE_BAND_21_59 of: AGE_BAND_60_PLUS } }
        citation: "Book"
        source_date: "2023-07-28"
        confidence: CONFIDENCE_S2
        when_met: "adult"
        when_not_met: "not adult"
        when_unknown: "age?"
      }
    }
  )pb");
}

type::v1::PersonFacts Person(const std::string& person_id) {
  type::v1::PersonFacts person = Parse<type::v1::PersonFacts>(R"pb(
    relationship: RELATIONSHIP_CHILD
    sex: SEX_FEMALE
    age_band: AGE_BAND_21_59
    age_precision: DATE_PRECISION_DAY
    nationalities: "CUB"
    entry_date { year: 2023 month: 5 day: 1 }
    in_mexico: ANSWER_YES
    state: "MX-CHP"
    refugee_claim: REFUGEE_CLAIM_NONE
    left_country_for_fear: ANSWER_YES
    seeks_work: ANSWER_YES
    needs: "CR-CP"
  )pb");
  person.set_person_id(person_id);
  return person;
}

type::v1::CaseFacts Facts(const std::vector<std::string>& person_ids) {
  type::v1::CaseFacts facts;
  for (const std::string& person_id : person_ids) *facts.add_people() = Person(person_id);
  if (facts.people_size() > 0) {
    facts.mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  }
  facts.set_consent(true);
  return facts;
}

v1::EligibilityCommand Registered(int64_t number, const type::v1::CaseFacts& facts) {
  v1::EligibilityCommand command = IntakeEvent(number);
  *EventOf(command).mutable_case_registered()->mutable_facts() = facts;
  return command;
}

v1::EligibilityCommand Updated(int64_t number, const type::v1::CaseFacts& facts) {
  v1::EligibilityCommand command = IntakeEvent(number);
  *EventOf(command).mutable_case_updated()->mutable_facts() = facts;
  return command;
}

v1::EligibilityCommand AgeBand(int64_t number, const std::string& person_id,
                               type::v1::AgeBand band) {
  v1::EligibilityCommand command = IntakeEvent(number);
  EventOf(command).mutable_age_band_changed()->set_person_id(person_id);
  EventOf(command).mutable_age_band_changed()->set_age_band(band);
  return command;
}

v1::EligibilityCommand Withdrawn(int64_t number) {
  v1::EligibilityCommand command = IntakeEvent(number);
  EventOf(command).mutable_case_withdrawn();
  return command;
}

v1::EligibilityCommand ScreenCase() {
  v1::EligibilityCommand command;
  command.mutable_screen_case();
  return command;
}

std::string Describe(const absl::Status& status) {
  const std::string line = absl::StrCat("error ", absl::StatusCodeToString(status.code()));
  const std::string reason = type::ProblemOf(status).reason();
  return reason.empty() ? line : absl::StrCat(line, " ", reason);
}

std::string Describe(const v1::EligibilityEvent& event) {
  if (event.has_facts_recorded()) {
    return absl::StrCat("facts ", event.facts_recorded().based_on());
  }
  if (event.has_screening_closed()) {
    return absl::StrCat("closed ", event.screening_closed().based_on());
  }
  std::vector<std::string> parts;
  for (const v1::Determination& determination : event.case_screened().determinations()) {
    parts.push_back(Describe(determination));
  }
  return absl::StrCat("screened ", event.case_screened().based_on(), ": ",
                      absl::StrJoin(parts, ", "));
}

std::vector<std::string> Case::Do(const v1::EligibilityCommand& command) {
  now_ += absl::Seconds(1);
  const absl::StatusOr<std::vector<v1::EligibilityEvent>> decided =
      Decide(state_, command, pack_, {kCase, static_cast<int64_t>(events_.size()), now_});
  if (!decided.ok()) return {Describe(decided.status())};
  std::vector<std::string> lines;
  for (const v1::EligibilityEvent& event : *decided) {
    EXPECT_EQ(event.case_id(), kCase);
    events_.push_back(event);
    lines.push_back(Describe(event));
    const absl::Status status =
        Evolve(state_, event, {kCase, static_cast<int64_t>(events_.size()), now_});
    EXPECT_TRUE(status.ok()) << status;
  }
  const std::string stored = state_.SerializeAsString();
  EXPECT_TRUE(state_.ParseFromString(stored));
  return lines;
}

}  // namespace pathways::eligibility
