// Goal: a catalogue with any fault is refused whole with every fault named, and an answer is taken
// only as the catalogue has its fact. Method: one change of a good catalogue or answer per row.
#include "services/type/facts.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/type/fact_fields.h"
#include "tests/support/facts.h"

namespace pathways::type {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::CivilDay kToday(2026, 11, 30);

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// The fields that a status names.
std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  const v1::Problem problem = ProblemOf(status);
  for (const auto& violation : problem.violations()) fields.push_back(violation.field());
  return fields;
}

v1::FactCatalogue Good() { return SampleFacts()->catalogue(); }

v1::Fact& Find(v1::FactCatalogue& catalogue, const std::string& id) {
  for (v1::Fact& fact : *catalogue.mutable_facts()) {
    if (fact.id() == id) return fact;
  }
  ADD_FAILURE() << id;
  return *catalogue.add_facts();
}

int IndexOf(const std::string& id) {
  const v1::FactCatalogue catalogue = Good();
  for (int i = 0; i < catalogue.facts_size(); ++i) {
    if (catalogue.facts(i).id() == id) return i;
  }
  return -1;
}

TEST(Catalogue, NamesEveryFaultAtItsPlace) {
  using Change = std::function<void(v1::FactCatalogue&)>;
  const std::string offer = absl::StrCat("facts[", IndexOf("job_offer"), "]");
  const std::string place = absl::StrCat("facts[", IndexOf("job_place"), "]");
  const std::string state = absl::StrCat("facts[", IndexOf("state"), "]");
  const std::string claim = absl::StrCat("facts[", IndexOf("refugee_claim"), "]");
  const auto of = [](const std::string& id, std::function<void(v1::Fact&)> change) -> Change {
    return [=](v1::FactCatalogue& catalogue) { change(Find(catalogue, id)); };
  };
  const std::tuple<std::string, Change, std::vector<std::string>> rows[] = {
      {"version", [](auto& c) { c.set_version("Big"); }, {"version"}},
      {"title", [](auto& c) { c.set_title(" "); }, {"title"}},
      {"no facts", [](auto& c) { c.clear_facts(); }, {"facts"}},
      {"without a field",
       [](auto& c) { Find(c, "needs").set_id("needed"); },
       {absl::StrCat("facts[", IndexOf("needs"), "].storage"), "facts"}},
      {"id",
       of("job_offer", [](auto& f) { f.set_id("Job-offer"); }),
       {offer + ".id", place + ".ask_only_if[0].fact"}},
      {"id with another meaning",
       of("job_offer", [](auto& f) { f.set_id("phone"); }),
       {offer + ".id", place + ".ask_only_if[0].fact"}},
      {"id twice",
       of("job_offer", [](auto& f) { f.set_id("seeks_work"); }),
       {offer + ".id", offer + ".words", place + ".ask_only_if[0].fact"}},
      {"kind",
       of("job_offer", [](auto& f) { f.clear_kind(); }),
       {offer + ".kind", place + ".ask_only_if[0]"}},
      {"scope", of("job_offer", [](auto& f) { f.clear_scope(); }), {offer + ".scope"}},
      {"setting", of("job_offer", [](auto& f) { f.clear_setting(); }), {offer + ".setting"}},
      {"privacy", of("job_offer", [](auto& f) { f.clear_privacy(); }), {offer + ".privacy"}},
      {"a field kept as an answer",
       of("state", [](auto& f) { f.set_storage(v1::FACT_STORAGE_ANSWER); }),
       {state + ".storage"}},
      {"an answer kept as a field",
       of("job_offer", [](auto& f) { f.set_storage(v1::FACT_STORAGE_FIELD); }),
       {offer + ".storage", place + ".ask_only_if[0].fact"}},
      {"list without use",
       of("job_offer", [](auto& f) { f.set_list(v1::CODE_LIST_ISCO_08); }),
       {offer + ".list"}},
      {"a place of needs",
       of("job_place", [](auto& f) { f.set_list(v1::CODE_LIST_UNHCR_NEEDS); }),
       {place + ".list"}},
      {"codes without use",
       of("job_offer", [](auto& f) { f.add_codes()->set_code("A"); }),
       {offer + ".codes"}},
      {"one code",
       of("refugee_claim", [](auto& f) { f.mutable_codes()->DeleteSubrange(1, 3); }),
       {claim + ".codes"}},
      {"a code that is none",
       of("refugee_claim", [](auto& f) { f.mutable_codes(0)->set_code("a"); }),
       {claim + ".codes[0].code"}},
      {"a code in two languages",
       of("refugee_claim", [](auto& f) { f.mutable_codes(0)->mutable_words()->RemoveLast(); }),
       {claim + ".codes[0].words"}},
      {"order", of("job_offer", [](auto& f) { f.set_order(0); }), {offer + ".order"}},
      {"bounds without use",
       of("job_offer", [](auto& f) { f.set_greatest(3); }),
       {offer + ".greatest"}},
      {"days",
       of("job_offer", [](auto& f) { f.set_stale_after_days(-1); }),
       {offer + ".stale_after_days"}},
      {"a field that goes stale",
       of("state", [](auto& f) { f.set_stale_after_days(1); }),
       {state + ".stale_after_days"}},
      {"half a day",
       of("job_offer", [](auto& f) { f.mutable_retired_on()->set_year(2026); }),
       {offer + ".retired_on"}},
      {"a language less",
       of("job_offer", [](auto& f) { f.mutable_words()->RemoveLast(); }),
       {offer + ".words"}},
      {"no question",
       of("job_offer", [](auto& f) { f.mutable_words(1)->clear_ask(); }),
       {offer + ".words[1].ask"}},
      {"signed without a day",
       of("job_offer", [](auto& f) { f.mutable_words(0)->set_reviewed_by("Somebody"); }),
       {offer + ".words[0].reviewed_on"}},
      {"a column of another fact",
       of("job_offer", [](auto& f) { f.mutable_words(0)->add_columns("seeks_work"); }),
       {offer + ".words"}},
      {"asked by codes of a yes",
       of("job_place", [](auto& f) { f.mutable_ask_only_if(0)->add_codes("X"); }),
       {place + ".ask_only_if[0]"}},
      {"asked in a circle",
       of("job_offer",
          [](auto& f) {
            f.add_ask_only_if()->set_fact("job_place");
            f.mutable_ask_only_if(0)->add_codes("MX-CHP");
          }),
       {offer + ".ask_only_if[0]", place + ".ask_only_if[0]"}},
  };
  ASSERT_TRUE(Facts::Compile(Good()).ok());
  for (const auto& [name, change, fields] : rows) {
    v1::FactCatalogue catalogue = Good();
    change(catalogue);
    EXPECT_THAT(FieldsOf(Facts::Compile(catalogue).status()),
                testing::UnorderedElementsAreArray(fields))
        << name;
  }
}

