#include "tests/eligibility/builders.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "services/base/policy_pack_files.h"
#include "services/eligibility/domain/decide.h"
#include "services/eligibility/domain/facts.h"
#include "services/eligibility/domain/text_keys.h"
#include "services/type/languages.h"
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
template v1::CaseScreened Parse(const std::string& text);
template v1::DeterminationChange Parse(const std::string& text);
template v1::PolicyPack Parse(const std::string& text);
template type::v1::PersonFacts Parse(const std::string& text);

const type::v1::FactCatalogue& Catalogue() {
  static const auto* const kCatalogue = new type::v1::FactCatalogue(
      base::FactFiles::Read(PATHWAYS_SOURCE_DIR "/policies/facts")->catalogue());
  return *kCatalogue;
}

void AddFacts(v1::PolicyPack& pack) {
  pack.clear_facts();
  for (const std::string& id : FactsNamedIn(pack)) {
    for (const type::v1::Fact& fact : Catalogue().facts()) {
      if (fact.id() == id) *pack.add_facts() = fact;
    }
  }
}

void AddTexts(v1::PolicyPack& pack) {
  for (const std::string& language : type::Languages()) {
    v1::Catalogue& catalogue = *pack.add_catalogues();
    catalogue.set_language(language);
    std::set<std::string> keys;
    for (const v1::Catalogue& other : pack.catalogues()) {
      if (other.language() != language) continue;
      for (const v1::Text& text : other.texts()) keys.insert(text.key());
    }
    for (const NeededText& needed : NeededTexts(pack)) {
      if (!keys.insert(needed.key).second) continue;
      v1::Text& text = *catalogue.add_texts();
      text.set_key(needed.key);
      text.set_plain(needed.key);
    }
  }
}

v1::PolicyPack PackOf(const v1::Predicate& predicate) {
  v1::PolicyPack pack = SmallPack();
  pack.mutable_pathways()->RemoveLast();
  v1::Criterion& criterion = *pack.mutable_pathways(0)->mutable_criteria(0);
  criterion.set_id("only");
  *criterion.mutable_predicate() = predicate;
  AddFacts(pack);
  return pack;
}

v1::PolicyPack PackOf(const std::string& predicate) {
  return PackOf(Parse<v1::Predicate>(predicate));
}

v1::PolicyPack SmallPack() {
  v1::PolicyPack pack = Parse<v1::PolicyPack>(R"pb(
    version: "2023-07-28"
    title: "Test"
    recorded_on { year: 2023 month: 7 day: 28 }
    sources {
      id: "book"
      citation: "Book"
      date { year: 2023 }
    }
    authorities { id: "house" name: "House" kind: AUTHORITY_KIND_SERVICE }
    pathways {
      id: "road"
      title: "Road"
      unit: SCREENING_UNIT_PERSON
      authority: "house"
      mode: REFERRAL_MODE_REFER
      review: REVIEW_RULE_DOES_NOT_MEET
      statuses { status: PATHWAY_STATUS_ACTIVE source: "book" confidence: CONFIDENCE_S1 }
      criteria {
        id: "in-mexico"
        predicate { yes: 'in_mexico' }
        source: "book"
        confidence: CONFIDENCE_S1
        message: "road.in-mexico"
      }
    }
    pathways {
      id: "bridge"
      title: "Bridge"
      unit: SCREENING_UNIT_FAMILY
      authority: "house"
      mode: REFERRAL_MODE_REFER
      review: REVIEW_RULE_DOES_NOT_MEET
      statuses { status: PATHWAY_STATUS_ACTIVE source: "book" confidence: CONFIDENCE_S1 }
      criteria {
        id: "nationality"
        predicate { nationality_in { of: "CUB" } }
        source: "book"
        confidence: CONFIDENCE_S1
        message: "bridge.nationality"
      }
      criteria {
        id: "adult"
        predicate { age_band_in { of: AGE_BAND_18_20 of: AGE_BAND_21_59 of: AGE_BAND_60_PLUS } }
        source: "book"
        confidence: CONFIDENCE_S2
        message: "bridge.adult"
      }
    }
  )pb");
  AddFacts(pack);
  AddTexts(pack);
  return pack;
}

type::v1::PersonFacts Person(const std::string& person_id) {
  type::v1::PersonFacts person = Parse<type::v1::PersonFacts>(R"pb(
    relationship: RELATIONSHIP_CHILD
    sex: SEX_FEMALE
    age_band: AGE_BAND_21_59
    age_precision: DATE_PRECISION_DAY
    nationalities: "CUB"
    entry_date { year: 2023 month: 7 day: 10 }
    answers { fact: 'in_mexico' yes: true }
    state: "MX-CHP"
    refugee_claim: REFUGEE_CLAIM_NONE
    answers { fact: 'left_country_for_fear' yes: true }
    answers { fact: 'seeks_work' yes: true }
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

v1::EligibilityCommand Rescreen() {
  v1::EligibilityCommand command;
  command.mutable_rescreen();
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
  if (event.has_screening_confirmed()) {
    return absl::StrCat("confirmed ", event.screening_confirmed().based_on());
  }
  if (event.has_determination_reviewed()) {
    const v1::Review& review = event.determination_reviewed().review();
    return absl::StrCat("reviewed ", review.evaluated().pathway(), " ",
                        absl::StrJoin(review.evaluated().person_ids(), "+"), " ",
                        v1::ReviewVerdict_Name(review.verdict()).substr(15),
                        review.settled() ? ", settled" : "");
  }
  std::vector<std::string> parts;
  for (const v1::Determination& determination : event.case_screened().determinations()) {
    parts.push_back(Describe(determination));
  }
  return absl::StrCat("screened ", event.case_screened().based_on(), ": ",
                      absl::StrJoin(parts, ", "));
}

std::shared_ptr<const Rules> RulesOf(v1::PolicyPack pack) {
  AddFacts(pack);
  auto rules = Rules::Compile(pack);
  EXPECT_TRUE(rules.ok()) << rules.status() << type::ProblemOf(rules.status()).ShortDebugString();
  return rules.ok() ? *rules : nullptr;
}

std::vector<std::string> Case::Do(const v1::EligibilityCommand& command) {
  now_ += absl::Seconds(1);
  if (rules_ == nullptr || rules_->pack().SerializeAsString() != pack_.SerializeAsString()) {
    rules_ = RulesOf(pack_);
  }
  const absl::StatusOr<std::vector<v1::EligibilityEvent>> decided =
      Decide(state_, command, {*rules_, policy_number_},
             {kCase, static_cast<int64_t>(events_.size()), now_});
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

void Case::Apply(const v1::EligibilityEvent& event) {
  events_.push_back(event);
  const absl::Status status =
      Evolve(state_, event, {kCase, static_cast<int64_t>(events_.size()), now_});
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace pathways::eligibility
