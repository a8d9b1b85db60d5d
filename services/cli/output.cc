#include "services/cli/output.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "pathways/type/v1/date.pb.h"
#include "services/cli/client.h"

namespace pathways::cli {
namespace {

using ::google::protobuf::EnumValueDescriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

// Takes one character off valid UTF-8; a stray byte counts as one character.
uint32_t TakeCharacter(absl::string_view& text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  uint32_t character = length == 1 ? first : first & (0xFF >> (length + 1));
  for (size_t i = 1; i < std::min(length, text.size()); ++i) {
    character = (character << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  text.remove_prefix(std::min(length, text.size()));
  return character;
}

int WidthOf(uint32_t character) {
  const auto is_in = [character](uint32_t first, uint32_t last) {
    return character >= first && character <= last;
  };
  // Combining marks, zero-width characters and variation selectors.
  if (is_in(0x300, 0x36F) || is_in(0x1AB0, 0x1AFF) || is_in(0x20D0, 0x20FF) ||
      is_in(0x200B, 0x200F) || is_in(0xFE00, 0xFE0F)) {
    return 0;
  }
  // East Asian wide characters and emoji.
  const bool is_wide = is_in(0x1100, 0x115F) || is_in(0x2E80, 0xA4CF) || is_in(0xAC00, 0xD7A3) ||
                       is_in(0xF900, 0xFAFF) || is_in(0xFE30, 0xFE6F) || is_in(0xFF00, 0xFF60) ||
                       is_in(0x1F300, 0x1FAFF) || is_in(0x20000, 0x3FFFD);
  return is_wide ? 2 : 1;
}

// A cell may not move the cursor or break the line.
std::string Printable(const std::string& cell) {
  std::string result = cell;
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return result;
}

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

// Texts and names are listed, messages are counted.
std::string RepeatedText(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return absl::StrCat(size);
  std::vector<std::string> texts;
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

int WidthOf(absl::string_view text) {
  int width = 0;
  while (!text.empty()) width += WidthOf(TakeCharacter(text));
  return width;
}

std::string Render(const Table& table) {
  std::vector<int> widths(table.header.size());
  std::vector<std::vector<std::string>> rows = {table.header};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  for (std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] = Printable(row[i]);
      widths[i] = std::max(widths[i], WidthOf(row[i]));
    }
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    int column = 0;  // Where the cell begins.
    int written = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      if (!row[i].empty()) {
        absl::StrAppend(&line, std::string(static_cast<size_t>(column - written), ' '), row[i]);
        written = column + WidthOf(row[i]);
      }
      column += widths[i] + 2;
    }
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

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
  Table table{.header = {"field", "value"}};
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
  for (size_t i = 0; i < tables.size(); ++i) out_ << (i > 0 ? "\n" : "") << Render(tables[i]);
  const std::string notice = CellOf(message, "notice");
  if (!notice.empty()) out_ << '\n' << notice << '\n';
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
