// Goal: no pack and no facts, however broken, bring the check, the compiler or the evaluator down,
// and what the check accepts can be screened with. Method: packs and files with random faults
// and facts of random bytes, by seed; a failure is a seed that anyone can run again.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/eligibility/domain/interactions.h"
#include "services/eligibility/explain.h"
#include "services/eligibility/policy_file.h"
#include "tests/eligibility/builders.h"
#include "tests/eligibility/random_facts.h"
#include "tests/support/answers.h"

namespace pathways::eligibility {
namespace {

// A pack with every kind of condition. The texts are left out: they are many and all alike, and a
// few faults in them would be all that is tried.
v1::PolicyPack Pack() {
  v1::PolicyPack pack = PackOf(R"pb(
    any {
      of {
        all {
          of { yes: 'seeks_work' }
          of { state_in { of: "MX-CHP" } }
        }
      }
      of { not { nationality_in { of: "CUB" of: "HTI" } } }
      of { ask_unless { entered_on_or_before { year: 2023 month: 7 day: 28 } } }
      of { within { date: 'entry_date' days: 30 calendar: "working" } }
      of {
        members {
          where { age_band_in { of: AGE_BAND_0_4 } }
          at_least: 1
        }
      }
    }
  )pb");
  v1::Calendar& calendar = *pack.add_calendars();
  calendar = Parse<v1::PolicyPack>(R"pb(
               calendars {
                 id: "working"
                 version: 1
                 title: "Working days"
                 business_weekdays: 1
                 business_weekdays: 2
                 holidays { year: 2023 month: 7 day: 4 }
                 covers {
                   from { year: 2023 month: 1 day: 1 }
                   until { year: 2024 month: 1 day: 1 }
                 }
                 source: "book"
               }
             )pb")
                 .calendars(0);
  v1::Step& step = *pack.add_steps();
  step.set_id("leave");
  step.set_message("step.leave");
  SetAnswer(*step.mutable_sets(), "seeks_work", false);
  pack.clear_catalogues();
  return pack;
}

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Every message of a tree, the root first.
void Collect(Message& message, std::vector<Message*>& all) {
  all.push_back(&message);
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* const field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const auto* const reflection = message.GetReflection();
    if (!field->is_repeated()) Collect(*reflection->MutableMessage(&message, field), all);
    if (!field->is_repeated()) continue;
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      Collect(*reflection->MutableRepeatedMessage(&message, field, i), all);
    }
  }
}

// Puts an odd value into a field, adds one, or takes it away.
void Break(Message& message, const FieldDescriptor& field, Random& random) {
  static constexpr int kNumbers[] = {0, -1, 1, 5, 31, 63, 64, 9999, 36'500, 2147483647};
  static constexpr const char* kTexts[] = {"", "x", "MEX", "book", "working", "road", "\xff", "{"};
  const auto* const reflection = message.GetReflection();
  const int number = kNumbers[Below(random, std::size(kNumbers))];
  const char* const text = kTexts[Below(random, std::size(kTexts))];
  if (Below(random, 3) == 0) return reflection->ClearField(&message, &field);
  const bool list = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return list ? reflection->AddInt32(&message, &field, number)
                  : reflection->SetInt32(&message, &field, number);
    case FieldDescriptor::CPPTYPE_ENUM:
      return list ? reflection->AddEnumValue(&message, &field, number)
                  : reflection->SetEnumValue(&message, &field, number);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->SetBool(&message, &field, number != 0);
    case FieldDescriptor::CPPTYPE_STRING:
      return list ? reflection->AddString(&message, &field, text)
                  : reflection->SetString(&message, &field, text);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (list) {
        Message& added = *reflection->AddMessage(&message, &field);
        const int size = reflection->FieldSize(message, &field);
        added.CopyFrom(reflection->GetRepeatedMessage(message, &field, Below(random, size)));
      } else {
        reflection->MutableMessage(&message, &field);
      }
      return;
    default:
      return;
  }
}

void Break(v1::PolicyPack& pack, Random& random) {
  for (int i = 1 + Below(random, 3); i > 0; --i) {
    std::vector<Message*> messages;
    Collect(pack, messages);
    Message& message =
        *messages[static_cast<size_t>(Below(random, static_cast<int>(messages.size())))];
    const auto* const type = message.GetDescriptor();
    Break(message, *type->field(Below(random, type->field_count())), random);
  }
}

