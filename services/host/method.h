// What a service offers to its callers, without any transport.
//
// A Method is a value: its name, who may call it, whether the audit trail gets a row of each call,
// and a handler that takes a caller and a request and gives an answer. A handler knows neither gRPC
// nor HTTP. The Dispatcher (dispatcher.h) stands before every handler and does once what all calls
// need: authentication, authorisation, deadline, rate, metrics. A transport, such as
// grpc/grpc_services.h, turns bytes into messages and hands them to the dispatcher.
//
// There are three kinds of handler. A read fills the answer from the store; it runs in the read
// pool and may block. A change names a command for the engine and how to answer once that is
// committed; what it does before may not block unless it says so. A stream talks to its caller
// until one of them ends it. The functions ReadMethod, ChangeMethod and StreamMethod at the end
// make a method of a function over generated messages.
#ifndef PATHWAYS_SERVICES_HOST_METHOD_H_
#define PATHWAYS_SERVICES_HOST_METHOD_H_

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/base/trace.h"
#include "services/engine/engine.h"
#include "services/host/principal.h"

namespace pathways::host {

using google::protobuf::Message;

// Who calls, and until when the answer is of use. Lives as long as the call.
struct Caller {
  Principal principal;
  std::string method;  // The method's label: for request ids and the audit trail.
  absl::Time deadline = absl::InfiniteFuture();
  std::function<bool()> is_cancelled = [] { return false; };  // The caller waits no more.
  base::Trace trace = {};                                     // The hop that this call is.
};

using Roles = std::vector<absl::string_view>;

// A read. Runs in the read pool.
struct ReadHandler {
  std::function<absl::Status(const Caller&, const Message& request, Message& response)> read;
};

// What a change asks of the engine, and how it is answered.
struct ChangeCall {
  // Nothing: the call changes nothing, as where it is only a try. It is answered at once.
  std::optional<engine::Command> command;
  // Fills the response from the stream as it is after the commit.
  std::function<absl::Status(const engine::Answer&, Message& response)> answer;
};

// Where a part of a change runs. Only in the read pool may it wait for the store.
enum class Runs { kAtOnce, kInPool };

struct ChangeHandler {
  std::function<absl::StatusOr<ChangeCall>(const Caller&, const Message& request)> prepare;
  Runs prepares = Runs::kAtOnce;  // On the transport's thread, or in the pool.
  Runs answers = Runs::kAtOnce;   // On the engine's thread, or in the pool.
};

// The caller's side of a stream; a transport implements it. Any thread; nothing blocks.
class Stream {
 public:
  virtual ~Stream() = default;
  // Sends a message after those before it. It waits in memory until the caller takes it: the
  // handler hears of each by OnSent and bounds how much it sends ahead. Nothing after Finish.
  virtual void Send(const Message& message) = 0;
  // Asks for the caller's next message. Once for each.
  virtual void ReadNext() = 0;
  // Ends the call when everything sent was taken. Twice is once.
  virtual void Finish(const absl::Status& status) = 0;
};

// The handler's side of a stream. Its functions are called on threads of the transport and may not
// block; OnMessage and OnSent may come at the same time on two threads. OnStart is the first of all
// and OnEnd the last.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  // The stream is there: from now on the handler may use it.
  virtual void OnStart(std::shared_ptr<Stream> stream) = 0;
  virtual void OnMessage(const Message& message) {}
  // The caller sends no more.
  virtual void OnReadEnd() {}
  // The transport has taken one message that was sent. Not told of those that were dropped.
  virtual void OnSent() {}
  // The caller has gone, or the call is over: what is sent now is dropped.
  virtual void OnEnd() {}
};

// A stream. Opens it or refuses it; may not block.
struct OpenHandler {
  std::function<absl::StatusOr<std::shared_ptr<StreamHandler>>(const Caller&,
                                                               const Message& request)>
      open;
};

// Whether the audit trail gets a row of each call that is let in: the handler's command or the
// handler itself writes it, in the transaction of what it does.
enum class Audit { kNone, kEachCall };

