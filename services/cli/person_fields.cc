#include "services/cli/person_fields.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/base/status_macros.h"
#include "services/cli/fact_answers.h"
#include "services/cli/import_columns.h"

namespace pathways::cli {
namespace {

using ::google::protobuf::EnumDescriptor;
using ::google::protobuf::EnumValueDescriptor;
using ::google::protobuf::FieldDescriptor;

using ::google::protobuf::Message;

constexpr absl::string_view kIdentity = "identity.";
constexpr absl::string_view kAnswers = "answers.";

bool MayBeSet(const FieldDescriptor& field) {
  for (const char* name : {"identity", "documents", "person_id", "age_band", "answers"}) {
    if (field.name() == name) return false;
  }
  return true;
}

void AddFields(const google::protobuf::Descriptor& type, absl::string_view prefix,
               std::vector<std::string>& names) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (MayBeSet(*type.field(i))) names.push_back(absl::StrCat(prefix, type.field(i)->name()));
  }
}

std::string FieldsThatMayBeSet() {
  std::vector<std::string> names;
  AddFields(*intake::v1::Person::descriptor(), "", names);
  AddFields(*intake::v1::Identity::descriptor(), kIdentity, names);
  return absl::StrCat(absl::StrJoin(names, ", "), ", or answers. with the id of a fact");
}

absl::StatusOr<std::string> SetAnswer(const std::vector<absl::string_view>& parts,
                                      const type::Facts& facts, intake::v1::Person& person) {
  const absl::string_view id = absl::StripPrefix(parts[0], kAnswers);
  const type::v1::Fact* const fact = facts.Find(id);
  if (fact == nullptr || parts.size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("--set takes answers.ID=value, where ID is a fact in force"));
  }
  const std::string text(absl::StripAsciiWhitespace(parts[1]));
  ASSIGN_OR_RETURN(auto answer, ReadAnswer(*fact, text, ','));
  if (answer) *person.add_answers() = *std::move(answer);
  return std::string(parts[0]);
}

absl::Status SetEnum(absl::string_view value, const FieldDescriptor& field, Message& message) {
  const EnumDescriptor& type = *field.enum_type();
  absl::string_view prefix = type.FindValueByNumber(0)->name();
  absl::ConsumeSuffix(&prefix, "UNSPECIFIED");
  const std::string wanted = absl::AsciiStrToUpper(absl::StripPrefix(value, prefix));
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor& known = *type.value(i);
    const absl::string_view word = absl::StripPrefix(known.name(), prefix);
    if (word == wanted) {
      message.GetReflection()->SetEnumValue(&message, &field, known.number());
      return absl::OkStatus();
    }
    if (known.number() != 0) words.emplace_back(word);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(field.name(), " is one of ", absl::StrJoin(words, ", ")));
}

absl::Status SetField(absl::string_view value, const FieldDescriptor& field, Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  reflection.ClearField(&message, &field);
  if (value.empty()) return absl::OkStatus();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) return SetEnum(value, field, message);
  if (field.is_repeated()) {
    for (absl::string_view part : absl::StrSplit(value, ',')) {
      reflection.AddString(&message, &field, std::string(absl::StripAsciiWhitespace(part)));
    }
    return absl::OkStatus();
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection.SetString(&message, &field, std::string(value));
    return absl::OkStatus();
  }
  // The messages among them are dates.
  const std::optional<type::v1::PartialDate> date = ParseDate(value);
  if (!date) {
    return absl::InvalidArgumentError(
        absl::StrCat(field.name(), " is YYYY, YYYY-MM or YYYY-MM-DD"));
  }
  reflection.MutableMessage(&message, &field)->CopyFrom(*date);
  return absl::OkStatus();
}

}  // namespace

bool IsOfAnswer(absl::string_view assignment) { return absl::StartsWith(assignment, kAnswers); }

absl::StatusOr<std::string> SetPersonField(absl::string_view assignment, const type::Facts* facts,
                                           intake::v1::Person& person) {
  const std::vector<absl::string_view> parts = absl::StrSplit(assignment, absl::MaxSplits('=', 1));
  if (IsOfAnswer(assignment) && facts != nullptr) return SetAnswer(parts, *facts, person);
  absl::string_view name = parts[0];
  Message* const message = absl::ConsumePrefix(&name, kIdentity)
                               ? static_cast<Message*>(person.mutable_identity())
                               : &person;
  const FieldDescriptor* const field = message->GetDescriptor()->FindFieldByName(std::string(name));
  if (parts.size() != 2 || field == nullptr || !MayBeSet(*field)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--set takes field=value, where field is one of ", FieldsThatMayBeSet()));
  }
  RETURN_IF_ERROR(SetField(absl::StripAsciiWhitespace(parts[1]), *field, *message));
  return std::string(parts[0]);
}

}  // namespace pathways::cli