TEST(Successor, MayAddAndRetireButNeitherDropNorChange) {
  const v1::FactCatalogue before = Good();
  v1::FactCatalogue next = before;
  *next.add_facts() = Find(next, "seeks_work");
  next.mutable_facts(next.facts_size() - 1)->set_id("speaks_spanish");
  *Find(next, "job_offer").mutable_retired_on() =
      Parse<v1::PartialDate>("year: 2026 month: 1 day: 1");
  EXPECT_TRUE(CheckSuccessor(before, next).ok());
  Find(next, "job_offer").set_kind(v1::FACT_KIND_NUMBER);
  next.mutable_facts()->DeleteSubrange(IndexOf("work_papers"), 1);
  EXPECT_THAT(FieldsOf(CheckSuccessor(before, next)),
              ElementsAre(absl::StrCat("facts[", IndexOf("job_offer"), "]"), "facts"));
  EXPECT_THAT(std::string(CheckSuccessor(before, next).message()), Not(HasSubstr("kValue")));
}

// A catalogue with a fact of every kind beside its own.
std::shared_ptr<const Facts> EveryKind() {
  v1::FactCatalogue catalogue = Good();
  const auto add = [&](const std::string& id, const std::string& how) {
    v1::Fact& fact = *catalogue.add_facts();
    fact = Find(catalogue, "seeks_work");
    fact.set_id(id);
    for (v1::FactWords& words : *fact.mutable_words()) words.clear_columns();
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(how, &fact));
    for (v1::FactCode& code : *fact.mutable_codes()) *code.mutable_words() = fact.words();
  };
  add("home", "kind: FACT_KIND_ONE_OF codes { code: 'HOUSE' } codes { code: 'TENT' }");
  add("trades", "kind: FACT_KIND_SOME_OF list: CODE_LIST_ISCO_08");
  add("hearing", "kind: FACT_KIND_DATE");
  add("diploma", "kind: FACT_KIND_PARTIAL_DATE");
  add("children", "kind: FACT_KIND_NUMBER least: 0 greatest: 20");
  add("vehicle", "scope: FACT_SCOPE_CASE");
  add("permit", "stale_after_days: 30");
  add("old", "retired_on { year: 2026 month: 11 day: 30 }");
  add("soon_old", "retired_on { year: 2026 month: 12 day: 1 }");
  auto facts = Facts::Compile(catalogue);
  EXPECT_TRUE(facts.ok()) << facts.status();
  return *std::move(facts);
}