struct Method {
  std::string name;  // As in the contract: "RegisterCase".
  Roles roles;       // Any of them will do.
  Audit audit = Audit::kNone;
  std::variant<ReadHandler, ChangeHandler, OpenHandler> handler;
  // Types of the messages that the handler takes and gives; compared with the contract.
  const google::protobuf::Descriptor* request = nullptr;
  const google::protobuf::Descriptor* response = nullptr;
  std::string label = "";  // For request ids, metrics and the audit trail. Empty: the name.
  int per_minute = 0;      // Calls of one principal in a minute. 0: no bound.
};

// Which threads its reads share: those of other services must not wait behind people's lists.
enum class ReadFor { kPeople, kServices };

// The methods of one service of the contracts.
struct Api {
  std::string service;     // Full name: "pathways.intake.v1.IntakeService".
  engine::Engine* engine;  // Takes the commands of its changes. Null: it has none.
  std::vector<Method> methods;
  ReadFor reads_for = ReadFor::kPeople;
};

// "read", "change" or "stream".
absl::string_view KindOf(const Method& method);

// The table of methods in docs/methods.md: a line for each, with kind, roles and audit.
std::string TableOf(const std::vector<Api>& apis);

namespace internal {

// The function of a handler over generated messages: what a dispatcher hands over is of that type.
template <typename Request, typename Response, typename Function>
auto Untyped(Function function) {
  return [function = std::move(function)](const Caller& caller, const Message& request,
                                          Message& response) -> absl::Status {
    return function(caller, static_cast<const Request&>(request), static_cast<Response&>(response));
  };
}

}  // namespace internal

// A method that reads: `read(caller, request, response)` gives an absl::Status.
template <typename Request, typename Response, typename Function>
Method ReadMethod(std::string name, Roles roles, Function read) {
  Method method{std::move(name), std::move(roles)};
  method.request = Request::descriptor();
  method.response = Response::descriptor();
  method.handler = ReadHandler{internal::Untyped<Request, Response>(std::move(read))};
  return method;
}

// What a typed change gives: a command, and `answer(answer, response)` for after its commit.
template <typename Response>
struct Change {
  std::optional<engine::Command> command;
  std::function<absl::Status(const engine::Answer&, Response&)> answer;
};

// A method that changes: `prepare(caller, request)` gives an absl::StatusOr<Change<Response>>.
// Every accepted change leaves an audit row, which the engine writes.
template <typename Request, typename Response, typename Function>
Method ChangeMethod(std::string name, Roles roles, Function prepare, Runs prepares = Runs::kAtOnce,
                    Runs answers = Runs::kAtOnce) {
  Method method{std::move(name), std::move(roles), Audit::kEachCall};
  method.request = Request::descriptor();
  method.response = Response::descriptor();
  ChangeHandler handler;
  handler.prepares = prepares;
  handler.answers = answers;
  handler.prepare = [prepare = std::move(prepare)](
                        const Caller& caller,
                        const Message& request) -> absl::StatusOr<ChangeCall> {
    absl::StatusOr<Change<Response>> change = prepare(caller, static_cast<const Request&>(request));
    if (!change.ok()) return change.status();
    return ChangeCall{
        std::move(change->command),
        [answer = std::move(change->answer)](const engine::Answer& committed, Message& response) {
          return answer(committed, static_cast<Response&>(response));
        }};
  };
  method.handler = std::move(handler);
  return method;
}

// A method that is a stream: `open(caller, request)` gives its handler. Where the caller streams,
// the request is an empty message.
template <typename Request, typename Response, typename Function>
Method StreamMethod(std::string name, Roles roles, Function open) {
  Method method{std::move(name), std::move(roles)};
  method.request = Request::descriptor();
  method.response = Response::descriptor();
  method.handler =
      OpenHandler{[open = std::move(open)](
                      const Caller& caller,
                      const Message& request) -> absl::StatusOr<std::shared_ptr<StreamHandler>> {
        return open(caller, static_cast<const Request&>(request));
      }};
  return method;
}

}  // namespace pathways::host

#endif  // PATHWAYS_SERVICES_HOST_METHOD_H_
