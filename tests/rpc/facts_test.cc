// Goal: what people are asked is changed by an officer, seen by everybody, and held against every
// answer at once; and what is missing is listed as questions. Method: a site, its API, catalogues
// made of the one it starts with.
#include "tests/support/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/policy_file.h"
#include "services/type/dates.h"
#include "services/type/desk.h"
#include "services/type/facts.h"
#include "services/type/problem.h"
#include "tests/rpc/site.h"
#include "tests/support/answers.h"
#include "tests/support/two_officers.h"

namespace pathways {
namespace {

using eligibility::v1::EligibilityService;
using intake::v1::IntakeService;
using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Describe;
using testing_support::kDesk;
using testing_support::kOfficer;
using testing_support::kViewer;
using testing_support::Registration;
using testing_support::Site;

class FactsTest : public testing::Test {
 protected:
  FactsTest() { EXPECT_TRUE(site_.Settle()); }

  // The catalogue with another fact, of yes or no.
  static type::v1::FactCatalogue With(const std::string& version, const std::string& id) {
    type::v1::FactCatalogue catalogue = SampleFacts()->catalogue();
    catalogue.set_version(version);
    type::v1::Fact fact = *SampleFacts()->Find("seeks_work");
    fact.set_id(id);
    for (type::v1::FactWords& words : *fact.mutable_words()) words.clear_columns();
    *catalogue.add_facts() = fact;
    return catalogue;
  }
  static intake::v1::ProposeFactsRequest Request(const type::v1::FactCatalogue& catalogue) {
    intake::v1::ProposeFactsRequest request;
    *request.mutable_catalogue() = catalogue;
    request.set_reason_code("FACT_ADDED");
    request.set_request_id(testing_support::NewRequestId());
    return request;
  }
  // The number of the version that is answered, or the error.
  std::string Apply(const intake::v1::ProposeFactsRequest& request) {
    const auto answer = testing_support::ApplyAsTwo(
        site_.As(kOfficer), site_.As(testing_support::kSecondOfficer),
        &IntakeService::Stub::ProposeFacts, &IntakeService::Stub::ConfirmFacts, request);
    return answer.ok() ? absl::StrCat(answer->number()) : Describe(answer.status());
  }
  std::string Register(const std::string& fact) {
    intake::v1::RegisterCaseRequest request = Registration();
    SetAnswer(*request.mutable_case_()->mutable_people(0), fact, true);
    const auto answer = site_.As(kDesk).Call(&IntakeService::Stub::RegisterCase, request);
    if (answer.ok()) return "OK";
    std::vector<std::string> fields = {Describe(answer.status())};
    for (const auto& violation : cli::FailureOf(answer.status()).violations) {
      fields.push_back(violation.field());
    }
    return absl::StrJoin(fields, " ");
  }
  std::string InForce() {
    const auto answer =
        site_.As(kViewer).Call(&IntakeService::Stub::GetFacts, intake::v1::GetFactsRequest());
    return answer.ok() ? answer->catalogue().version() : Describe(answer.status());
  }

