// The first message of a TLS handshake, for a caller who wants to know whether anybody answers and
// will go no further.
#ifndef PATHWAYS_SERVICES_HOST_GRPC_TLS_GREETING_H_
#define PATHWAYS_SERVICES_HOST_GRPC_TLS_GREETING_H_

#include <string>

namespace pathways::host {

// A ClientHello of TLS 1.2 (RFC 5246, section 7.4.1.2) that asks for HTTP/2, with whatever
// certificate. Its random bytes are not random: no secret comes of it.
std::string TlsGreeting();

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_GRPC_TLS_GREETING_H_
