// Says which fields of a JSON object a protobuf message does not take, and why.
//
// The parser of protobuf stops at the first fault, and its message can quote what stands there.
// This looks at the whole object once more, and names every unknown field, wrong kind of value and
// unknown word by its path. Pure.
#ifndef PATHWAYS_SERVICES_CLI_JSON_FAULTS_H_
#define PATHWAYS_SERVICES_CLI_JSON_FAULTS_H_

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pathways::cli {

struct JsonFault {
  std::string path;    // For example people[0].identity.dateOfBirth. Empty: the text as a whole.
  std::string reason;  // What is expected, never the value.
};

// The faults of a text that is no message of this type in the JSON form of protobuf; at least one.
std::vector<JsonFault> FaultsOfJson(const std::string& text,
                                    const google::protobuf::Descriptor& type);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_JSON_FAULTS_H_
