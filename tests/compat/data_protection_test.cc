// Goal: no field gets onto a topic without somebody having seen it in docs/data-protection.md.
// Method: its tables are written from the descriptors of the events, and compared with the file.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/engine/sealed_fields.h"
#include "tests/compat/golden.h"

namespace pathways::compat {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr char kDocument[] = PATHWAYS_SOURCE_DIR "/docs/data-protection.md";
constexpr char kFirstTable[] = "| Topic of |";

// For example "people: PersonFacts", where the type is a message of its own.
std::string Described(const FieldDescriptor& field) {
  if (field.message_type() == nullptr) return absl::StrCat("`", field.name(), "`");
  return absl::StrCat("`", field.name(), "` (", field.message_type()->name(), ")");
}

std::vector<const FieldDescriptor*> FieldsOf(const Descriptor& message, bool sealed) {
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < message.field_count(); ++i) {
    if (engine::IsSealed(*message.field(i)) == sealed) fields.push_back(message.field(i));
  }
  return fields;
}

std::string Cell(const std::vector<const FieldDescriptor*>& fields) {
  return absl::StrJoin(fields, ", ", [](std::string* out, const FieldDescriptor* field) {
    out->append(Described(*field));
  });
}

// The messages within the published fields of `message`, at any depth, by name.
void Collect(const Descriptor& message, std::map<std::string, const Descriptor*>& found) {
  for (const FieldDescriptor* const field : FieldsOf(message, /*sealed=*/false)) {
    const Descriptor* const inner = field->message_type();
    if (inner == nullptr || absl::StartsWith(inner->full_name(), "google.protobuf.")) continue;
    if (found.emplace(inner->name(), inner).second) Collect(*inner, found);
  }
}

std::string Tables() {
  std::string text =
      absl::StrCat(kFirstTable, " | Event | Published | Sealed |\n|---|---|---|---|\n");
  std::map<std::string, const Descriptor*> within;
  for (const Family& family : Families()) {
    if (!family.is_event) continue;
    const auto* const kind = family.prototype.GetDescriptor()->FindOneofByName("kind");
    for (int i = 0; i < kind->field_count(); ++i) {
      const Descriptor& event = *kind->field(i)->message_type();
      absl::StrAppend(&text, "| ", family.folder, " | ", event.name(), " | ",
                      Cell(FieldsOf(event, false)), " | ", Cell(FieldsOf(event, true)), " |\n");
      Collect(event, within);
    }
  }
  const Descriptor& feed = *Families().back().prototype.GetDescriptor();
  absl::StrAppend(&text, "| the feed | ", feed.name(), " | ", Cell(FieldsOf(feed, false)),
                  " | |\n");
  absl::StrAppend(&text, "\n## The messages within\n\n| Message | Fields |\n|---|---|\n");
  for (const auto& [name, message] : within) {
    absl::StrAppend(&text, "| ", name, " | ", Cell(FieldsOf(*message, false)), " |\n");
  }
  return text;
}

// PATHWAYS_WRITE_EVENTS=1 writes the tables anew, for a commit that changes an event on purpose.
TEST(DataProtection, TheDocumentNamesEveryFieldOfEveryEvent) {
  const std::string document = ReadFile(kDocument);
  const std::string before = document.substr(0, document.find(kFirstTable));
  if (std::getenv("PATHWAYS_WRITE_EVENTS") != nullptr)
    std::ofstream(kDocument) << before << Tables();
  EXPECT_EQ(document, before + Tables());
}

// Facts of people leave intake, and eligibility with the screening that hands them on.
TEST(DataProtection, FactsArePublishedByTwoServicesAlone) {
  std::vector<std::string> publishing;
  for (const Family& family : Families()) {
    if (!family.is_event) continue;
    const auto* const kind = family.prototype.GetDescriptor()->FindOneofByName("kind");
    for (int i = 0; i < kind->field_count(); ++i) {
      std::map<std::string, const Descriptor*> within;
      Collect(*kind->field(i)->message_type(), within);
      if (within.contains("PersonFacts")) publishing.push_back(kind->field(i)->name());
    }
  }
  EXPECT_THAT(publishing, testing::ElementsAre("case_registered", "case_updated", "case_screened"));
}

// A mark anywhere else would have no effect, and the field would be published.
TEST(DataProtection, OnlyFieldsOfTheEventItselfAreMarkedSealed) {
  for (const Family& family : Families()) {
    std::map<std::string, const Descriptor*> all;
    const Descriptor& envelope = *family.prototype.GetDescriptor();
    EXPECT_TRUE(FieldsOf(envelope, /*sealed=*/true).empty()) << envelope.name();
    const auto* const kind = envelope.FindOneofByName("kind");
    for (int i = 0; kind != nullptr && i < kind->field_count(); ++i) {
      const Descriptor& event = *kind->field(i)->message_type();
      for (int j = 0; j < event.field_count(); ++j) {
        const Descriptor* const inner = event.field(j)->message_type();
        if (inner != nullptr && all.emplace(inner->name(), inner).second) Collect(*inner, all);
      }
    }
    for (const auto& [name, message] : all) {
      EXPECT_TRUE(FieldsOf(*message, /*sealed=*/true).empty()) << name;
    }
  }
}

}  // namespace
}  // namespace pathways::compat
