// Between an event as a message and the two columns of its row.
//
// Fields that the contract marks `sealed` (proto/pathways/type/v1/sealed.proto) go to the sealed
// column, which is never published; all others go to the published one. The mark alone decides, so
// no code can forget a field. An event is an envelope with a oneof "kind", and only fields of the
// message that is set in it may be marked. Equal messages give equal bytes.
#ifndef PATHWAYS_SERVICES_ENGINE_SEALED_FIELDS_H_
#define PATHWAYS_SERVICES_ENGINE_SEALED_FIELDS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace pathways::engine {

struct EventColumns {
  std::string data;
  std::string sealed;  // Empty: no sealed field is set.
};

bool IsSealed(const google::protobuf::FieldDescriptor& field);

EventColumns SplitEvent(const google::protobuf::Message& envelope);

// False: the bytes cannot be read. Then the envelope is undefined. Without `sealed` the sealed
// fields are empty.
bool JoinEvent(absl::string_view data, absl::string_view sealed,
               google::protobuf::Message& envelope);

}  // namespace pathways::engine

#endif  // PATHWAYS_SERVICES_ENGINE_SEALED_FIELDS_H_
