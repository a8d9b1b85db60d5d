// Names a request of the API for the engine.
//
// One way for all services: the key under which the request is remembered is a keyed hash of who
// called, what and under which request id; the fingerprint is a keyed hash of everything else in
// the request, so that the same id with other content is found out.
#ifndef PATHWAYS_SERVICES_HOST_REQUESTS_H_
#define PATHWAYS_SERVICES_HOST_REQUESTS_H_

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "services/base/serialize.h"
#include "services/engine/engine.h"
#include "services/host/keys.h"
#include "services/host/principal.h"

namespace pathways::host {

// The command of one request. `Request` is a message with a field request_id. The payload is not
// part of the fingerprint: sealing makes another one of the same request each time.
template <typename Request>
engine::Command RequestCommand(std::string stream, std::string payload, const std::string& method,
                               const Request& request, const Principal& principal,
                               const Keyring& keyring) {
  Request content = request;
  content.clear_request_id();
  engine::Command command;
  command.stream = std::move(stream);
  command.payload = std::move(payload);
  command.origin = engine::RequestOrigin{
      // A UUID says the same in upper case.
      keyring.RequestKey(principal.Name(), method, absl::AsciiStrToLower(request.request_id())),
      keyring.Fingerprint(base::SerializeDeterministic(content)), principal.Name(), method};
  return command;
}

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_REQUESTS_H_
