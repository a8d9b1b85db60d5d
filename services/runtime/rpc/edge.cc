#include "services/runtime/rpc/edge.h"

#include <chrono>
#include <utility>

#include "services/runtime/rpc/errors.h"
#include "services/runtime/status_macros.h"
#include "services/type/problem.h"

namespace pathways::runtime {
namespace {

constexpr char kAuthorization[] = "authorization";
constexpr char kBearer[] = "Bearer ";
// As EngineOptions::patience.
constexpr std::chrono::seconds kPatience{1};

absl::Status DeadlinePassed() {
  return type::Refuse(absl::StatusCode::kDeadlineExceeded, "DEADLINE_PASSED",
                      "the deadline passed, or the caller went, before the call was begun");
}

}  // namespace

absl::Status PoolFull() {
  return type::Refuse(absl::StatusCode::kResourceExhausted, "READS_FULL",
                      "too many reads are waiting; try again");
}

struct Edge::Call {
  grpc::CallbackServerContext* context;
  grpc::ServerUnaryReactor* reactor;
  const char* method;
  std::chrono::steady_clock::time_point start;
};

absl::StatusOr<const Principal*> Edge::Admit(const grpc::CallbackServerContext& context,
                                             const Method& method) const {
  const Principal* principal = nullptr;
  const auto found = context.client_metadata().find(kAuthorization);
  if (found != context.client_metadata().end()) {
    absl::string_view token(found->second.data(), found->second.size());
    const absl::string_view scheme(kBearer);
    if (token.substr(0, scheme.size()) == scheme) {
      principal = tokens_.Find(token.substr(scheme.size()));
    }
  }
  RETURN_IF_ERROR(Authorize(principal, method.roles));
  return principal;
}

void Edge::Finish(const Call& call, const absl::Status& status) const {
  if (observe_) {
    observe_(call.method, status.code(),
             absl::FromChrono(std::chrono::steady_clock::now() - call.start));
  }
  call.reactor->Finish(ToGrpc(status));
}

grpc::ServerUnaryReactor* Edge::Read(grpc::CallbackServerContext* context, const Method& method,
                                     std::function<absl::Status(const Principal&)> read) const {
  const Call call{context, context->DefaultReactor(), method.name,
                  std::chrono::steady_clock::now()};
  const absl::StatusOr<const Principal*> principal = Admit(*context, method);
  if (!principal.ok()) {
    Finish(call, principal.status());
    return call.reactor;
  }
  const bool queued = pool_.Submit([this, call, principal = *principal, read = std::move(read)] {
    Finish(call, InPool(call, [&] { return read(*principal); }));
  });
  if (!queued) Finish(call, PoolFull());
  return call.reactor;
}

absl::Status Edge::InPool(const Call& call, const std::function<absl::Status()>& read) const {
  if (call.context->IsCancelled()) return DeadlinePassed();
  // Its own try would tell it no sooner, and keep those behind it waiting as long again.
  if (call.start < gave_up_at_.load()) {
    return absl::UnavailableError("the store does not answer; try again");
  }
  const auto start = std::chrono::steady_clock::now();
  absl::Status status = read();
  const auto end = std::chrono::steady_clock::now();
  if (absl::IsUnavailable(status) && end - start > kPatience) gave_up_at_ = end;
  return status;
}

void Edge::SubmitCommand(const Call& call, Engine& engine, const Principal& principal,
                         const MakeCommand& make, Fill fill) const {
  if (call.context->IsCancelled()) return Finish(call, DeadlinePassed());
  absl::StatusOr<Command> command = make(principal);
  if (!command.ok()) return Finish(call, command.status());
  engine.Submit(*std::move(command), [this, call, fill = std::move(fill)](const Answer& answer) {
    Finish(call, answer.status.ok() ? fill(answer) : answer.status);
  });
}

grpc::ServerUnaryReactor* Edge::Change(grpc::CallbackServerContext* context, const Method& method,
                                       Engine& engine, const MakeCommand& make, Fill fill) const {
  const Call call{context, context->DefaultReactor(), method.name,
                  std::chrono::steady_clock::now()};
  const absl::StatusOr<const Principal*> principal = Admit(*context, method);
  if (principal.ok()) {
    SubmitCommand(call, engine, **principal, make, std::move(fill));
  } else {
    Finish(call, principal.status());
  }
  return call.reactor;
}

grpc::ServerUnaryReactor* Edge::ReadAndChange(grpc::CallbackServerContext* context,
                                              const Method& method, Engine& engine,
                                              MakeCommand make, Fill fill) const {
  const Call call{context, context->DefaultReactor(), method.name,
                  std::chrono::steady_clock::now()};
  const absl::StatusOr<const Principal*> principal = Admit(*context, method);
  if (!principal.ok()) {
    Finish(call, principal.status());
    return call.reactor;
  }
  const bool queued = pool_.Submit([this, call, &engine, principal = *principal,
                                    make = std::move(make), fill = std::move(fill)] {
    const MakeCommand in_pool = [&](const Principal& caller) {
      absl::StatusOr<Command> command;
      const absl::Status read = InPool(call, [&] {
        command = make(caller);
        return command.status();
      });
      return read.ok() ? std::move(command) : absl::StatusOr<Command>(read);
    };
    SubmitCommand(call, engine, *principal, in_pool, fill);
  });
  if (!queued) Finish(call, PoolFull());
  return call.reactor;
}

}  // namespace pathways::runtime