  Site site_;
};

TEST_F(FactsTest, ANewFactIsAskedFromTheAnswerOnWithoutARestart) {
  const std::string refused = "INVALID_ARGUMENT INVALID_CASE case.people[0].answers[1].fact";
  EXPECT_EQ(InForce(), SampleFacts()->catalogue().version());
  EXPECT_EQ(Register("speaks_spanish"), refused);
  intake::v1::ProposeFactsRequest request = Request(With("next", "speaks_spanish"));
  request.set_validate_only(true);
  EXPECT_EQ(Apply(request), "0");
  EXPECT_EQ(Register("speaks_spanish"), refused) << "it was only tried";
  request.set_validate_only(false);
  EXPECT_EQ(Apply(request), "2");
  EXPECT_EQ(Apply(request), "FAILED_PRECONDITION FACTS_IN_FORCE") << "the same request again";
  EXPECT_EQ(InForce(), "next");
  EXPECT_EQ(Register("speaks_spanish"), "OK");
  site_.Restart();
  EXPECT_EQ(InForce(), "next") << "the setting is what an empty ledger begins with";
  EXPECT_EQ(Register("speaks_spanish"), "OK");
  intake::v1::ListFactVersionsRequest list;
  list.set_page_size(1);
  const auto page = site_.As(kViewer).Call(&IntakeService::Stub::ListFactVersions, list);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->versions(0).principal(), kOfficer);
  list.set_page_token(page->next_page_token());
  const auto last = site_.As(kViewer).Call(&IntakeService::Stub::ListFactVersions, list);
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(last->versions(0).principal(), "start");
  EXPECT_EQ(last->next_page_token(), "");
}

TEST_F(FactsTest, BadLateAndRepeatedRequestsLeaveTheFactsInForce) {
  type::v1::FactCatalogue faulty = With("next", "speaks_spanish");
  faulty.mutable_facts(0)->clear_kind();
  faulty.mutable_facts(1)->clear_words();
  const auto answer = site_.As(kOfficer).Call(&IntakeService::Stub::ProposeFacts, Request(faulty));
  std::vector<std::string> fields;
  for (const auto& violation : cli::FailureOf(answer.status()).violations) {
    fields.push_back(violation.field());
  }
  EXPECT_THAT(fields, testing::IsSupersetOf({"facts[0].kind", "facts[1].words"}));
  intake::v1::ProposeFactsRequest late = Request(With("next", "speaks_spanish"));
  late.set_replaces("other");
  EXPECT_EQ(Apply(late), "ABORTED FACTS_MOVED_ON");
  EXPECT_EQ(Apply(Request(With("next", "speaks_spanish"))), "2");
  EXPECT_EQ(Apply(Request(With("next", "speaks_kreyol"))),
            "INVALID_ARGUMENT INVALID_FACT_CATALOGUE")
      << "it drops a fact of the one in force";
  EXPECT_EQ(Apply(Request(SampleFacts()->catalogue())), "INVALID_ARGUMENT INVALID_FACT_CATALOGUE");
  EXPECT_EQ(InForce(), "next");
  const auto desk = site_.As(kDesk).Call(&IntakeService::Stub::ProposeFacts,
                                         Request(With("third", "speaks_spanish")));
  EXPECT_TRUE(absl::IsPermissionDenied(desk.status()));
}

TEST_F(FactsTest, APackWaitsForTheFactsThatItNames) {
  eligibility::v1::PolicyPack pack = *eligibility::LoadPack(Site::PolicyFolder());
  pack.set_version("asks-more");
  auto& criterion = *pack.mutable_pathways(0)->mutable_criteria(0);
  criterion.mutable_predicate()->set_yes("speaks_spanish");
  const type::v1::FactCatalogue next = With("next", "speaks_spanish");
  *pack.add_facts() = next.facts(next.facts_size() - 1);
  eligibility::v1::ProposePolicyRequest request;
  *request.mutable_pack() = pack;
  request.set_reason_code("RULE_CHANGED");
  const auto apply = [&] {
    request.set_request_id(testing_support::NewRequestId());
    return Describe(
        site_.As(kOfficer).Call(&EligibilityService::Stub::ProposePolicy, request).status());
  };
  EXPECT_EQ(apply(), "FAILED_PRECONDITION FACTS_NOT_IN_FORCE");
  request.set_validate_only(true);
  EXPECT_EQ(apply(), "FAILED_PRECONDITION FACTS_NOT_IN_FORCE");
  request.set_validate_only(false);
  EXPECT_EQ(Apply(Request(next)), "2");
  ASSERT_TRUE(site_.Settle());
  EXPECT_EQ(apply(), "OK");
}

// So that it goes stale when it would have. Who names it has asked again.
TEST_F(FactsTest, AnAnswerThatIsSentBackUnchangedKeepsItsDay) {
  type::v1::FactCatalogue next = With("next", "work_permit");
  next.mutable_facts(next.facts_size() - 1)->set_stale_after_days(30);
  ASSERT_EQ(Apply(Request(next)), "2");
  intake::v1::UpdateCaseRequest update;
  intake::v1::RegisterCaseRequest registration = Registration();
  SetAnswer(*registration.mutable_case_()->mutable_people(0), "work_permit", true);
  update.mutable_case_()->set_name(site_.RegisterAndSettle(registration));
  const absl::CivilDay first = type::DeskDay(type::kDefaultPlace, site_.clock().Now());
  intake::v1::Person& person = *update.mutable_case_()->add_people();
  person = registration.case_().people(0);
  person.clear_identity();
  // Ten days later; on which day after the first the answer was given.
  const auto days = [&](const std::string& path) {
    site_.clock().Advance(absl::Hours(240));
    update.mutable_update_mask()->clear_paths();
    update.mutable_update_mask()->add_paths(path);
    update.set_request_id(testing_support::NewRequestId());
    const auto changed = site_.As(kDesk).Call(&IntakeService::Stub::UpdateCase, update);
    EXPECT_TRUE(changed.ok()) << changed.status();
    if (!changed.ok()) return absl::civil_diff_t{-1};
    const auto* answer = type::FindAnswer(changed->people(0).answers(), "work_permit");
    EXPECT_NE(answer, nullptr);
    const auto range = type::RangeOf(answer->answered_on());
    EXPECT_TRUE(range.has_value());
    return range->first - first;
  };
  person.set_state("MX-CHP");
  EXPECT_EQ(days("people"), 0);
  person.set_person_id("p1");
  EXPECT_EQ(days("people.*.state"), 0);
  EXPECT_EQ(days("people.*.answers"), 0);
  SetAnswer(person, "work_permit", false);
  EXPECT_EQ(days("people"), 40);
  EXPECT_EQ(days("people.*.answers.work_permit"), 50) << "it was asked again";
}

TEST_F(FactsTest, WhatIsNeverRecordedIsRefusedByEveryDoor) {
  EXPECT_EQ(Register("irregular_entry"),
            "INVALID_ARGUMENT INVALID_CASE case.people[0].answers[1].fact");
  const std::string name = site_.RegisterAndSettle();
  intake::v1::UpdateCaseRequest update;
  update.mutable_case_()->set_name(name);
  intake::v1::Person& person = *update.mutable_case_()->add_people();
  person.set_person_id("p1");
  SetAnswer(person, "irregular_entry", false);
  update.mutable_update_mask()->add_paths("people.*.answers.irregular_entry");
  update.set_request_id(testing_support::NewRequestId());
  EXPECT_EQ(Describe(site_.As(kDesk).Call(&IntakeService::Stub::UpdateCase, update).status()),
            "INVALID_ARGUMENT INVALID_CASE");
  eligibility::v1::ScreenAnonymouslyRequest anonymous;
  type::v1::PersonFacts& somebody = *anonymous.mutable_facts()->add_people();
  SetAnswer(somebody, "us_supporter", true);
  SetAnswer(somebody, "zodiac", true);
  const auto screened =
      site_.As(kViewer).Call(&EligibilityService::Stub::ScreenAnonymously, anonymous);
  std::vector<std::string> fields;
  for (const auto& violation : cli::FailureOf(screened.status()).violations) {
    fields.push_back(violation.field());
  }
  EXPECT_THAT(fields,
              ElementsAre("facts.people[0].answers[0].fact", "facts.people[0].answers[1].fact"));
  EXPECT_THAT(
      site_.Sql("intake", "SELECT count(*) FROM events WHERE data LIKE '%irregular_entry\t%'"),
      ElementsAre("0"));
}

TEST_F(FactsTest, AnUpdateNamesTheAnswerThatChangesAndNoOther) {
  const std::string name = site_.RegisterAndSettle();
  const auto answers = [&](const std::string& fact, std::optional<bool> yes) {
    intake::v1::UpdateCaseRequest update;
    update.mutable_case_()->set_name(name);
    intake::v1::Person& person = *update.mutable_case_()->add_people();
    person.set_person_id("p1");
    if (yes) SetAnswer(person, fact, *yes);
    update.mutable_update_mask()->add_paths("people.*.answers." + fact);
    update.set_request_id(testing_support::NewRequestId());
    const auto changed = site_.As(kDesk).Call(&IntakeService::Stub::UpdateCase, update);
    if (!changed.ok()) return Describe(changed.status());
    std::vector<std::string> said;
    for (const auto& answer : changed->people(0).answers()) {
      said.push_back(absl::StrCat(answer.fact(), answer.yes() ? "+" : "-"));
    }
    return absl::StrJoin(said, " ");
  };
  EXPECT_EQ(answers("job_offer", true), "in_mexico+ job_offer+");
  EXPECT_EQ(answers("job_offer", false), "in_mexico+ job_offer-");
  EXPECT_EQ(answers("job_offer", std::nullopt), "in_mexico+");
  EXPECT_EQ(answers("zodiac", true), "INVALID_ARGUMENT INVALID_CASE");
}

TEST_F(FactsTest, QuestionsAreListedForACaseAndForPathways) {
  intake::v1::RegisterCaseRequest registration = Registration();
  registration.mutable_case_()->mutable_people(0)->clear_answers();
  const auto registered = site_.As(kDesk).Call(&IntakeService::Stub::RegisterCase, registration);
  ASSERT_TRUE(registered.ok()) << registered.status();
  ASSERT_TRUE(site_.Settle());
  eligibility::v1::ListQuestionsRequest request;
  request.set_case_(registered->name());
  request.set_language("es-MX");
  const auto questions = site_.As(kDesk).Call(&EligibilityService::Stub::ListQuestions, request);
  ASSERT_TRUE(questions.ok()) << questions.status();
  std::vector<std::string> in_company;
  for (const auto& question : questions->in_company()) in_company.push_back(question.fact());
  EXPECT_THAT(in_company, ElementsAre("in_mexico", "refugee_claim", "seeks_work"));
  const auto& first = questions->in_company(0);
  EXPECT_EQ(first.ask().text(), "¿Estaba en México cuando se registró?");
  EXPECT_THAT(first.person_ids(), ElementsAre("p1"));
  EXPECT_THAT(first.pathways(), testing::Contains("mx-labour"));
  EXPECT_EQ(first.kind(), type::v1::FACT_KIND_YES_NO);
  ASSERT_EQ(questions->alone_size(), 1);
  EXPECT_EQ(questions->alone(0).fact(), "left_country_for_fear");
  request.clear_case_();
  request.add_pathways("mx-labour");
  request.set_language("ht");
  const auto of_pathway = site_.As(kViewer).Call(&EligibilityService::Stub::ListQuestions, request);
  ASSERT_TRUE(of_pathway.ok()) << of_pathway.status();
  EXPECT_THAT(of_pathway->alone(), IsEmpty());
  EXPECT_TRUE(of_pathway->in_company(0).ask().unreviewed());
  request.add_pathways("zodiac");
  request.set_case_("cases/x");
  const auto refused = site_.As(kDesk).Call(&EligibilityService::Stub::ListQuestions, request);
  std::vector<std::string> fields;
  for (const auto& violation : cli::FailureOf(refused.status()).violations) {
    fields.push_back(violation.field());
  }
  EXPECT_THAT(fields, ElementsAre("case", "pathways[1]"));
}

}  // namespace
}  // namespace pathways