FactAnswers Answers(const std::vector<std::string>& texts) {
  FactAnswers answers;
  for (const std::string& text : texts) *answers.Add() = Parse<v1::FactAnswer>(text);
  return answers;
}

// The answers as they are stored, or the fields at fault.
std::string Checked(const std::vector<std::string>& texts, const FactAnswers& known = {},
                    bool is_principal = true) {
  static const auto* const kFacts = new std::shared_ptr<const Facts>(EveryKind());
  Violations violations;
  const FactAnswers answers =
      CheckAnswers(**kFacts, Answers(texts), known, {"answers", kToday, is_principal}, violations);
  std::vector<std::string> lines;
  for (const auto& violation : violations.found()) {
    EXPECT_THAT(violation.description(), Not(HasSubstr("Planted")));
    lines.push_back(violation.field());
  }
  if (!lines.empty()) return absl::StrCat("bad ", absl::StrJoin(lines, " "));
  for (const v1::FactAnswer& answer : answers) lines.push_back(answer.ShortDebugString());
  return absl::StrJoin(lines, "; ");
}

TEST(Answers, AreTakenByTheKindOfTheirFact) {
  const std::pair<std::string, std::string> rows[] = {
      {"fact: 'seeks_work' yes: false", "fact: \"seeks_work\" yes: false"},
      {"fact: 'home' code: ' tent '", "fact: \"home\" code: \"TENT\""},
      {"fact: 'home' code: 'Planted'", "bad answers[0].code"},
      {"fact: 'job_place' code: 'mx-nle'", "fact: \"job_place\" code: \"MX-NLE\""},
      {"fact: 'job_place' code: 'US-CA'", "bad answers[0].code"},
      {"fact: 'trades' codes { of: '9211' of: '61' of: '9211' }",
       "fact: \"trades\" codes { of: \"61\" of: \"9211\" }"},
      {"fact: 'trades' codes { of: '99' of: '61' of: '2x' }",
       "bad answers[0].codes.of[0] answers[0].codes.of[2]"},
      {"fact: 'trades' codes { }", "bad answers[0].codes.of"},
      {"fact: 'hearing' date { year: 2026 month: 2 day: 28 }",
       "fact: \"hearing\" date { year: 2026 month: 2 day: 28 }"},
      {"fact: 'hearing' date { year: 2026 month: 2 }", "bad answers[0].date"},
      {"fact: 'hearing' date { year: 2026 month: 2 day: 30 }", "bad answers[0].date"},
      {"fact: 'diploma' date { year: 2011 }", "fact: \"diploma\" date { year: 2011 }"},
      {"fact: 'diploma' date { }", "bad answers[0].date"},
      {"fact: 'children' number: 0", "fact: \"children\" number: 0"},
      {"fact: 'children' number: 20", "fact: \"children\" number: 20"},
      {"fact: 'children' number: 21", "bad answers[0].number"},
      {"fact: 'children' number: -1", "bad answers[0].number"},
      {"fact: 'children' yes: true", "bad answers[0]"},
      {"fact: 'children'", "bad answers[0]"},
      {"fact: 'Planted' yes: true", "bad answers[0].fact"},
      {"fact: 'state' code: 'MX-CHP'", "bad answers[0].fact"},
      {"fact: 'age_band' number: 3", "bad answers[0].fact"},
      {"fact: 'irregular_entry' yes: false", "bad answers[0].fact"},
      {"fact: 'old' yes: true", "bad answers[0].fact"},
      {"fact: 'soon_old' yes: true", "fact: \"soon_old\" yes: true"},
      {"fact: 'permit' yes: true",
       "fact: \"permit\" yes: true answered_on { year: 2026 month: 11 day: 30 }"},
      {"fact: 'children' number: 1 answered_on { year: 2026 }", "fact: \"children\" number: 1"},
  };
  for (const auto& [answer, stored] : rows) EXPECT_EQ(Checked({answer}), stored) << answer;
}

