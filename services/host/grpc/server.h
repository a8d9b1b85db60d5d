// The gRPC server of a process.
//
// Starts on one address with the services given, says by name whether each serves (grpc.health.v1;
// the empty name is the process), and stops in bounded time. Plain text is allowed on loopback
// only, for tokens travel with every call, and on a port that serves nothing but health. Reflection
// is a setting, so that production shows nothing.
//
// What anybody can do without a token is bounded: connections, calls and messages of each, how long
// a connection is kept, and nothing that is compressed is taken. A port of health alone has bounds
// of its own, far smaller. The server calls itself every few seconds: where nobody accepts any more
// the process is to end, for nothing else would notice.
#ifndef PATHWAYS_SERVICES_HOST_GRPC_SERVER_H_
#define PATHWAYS_SERVICES_HOST_GRPC_SERVER_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/base/signal.h"
#include "services/host/grpc/listener.h"
#include "services/host/grpc/tls.h"

namespace pathways::host {

struct RpcOptions {
  std::string listen;  // host:port; port 0: any free one. Plain text: loopback only.
  bool reflection = false;
  int message_bytes_max = 1 << 20;  // A larger request is refused with RESOURCE_EXHAUSTED.
  TlsFiles tls;
  int connections_max = 256;  // More are closed as they come. Not used on a port of health alone.
  absl::Duration check_every = absl::Seconds(5);  // How often it calls itself.
  // Called once, by a thread of the server, when kUnansweredMax calls to itself in a row were not
  // answered. To end the process in order: there is no other cure. May be empty.
  std::function<void()> on_unreachable;
};

inline constexpr int kUnansweredMax = 3;

class RpcServer {
 public:
  // Starts. `services` must outlive the server; none: a port for health, in plain text anywhere.
  // INVALID_ARGUMENT: not a loopback address, and no TLS. Errors of the files as CheckTlsFiles.
  // UNAVAILABLE: the port is taken, or the certificate is none. Blocks until it has answered
  // itself.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      const RpcOptions& options, const std::vector<grpc::Service*>& services);
  ~RpcServer();

  int port() const { return listener_->port(); }
  // Health of one name; names that were never set are NOT_FOUND.
  void SetServing(const std::string& name, bool serving);
  // False from on_unreachable on.
  bool is_reachable() const { return is_reachable_; }
  // Refuses new calls and waits for running ones, at most `limit`; then cancels them.
  void Shutdown(absl::Duration limit);

 private:
  RpcServer(const RpcOptions& options, std::unique_ptr<Listener> listener);

  absl::Status Serve(const std::vector<grpc::Service*>& services);
  void CallItself();

  const RpcOptions options_;
  const std::unique_ptr<grpc::CallbackGenericService> nothing_;  // Used where nothing else is.
  const std::unique_ptr<Listener> listener_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;
  std::atomic<bool> is_reachable_ = true;
  base::Signal calls_;
  std::thread calls_thread_;
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_GRPC_SERVER_H_
