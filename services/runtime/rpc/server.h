// The gRPC server of a process.
//
// Starts on one address with the services given, says by name whether each serves (grpc.health.v1;
// the empty name is the process), and stops in bounded time. Plain text is allowed on loopback
// only, for tokens travel with every call, and on a port that serves nothing but health. Reflection
// is a setting, so that production shows nothing.
#ifndef PATHWAYS_SERVICES_RUNTIME_RPC_SERVER_H_
#define PATHWAYS_SERVICES_RUNTIME_RPC_SERVER_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/runtime/rpc/tls.h"

namespace pathways::runtime {

struct RpcOptions {
  std::string listen;  // host:port; port 0: any free one. Plain text: loopback only.
  bool reflection = false;
  int message_bytes_max = 1 << 20;  // A larger request is refused with RESOURCE_EXHAUSTED.
  TlsFiles tls;
};

class RpcServer {
 public:
  // Starts. `services` must outlive the server; none: a port for health, in plain text anywhere.
  // INVALID_ARGUMENT: not a loopback address, and no TLS. Errors of the files as CheckTlsFiles.
  // UNAVAILABLE: the port is taken, or the certificate is none.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      const RpcOptions& options, const std::vector<grpc::Service*>& services);
  ~RpcServer();

  int port() const { return port_; }
  // Health of one name; names that were never set are NOT_FOUND.
  void SetServing(const std::string& name, bool serving);
  // Refuses new calls and waits for running ones, at most `limit`; then cancels them.
  void Shutdown(absl::Duration limit);

 private:
  RpcServer(std::unique_ptr<grpc::CallbackGenericService> nothing,
            std::unique_ptr<grpc::Server> server, int port)
      : nothing_(std::move(nothing)), server_(std::move(server)), port_(port) {}

  const std::unique_ptr<grpc::CallbackGenericService> nothing_;  // Used where nothing else is.
  std::unique_ptr<grpc::Server> server_;
  int port_;
};

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_RPC_SERVER_H_
