// Goal: the pack in the tree says of each person what its README says, on both sides of every
// boundary, and a pack file with faults is refused with all of them. Method: tables over one fact
// at a time of a person who meets everything; pack files written for the purpose.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/eligibility/domain/predicate_check.h"
#include "services/eligibility/policy_file.h"
#include "services/type/problem.h"
#include "tests/eligibility/builders.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kFolder[] = PATHWAYS_SOURCE_DIR "/policies/2023-07-28";
constexpr absl::CivilDay kDay(2023, 8, 1);
constexpr char kResettlement[] = "us-refugee-resettlement";
constexpr char kRefugeeStatus[] = "mx-refugee-status";
constexpr char kLabour[] = "mx-labour";

const v1::PolicyPack& Pack() {
  static const v1::PolicyPack* const kPack = [] {
    absl::StatusOr<v1::PolicyPack> pack = LoadPack(kFolder);
    EXPECT_TRUE(pack.ok()) << pack.status();
    return new v1::PolicyPack(*std::move(pack));
  }();
  return *kPack;
}

std::vector<v1::Determination> Screened(const type::v1::CaseFacts& facts) {
  static const std::shared_ptr<const Rules>& rules =
      *new std::shared_ptr<const Rules>(RulesOf(Pack()));
  return rules->Screen(facts, {kDay, absl::CivilDay(2026, 11, 24)}).determinations;
}

// One person, who is the principal applicant.
v1::Determination Screened(const std::string& pathway, const type::v1::PersonFacts& person) {
  type::v1::CaseFacts facts = Facts({"p1"});
  *facts.mutable_people(0) = person;
  facts.mutable_people(0)->set_relationship(type::v1::RELATIONSHIP_PRINCIPAL);
  for (const v1::Determination& determination : Screened(facts)) {
    if (determination.pathway() == pathway) return determination;
  }
  ADD_FAILURE() << "no " << pathway;
  return {};
}

// Outcome, the criteria that are not met or need information, and the facts to ask for.
std::string Line(const v1::Determination& determination) {
  std::string line(absl::StripPrefix(v1::Outcome_Name(determination.outcome()), "OUTCOME_"));
  for (const v1::CriterionResult& result : determination.criteria()) {
    if (result.outcome() == v1::OUTCOME_MEETS) continue;
    const bool asks = result.outcome() == v1::OUTCOME_NEEDS_INFORMATION;
    absl::StrAppend(&line, asks ? " ?" : " -", result.criterion());
  }
  if (determination.missing_facts().empty()) return line;
  return absl::StrCat(line, " ask ", absl::StrJoin(determination.missing_facts(), ","));
}

std::string Line(const std::string& pathway, const type::v1::PersonFacts& person) {
  return Line(Screened(pathway, person));
}

TEST(Pack, HoldsThreePathwaysUnderItsFolderName) {
  EXPECT_EQ(Pack().version(), "2023-07-28");
  std::vector<std::pair<std::string, v1::ScreeningUnit>> pathways;
  for (const v1::Pathway& pathway : Pack().pathways()) {
    pathways.emplace_back(pathway.id(), pathway.unit());
  }
  EXPECT_THAT(pathways, ElementsAre(std::pair(kResettlement, v1::SCREENING_UNIT_FAMILY),
                                    std::pair(kRefugeeStatus, v1::SCREENING_UNIT_FAMILY),
                                    std::pair(kLabour, v1::SCREENING_UNIT_PERSON)));
}

TEST(Pack, WhoMeetsEverythingMeetsEveryPathway) {
  for (const char* const pathway : {kResettlement, kRefugeeStatus, kLabour}) {
    EXPECT_EQ(Line(pathway, Person("p1")), "MEETS");
  }
}

