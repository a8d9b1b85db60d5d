// Goal: a pack with a fault is refused, and every fault is told at its place. Method: a good pack,
// broken in one place per row; each bound has a row on either side.
#include "services/eligibility/domain/policy_check.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/eligibility/domain/predicate_check.h"
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
  AddFacts(pack);
  AddTexts(pack);
  EXPECT_THAT(Faults(pack), ElementsAre(field));
}

// What is said of the one field at fault.
std::string DescriptionOf(const std::string& field, const Break& change) {
  v1::PolicyPack pack = SmallPack();
  change(pack);
  AddFacts(pack);
  AddTexts(pack);
  const type::v1::Problem problem = type::ProblemOf(CheckPack(pack));
  if (problem.violations_size() != 1) return absl::StrCat(problem.violations_size(), " faults");
  EXPECT_EQ(problem.violations(0).field(), field);
  return problem.violations(0).description();
}

void ExpectNoFault(const Break& change) {
  v1::PolicyPack pack = SmallPack();
  change(pack);
  AddFacts(pack);
  AddTexts(pack);
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
      AddTexts(pack);
      EXPECT_THAT(Faults(pack), IsEmpty()) << id;
    } else {
      EXPECT_THAT(Faults(pack), ::testing::IsSupersetOf(
                                    {"version", "pathways[0].id", "pathways[0].criteria[0].id"}))
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
      {"sources[0].citation",
       [](v1::PolicyPack& pack, const std::string& text) {
         pack.mutable_sources(0)->set_citation(text);
       }},
      {"authorities[0].name", [](v1::PolicyPack& pack, const std::string& text) {
         pack.mutable_authorities(0)->set_name(text);
       }}};
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
      {"yes: 'seeks_work'", "-"},
      {"yes: 'unspecified'", ".yes"},
      {"all {}", ".all.of"},
      {"any {}", ".any.of"},
      {"all { of { yes: 'seeks_work' } of {} }", ".all.of[1]"},
      {"any { of {} of { yes: 'seeks_work' } }", ".any.of[0]"},
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
      // A set of all there are is always true.
      {"age_band_in { of: AGE_BAND_0_4 of: AGE_BAND_5_11 of: AGE_BAND_12_17 of: AGE_BAND_18_20 "
       "of: AGE_BAND_21_59 of: AGE_BAND_60_PLUS }",
       ""},
      {"age_band_in { of: AGE_BAND_UNSPECIFIED }", ".age_band_in.of[0]"},
      {"age_band_in { of: AGE_BAND_0_4 of: AGE_BAND_UNKNOWN }", ".age_band_in.of[1]"},
      {"age_band_in { of: AGE_BAND_0_4 of: AGE_BAND_0_4 }", ".age_band_in.of[1]"},
      {"refugee_claim_in {}", ".refugee_claim_in.of"},
      {"refugee_claim_in { of: REFUGEE_CLAIM_NONE of: REFUGEE_CLAIM_FILED "
       "of: REFUGEE_CLAIM_RECOGNISED of: REFUGEE_CLAIM_REFUSED }",
       ""},
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
  question.set_yes("zodiac");
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
  const std::array<std::string, 21> countries = {"ARG", "BLZ", "BOL", "BRA", "CHL", "COL", "CRI",
                                                 "CUB", "DOM", "ECU", "GTM", "HND", "HTI", "NIC",
                                                 "PAN", "PER", "PRY", "SLV", "URY", "VEN", "XXA"};
  for (const auto& [count, good] : {std::pair(20, true), std::pair(21, false)}) {
    v1::Predicate predicate;
    for (int i = 0; i < count; ++i) {
      predicate.mutable_any()->add_of()->mutable_nationality_in()->add_of(
          countries[static_cast<size_t>(i)]);
    }
    const Break change = WithPredicate(predicate);
    good ? ExpectNoFault(change) : ExpectFault("pathways[0].criteria[0].predicate.any.of", change);
  }
}

TEST(CheckPack, CodesThatNobodyCanHave) {
  const std::tuple<std::string, std::string, bool> rows[] = {
      {"nationality_in", "COL", true},  {"nationality_in", "COI", false},
      {"nationality_in", "col", false}, {"nationality_in", "XXA", true},
      {"nationality_in", "XXX", false}, {"state_in", "MX-CHP", true},
      {"state_in", "MX-CHI", false},    {"need_in", "CR-CP", true},
      {"need_in", "CR", true},          {"need_in", "CR-XX", false}};
  for (const auto& [condition, code, good] : rows) {
    v1::Predicate predicate;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        absl::StrCat(condition, " { of: '", code, "' }"), &predicate));
    const Break change = WithPredicate(predicate);
    good ? ExpectNoFault(change)
         : ExpectFault(absl::StrCat("pathways[0].criteria[0].predicate.", condition, ".of[0]"),
                       change);
  }
}

