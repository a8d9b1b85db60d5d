#include "services/eligibility/pack_differences.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>

#include <set>

#include "absl/strings/str_cat.h"

namespace pathways::eligibility {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;
using google::protobuf::util::MessageDifferencer;

// By which elements of a repeated field are told apart. Null: by all that they are.
const FieldDescriptor* KeyOf(const FieldDescriptor* field) {
  if (!field->is_repeated() || field->message_type() == nullptr) return nullptr;
  for (const char* const name : {"id", "key", "language", "code"}) {
    const FieldDescriptor* const key = field->message_type()->FindFieldByName(name);
    if (key != nullptr && key->cpp_type() == FieldDescriptor::CPPTYPE_STRING) return key;
  }
  return nullptr;
}

using Seen = std::set<const google::protobuf::Descriptor*>;

// Tells the differencer what are maps and what are sets, in all that a message may hold. The parts
// of a condition alone have an order.
void Configure(const google::protobuf::Descriptor* descriptor, Seen& seen,
               MessageDifferencer& differencer) {
  if (!seen.insert(descriptor).second) return;
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* const field = descriptor->field(i);
    if (field->is_repeated() && field->message_type() != v1::Predicate::descriptor()) {
      const FieldDescriptor* const key = KeyOf(field);
      key != nullptr ? differencer.TreatAsMap(field, key) : differencer.TreatAsSet(field);
    }
    if (field->message_type() != nullptr) Configure(field->message_type(), seen, differencer);
  }
}

std::string TextOf(const Message& message) {
  if (const auto* pathway = google::protobuf::DynamicCastToGenerated<v1::Pathway>(&message)) {
    return pathway->title();
  }
  TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(message, &text);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

// A field that is not a message, or an element of it.
std::string ValueOf(const Message& message, const FieldDescriptor* field, int index) {
  TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintFieldValueToString(message, field, field->is_repeated() ? index : -1, &text);
  return text;
}

using Path = std::vector<MessageDifferencer::SpecificField>;

// Walks from the packs: the messages that come with a report are those around the field alone.
class Gatherer : public MessageDifferencer::Reporter {
 public:
  Gatherer(const v1::PolicyPack& before, const v1::PolicyPack& after,
           std::vector<PackDifference>& found)
      : before_(before), after_(after), found_(found) {}

  void ReportAdded(const Message& /*before*/, const Message& /*after*/, const Path& path) override {
    const Place place = PlaceIn(after_, path, true);
    found_.push_back({PackDifference::Kind::kAdded, place.name, place.steps, "", place.value});
  }
  void ReportDeleted(const Message& /*before*/, const Message& /*after*/,
                     const Path& path) override {
    const Place place = PlaceIn(before_, path, false);
    found_.push_back({PackDifference::Kind::kRemoved, place.name, place.steps, place.value, ""});
  }
  void ReportModified(const Message& /*before*/, const Message& /*after*/,
                      const Path& path) override {
    // Of a message the fields that differ are told of.
    if (path.back().field->message_type() != nullptr) return;
    const Place was = PlaceIn(before_, path, false);
    found_.push_back({PackDifference::Kind::kChanged, was.name, was.steps, was.value,
                      PlaceIn(after_, path, true).value});
  }

 private:
  struct Place {
    std::string name;
    std::vector<PackDifference::Step> steps;
    std::string value;
  };

  static Place PlaceIn(const Message& root, const Path& path, bool is_after) {
    Place place;
    const Message* message = &root;
    for (const MessageDifferencer::SpecificField& step : path) {
      const FieldDescriptor* const field = step.field;
      const int index = is_after ? step.new_index : step.index;
      absl::StrAppend(&place.name, place.name.empty() ? "" : ".", field->name());
      place.steps.push_back({field->name(), ""});
      const google::protobuf::Reflection& reflection = *message->GetReflection();
      if (field->message_type() == nullptr) {
        place.value = ValueOf(*message, field, index);
        continue;
      }
      message = field->is_repeated() ? &reflection.GetRepeatedMessage(*message, field, index)
                                     : &reflection.GetMessage(*message, field);
      if (const FieldDescriptor* const key = KeyOf(field); key != nullptr) {
        place.steps.back().id = message->GetReflection()->GetString(*message, key);
        absl::StrAppend(&place.name, "[", place.steps.back().id, "]");
      }
      if (&step == &path.back()) place.value = TextOf(*message);
    }
    return place;
  }

  const v1::PolicyPack& before_;
  const v1::PolicyPack& after_;
  std::vector<PackDifference>& found_;
};

}  // namespace

std::vector<PackDifference> DifferencesOf(const v1::PolicyPack& before,
                                          const v1::PolicyPack& after) {
  std::vector<PackDifference> found;
  Gatherer gatherer(before, after, found);
  MessageDifferencer differencer;
  Seen seen;
  Configure(v1::PolicyPack::descriptor(), seen, differencer);
  differencer.ReportDifferencesTo(&gatherer);
  differencer.Compare(before, after);
  return found;
}

}  // namespace pathways::eligibility
