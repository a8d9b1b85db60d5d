#include "services/engine/sealed_fields.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <vector>

#include "pathways/type/v1/sealed.pb.h"
#include "services/base/serialize.h"

namespace pathways::engine {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The field of the oneof "kind" that is set. Null: none is.
const FieldDescriptor* KindOf(const Message& envelope) {
  const auto* kind = envelope.GetDescriptor()->FindOneofByName("kind");
  if (kind == nullptr) return nullptr;
  return envelope.GetReflection()->GetOneofFieldDescriptor(envelope, kind);
}

// The fields of a message that are set, and sealed or not, as asked.
std::vector<const FieldDescriptor*> SetFields(const Message& message, bool sealed) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::erase_if(fields, [&](const FieldDescriptor* field) { return IsSealed(*field) != sealed; });
  return fields;
}

void Clear(const std::vector<const FieldDescriptor*>& fields, Message& message) {
  for (const FieldDescriptor* field : fields) message.GetReflection()->ClearField(&message, field);
}

}  // namespace

bool IsSealed(const FieldDescriptor& field) {
  return field.options().GetExtension(type::v1::sealed);
}

EventColumns SplitEvent(const Message& envelope) {
  const FieldDescriptor* const kind = KindOf(envelope);
  if (kind == nullptr) return {base::SerializeDeterministic(envelope), ""};
  const Message& inner = envelope.GetReflection()->GetMessage(envelope, kind);
  const std::vector<const FieldDescriptor*> sealed = SetFields(inner, /*sealed=*/true);
  if (sealed.empty()) return {base::SerializeDeterministic(envelope), ""};
  const std::unique_ptr<Message> hidden(inner.New());
  hidden->CopyFrom(inner);
  Clear(SetFields(inner, /*sealed=*/false), *hidden);
  const std::unique_ptr<Message> open(envelope.New());
  open->CopyFrom(envelope);
  Clear(sealed, *open->GetReflection()->MutableMessage(open.get(), kind));
  return {base::SerializeDeterministic(*open), base::SerializeDeterministic(*hidden)};
}

bool JoinEvent(absl::string_view data, absl::string_view sealed, Message& envelope) {
  if (!envelope.ParseFromArray(data.data(), static_cast<int>(data.size()))) return false;
  if (sealed.empty()) return true;
  const FieldDescriptor* const kind = KindOf(envelope);
  if (kind == nullptr) return false;
  Message& inner = *envelope.GetReflection()->MutableMessage(&envelope, kind);
  return inner.MergeFromString(std::string(sealed));
}

}  // namespace pathways::engine
