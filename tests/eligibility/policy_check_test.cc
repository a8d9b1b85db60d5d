// Goal: a pack with a fault is refused, and every fault is told at its place. Method: a good pack,
// broken in one place per row; each bound has a row on either side.
#include "services/eligibility/domain/policy_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/eligibility/domain/evaluate.h"
#include "services/type/problem.h"
#include "tests/eligibility/builders.h"

namespace pathways::eligibility {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Break = std::function<void(v1::PolicyPack&)>;

// Fields at fault.
std::vector<std::string> Faults(const v1::PolicyPack& pack) {
  const absl::Status status = CheckPack(pack);
  if (status.ok()) return {};
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const type::v1::Problem problem = type::ProblemOf(status);
  EXPECT_EQ(problem.reason(), "INVALID_POLICY_PACK");
  std::vector<std::string> fields;
  for (const type::v1::FieldViolation& violation : problem.violations()) {
    EXPECT_FALSE(violation.description().empty());
    fields.push_back(violation.field());
  }
  return fields;
}

v1::Criterion& First(v1::PolicyPack& pack) {
  return *pack.mutable_pathways(0)->mutable_criteria(0);
}

void ExpectFault(const std::string& field, const Break& change) {
  v1::PolicyPack pack = SmallPack();
  change(pack);
  EXPECT_THAT(Faults(pack), ElementsAre(field));
}

void ExpectNoFault(const Break& change) {
  v1::PolicyPack pack = SmallPack();
  change(pack);
  EXPECT_THAT(Faults(pack), IsEmpty());
}

TEST(CheckPack, AcceptsAGoodPack) { EXPECT_THAT(Faults(SmallPack()), IsEmpty()); }

TEST(CheckPack, Ids) {
  const std::pair<std::string, bool> rows[] = {{"a", true},
                                               {"us-refugee-resettlement", true},
                                               {"2023-07-28", true},
                                               {std::string(64, 'a'), true},
                                               {std::string(65, 'a'), false},
                                               {"", false},
                                               {"-a", false},
                                               {"a-", false},
                                               {"A", false},
                                               {"a_b", false},
                                               {"a b", false},
                                               {"a/b", false},
                                               {"\xc3\xa1", false}};
  for (const auto& [id, good] : rows) {
    v1::PolicyPack pack = SmallPack();
    pack.set_version(id);
    pack.mutable_pathways(0)->set_id(id);
    First(pack).set_id(id);
    if (good) {
      EXPECT_THAT(Faults(pack), IsEmpty()) << id;
    } else {
      EXPECT_THAT(Faults(pack),
                  ElementsAre("version", "pathways[0].id", "pathways[0].criteria[0].id"))
          << id;
    }
  }
}

TEST(CheckPack, IdsAreUniqueWhereTheyAreLookedUp) {
  ExpectFault("pathways[1].id",
              [](v1::PolicyPack& pack) { pack.mutable_pathways(1)->set_id("road"); });
  ExpectFault("pathways[1].criteria[1].id", [](v1::PolicyPack& pack) {
    pack.mutable_pathways(1)->mutable_criteria(1)->set_id("nationality");
  });
  ExpectNoFault([](v1::PolicyPack& pack) {
    pack.mutable_pathways(1)->mutable_criteria(1)->set_id("in-mexico");
  });
}

TEST(CheckPack, Texts) {
  using Set = void (*)(v1::PolicyPack&, const std::string&);
  const std::pair<std::string, Set> texts[] = {
      {"title", [](v1::PolicyPack& pack, const std::string& text) { pack.set_title(text); }},
      {"pathways[0].title",
       [](v1::PolicyPack& pack, const std::string& text) {
         pack.mutable_pathways(0)->set_title(text);
       }},
      {"pathways[0].criteria[0].citation",
       [](v1::PolicyPack& pack, const std::string& text) { First(pack).set_citation(text); }},
      {"pathways[0].criteria[0].when_met",
       [](v1::PolicyPack& pack, const std::string& text) { First(pack).set_when_met(text); }},
      {"pathways[0].criteria[0].when_not_met",
       [](v1::PolicyPack& pack, const std::string& text) { First(pack).set_when_not_met(text); }},
      {"pathways[0].criteria[0].when_unknown",
       [](v1::PolicyPack& pack, const std::string& text) { First(pack).set_when_unknown(text); }}};
  for (const auto& [field, set] : texts) {
    ExpectFault(field, [set = set](v1::PolicyPack& pack) { set(pack, ""); });
    ExpectFault(field, [set = set](v1::PolicyPack& pack) { set(pack, " \n"); });
    ExpectFault(field, [set = set](v1::PolicyPack& pack) {
      set(pack, std::string(kTextBytesMax + 1, 'a'));
    });
    ExpectNoFault(
        [set = set](v1::PolicyPack& pack) { set(pack, std::string(kTextBytesMax, 'a')); });
  }
}

TEST(CheckPack, UnitAndConfidence) {
  for (int unit = 0; unit <= v1::ScreeningUnit_MAX + 1; ++unit) {
    const Break change = [unit](v1::PolicyPack& pack) {
      pack.mutable_pathways(0)->set_unit(static_cast<v1::ScreeningUnit>(unit));
    };
    const bool good = unit > 0 && unit <= v1::ScreeningUnit_MAX;
    good ? ExpectNoFault(change) : ExpectFault("pathways[0].unit", change);
  }
  for (int confidence = 0; confidence <= v1::Confidence_MAX + 1; ++confidence) {
    const Break change = [confidence](v1::PolicyPack& pack) {
      First(pack).set_confidence(static_cast<v1::Confidence>(confidence));
    };
    const bool good = confidence > 0 && confidence <= v1::Confidence_MAX;
    good ? ExpectNoFault(change) : ExpectFault("pathways[0].criteria[0].confidence", change);
  }
}

TEST(CheckPack, SourceDates) {
  const std::pair<std::string, bool> rows[] = {{"2023-07-28", true},  {"2024-02-29", true},
                                               {"1900-01-01", true},  {"9999-12-31", true},
                                               {"", false},           {"2023", false},
                                               {"2023-07", false},    {"2023-02-29", false},
                                               {"2023-13-01", false}, {"2023-7-28", false},
                                               {"28/07/2023", false}, {" 2023-07-28", false},
                                               {"0000-01-01", false}, {"12023-07-28", false},
                                               {"-023-07-28", false}, {"2023-07-28T00", false}};
  for (const auto& [date, good] : rows) {
    SCOPED_TRACE(date);
    const Break change = [date = date](v1::PolicyPack& pack) { First(pack).set_source_date(date); };
    good ? ExpectNoFault(change) : ExpectFault("pathways[0].criteria[0].source_date", change);
  }
}

TEST(CheckPack, Counts) {
  ExpectFault("pathways", [](v1::PolicyPack& pack) { pack.clear_pathways(); });
  ExpectFault("pathways[0].criteria",
              [](v1::PolicyPack& pack) { pack.mutable_pathways(0)->clear_criteria(); });
  const auto with_pathways = [](int count) {
    return [count](v1::PolicyPack& pack) {
      while (pack.pathways_size() < count) {
        v1::Pathway pathway = pack.pathways(0);
        pathway.set_id(absl::StrCat("road-", pack.pathways_size()));
        *pack.add_pathways() = pathway;
      }
    };
  };
  ExpectNoFault(with_pathways(kPathwaysMax));
  ExpectFault("pathways", with_pathways(kPathwaysMax + 1));
  const auto with_criteria = [](int count) {
    return [count](v1::PolicyPack& pack) {
      v1::Pathway& pathway = *pack.mutable_pathways(0);
      while (pathway.criteria_size() < count) {
        v1::Criterion criterion = pathway.criteria(0);
        criterion.set_id(absl::StrCat("criterion-", pathway.criteria_size()));
        *pathway.add_criteria() = criterion;
      }
    };
  };
  ExpectNoFault(with_criteria(kCriteriaMax));
  ExpectFault("pathways[0].criteria", with_criteria(kCriteriaMax + 1));
}

// The pack whose first predicate is the given one.
Break WithPredicate(const v1::Predicate& predicate) {
  return [predicate](v1::PolicyPack& pack) { *First(pack).mutable_predicate() = predicate; };
}

TEST(CheckPack, Predicates) {
  const std::pair<std::string, std::string> rows[] = {
      // Predicate; place of its fault, if any.
      {"", ""},
      {"yes: QUESTION_FACT_SEEKS_WORK", "-"},
      {"yes: QUESTION_FACT_UNSPECIFIED", ".yes"},
      {"all {}", ".all.of"},
      {"any {}", ".any.of"},
      {"all { of { yes: QUESTION_FACT_SEEKS_WORK } of {} }", ".all.of[1]"},
      {"any { of {} of { yes: QUESTION_FACT_SEEKS_WORK } }", ".any.of[0]"},
      {"not {}", ".not"},
      {"ask_unless {}", ".ask_unless"},
      {"not { all { of { ask_unless { any {} } } } }", ".not.all.of[0].ask_unless.any.of"},
      {"nationality_in {}", ".nationality_in.of"},
      {R"pb(nationality_in { of: "CUB" of: "XXA" })pb", "-"},
      {R"pb(nationality_in { of: "CUB" of: "CUB" })pb", ".nationality_in.of[1]"},
      {R"pb(nationality_in { of: "CUB" of: "cub" })pb", ".nationality_in.of[1]"},
      {R"pb(nationality_in { of: "CU" })pb", ".nationality_in.of[0]"},
      {R"pb(nationality_in { of: "CUBA" })pb", ".nationality_in.of[0]"},
      {R"pb(nationality_in { of: "CU1" })pb", ".nationality_in.of[0]"},
      {R"pb(nationality_in { of: "" })pb", ".nationality_in.of[0]"},
      {"age_band_in {}", ".age_band_in.of"},
      {"age_band_in { of: AGE_BAND_0_4 of: AGE_BAND_5_11 of: AGE_BAND_12_17 of: AGE_BAND_18_20 "
       "of: AGE_BAND_21_59 of: AGE_BAND_60_PLUS }",
       "-"},
      {"age_band_in { of: AGE_BAND_UNSPECIFIED }", ".age_band_in.of[0]"},
      {"age_band_in { of: AGE_BAND_0_4 of: AGE_BAND_UNKNOWN }", ".age_band_in.of[1]"},
      {"age_band_in { of: AGE_BAND_0_4 of: AGE_BAND_0_4 }", ".age_band_in.of[1]"},
      {"refugee_claim_in {}", ".refugee_claim_in.of"},
      {"refugee_claim_in { of: REFUGEE_CLAIM_NONE of: REFUGEE_CLAIM_FILED "
       "of: REFUGEE_CLAIM_RECOGNISED of: REFUGEE_CLAIM_REFUSED }",
       "-"},
      {"refugee_claim_in { of: REFUGEE_CLAIM_UNSPECIFIED }", ".refugee_claim_in.of[0]"},
      {"refugee_claim_in { of: REFUGEE_CLAIM_NONE of: REFUGEE_CLAIM_NONE }",
       ".refugee_claim_in.of[1]"},
      {"entered_on_or_before {}", ".entered_on_or_before"},
      {"entered_on_or_before { year: 2023 }", ".entered_on_or_before"},
      {"entered_on_or_before { year: 2023 month: 7 }", ".entered_on_or_before"},
      {"entered_on_or_before { year: 2023 month: 2 day: 29 }", ".entered_on_or_before"},
      {"entered_on_or_before { year: 2024 month: 2 day: 29 }", "-"}};
  for (const auto& [predicate, place] : rows) {
    SCOPED_TRACE(predicate);
    const Break change = WithPredicate(Parse<v1::Predicate>(predicate));
    if (place == "-") {
      ExpectNoFault(change);
    } else {
      ExpectFault(absl::StrCat("pathways[0].criteria[0].predicate", place), change);
    }
  }
}

TEST(CheckPack, PredicatesOfANewerVersionAreRefused) {
  v1::Predicate question;
  question.set_yes(static_cast<v1::QuestionFact>(v1::QuestionFact_MAX + 1));
  ExpectFault("pathways[0].criteria[0].predicate.yes", WithPredicate(question));
  v1::Predicate band;
  band.mutable_age_band_in()->add_of(static_cast<type::v1::AgeBand>(type::v1::AgeBand_MAX + 1));
  ExpectFault("pathways[0].criteria[0].predicate.age_band_in.of[0]", WithPredicate(band));
  v1::Predicate claim;
  claim.mutable_refugee_claim_in()->add_of(
      static_cast<type::v1::RefugeeClaim>(type::v1::RefugeeClaim_MAX + 1));
  ExpectFault("pathways[0].criteria[0].predicate.refugee_claim_in.of[0]", WithPredicate(claim));
}

TEST(CheckPack, SizesOfSets) {
  const std::pair<int, bool> lists[] = {{20, true}, {21, false}};
  for (const auto& [count, good] : lists) {
    v1::Predicate predicate;
    for (int i = 0; i < count; ++i) {
      predicate.mutable_any()->add_of()->set_yes(v1::QUESTION_FACT_IN_MEXICO);
    }
    const Break change = WithPredicate(predicate);
    good ? ExpectNoFault(change) : ExpectFault("pathways[0].criteria[0].predicate.any.of", change);
  }
  const std::pair<int, bool> codes[] = {{300, true}, {301, false}};
  for (const auto& [count, good] : codes) {
    v1::Predicate predicate;
    for (int i = 0; i < count; ++i) {
      predicate.mutable_nationality_in()->add_of(
          std::string{'A', static_cast<char>('A' + i / 26), static_cast<char>('A' + i % 26)});
    }
    const Break change = WithPredicate(predicate);
    good ? ExpectNoFault(change)
         : ExpectFault("pathways[0].criteria[0].predicate.nationality_in.of", change);
  }
}

TEST(CheckPack, DepthOfPredicates) {
  const char* const kinds[] = {"not", "ask_unless", "all", "any"};
  for (const std::string kind : kinds) {
    std::string text = "yes: QUESTION_FACT_IN_MEXICO";
    std::string place = "pathways[0].criteria[0].predicate";
    const bool list = kind == "all" || kind == "any";
    for (int depth = 1; depth < kPredicateDepthMax; ++depth) {
      text = list ? absl::StrCat(kind, " { of { ", text, " } }")
                  : absl::StrCat(kind, " { ", text, " }");
      absl::StrAppend(&place, ".", kind, list ? ".of[0]" : "");
    }
    ExpectNoFault(WithPredicate(Parse<v1::Predicate>(text)));
    text =
        list ? absl::StrCat(kind, " { of { ", text, " } }") : absl::StrCat(kind, " { ", text, " }");
    absl::StrAppend(&place, ".", kind, list ? ".of[0]" : "");
    ExpectFault(place, WithPredicate(Parse<v1::Predicate>(text)));
  }
}

TEST(CheckPack, TellsEveryFaultAtOnceInTheOrderOfTheFile) {
  EXPECT_THAT(Faults(v1::PolicyPack()), ElementsAre("version", "title", "pathways"));
  v1::PolicyPack pack;
  pack.set_version("v");
  pack.set_title("t");
  pack.add_pathways()->add_criteria();
  EXPECT_THAT(
      Faults(pack),
      ElementsAre("pathways[0].id", "pathways[0].title", "pathways[0].unit",
                  "pathways[0].criteria[0].id", "pathways[0].criteria[0].predicate",
                  "pathways[0].criteria[0].citation", "pathways[0].criteria[0].source_date",
                  "pathways[0].criteria[0].confidence", "pathways[0].criteria[0].when_met",
                  "pathways[0].criteria[0].when_not_met", "pathways[0].criteria[0].when_unknown"));
}

}  // namespace
}  // namespace pathways::eligibility
