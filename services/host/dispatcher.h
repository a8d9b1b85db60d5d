// The one place that every call of every service passes, whatever transport brought it.
//
// A dispatcher holds the methods of a process. For each call it finds the principal, refuses who
// may not call and who calls too often, gives up what nobody waits for any more, runs the handler
// where it may run - reads in a pool, commands through the engine - and counts the call. A request
// is parsed only once its caller was let in. Each call is answered exactly once, also when its
// caller has gone. Each call is a hop of its caller's trace, or of a new one, and so is the command
// that a change makes of it. A transport brings bytes in and out and nothing else.
//
// Thread-safe. Call and Open never block: they may be called on a transport's own threads.
#ifndef PATHWAYS_SERVICES_HOST_DISPATCHER_H_
#define PATHWAYS_SERVICES_HOST_DISPATCHER_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/base/clock.h"
#include "services/host/authenticator.h"
#include "services/host/method.h"
#include "services/host/rate_limit.h"
#include "services/host/read_pool.h"

namespace pathways::host {

// One call, as its transport has it. The views need to live for the call of Call or Open alone.
struct Incoming {
  Credentials credentials;
  absl::string_view traceparent;  // As it came; empty where there is none, or more than one.
  absl::Time deadline = absl::InfiniteFuture();
  std::function<bool()> is_cancelled;  // Any thread, until the call is answered.
};

// What a dispatcher stands on. All must outlive it and every call.
struct DispatcherParts {
  const Authenticator& authenticator;
  const base::Clock& clock;
  ReadPool& pool;          // Reads for people,
  ReadPool& service_pool;  // and for other services.
  // Called after every call that is no stream, with its method, code and duration; must not block.
  // Empty: nobody.
  std::function<void(const std::string& method, absl::StatusCode, absl::Duration)> observe;
};

class Dispatcher {
 public:
  // One method with what belongs to it. Lives as long as the dispatcher.
  struct Entry {
    std::string path;   // "pathways.intake.v1.IntakeService/RegisterCase"
    std::string label;  // For metrics, request ids and the audit trail.
    const Api* api;
    const Method* method;
    const Message* request;  // An empty message of each type.
    const Message* response;
    bool client_streams = false;      // The caller sends many messages.
    std::unique_ptr<RateLimit> rate;  // Null: no bound.
  };
  // Reads a request. False: these bytes are none.
  using Parse = std::function<bool(Message& request)>;
  // Hears what became of a call, once, on any thread; must not block. The response is filled where
  // the status is OK.
  using Done = std::function<void(const absl::Status& status, const Message& response)>;

  // Every method must exist in the contracts that are compiled in, with the types that its handler
  // takes; one that does not ends the process.
  Dispatcher(DispatcherParts parts, std::vector<Api> apis);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  const std::vector<Api>& apis() const { return apis_; }
  const std::vector<Entry>& entries() const { return entries_; }

  // A read or a change. Refusals: UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT (not a
  // request), RESOURCE_EXHAUSTED (RATE_LIMITED, READS_FULL), DEADLINE_EXCEEDED; else the handler's.
  void Call(const Entry& entry, const Incoming& incoming, const Parse& parse, Done done) const;

  // A stream. `parse` is empty where the caller streams. Refusals as above; the handler has not
  // been started yet.
  absl::StatusOr<std::shared_ptr<StreamHandler>> Open(const Entry& entry, const Incoming& incoming,
                                                      const Parse& parse) const;

 private:
  struct Unary;

  absl::StatusOr<Caller> Admit(const Entry& entry, const Incoming& incoming) const;
  ReadPool& PoolOf(const Entry& entry) const;
  // Runs in the pool what a call reads, unless nobody waits for it or it is to be shed.
  absl::Status InPool(const Unary& call, const std::function<absl::Status()>& read) const;
  void Begin(const std::shared_ptr<Unary>& call) const;
  void Prepare(const std::shared_ptr<Unary>& call, const ChangeHandler& handler) const;
  void Submit(const std::shared_ptr<Unary>& call, const ChangeHandler& handler,
              ChangeCall change) const;
  void Finish(Unary& call, const absl::Status& status) const;

  const DispatcherParts parts_;
  const std::vector<Api> apis_;
  std::vector<Entry> entries_;
  // When a store last gave a read up that it had kept waiting.
  mutable std::atomic<std::chrono::steady_clock::time_point> gave_up_at_ =
      std::chrono::steady_clock::time_point::min();
};

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_DISPATCHER_H_