TEST(Pack, OfWhomNothingIsKnownOnlyQuestionsAreAsked) {
  const type::v1::PersonFacts nothing;
  EXPECT_EQ(Line(kResettlement, nothing),
            "NEEDS_INFORMATION ?nationality ?in-mexico ?present-by-statement "
            "ask in_mexico,nationalities,entry_date");
  EXPECT_EQ(Line(kRefugeeStatus, nothing),
            "NEEDS_INFORMATION ?in-mexico ?foreign-nationality ?fear ?claim ?filing-period "
            "ask in_mexico,nationalities,entry_date,refugee_claim,left_country_for_fear");
  EXPECT_EQ(Line(kLabour, nothing),
            "NEEDS_INFORMATION ?in-mexico ?seeks-work ?working-age "
            "ask in_mexico,age_band,seeks_work");
}

TEST(Pack, Nationalities) {
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"CUB", "MEETS", "MEETS"},
      {"HTI", "MEETS", "MEETS"},
      {"NIC", "MEETS", "MEETS"},
      {"VEN", "MEETS", "MEETS"},
      {"COL", "DOES_NOT_MEET -nationality", "MEETS"},
      {"GTM", "DOES_NOT_MEET -nationality", "MEETS"},
      {"XXA", "DOES_NOT_MEET -nationality", "MEETS"},
      {"MEX", "DOES_NOT_MEET -nationality", "DOES_NOT_MEET -foreign-nationality"},
      {"COL,VEN", "MEETS", "MEETS"},
      {"CUB,MEX", "MEETS", "DOES_NOT_MEET -foreign-nationality"},
      {"", "NEEDS_INFORMATION ?nationality ask nationalities",
       "NEEDS_INFORMATION ?foreign-nationality ask nationalities"}};
  for (const auto& [codes, resettlement, refugee_status] : rows) {
    type::v1::PersonFacts person = Person("p1");
    person.clear_nationalities();
    for (const auto& code : absl::StrSplit(codes, ',', absl::SkipEmpty())) {
      person.add_nationalities(std::string(code));
    }
    EXPECT_EQ(Line(kResettlement, person), resettlement) << codes;
    EXPECT_EQ(Line(kRefugeeStatus, person), refugee_status) << codes;
    EXPECT_EQ(Line(kLabour, person), "MEETS") << codes;
  }
}

struct EntryRow {
  int year, month, day;
  std::string line;
};

TEST(Pack, EntryAfterTheStatementIsForAPersonToLookAt) {
  const std::string look = "NEEDS_INFORMATION ?present-by-statement";
  const std::string ask = absl::StrCat(look, " ask entry_date");
  const EntryRow rows[] = {{2023, 7, 28, "MEETS"}, {2023, 7, 29, look}, {2023, 6, 0, "MEETS"},
                           {2023, 7, 0, ask},      {2023, 8, 0, look},  {2022, 0, 0, "MEETS"},
                           {2023, 0, 0, ask},      {2024, 0, 0, look},  {0, 0, 0, ask}};
  for (const EntryRow& row : rows) {
    type::v1::PersonFacts person = Person("p1");
    person.mutable_entry_date()->set_year(row.year);
    person.mutable_entry_date()->set_month(row.month);
    person.mutable_entry_date()->set_day(row.day);
    EXPECT_EQ(Line(kResettlement, person), row.line)
        << row.year << "-" << row.month << "-" << row.day;
    EXPECT_EQ(Line(kLabour, person), "MEETS");
  }
}

