// What every gRPC handler does, once: admit the caller, run, answer, count.
//
// A handler of a service says who may call and what is to be read or changed; the edge finds the
// principal of the call, refuses who may not, runs reads in a bounded pool and hands commands to
// the engine, so that no handler blocks a gRPC thread. Every call is finished exactly once, also
// when the client has gone. The edge knows no service.
#ifndef PATHWAYS_SERVICES_RUNTIME_RPC_EDGE_H_
#define PATHWAYS_SERVICES_RUNTIME_RPC_EDGE_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/runtime/engine.h"
#include "services/runtime/principal.h"
#include "services/runtime/rpc/read_pool.h"

namespace pathways::runtime {

// One method and who may call it.
struct Method {
  const char* name;                      // For the audit trail and metrics: "GetCase".
  std::vector<absl::string_view> roles;  // Any of them will do.
};

class Edge {
 public:
  // Called after every call that is no stream, with its method, code and duration. Must not block.
  // Empty: nobody.
  using Observe = std::function<void(const char* method, absl::StatusCode, absl::Duration)>;

  // `tokens` and `pool` must outlive the edge and every call.
  Edge(const TokenFile& tokens, ReadPool& pool, Observe observe)
      : tokens_(tokens), pool_(pool), observe_(std::move(observe)) {}

  // The principal of a call. UNAUTHENTICATED without a known token, PERMISSION_DENIED without one
  // of the roles.
  absl::StatusOr<const Principal*> Admit(const grpc::CallbackServerContext& context,
                                         const Method& method) const;

  // A read: `read` runs in the pool and fills the response. Where a store keeps one waiting and
  // then fails it as UNAVAILABLE, those that wait behind it are answered so, too.
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, const Method& method,
                                 std::function<absl::Status(const Principal&)> read) const;

  // A change: `make` validates and makes the command, on the gRPC thread, so it must not block;
  // `fill` fills the response from the stream as it is after the commit, on the engine's thread.
  using MakeCommand = std::function<absl::StatusOr<Command>(const Principal&)>;
  using Fill = std::function<absl::Status(const Answer&)>;
  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext* context, const Method& method,
                                   Engine& engine, const MakeCommand& make, Fill fill) const;

  // The same, where `make` has to read the store: it runs in the pool.
  grpc::ServerUnaryReactor* ReadAndChange(grpc::CallbackServerContext* context,
                                          const Method& method, Engine& engine, MakeCommand make,
                                          Fill fill) const;

  ReadPool& pool() const { return pool_; }

 private:
  struct Call;

  // Runs in the pool what a call reads, unless nobody waits for it or it is to be shed.
  absl::Status InPool(const Call& call, const std::function<absl::Status()>& read) const;
  void SubmitCommand(const Call& call, Engine& engine, const Principal& principal,
                     const MakeCommand& make, Fill fill) const;
  void Finish(const Call& call, const absl::Status& status) const;

  const TokenFile& tokens_;
  ReadPool& pool_;
  const Observe observe_;
  // When a store last gave a read up that it had kept waiting.
  mutable std::atomic<std::chrono::steady_clock::time_point> gave_up_at_ =
      std::chrono::steady_clock::time_point::min();
};

// Too much is waiting: RESOURCE_EXHAUSTED with reason READS_FULL.
absl::Status PoolFull();

}  // namespace pathways::runtime

#endif  // PATHWAYS_SERVICES_RUNTIME_RPC_EDGE_H_