TEST(Answers, AreSortedAndEachGivenOnce) {
  EXPECT_EQ(Checked({"fact: 'seeks_work' yes: true", "fact: 'children' number: 2"}),
            "fact: \"children\" number: 2; fact: \"seeks_work\" yes: true");
  EXPECT_EQ(
      Checked({"fact: 'seeks_work' yes: true", "fact: 'Planted'", "fact: 'seeks_work' yes: true"}),
      "bad answers[1].fact answers[2].fact");
  EXPECT_EQ(Checked(std::vector<std::string>(101, "fact: 'seeks_work' yes: true")), "bad answers");
}

TEST(Answers, OfTheWholeCaseAreThePrincipalApplicants) {
  EXPECT_EQ(Checked({"fact: 'vehicle' yes: true"}), "fact: \"vehicle\" yes: true");
  EXPECT_EQ(Checked({"fact: 'vehicle' yes: true"}, {}, /*is_principal=*/false),
            "bad answers[0].fact");
}

TEST(Answers, ThatSayWhatIsOnFileKeepTheirDay) {
  const std::string day = " answered_on { year: 2026 month: 1 day: 2 }";
  const std::string today = " answered_on { year: 2026 month: 11 day: 30 }";
  const FactAnswers on_file = Answers({"fact: 'permit' yes: true" + day});
  const std::string same = "fact: \"permit\" yes: true";
  EXPECT_EQ(Checked({"fact: 'permit' yes: true" + day}, on_file), same + day);
  EXPECT_EQ(Checked({"fact: 'permit' yes: true"}, on_file), same + today) << "it was asked again";
  EXPECT_EQ(Checked({"fact: 'permit' yes: false" + day}, on_file),
            "fact: \"permit\" yes: false" + today);
  EXPECT_EQ(Checked({"fact: 'permit' yes: true" + day}), same + today);
}

TEST(Answers, ToWhatIsAskedNoMoreStayAsTheyAreOnFile) {
  const FactAnswers on_file = Answers({"fact: 'old' yes: true"});
  EXPECT_EQ(Checked({"fact: 'old' yes: true"}, on_file), "fact: \"old\" yes: true");
  EXPECT_EQ(Checked({"fact: 'old' yes: false"}, on_file), "bad answers[0].fact");
  EXPECT_EQ(Checked({}, on_file), "") << "it may be taken back";
}

TEST(Fields, AreKnownToTheCatalogueAsFields) {
  const v1::FactCatalogue catalogue = Good();
  std::vector<std::string> fields;
  for (const v1::Fact& fact : catalogue.facts()) {
    const bool is_field =
        fact.storage() == v1::FACT_STORAGE_FIELD || fact.storage() == v1::FACT_STORAGE_DERIVED;
    if (is_field) fields.push_back(fact.id());
  }
  EXPECT_THAT(fields, testing::UnorderedElementsAreArray(FieldNames()));
}

}  // namespace
}  // namespace pathways::type