// Art. 18: 30 working days, or from when it was possible. So day 31 is a question and never a no.
TEST(Pack, AClaimAfterTheFilingPeriodIsForAPersonToLookAt) {
  const std::string look = "NEEDS_INFORMATION ?filing-period";
  const std::string ask = absl::StrCat(look, " ask entry_date");
  const absl::CivilDay entry = kDay - 97;
  const EntryRow rows[] = {{2023, 6, 21, "MEETS"},  // Working day 29.
                           {2023, 6, 20, "MEETS"},  // 30.
                           {2023, 6, 19, look},     // 31.
                           {static_cast<int>(entry.year()), entry.month(), entry.day(), look},
                           {2023, 7, 0, "MEETS"},
                           {2023, 6, 0, ask},
                           {2023, 5, 0, look},
                           {2023, 0, 0, ask},
                           {2022, 0, 0, look},
                           {0, 0, 0, ask}};
  for (const EntryRow& row : rows) {
    type::v1::PersonFacts person = Person("p1");
    person.mutable_entry_date()->set_year(row.year);
    person.mutable_entry_date()->set_month(row.month);
    person.mutable_entry_date()->set_day(row.day);
    EXPECT_EQ(Line(kRefugeeStatus, person), row.line)
        << row.year << "-" << row.month << "-" << row.day;
    EXPECT_EQ(Line(kLabour, person), "MEETS");
  }
}

TEST(Pack, Answers) {
  type::v1::PersonFacts person = Person("p1");
  SetAnswer(person, "in_mexico", false);
  for (const char* const pathway : {kResettlement, kRefugeeStatus, kLabour}) {
    EXPECT_EQ(Line(pathway, person), "DOES_NOT_MEET -in-mexico");
  }
  Forget(person, "in_mexico");
  for (const char* const pathway : {kResettlement, kRefugeeStatus, kLabour}) {
    EXPECT_EQ(Line(pathway, person), "NEEDS_INFORMATION ?in-mexico ask in_mexico");
  }
  person = Person("p1");
  SetAnswer(person, "left_country_for_fear", false);
  SetAnswer(person, "seeks_work", false);
  EXPECT_EQ(Line(kResettlement, person), "MEETS");
  EXPECT_EQ(Line(kRefugeeStatus, person), "DOES_NOT_MEET -fear");
  EXPECT_EQ(Line(kLabour, person), "DOES_NOT_MEET -seeks-work");
  Forget(person, "left_country_for_fear");
  Forget(person, "seeks_work");
  EXPECT_EQ(Line(kResettlement, person), "MEETS");
  EXPECT_EQ(Line(kRefugeeStatus, person), "NEEDS_INFORMATION ?fear ask left_country_for_fear");
  EXPECT_EQ(Line(kLabour, person), "NEEDS_INFORMATION ?seeks-work ask seeks_work");
}

TEST(Pack, Claims) {
  const std::map<type::v1::RefugeeClaim, std::string> lines = {
      {type::v1::REFUGEE_CLAIM_UNSPECIFIED, "NEEDS_INFORMATION ?claim ask refugee_claim"},
      {type::v1::REFUGEE_CLAIM_NONE, "MEETS"},
      {type::v1::REFUGEE_CLAIM_FILED, "DOES_NOT_MEET -claim"},
      {type::v1::REFUGEE_CLAIM_RECOGNISED, "DOES_NOT_MEET -claim"},
      {type::v1::REFUGEE_CLAIM_REFUSED, "NEEDS_INFORMATION ?claim"}};
  ASSERT_EQ(lines.size(), type::v1::RefugeeClaim_ARRAYSIZE);
  for (const auto& [claim, line] : lines) {
    type::v1::PersonFacts person = Person("p1");
    person.set_refugee_claim(claim);
    EXPECT_EQ(Line(kRefugeeStatus, person), line) << claim;
    EXPECT_EQ(Line(kResettlement, person), "MEETS") << claim;
    EXPECT_EQ(Line(kLabour, person), "MEETS") << claim;
  }
}

