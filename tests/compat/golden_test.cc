// Goal: what a release wrote into stores and topics, every later one reads as it was meant, and
// writes the same bytes itself. Method: bytes of every kind of event that stand in files, against
// the same event in text; and no kind of event and no field may be without such a file.
#include "tests/compat/golden.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pathways/intake/v1/state.pb.h"
#include "services/eligibility/domain_adapter.h"
#include "services/intake/domain_adapter.h"
#include "services/referral/domain_adapter.h"

namespace pathways::compat {

// GoogleTest would print addresses. Where the type is, or it is not found.
static void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.name; }

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::vector<Golden> AllGoldens() {
  std::vector<Golden> all;
  for (const Family& family : Families()) {
    for (const Golden& golden : GoldensOf(family)) all.push_back(golden);
  }
  return all;
}

// Calls `visit(message)` for a message and each one within it.
template <typename Visit>
void ForEachMessage(const Message& message, const Visit& visit) {
  visit(message);
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* const field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) ForEachMessage(reflection.GetMessage(message, field), visit);
    if (!field->is_repeated()) continue;
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      ForEachMessage(reflection.GetRepeatedMessage(message, field, i), visit);
    }
  }
}

// Every field that a message of this type can hold, at any depth. The well-known types are
// protobuf's own.
void CollectFields(const Descriptor& type, std::set<std::string>& fields) {
  if (absl::StartsWith(type.full_name(), "google.protobuf.")) return;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (!fields.insert(std::string(field.full_name())).second) continue;
    if (field.message_type() != nullptr) CollectFields(*field.message_type(), fields);
  }
}

class GoldenBytes : public testing::TestWithParam<Golden> {
 protected:
  const Golden& golden() const { return GetParam(); }
  std::string Bytes() const { return ParseHex(ReadFile(golden().PathOf("hex"))); }
  std::string Sealed() const { return ParseHex(ReadFile(golden().PathOf("sealed.hex"))); }
};

TEST_P(GoldenBytes, AreReadAsTheTextSaysWithNothingUnknown) {
  const std::unique_ptr<Message> expected = golden().Read();
  ASSERT_NE(expected, nullptr);
  const std::unique_ptr<Message> read(golden().family.prototype.New());
  ASSERT_TRUE(std::filesystem::exists(golden().PathOf("hex")));
  ASSERT_TRUE(ReadColumns(golden().family, {Bytes(), Sealed()}, *read));
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(*expected, *read)) << difference;
  ForEachMessage(*read, [](const Message& part) {
    EXPECT_TRUE(part.GetReflection()->GetUnknownFields(part).empty())
        << part.GetDescriptor()->full_name();
  });
}

TEST_P(GoldenBytes, AreWrittenAgain) {
  const std::unique_ptr<Message> message = golden().Read();
  ASSERT_NE(message, nullptr);
  const engine::EventColumns columns = ColumnsOf(golden().family, *message);
  EXPECT_EQ(HexText(columns.data), HexText(Bytes()));
  EXPECT_EQ(HexText(columns.sealed), HexText(Sealed()));
}

TEST_P(GoldenBytes, ComeWithTheHeadersOfTheirRecord) {
  if (!golden().family.is_event) GTEST_SKIP() << "published by no relay of its own";
  const std::unique_ptr<Message> message = golden().Read();
  ASSERT_NE(message, nullptr);
  const std::string headers = ReadFile(golden().PathOf("headers"));
  EXPECT_EQ(HeaderText(RecordOf(golden().family, *message, Bytes())), headers);
  const auto event = follow::EventOf(ParseHeaders(headers, Bytes()),
                                     follow::KafkaSourceOf(golden().family.folder));
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->data, Bytes());
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenBytes, testing::ValuesIn(AllGoldens()), [](const auto& info) {
  std::string name = absl::StrCat(info.param.family.folder, "_", info.param.name);
  for (char& c : name) c = std::isalnum(c) != 0 ? c : '_';
  return name;
});

TEST(GoldenFiles, EveryKindOfEventHasOne) {
  for (const Family& family : Families()) {
    if (!family.is_event) continue;
    const auto* const kind = family.prototype.GetDescriptor()->FindOneofByName("kind");
    ASSERT_NE(kind, nullptr);
    for (int i = 0; i < kind->field_count(); ++i) {
      const FieldDescriptor* const field = kind->field(i);
      int files = 0;
      for (const Golden& golden : GoldensOf(family)) {
        const std::unique_ptr<Message> event = golden.Read();
        ASSERT_NE(event, nullptr) << golden.name;
        if (!event->GetReflection()->HasField(*event, field)) continue;
        ++files;
        EXPECT_TRUE(absl::StartsWith(golden.name, field->name())) << golden.name;
      }
      EXPECT_GT(files, 0) << family.folder << "/" << field->name() << ".textproto is missing";
    }
  }
}

TEST(GoldenFiles, EveryFieldIsInOne) {
  for (const Family& family : Families()) {
    std::set<std::string> missing;
    CollectFields(*family.prototype.GetDescriptor(), missing);
    for (const Golden& golden : GoldensOf(family)) {
      const std::unique_ptr<Message> message = golden.Read();
      ASSERT_NE(message, nullptr) << golden.name;
      ForEachMessage(*message, [&](const Message& part) {
        std::vector<const FieldDescriptor*> fields;
        part.GetReflection()->ListFields(part, &fields);
        for (const FieldDescriptor* const field : fields) {
          missing.erase(std::string(field->full_name()));
        }
      });
    }
    EXPECT_THAT(missing, testing::IsEmpty()) << "in " << family.folder;
  }
}

// One golden event in its place in a stream.
struct Step {
  std::string name;
  bool with_sealed = false;
};

// Applies golden events one after the other to a stream that is new.
void ExpectFolds(const engine::Domain& domain, const std::string& folder,
                 const std::vector<Step>& steps) {
  auto stream = domain.Open({});
  ASSERT_TRUE(stream.ok()) << stream.status();
  const std::string sealed = ParseHex(ReadFile(Golden{Families()[1], "sealed"}.PathOf("hex")));
  int64_t number = 0;
  for (const Step& step : steps) {
    for (const Family& family : Families()) {
      if (family.folder != folder) continue;
      const Golden golden{family, step.name};
      const std::string bytes = ParseHex(ReadFile(golden.PathOf("hex")));
      auto event = follow::EventOf(ParseHeaders(ReadFile(golden.PathOf("headers")), bytes),
                                   follow::KafkaSourceOf(folder));
      ASSERT_TRUE(event.ok()) << event.status();
      event->number = ++number;
      event->sealed = step.with_sealed ? sealed : ParseHex(ReadFile(golden.PathOf("sealed.hex")));
      EXPECT_TRUE((*stream)->Evolve(*event).ok()) << folder << "/" << step.name;
      (*stream)->Fold(event->stream);
    }
  }
}

TEST(GoldenFiles, FoldToAState) {
  ExpectFolds(
      intake::IntakeDomain(), "intake",
      {{"case_registered", true}, {"case_updated"}, {"age_band_changed"}, {"case_withdrawn"}});
  const eligibility::EligibilityDomain eligibility(nullptr);
  ExpectFolds(eligibility, "eligibility",
              {{"facts_recorded"},
               {"case_screened"},
               {"screening_confirmed"},
               {"determination_reviewed"},
               {"screening_closed"}});
  ExpectFolds(referral::ReferralDomain({}), "referral",
              {{"case_noted"},
               {"determinations_noted"},
               {"referral_submitted"},
               {"referral_changed"},
               {"withdrawal_noted"}});
}

}  // namespace
}  // namespace pathways::compat
