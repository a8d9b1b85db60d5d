#include "services/host/dispatcher.h"

#include <google/protobuf/descriptor.h>

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/host/pages.h"
#include "services/type/problem.h"

namespace pathways::host {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// As engine::EngineOptions::patience.
constexpr std::chrono::seconds kPatience{1};

absl::Status DeadlinePassed() {
  return type::Refuse(absl::StatusCode::kDeadlineExceeded, "DEADLINE_PASSED",
                      "the deadline passed, or the caller went, before the call was begun");
}

absl::Status PoolFull() {
  return type::Refuse(absl::StatusCode::kResourceExhausted, "READS_FULL",
                      "too many reads are waiting; try again");
}

absl::Status NotARequest() {
  return type::Refuse(absl::StatusCode::kInvalidArgument, kInvalidRequest,
                      "the request is no message of its type");
}

const google::protobuf::MethodDescriptor& DescriptorOf(const Api& api, const Method& method) {
  const auto* const found = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      absl::StrCat(api.service, ".", method.name));
  // The handlers cast what they are given: a wrong type is a fault of the program.
  const bool is_alike = found != nullptr && found->input_type() == method.request &&
                        found->output_type() == method.response;
  if (is_alike) return *found;
  std::cerr << "not as in the contracts: " << api.service << "/" << method.name << "\n";
  std::abort();
}

const Message* PrototypeOf(const google::protobuf::Descriptor* type) {
  return google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
}

}  // namespace

// One call that is no stream, from its beginning until it is answered.
struct Dispatcher::Unary {
  const Entry* entry;
  SteadyTime start;
  Done done;
  Caller caller;
  std::unique_ptr<Message> request;
  std::unique_ptr<Message> response;
};

Dispatcher::Dispatcher(DispatcherParts parts, std::vector<Api> apis)
    : parts_(std::move(parts)), apis_(std::move(apis)) {
  for (const Api& api : apis_) {
    for (const Method& method : api.methods) {
      const auto& descriptor = DescriptorOf(api, method);
      Entry& entry = entries_.emplace_back();
      entry.path = absl::StrCat(api.service, "/", method.name);
      entry.label = method.label.empty() ? method.name : method.label;
      entry.api = &api;
      entry.method = &method;
      entry.request = PrototypeOf(descriptor.input_type());
      entry.response = PrototypeOf(descriptor.output_type());
      entry.client_streams = descriptor.client_streaming();
      if (method.per_minute > 0) {
        entry.rate = std::make_unique<RateLimit>(method.per_minute, parts_.clock);
      }
    }
  }
}

absl::StatusOr<Caller> Dispatcher::Admit(const Entry& entry, const Incoming& incoming) const {
  const Principal* const principal = parts_.authenticator.Find(incoming.credentials);
  RETURN_IF_ERROR(Authorize(principal, entry.method->roles));
  if (entry.rate) RETURN_IF_ERROR(entry.rate->Take(principal->Name()));
  return Caller{*principal, entry.label, incoming.deadline, incoming.is_cancelled,
                base::Trace::Parse(incoming.traceparent).Child()};
}

ReadPool& Dispatcher::PoolOf(const Entry& entry) const {
  return entry.api->reads_for == ReadFor::kServices ? parts_.service_pool : parts_.pool;
}

void Dispatcher::Finish(Unary& call, const absl::Status& status) const {
  if (parts_.observe) {
    parts_.observe(call.entry->label, status.code(),
                   absl::FromChrono(std::chrono::steady_clock::now() - call.start));
  }
  call.done(status, *call.response);
}

void Dispatcher::Call(const Entry& entry, const Incoming& incoming, const Parse& parse,
                      Done done) const {
  auto call = std::make_shared<Unary>();
  call->entry = &entry;
  call->start = std::chrono::steady_clock::now();
  call->done = std::move(done);
  call->response.reset(entry.response->New());
  absl::StatusOr<Caller> caller = Admit(entry, incoming);
  if (!caller.ok()) return Finish(*call, caller.status());
  call->caller = *std::move(caller);
  call->request.reset(entry.request->New());
  if (!parse(*call->request)) return Finish(*call, NotARequest());
  Begin(call);
}

void Dispatcher::Begin(const std::shared_ptr<Unary>& call) const {
  const Method& method = *call->entry->method;
  if (const auto* read = std::get_if<ReadHandler>(&method.handler)) {
    const bool queued = PoolOf(*call->entry).Submit([this, call, read] {
      Finish(*call, InPool(*call, [&] {
        return read->read(call->caller, *call->request, *call->response);
      }));
    });
    if (!queued) Finish(*call, PoolFull());
    return;
  }
  const auto& change = std::get<ChangeHandler>(method.handler);
  if (change.prepares == Runs::kAtOnce) return Prepare(call, change);
  const bool queued = PoolOf(*call->entry).Submit([this, call, &change] { Prepare(call, change); });
  if (!queued) Finish(*call, PoolFull());
}

absl::Status Dispatcher::InPool(const Unary& call,
                                const std::function<absl::Status()>& read) const {
  if (call.caller.is_cancelled()) return DeadlinePassed();
  // Its own try would tell it no sooner, and keep those behind it waiting as long again.
  if (call.start < gave_up_at_.load()) {
    return absl::UnavailableError("the store does not answer; try again");
  }
  const SteadyTime start = std::chrono::steady_clock::now();
  absl::Status status = read();
  const SteadyTime end = std::chrono::steady_clock::now();
  if (absl::IsUnavailable(status) && end - start > kPatience) gave_up_at_ = end;
  return status;
}

void Dispatcher::Prepare(const std::shared_ptr<Unary>& call, const ChangeHandler& handler) const {
  if (call->caller.is_cancelled()) return Finish(*call, DeadlinePassed());
  absl::StatusOr<ChangeCall> change;
  const auto prepare = [&] {
    change = handler.prepare(call->caller, *call->request);
    return change.status();
  };
  const absl::Status prepared =
      handler.prepares == Runs::kInPool ? InPool(*call, prepare) : prepare();
  if (!prepared.ok()) return Finish(*call, prepared);
  Submit(call, handler, *std::move(change));
}

void Dispatcher::Submit(const std::shared_ptr<Unary>& call, const ChangeHandler& handler,
                        ChangeCall change) const {
  if (!change.command) return Finish(*call, change.answer({}, *call->response));
  engine::Command command = *std::move(change.command);
  command.trace = call->caller.trace;
  call->entry->api->engine->Submit(
      std::move(command),
      [this, call, &handler, fill = std::move(change.answer)](const engine::Answer& answer) {
        if (!answer.status.ok()) return Finish(*call, answer.status);
        if (handler.answers == Runs::kAtOnce) {
          return Finish(*call, fill(answer, *call->response));
        }
        // What is committed must be answered: it waits for its turn, however many do.
        const bool queued = PoolOf(*call->entry).SubmitAlways([this, call, fill, answer] {
          Finish(*call, fill(answer, *call->response));
        });
        if (!queued) Finish(*call, PoolFull());
      });
}

absl::StatusOr<std::shared_ptr<StreamHandler>> Dispatcher::Open(const Entry& entry,
                                                                const Incoming& incoming,
                                                                const Parse& parse) const {
  ASSIGN_OR_RETURN(const Caller caller, Admit(entry, incoming));
  const std::unique_ptr<Message> request(entry.request->New());
  if (parse && !parse(*request)) return NotARequest();
  return std::get<OpenHandler>(entry.method->handler).open(caller, *request);
}

}  // namespace pathways::host