TEST(Pack, WorkingAge) {
  const std::string ask = "NEEDS_INFORMATION ?working-age ask age_band";
  const std::map<type::v1::AgeBand, std::string> lines = {
      {type::v1::AGE_BAND_UNSPECIFIED, ask},
      {type::v1::AGE_BAND_0_4, "DOES_NOT_MEET -working-age"},
      {type::v1::AGE_BAND_5_11, "DOES_NOT_MEET -working-age"},
      {type::v1::AGE_BAND_12_17, "NEEDS_INFORMATION ?working-age"},
      {type::v1::AGE_BAND_18_20, "MEETS"},
      {type::v1::AGE_BAND_21_59, "MEETS"},
      {type::v1::AGE_BAND_60_PLUS, "MEETS"},
      {type::v1::AGE_BAND_UNKNOWN, ask}};
  ASSERT_EQ(lines.size(), type::v1::AgeBand_ARRAYSIZE);
  for (const auto& [band, line] : lines) {
    type::v1::PersonFacts person = Person("p1");
    person.set_age_band(band);
    EXPECT_EQ(Line(kLabour, person), line) << band;
    EXPECT_EQ(Line(kResettlement, person), "MEETS") << band;
    EXPECT_EQ(Line(kRefugeeStatus, person), "MEETS") << band;
  }
}

TEST(Pack, ScreensAFamilyOnceAndWorkersOneByOne) {
  type::v1::CaseFacts facts = Facts({"p1", "p2"});
  facts.mutable_people(1)->set_nationalities(0, "COL");
  facts.mutable_people(1)->set_age_band(type::v1::AGE_BAND_5_11);
  std::vector<std::string> lines;
  for (const v1::Determination& determination : Screened(facts)) {
    lines.push_back(absl::StrCat(determination.pathway(), " ",
                                 absl::StrJoin(determination.person_ids(), "+"), " ",
                                 Line(determination)));
  }
  EXPECT_THAT(lines,
              ElementsAre("us-refugee-resettlement p1+p2 MEETS", "mx-refugee-status p1+p2 MEETS",
                          "mx-labour p1 MEETS", "mx-labour p2 DOES_NOT_MEET -working-age"));
}

// Sex, needs and state are no condition of any pathway.
TEST(Pack, LooksAtNoOtherFact) {
  type::v1::PersonFacts person = Person("p1");
  person.set_sex(type::v1::SEX_UNKNOWN);
  person.clear_needs();
  person.clear_state();
  person.set_age_precision(type::v1::DATE_PRECISION_NONE);
  for (const char* const pathway : {kResettlement, kRefugeeStatus, kLabour}) {
    EXPECT_EQ(Screened(pathway, person).SerializeAsString(),
              Screened(pathway, Person("p1")).SerializeAsString());
  }
}

TEST(Pack, PromisesAndRefusesNothing) {
  for (const v1::Catalogue& catalogue : Pack().catalogues()) {
    if (catalogue.language() != "en") continue;
    for (const v1::Text& text : catalogue.texts()) {
      for (const char* const word : {"eligible", "qualif", "entitled", "guarantee", "granted",
                                     "rejected", "denied", "illegal", "alien", "will be"}) {
        const std::string both = absl::StrCat(text.plain(), " ", text.full());
        EXPECT_FALSE(absl::StrContains(absl::AsciiStrToLower(both), word)) << word << ": " << both;
      }
    }
  }
}

// What comes of loading a pack file of the given text, from a folder of its own.
absl::Status LoadText(const std::string& text) {
  std::string folder = absl::StrCat(testing::TempDir(), "/pathways-pack-XXXXXX");
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/pack.textproto", std::ios::binary) << text;
  const absl::Status status = LoadPack(folder).status();
  std::filesystem::remove_all(folder);
  return status;
}

