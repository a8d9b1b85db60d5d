#include "services/engine/event_type.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

namespace pathways::engine {

std::string EventType(const google::protobuf::Message& envelope) {
  const auto* kind = envelope.GetDescriptor()->FindOneofByName("kind");
  if (kind == nullptr) return "";
  const auto* field = envelope.GetReflection()->GetOneofFieldDescriptor(envelope, kind);
  return field == nullptr ? "" : field->message_type()->full_name();
}

}  // namespace pathways::engine
