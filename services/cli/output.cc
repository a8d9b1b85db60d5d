#include "services/cli/output.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <cstddef>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "pathways/type/v1/date.pb.h"
#include "services/cli/client.h"
#include "services/cli/fact_answers.h"

namespace pathways::cli {
namespace {

using ::google::protobuf::EnumValueDescriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

// REFERRAL_STATE_DRAFT is DRAFT; the value that says nothing is empty.
std::string WordOf(const EnumValueDescriptor& value) {
  absl::string_view prefix = value.type()->FindValueByNumber(0)->name();
  absl::ConsumeSuffix(&prefix, "UNSPECIFIED");
  return value.number() == 0 ? "" : std::string(absl::StripPrefix(value.name(), prefix));
}

std::string DateText(const type::v1::PartialDate& date) {
  if (date.year() == 0) return "";
  std::string text = absl::StrFormat("%04d", date.year());
  if (date.month() != 0) absl::StrAppendFormat(&text, "-%02d", date.month());
  if (date.day() != 0) absl::StrAppendFormat(&text, "-%02d", date.day());
  return text;
}

std::string MessageText(const Message& message) {
  if (message.GetDescriptor() == type::v1::PartialDate::descriptor()) {
    return DateText(static_cast<const type::v1::PartialDate&>(message));
  }
  if (message.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    return google::protobuf::util::TimeUtil::ToString(
        static_cast<const google::protobuf::Timestamp&>(message));
  }
  return "";
}

std::string SingleText(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  if (field.has_presence() && !reflection.HasField(message, &field)) return "";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(message, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "yes" : field.has_presence() ? "no" : "";
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = reflection.GetEnumValue(message, &field);
      const EnumValueDescriptor* value = field.enum_type()->FindValueByNumber(number);
      return value == nullptr ? absl::StrCat(number) : WordOf(*value);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(reflection.GetMessage(message, &field));
    default:
      return "";
  }
}

// Texts, names and answers are listed, other messages are counted.
std::string RepeatedText(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  std::vector<std::string> texts;
  if (field.message_type() == type::v1::FactAnswer::descriptor()) {
    for (int i = 0; i < size; ++i) {
      const Message& answer = reflection.GetRepeatedMessage(message, &field, i);
      texts.push_back(ShowAnswer(static_cast<const type::v1::FactAnswer&>(answer)));
    }
    return absl::StrJoin(texts, ", ");
  }
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return absl::StrCat(size);
  for (int i = 0; i < size; ++i) texts.push_back(reflection.GetRepeatedString(message, &field, i));
  return absl::StrJoin(texts, ", ");
}

google::protobuf::Value Text(absl::string_view text) {
  google::protobuf::Value value;
  value.set_string_value(std::string(text));
  return value;
}

void PrintFailureJson(const Failure& failure, absl::string_view retry_with, std::ostream& err) {
  google::protobuf::Struct object;
  auto& fields = *object.mutable_fields();
  fields["code"] = Text(absl::StatusCodeToString(failure.code));
  fields["reason"] = Text(failure.reason);
  fields["message"] = Text(failure.message);
  auto& violations = *fields["violations"].mutable_list_value();
  for (const auto& found : failure.violations) {
    auto& violation = *violations.add_values()->mutable_struct_value()->mutable_fields();
    violation["field"] = Text(found.field());
    violation["description"] = Text(found.description());
  }
  if (!retry_with.empty()) fields["retry_with"] = Text(retry_with);
  err << ToJson(object, false) << '\n';
}

}  // namespace

std::string HeaderOf(absl::string_view path) {
  return std::string(path.substr(path.rfind('.') + 1));  // npos + 1 is 0.
}

std::string CellOf(const Message& message, absl::string_view path) {
  const size_t dot = path.find('.');
  const FieldDescriptor* field =
      message.GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
  if (field == nullptr) return "";
  if (dot != absl::string_view::npos) {
    return CellOf(message.GetReflection()->GetMessage(message, field), path.substr(dot + 1));
  }
  return field->is_repeated() ? RepeatedText(message, *field) : SingleText(message, *field);
}

Table FieldsOf(const Message& message, const std::vector<std::string>& paths) {
  Table table{.header = {"field", "value"}, .rows = {}, .is_of_one = true};
  for (const std::string& path : paths) {
    std::string cell = CellOf(message, path);
    if (!cell.empty()) table.rows.push_back({HeaderOf(path), std::move(cell)});
  }
  return table;
}

std::string ToJson(const Message& message, bool indent) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = indent;
  std::string json;
  // It fails only for an Any of unknown type, and no message of the API holds one.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

void Output::Show(const Message& message, const std::vector<Table>& tables) {
  if (is_json()) {
    out_ << ToJson(message, true);
    return;
  }
  for (size_t i = 0; i < tables.size(); ++i) {
    out_ << (i > 0 ? "\n" : "") << Render(tables[i], screen_columns_);
  }
  const std::string notice = CellOf(message, "notice");
  if (notice.empty()) return;
  out_ << '\n' << absl::StrJoin(Wrap(notice, screen_columns_), "\n") << '\n';
}

void Output::ShowLine(const Message& message, absl::string_view line) {
  if (is_json()) {
    out_ << ToJson(message, false) << '\n';
  } else {
    out_ << line << '\n';
  }
  out_.flush();
}

absl::Status Output::Flush() {
  out_.flush();
  if (!out_.good()) return absl::InternalError("the output could not be written");
  return absl::OkStatus();
}

void PrintFailure(const absl::Status& status, absl::string_view retry_with, Format format,
                  std::ostream& err) {
  const Failure failure = FailureOf(status);
  if (format == Format::kJson) {
    PrintFailureJson(failure, retry_with, err);
    return;
  }
  const std::string code(absl::StatusCodeToString(failure.code));
  err << "error: " << (failure.reason.empty() ? code : failure.reason) << ": " << failure.message
      << '\n';
  for (const auto& violation : failure.violations) {
    err << "  " << violation.field() << ": " << violation.description() << '\n';
  }
  if (failure.retry_after > absl::ZeroDuration()) {
    err << "the service asks to wait " << absl::FormatDuration(failure.retry_after) << '\n';
  }
  if (!retry_with.empty()) err << "to try the same again: " << retry_with << '\n';
}

}  // namespace pathways::cli