TEST(CheckedPack, LeavesOutWhatIsNotUsedAndOrdersTexts) {
  const absl::StatusOr<v1::PolicyPack> once = CheckedPack(SmallPack());
  ASSERT_TRUE(once.ok()) << once.status();
  v1::PolicyPack wider = *once;
  v1::Source unused = wider.sources(0);
  unused.set_id("unused-source");
  *wider.add_sources() = unused;
  v1::Calendar& calendar = *wider.add_calendars();
  calendar = Pack().calendars(0);
  calendar.set_source(unused.id());
  calendar.clear_suspensions();
  for (v1::Catalogue& catalogue : *wider.mutable_catalogues()) {
    v1::Text text = catalogue.texts(0);
    text.set_key("a-text-that-nothing-names");
    *catalogue.add_texts() = text;
    catalogue.mutable_texts()->SwapElements(0, catalogue.texts_size() - 1);
  }
  const absl::StatusOr<v1::PolicyPack> again = CheckedPack(wider);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), once->SerializeAsString());
  EXPECT_NE(wider.SerializeAsString(), once->SerializeAsString());
}

TEST(CheckedPack, RefusesATextThatIsNoPatternBesideOtherFaults) {
  v1::PolicyPack pack = SmallPack();
  pack.set_version("V");
  pack.mutable_catalogues(1)->mutable_texts(2)->set_full("{");
  const absl::Status status = CheckedPack(pack).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const type::v1::Problem problem = type::ProblemOf(status);
  EXPECT_EQ(problem.reason(), "INVALID_POLICY_PACK");
  ASSERT_EQ(problem.violations_size(), 2) << status;
  EXPECT_EQ(problem.violations(0).field(), "version");
  EXPECT_EQ(problem.violations(1).field(), "catalogues[1].texts[2].full");
}

TEST(LoadPack, OfAFolderWithoutPackIsNotFound) {
  const absl::Status status = LoadPack(testing::TempDir() + "/no-such-folder").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no-such-folder: "));
}

TEST(LoadPack, TellsLineAndColumnOfWhatCannotBeParsed) {
  const std::pair<std::string, std::string> rows[] = {
      {"version: \"v\"\ntitel: \"t\"\n", "pack.textproto:2:6: "},
      {"version: \"v", "pack.textproto:1:12: "},
      {"version: \"v\"\nversion: \"w\"\n", "pack.textproto:2:8: "}};
  for (const auto& [text, place] : rows) {
    const absl::Status status = LoadText(text);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(place)) << text;
  }
}

TEST(LoadPack, TellsEveryFaultOfAPackThatMakesNoSense) {
  const absl::Status status = LoadText("version: \"V\"\n");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(type::ProblemOf(status).reason(), "INVALID_POLICY_PACK");
  const std::vector<std::string> lines = absl::StrSplit(std::string(status.message()), '\n');
  ASSERT_GT(lines.size(), 3);
  EXPECT_THAT(lines[0], HasSubstr("pack.textproto:1:1: version: "));
  EXPECT_THAT(lines[1], HasSubstr("pack.textproto:1:1: title: "));
}

TEST(LoadPack, ReadsTheDeepestConditions) {
  std::string predicate = "yes: 'in_mexico'";
  for (int depth = 1; depth < kPredicateDepthMax; ++depth) {
    predicate = absl::StrCat("all { of { ", predicate, " } }");
  }
  v1::PolicyPack pack = SmallPack();
  *pack.mutable_pathways(0)->mutable_criteria(0)->mutable_predicate() =
      Parse<v1::Predicate>(predicate);
  std::string text;
  ASSERT_TRUE(google::protobuf::TextFormat::PrintToString(pack, &text));
  EXPECT_TRUE(LoadText(text).ok()) << LoadText(text);
}

TEST(LoadPack, RefusesAFileThatIsTooLargeOrTooDeep) {
  const std::string large(1 << 20, '\n');
  EXPECT_THAT(std::string(LoadText(large).message()), HasSubstr("pack.textproto:1:1: title: "));
  EXPECT_THAT(std::string(LoadText(large + "\n").message()), HasSubstr("larger than 1 MiB"));
  std::string deep = "pathways { criteria { predicate {";
  for (int i = 0; i < 100'000; ++i) deep += "not {";
  EXPECT_EQ(LoadText(deep).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pathways::eligibility