// Screens and explains somebody with what the check accepted.
void Use(const Rules& rules, Random& random, unsigned seed) {
  const absl::CivilDay day = absl::CivilDay(2023, 1, 1) + Below(random, 800);
  const RulesOfDay of_day = rules.On({day, day});
  const type::v1::CaseFacts facts = RandomCase(random);
  const Explainer explainer(rules, "es", v1::AUDIENCE_PERSON);
  for (const v1::Determination& determination : of_day.Screen(facts).determinations) {
    EXPECT_NE(determination.outcome(), v1::OUTCOME_UNSPECIFIED) << seed;
    EXPECT_FALSE(explainer.Explain(determination).notice().text().empty()) << seed;
  }
  StepsFor(of_day, facts);
}

TEST(Fuzz, NoPackBringsTheCheckDownAndWhatItAcceptsCanBeUsed) {
  const v1::PolicyPack good = Pack();
  int refused = 0;
  int accepted = 0;
  for (unsigned seed = 0; seed < 5'000; ++seed) {
    Random random(seed);
    v1::PolicyPack pack = good;
    Break(pack, random);
    AddTexts(pack);
    const auto rules = Rules::Compile(pack);
    if (rules.ok()) {
      ++accepted;
      Use(**rules, random, seed);
    } else {
      ++refused;
      EXPECT_EQ(rules.status().code(), absl::StatusCode::kInvalidArgument) << seed;
    }
  }
  EXPECT_GT(accepted, 200);
  EXPECT_GT(refused, 2'000);
}

TEST(Fuzz, NoTextBringsTheLoaderDown) {
  std::string good;
  ASSERT_TRUE(google::protobuf::TextFormat::PrintToString(Pack(), &good));
  std::string folder = absl::StrCat(testing::TempDir(), "/pathways-fuzz-XXXXXX");
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  for (unsigned seed = 0; seed < 1'000; ++seed) {
    Random random(seed);
    std::string text = good;
    for (int i = 1 + Below(random, 4); i > 0; --i) {
      const auto at = static_cast<size_t>(Below(random, static_cast<int>(text.size())));
      Below(random, 2) == 0 ? text.erase(at, static_cast<size_t>(1 + Below(random, 40)))
                            : text.insert(at, 1, static_cast<char>(Below(random, 256)));
    }
    std::ofstream(folder + "/pack.textproto", std::ios::binary) << text;
    const absl::Status status = LoadPack(folder).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << seed;
    EXPECT_NE(std::string(status.message()).find("pack.textproto:"), std::string::npos) << seed;
  }
  std::filesystem::remove_all(folder);
}

TEST(Fuzz, NoFactsBringTheEvaluatorDown) {
  const auto rules = LoadRules(PATHWAYS_SOURCE_DIR "/policies/current");
  ASSERT_TRUE(rules.ok());
  const RulesOfDay today =
      (*rules)->On({absl::CivilDay(2026, 11, 24), absl::CivilDay(2026, 11, 24)});
  int parsed = 0;
  for (unsigned seed = 0; seed < 4'000; ++seed) {
    Random random(seed);
    std::string bytes = RandomCase(random).SerializeAsString();
    for (int i = Below(random, 4); i > 0; --i) {
      bytes[static_cast<size_t>(Below(random, static_cast<int>(bytes.size())))] =
          static_cast<char>(Below(random, 256));
    }
    type::v1::CaseFacts facts;
    if (!facts.ParseFromString(bytes)) continue;
    ++parsed;
    const Screening once = today.Screen(facts);
    const Screening twice = today.Screen(facts);
    ASSERT_EQ(once.determinations.size(), twice.determinations.size());
    for (size_t i = 0; i < once.determinations.size(); ++i) {
      EXPECT_EQ(once.determinations[i].SerializeAsString(),
                twice.determinations[i].SerializeAsString());
    }
    StepsFor(today, facts);
  }
  EXPECT_GT(parsed, 1'000);
}

}  // namespace
}  // namespace pathways::eligibility
