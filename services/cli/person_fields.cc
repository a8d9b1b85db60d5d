#include "services/cli/person_fields.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/cli/import_columns.h"

namespace pathways::cli {
namespace {

using ::google::protobuf::EnumDescriptor;
using ::google::protobuf::EnumValueDescriptor;
using ::google::protobuf::FieldDescriptor;

bool MayBeSet(const FieldDescriptor& field) {
  return field.name() != "identity" && field.name() != "person_id" && field.name() != "age_band";
}

std::string FieldsThatMayBeSet() {
  std::vector<std::string> names;
  const auto* descriptor = intake::v1::Person::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    if (MayBeSet(*descriptor->field(i))) names.push_back(descriptor->field(i)->name());
  }
  return absl::StrJoin(names, ", ");
}

absl::Status SetEnum(absl::string_view value, const FieldDescriptor& field,
                     intake::v1::Person& person) {
  const EnumDescriptor& type = *field.enum_type();
  absl::string_view prefix = type.FindValueByNumber(0)->name();
  absl::ConsumeSuffix(&prefix, "UNSPECIFIED");
  const std::string wanted = absl::AsciiStrToUpper(absl::StripPrefix(value, prefix));
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor& known = *type.value(i);
    const absl::string_view word = absl::StripPrefix(known.name(), prefix);
    if (word == wanted) {
      person.GetReflection()->SetEnumValue(&person, &field, known.number());
      return absl::OkStatus();
    }
    if (known.number() != 0) words.emplace_back(word);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(field.name(), " is one of ", absl::StrJoin(words, ", ")));
}

}  // namespace

absl::Status SetPersonField(absl::string_view assignment, intake::v1::Person& person) {
  const std::vector<absl::string_view> parts = absl::StrSplit(assignment, absl::MaxSplits('=', 1));
  const FieldDescriptor* field =
      intake::v1::Person::descriptor()->FindFieldByName(std::string(parts[0]));
  if (parts.size() != 2 || field == nullptr || !MayBeSet(*field)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--set takes field=value, where field is one of ", FieldsThatMayBeSet()));
  }
  const absl::string_view value = absl::StripAsciiWhitespace(parts[1]);
  const google::protobuf::Reflection& reflection = *person.GetReflection();
  reflection.ClearField(&person, field);
  if (value.empty()) return absl::OkStatus();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) return SetEnum(value, *field, person);
  if (field->is_repeated()) {
    for (absl::string_view part : absl::StrSplit(value, ',')) {
      reflection.AddString(&person, field, std::string(absl::StripAsciiWhitespace(part)));
    }
    return absl::OkStatus();
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection.SetString(&person, field, std::string(value));
    return absl::OkStatus();
  }
  // The one message among them is a date.
  const std::optional<type::v1::PartialDate> date = ParseDate(value);
  if (!date) {
    return absl::InvalidArgumentError(
        absl::StrCat(field->name(), " is YYYY, YYYY-MM or YYYY-MM-DD"));
  }
  reflection.MutableMessage(&person, field)->CopyFrom(*date);
  return absl::OkStatus();
}

}  // namespace pathways::cli