TEST(CheckPack, ASourceHasADateOrACopyThatBearsNone) {
  const auto source = [](const std::string& url, int year) {
    return [=](v1::PolicyPack& pack) {
      v1::Source& source = *pack.mutable_sources(0);
      source.set_url(url);
      source.clear_date();
      if (year != 0) source.mutable_date()->set_year(year);
    };
  };
  ExpectNoFault(source("a copy", 2011));
  ExpectNoFault(source("a copy", 0));
  ExpectNoFault(source("", 2011));
  ExpectFault("sources[0].date", source("", 0));
  ExpectFault("sources[0].date", source("a copy", 99'999));
}

TEST(CheckPack, DepthOfPredicates) {
  const char* const kinds[] = {"not", "ask_unless", "all", "any"};
  for (const std::string kind : kinds) {
    std::string text = "yes: 'in_mexico'";
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

TEST(CheckPack, TellsEveryFaultAtOnceInTheOrderOfThePack) {
  v1::PolicyPack pack = SmallPack();
  pack.clear_version();
  pack.clear_title();
  pack.mutable_pathways(0)->clear_unit();
  First(pack).clear_predicate();
  First(pack).clear_source();
  pack.mutable_pathways(1)->clear_authority();
  EXPECT_THAT(Faults(pack), ElementsAre("version", "title", "pathways[0].unit",
                                        "pathways[0].criteria[0].predicate",
                                        "pathways[0].criteria[0].source", "pathways[1].authority"));
}

// A status period of the first pathway.
v1::StatusPeriod& AddStatus(v1::PolicyPack& pack, const std::string& text) {
  v1::StatusPeriod& period = *pack.mutable_pathways(0)->add_statuses();
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &period)) << text;
  period.set_source("book");
  return period;
}

std::function<void(v1::PolicyPack&)> WithStatuses(const std::vector<std::string>& periods) {
  return [=](v1::PolicyPack& pack) {
    pack.mutable_pathways(0)->clear_statuses();
    for (const std::string& period : periods) AddStatus(pack, period);
  };
}

TEST(CheckPack, StatusesMustNotOverlapOnDaysOnWhichBothAreKnown) {
  const std::string until =
      "status: PATHWAY_STATUS_ACTIVE confidence: CONFIDENCE_S1 "
      "in_force { until { year: 2023 month: 7 day: 1 } }";
  const std::string same_day =
      "status: PATHWAY_STATUS_SUSPENDED confidence: CONFIDENCE_S1 "
      "in_force { from { year: 2023 month: 7 day: 1 } }";
  const std::string day_before =
      "status: PATHWAY_STATUS_SUSPENDED confidence: CONFIDENCE_S1 "
      "in_force { from { year: 2023 month: 6 day: 30 } }";
  const std::string always = "status: PATHWAY_STATUS_ACTIVE confidence: CONFIDENCE_S1 ";
  const std::string learned_on_9 = " known { from { year: 2023 month: 7 day: 9 } }";
  ExpectNoFault(WithStatuses({until, same_day}));
  ExpectFault("pathways[0].statuses[1].in_force", WithStatuses({until, day_before}));
  ExpectNoFault(WithStatuses({always + "known { until { year: 2023 month: 7 day: 9 } }",
                              until + learned_on_9, same_day + learned_on_9}));
  ExpectFault("pathways[0].statuses[2].in_force",
              WithStatuses({always + "known { until { year: 2023 month: 7 day: 10 } }",
                            until + " known { from { year: 2023 month: 7 day: 10 } }",
                            same_day + learned_on_9}));
}

TEST(CheckPack, StatusesLeaveNoDayWithoutOneAsKnownOnAnyDay) {
  const std::string active =
      "status: PATHWAY_STATUS_ACTIVE confidence: CONFIDENCE_S1 "
      "in_force { from { year: 2023 month: 7 day: 7 } ";
  const std::string ended =
      "status: PATHWAY_STATUS_TERMINATED confidence: CONFIDENCE_S1 "
      "in_force { from { year: 2023 month: 7 day: 15 } } "
      "known { from { year: 2023 month: 7 day: 15 } }";
  const std::string until = "until { year: 2023 month: 7 day: 15 } } ";
  const auto hole = [](const std::string& days) {
    return "must say what the pathway is on " + days;
  };
  // The end was not known before it came.
  EXPECT_THAT(DescriptionOf("pathways[0].statuses", WithStatuses({active + until, ended})),
              hole("2023-07-15, as known on 2023-07-14"));
  // And of what came before the end nothing is left.
  EXPECT_THAT(
      DescriptionOf(
          "pathways[0].statuses",
          WithStatuses({active + "} known { until { year: 2023 month: 7 day: 15 } }", ended})),
      hole("2023-07-07, as known on 2023-07-15"));
  // It stops, and nothing follows.
  EXPECT_THAT(DescriptionOf("pathways[0].statuses", WithStatuses({active + until})),
              hole("2023-07-15, as known on any day"));
  ExpectNoFault(
      WithStatuses({active + "} known { until { year: 2023 month: 7 day: 15 } }",
                    active + until + "known { from { year: 2023 month: 7 day: 15 } }", ended}));
}

TEST(CheckPack, WeakSourcesProposeAndReportOnly) {
  for (int status = 1; status < v1::PathwayStatus_ARRAYSIZE; ++status) {
    for (const v1::Confidence confidence : {v1::CONFIDENCE_S2, v1::CONFIDENCE_S3}) {
      const Break change = [&](v1::PolicyPack& pack) {
        v1::StatusPeriod& period = *pack.mutable_pathways(0)->mutable_statuses(0);
        period.set_status(static_cast<v1::PathwayStatus>(status));
        period.set_confidence(confidence);
      };
      const bool good = confidence == v1::CONFIDENCE_S2 || status == v1::PATHWAY_STATUS_PROPOSED ||
                        status == v1::PATHWAY_STATUS_REPORTED;
      good ? ExpectNoFault(change) : ExpectFault("pathways[0].statuses[0].status", change);
    }
  }
}

TEST(CheckPack, NothingIsReferredToABodyThatControlsMigration) {
  for (const v1::AuthorityKind kind :
       {v1::AUTHORITY_KIND_PROTECTION, v1::AUTHORITY_KIND_SERVICE, v1::AUTHORITY_KIND_MIGRATION,
        v1::AUTHORITY_KIND_ENFORCEMENT}) {
    for (const v1::ReferralMode mode : {v1::REFERRAL_MODE_REFER, v1::REFERRAL_MODE_INFORM}) {
      v1::PolicyPack pack = SmallPack();
      pack.mutable_pathways()->RemoveLast();
      pack.mutable_authorities(0)->set_kind(kind);
      pack.mutable_pathways(0)->set_mode(mode);
      const bool controls =
          kind == v1::AUTHORITY_KIND_MIGRATION || kind == v1::AUTHORITY_KIND_ENFORCEMENT;
      const bool good = !controls || mode == v1::REFERRAL_MODE_INFORM;
      EXPECT_EQ(Faults(pack),
                good ? std::vector<std::string>{} : std::vector<std::string>{"pathways[0].mode"});
    }
  }
  ExpectFault("authorities[1].kind", [](v1::PolicyPack& pack) {
    v1::Authority& authority = *pack.add_authorities();
    authority.set_id("inm");
    authority.set_name("INM");
    authority.set_kind(v1::AUTHORITY_KIND_SERVICE);
  });
}

TEST(CheckPack, EveryTextIsThereInEveryLanguage) {
  for (int language = 0; language < 3; ++language) {
    v1::PolicyPack pack = SmallPack();
    auto& texts = *pack.mutable_catalogues(language)->mutable_texts();
    for (int i = 0; i < texts.size(); ++i) {
      if (texts.Get(i).key() != "road.in-mexico.ask") continue;
      texts.DeleteSubrange(i, 1);
    }
    EXPECT_THAT(Faults(pack), ElementsAre("pathways[0].criteria[0].message")) << language;
  }
}

TEST(CheckPack, InteractionsNameStepsAndPathwaysThatExist) {
  const auto with = [](const std::string& step, const std::string& pathway, v1::Effect effect,
                       v1::Confidence confidence) {
    return [=](v1::PolicyPack& pack) {
      v1::Step& taken = *pack.add_steps();
      taken.set_id("leave");
      taken.set_message("step.leave");
      v1::Interaction& interaction = *pack.add_interactions();
      interaction.set_id("leave-closes-road");
      interaction.set_step(step);
      interaction.set_pathway(pathway);
      interaction.set_effect(effect);
      interaction.set_confidence(confidence);
      interaction.set_source("book");
      interaction.set_message("interaction.leave");
    };
  };
  ExpectNoFault(with("leave", "road", v1::EFFECT_CLOSES, v1::CONFIDENCE_S1));
  ExpectFault("interactions[0].step", with("go", "road", v1::EFFECT_CLOSES, v1::CONFIDENCE_S1));
  ExpectFault("interactions[0].pathway",
              with("leave", "street", v1::EFFECT_CLOSES, v1::CONFIDENCE_S1));
  ExpectFault("interactions[0].effect", with("leave", "road", v1::EFFECT_CLOSES, v1::CONFIDENCE_K));
  ExpectNoFault(with("leave", "road", v1::EFFECT_ENDANGERS, v1::CONFIDENCE_K));
}

}  // namespace
}  // namespace pathways::eligibility
