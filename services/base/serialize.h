// One way to turn a message into bytes: deterministic, so that equal messages are equal bytes.
//
// Stored states are compared byte for byte when they are folded again, and request fingerprints are
// hashes of bytes. Within one release the same message always gives the same bytes.
#ifndef PATHWAYS_SERVICES_BASE_SERIALIZE_H_
#define PATHWAYS_SERVICES_BASE_SERIALIZE_H_

#include <string>

namespace google::protobuf {
class MessageLite;
}

namespace pathways::base {

std::string SerializeDeterministic(const google::protobuf::MessageLite& message);

}  // namespace pathways::base

#endif  // PATHWAYS_SERVICES_BASE_SERIALIZE_H_
