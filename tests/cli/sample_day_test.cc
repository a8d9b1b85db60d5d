// Goal: the sample day gives what its generator says, which knows nothing of this code: the same
// refused cells, outcomes, referrals and, by the agencies' scripts, states. Method: read the file
// as on its day and on later ones, and files of other days as on theirs; screen every good
// household by the pack of the tree; walk every script through the referral machine; compare all
// counts at once.
#include "tests/support/sample_day.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/cli/csv_rows.h"
#include "services/cli/line_reader.h"
#include "services/eligibility/domain/evaluate.h"
#include "services/eligibility/policy_file.h"
#include "services/intake/domain/validate.h"
#include "services/referral/domain/machine.h"
#include "services/referral/domain/validate.h"
#include "services/referral/routes_file.h"
#include "tests/cli/import_support.h"
#include "tests/support/facts.h"
#include "tests/support/temp_folder.h"

namespace pathways::cli {
namespace {

using ::testing::ContainerEq;
using ::testing::IsEmpty;

constexpr char kSource[] = PATHWAYS_SOURCE_DIR;

std::string Samples() { return absl::StrCat(kSource, "/samples"); }
std::string Sample(const char* name) { return absl::StrCat(Samples(), "/", name); }

// By path within expected.json, for example screened/mx-labour/MEETS.
using Counts = std::map<std::string, int64_t>;

struct Outcome {
  Counts counts;
  std::set<std::string> refused;  // line:column
};

void AddNumbers(const google::protobuf::Struct& from, const std::string& path, Counts& counts) {
  for (const auto& [name, value] : from.fields()) {
    if (value.has_number_value()) counts[path + name] = static_cast<int64_t>(value.number_value());
    if (value.has_struct_value()) {
      AddNumbers(value.struct_value(), absl::StrCat(path, name, "/"), counts);
    }
  }
}

Outcome Expected(const std::string& folder) {
  std::ifstream file(folder + "/expected.json");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  google::protobuf::Struct json;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(text, &json).ok());
  Outcome expected;
  AddNumbers(json, "", expected.counts);
  for (const auto& row : json.fields().at("refused_rows").list_value().values()) {
    const auto& fields = row.struct_value().fields();
    const auto line = static_cast<int64_t>(fields.at("line").number_value());
    expected.refused.insert(absl::StrCat(line, ":", fields.at("column").string_value()));
  }
  return expected;
}

std::string Short(absl::string_view name, absl::string_view prefix) {
  return std::string(absl::StripPrefix(name, prefix));
}

// What the sample day needs beside its own file.
struct Setting {
  std::shared_ptr<const eligibility::Rules> rules;
  std::map<std::string, std::string> agencies;  // By pathway.
};

Setting Load() {
  auto rules = eligibility::LoadRules(absl::StrCat(kSource, "/policies/2023-07-28"));
  auto routes = referral::LoadRoutes(Sample("agencies.textproto"));
  EXPECT_TRUE(rules.ok()) << rules.status();
  EXPECT_TRUE(routes.ok()) << routes.status();
  Setting setting;
  if (!rules.ok() || !routes.ok()) return setting;
  setting.rules = *std::move(rules);
  for (const referral::v1::Agency& agency : routes->agencies()) {
    for (const std::string& pathway : agency.pathways()) setting.agencies[pathway] = agency.id();
  }
  return setting;
}

void CountScreening(const Setting& setting, const type::v1::CaseFacts& facts, absl::CivilDay today,
                    Counts& counts) {
  for (const auto& determination : setting.rules->Screen(facts, {today, today}).determinations) {
    const std::string outcome =
        Short(eligibility::v1::Outcome_Name(determination.outcome()), "OUTCOME_");
    ++counts[absl::StrCat("screened/", determination.pathway(), "/", outcome)];
    if (determination.outcome() == eligibility::v1::OUTCOME_MEETS && facts.consent()) {
      ++counts[absl::StrCat("referrals/", setting.agencies.at(determination.pathway()))];
    }
  }
}

Outcome ReadDay(const Setting& setting, const std::string& folder, absl::CivilDay today) {
  const Reading reading = ReadPath(folder + "/tapachula-day.csv", today);
  EXPECT_TRUE(reading.open.ok()) << reading.open;
  EXPECT_TRUE(reading.status.ok()) << reading.status;
  EXPECT_THAT(reading.ignored, IsEmpty());
  Outcome outcome;
  for (const ImportItem& item : reading.items) {
    ++outcome.counts["households"];
    outcome.counts["people"] += static_cast<int64_t>(item.lines.size());
    for (const RowError& error : item.errors) {
      outcome.refused.insert(absl::StrCat(error.line, ":", error.column));
    }
    if (!item.errors.empty()) {
      ++outcome.counts["refused_households"];
      continue;
    }
    ++outcome.counts["registered_households"];
    outcome.counts["registered_people"] += static_cast<int64_t>(item.lines.size());
    type::Violations violations;
    const auto checked = intake::CheckCase(item.request.case_(), *SampleFacts(), today, violations);
    EXPECT_THAT(violations.found(), IsEmpty()) << "line " << item.first_line;
    if (!checked.facts.consent()) ++outcome.counts["registered_without_consent"];
    CountScreening(setting, checked.facts, today, outcome.counts);
  }
  return outcome;
}

struct Script {
  int64_t share = 0;
  std::string state;  // In which it leaves a referral.
};

// Takes the steps of a script from SUBMITTED on; each must be valid and have an effect.
std::string Walk(const std::string& actions) {
  referral::v1::ReferralState state = referral::v1::REFERRAL_STATE_SUBMITTED;
  for (const absl::string_view step : absl::StrSplit(actions, '>', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(step, absl::MaxSplits(':', 1));
    const std::string name = parts.first == "STAGE" ? "REPORT_STAGE" : parts.first;
    referral::v1::ReferralAction action{};
    EXPECT_TRUE(referral::v1::ReferralAction_Parse(absl::StrCat("REFERRAL_ACTION_", name), &action))
        << step;
    referral::v1::ReferralActionCommand command;
    command.set_action(action);
    if (name == "REPORT_STAGE") {
      command.set_stage(parts.second);
    } else if (name == "RETURN") {
      for (const auto field : absl::StrSplit(parts.second, '|')) {
        command.add_fields_to_correct(std::string(field));
      }
    } else {
      command.set_reason_code(parts.second);
    }
    EXPECT_TRUE(referral::ValidateAction(command).ok()) << step;
    EXPECT_EQ(referral::ActorOf(action), referral::Actor::kAgency) << step;
    const referral::Transition transition = referral::TransitionOf(state, action);
    EXPECT_TRUE(transition.step == referral::Step::kMoves ||
                transition.step == referral::Step::kKeeps)
        << actions << " at " << step;
    state = transition.next;
  }
  return Short(referral::v1::ReferralState_Name(state), "REFERRAL_STATE_");
}

std::map<std::string, std::vector<Script>> Scripts() {
  std::map<std::string, std::vector<Script>> scripts;
  auto lines = LineReader::Open(Sample("agency-answers.csv"));
  EXPECT_TRUE(lines.ok()) << lines.status();
  if (!lines.ok()) return scripts;
  CsvRows rows(*std::move(lines), ',');
  while (true) {
    auto row = rows.Next();
    EXPECT_TRUE(row.ok()) << row.status();
    if (!row.ok() || !*row) return scripts;
    const auto& fields = (*row)->fields;
    EXPECT_EQ(fields.size(), 4U);
    if (fields.size() != 4 || fields[0] == "agency") continue;
    Script script{.state = Walk(fields[2])};
    EXPECT_TRUE(absl::SimpleAtoi(fields[1], &script.share));
    scripts[fields[0]].push_back(script);
  }
}

// By the rule of samples/README.md.
void CountStates(Counts& counts) {
  for (const auto& [agency, scripts] : Scripts()) {
    int64_t shares = 0;
    for (const Script& script : scripts) shares += script.share;
    EXPECT_EQ(shares, 100) << agency;
    const int64_t referrals = counts[absl::StrCat("referrals/", agency)];
    for (int64_t i = 0; i < referrals; ++i) {
      int64_t left = i * 37 % 100;
      for (const Script& script : scripts) {
        left -= script.share;
        if (left >= 0) continue;
        ++counts[absl::StrCat("referral_states/", agency, "/", script.state)];
        break;
      }
    }
  }
}

// With the referrals' states.
Outcome ScreenedDay(const Setting& setting, const std::string& folder, absl::CivilDay today) {
  Outcome outcome = ReadDay(setting, folder, today);
  CountStates(outcome.counts);
  return outcome;
}

void ExpectSame(const Outcome& outcome, const Outcome& expected) {
  EXPECT_THAT(outcome.refused, ContainerEq(expected.refused));
  EXPECT_THAT(outcome.counts, ContainerEq(expected.counts));
}

// What is known of the same people when the filing period of each has ended.
Outcome AfterFilingPeriods(Outcome outcome) {
  Counts counts = {{"referrals/comar", 0}};
  for (const auto& [name, count] : outcome.counts) {
    if (absl::StrContains(name, "/comar")) continue;
    const bool meets = name == "screened/mx-refugee-status/MEETS";
    counts[meets ? "screened/mx-refugee-status/NEEDS_INFORMATION" : name] += count;
  }
  outcome.counts = std::move(counts);
  return outcome;
}

TEST(SampleDay, GivesWhatItsGeneratorSaysAndLaterAsksWhoIsLate) {
  const Setting setting = Load();
  const Outcome expected = Expected(Samples());
  ASSERT_EQ(expected.counts.at("people"), 1500);
  ExpectSame(ScreenedDay(setting, Samples(), absl::CivilDay(2023, 8, 14)), expected);
  for (const absl::CivilDay today : {absl::CivilDay(2024, 1, 1), absl::CivilDay(2027, 7, 1),
                                     absl::CivilDay(2031, 2, 28), absl::CivilDay(2035, 12, 31)}) {
    SCOPED_TRACE(absl::FormatCivilTime(today));
    ExpectSame(ScreenedDay(setting, Samples(), today), AfterFilingPeriods(expected));
  }
}

// Ten days, for who plays it may not do so at once.
TEST(SampleDay, OfAnotherDayGivesWhatItsGeneratorSaysForTenDays) {
  const Setting setting = Load();
  for (const absl::CivilDay day :
       {absl::CivilDay(2024, 2, 29), absl::CivilDay(2027, 1, 1), absl::CivilDay(2030, 12, 21)}) {
    SCOPED_TRACE(absl::FormatCivilTime(day));
    const testing_support::TempFolder folder;
    ASSERT_TRUE(testing_support::WriteSampleDay(absl::FormatCivilTime(day), folder.path()));
    const Outcome expected = Expected(folder.path());
    EXPECT_GT(expected.counts.at("referrals/comar"), 0);
    for (const int later : {0, 1, 10}) {
      SCOPED_TRACE(later);
      ExpectSame(ScreenedDay(setting, folder.path(), day + later), expected);
    }
  }
}

}  // namespace
}  // namespace pathways::cli
