// The type name of an event: the message inside its envelope.
//
// Every service publishes one envelope message with a oneof "kind"; ce_type is the full name of the
// message that is set, so that a consumer can choose without parsing.
#ifndef PATHWAYS_SERVICES_ENGINE_EVENT_TYPE_H_
#define PATHWAYS_SERVICES_ENGINE_EVENT_TYPE_H_

#include <string>

namespace google::protobuf {
class Message;
}

namespace pathways::engine {

// For example pathways.intake.v1.CaseRegistered. Empty when nothing is set.
std::string EventType(const google::protobuf::Message& envelope);

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_EVENT_TYPE_H_
