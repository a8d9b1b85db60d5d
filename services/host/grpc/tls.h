// How the two ends of a call prove who they are: certificates and keys from files.
//
// A key is a private file, as the master key is: whoever reads it can answer in the service's name.
// A token travels with every call, so a caller sends it over TLS, or in plain text on this machine
// alone; ChannelCredentialsFor is the one way to credentials of a channel, and refuses the rest.
#ifndef PATHWAYS_SERVICES_HOST_GRPC_TLS_H_
#define PATHWAYS_SERVICES_HOST_GRPC_TLS_H_

#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/host/settings.h"

namespace pathways::host {

// Files in PEM of one who listens. Read once, at the start.
struct TlsFiles {
  std::string certificate;  // Of the server, with the chain. Empty: plain text.
  std::string key;
  std::string client_ca;  // Not empty: a client must show a certificate that comes from these.
};

// Files in PEM of one who calls.
struct ChannelTlsFiles {
  std::string ca;           // Certificates that the server's must come from. Empty: plain text.
  std::string certificate;  // Shown to a server that asks for one, with the chain. Empty: none.
  std::string key;
};

// The text of a file of certificates. NOT_FOUND: cannot be read. INVALID_ARGUMENT: no certificate
// is in it; gRPC would take an empty one as word to trust every public authority.
absl::StatusOr<std::string> ReadCertificates(const std::string& path);

// The text of a private file with a key. Errors as ReadPrivateFile.
absl::StatusOr<std::string> ReadTlsKey(const std::string& path);

// Whether the files of a server can be used. All faults at once, with the code of the first: those
// of both functions above, and INVALID_ARGUMENT for a certificate or a key that is there alone.
absl::Status CheckTlsFiles(const TlsFiles& files);

// What a channel to host:port needs. INVALID_ARGUMENT: the address is not host:port; it is not
// loopback and there is no CA; or a certificate has no key, a key no certificate, or both no CA.
// Else as the functions above.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentialsFor(
    const std::string& address, const ChannelTlsFiles& files);

// Notes in the settings of a service what of its TLS is missing: `tls-certificate` and `tls-key`
// go together, `listen` on another address than loopback needs both, and `tls-ca` is needed where
// the address of a service that it reads is not loopback (`intake-address` of "intake").
void ExpectTls(Settings& settings, const std::vector<std::string>& upstreams);

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_GRPC_TLS_H_
