#include "services/cli/json_faults.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "services/type/text.h"

namespace pathways::cli {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Value;

// As the parser takes it: in camel case, or as in the proto.
const FieldDescriptor* FieldOf(const Descriptor& type, const std::string& name) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == name || type.field(i)->name() == name) return type.field(i);
  }
  return nullptr;
}

// What stands for a name may be anything, where the file is not what it was meant to be.
bool IsName(const std::string& text) {
  constexpr size_t kBytesMax = 64;
  return text.size() <= kBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
         });
}

std::string WordsOf(const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> words;
  for (int i = 1; i < type.value_count(); ++i) words.push_back(type.value(i)->name());
  return absl::StrJoin(words, ", ");
}

class Walk {
 public:
  void Object(const google::protobuf::Struct& object, const Descriptor& type,
              const std::string& prefix) {
    for (const auto& [name, value] : object.fields()) {
      const FieldDescriptor* const field = FieldOf(type, name);
      const std::string path = absl::StrCat(prefix, name);
      if (field == nullptr && !IsName(name)) {
        Add(std::string(absl::StripSuffix(prefix, ".")), "holds a field that is none here");
      } else if (field == nullptr) {
        Add(path, "is no field here");
      } else if (value.kind_case() != Value::kNullValue) {
        Field(value, *field, path);
      }
    }
  }

  std::vector<JsonFault> faults;

 private:
  void Add(const std::string& path, std::string reason) {
    faults.push_back({path, std::move(reason)});
  }

  void Field(const Value& value, const FieldDescriptor& field, const std::string& path) {
    if (!field.is_repeated()) return One(value, field, path);
    if (!value.has_list_value()) return Add(path, "must be a list");
    for (int i = 0; i < value.list_value().values_size(); ++i) {
      One(value.list_value().values(i), field, absl::StrCat(path, "[", i, "]"));
    }
  }

  void One(const Value& value, const FieldDescriptor& field, const std::string& path) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Message(value, *field.message_type(), path);
      case FieldDescriptor::CPPTYPE_ENUM:
        return Word(value, *field.enum_type(), path);
      case FieldDescriptor::CPPTYPE_STRING:
        if (!value.has_string_value()) Add(path, "must be a text");
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        if (!value.has_bool_value()) Add(path, "must be true or false");
        return;
      default:
        // A number may also be written as a text.
        if (!value.has_number_value() && !value.has_string_value()) Add(path, "must be a number");
    }
  }

  void Message(const Value& value, const Descriptor& type, const std::string& path) {
    // A point in time and the like are written as a text.
    if (absl::StartsWith(type.full_name(), "google.protobuf.")) {
      if (!value.has_string_value()) Add(path, "must be a text");
    } else if (!value.has_struct_value()) {
      std::vector<std::string> names;
      for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->json_name());
      Add(path, absl::StrCat("must be an object with ", absl::StrJoin(names, ", ")));
    } else {
      Object(value.struct_value(), type, absl::StrCat(path, "."));
    }
  }

  void Word(const Value& value, const google::protobuf::EnumDescriptor& type,
            const std::string& path) {
    const bool is_known =
        value.has_number_value() ||
        (value.has_string_value() && type.FindValueByName(value.string_value()) != nullptr);
    if (!is_known) Add(path, absl::StrCat("must be one of: ", WordsOf(type)));
  }
};

}  // namespace

std::vector<JsonFault> FaultsOfJson(const std::string& text, const Descriptor& type) {
  google::protobuf::Struct object;
  if (!type::IsUtf8(text) || !google::protobuf::util::JsonStringToMessage(text, &object).ok()) {
    return {{"", "is not valid JSON"}};
  }
  Walk walk;
  walk.Object(object, type, "");
  if (walk.faults.empty()) walk.faults.push_back({"", "has a value that its field does not take"});
  return walk.faults;
}

}  // namespace pathways::cli
