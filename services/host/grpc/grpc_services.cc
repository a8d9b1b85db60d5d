#include "services/host/grpc/grpc_services.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/trace.h"
#include "services/host/grpc/errors.h"

namespace pathways::host {
namespace {

using grpc::ByteBuffer;
using grpc::CallbackServerContext;

constexpr char kAuthorization[] = "authorization";

// A message in bytes that belong to a call: read in place.
bool ParseBytes(ByteBuffer bytes, Message& message) {
  grpc::ProtoBufferReader reader(&bytes);
  return reader.status().ok() && message.ParseFromZeroCopyStream(&reader);
}

ByteBuffer BytesOf(const Message& message) {
  ByteBuffer bytes;
  bool own_buffer = false;
  (void)grpc::GenericSerialize<grpc::ProtoBufferWriter, Message>(message, &bytes, &own_buffer);
  return bytes;
}

Incoming IncomingOf(CallbackServerContext& context) {
  Incoming incoming;
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(kAuthorization);
  if (found != metadata.end()) {
    incoming.credentials.authorization = {found->second.data(), found->second.size()};
  }
  // Of two nobody could say which one is meant.
  if (metadata.count(base::kTraceparent) == 1) {
    const grpc::string_ref text = metadata.find(base::kTraceparent)->second;
    incoming.traceparent = {text.data(), text.size()};
  }
  incoming.deadline = absl::FromChrono(context.deadline());
  incoming.is_cancelled = [&context] { return context.IsCancelled(); };
  return incoming;
}

grpc::ServerUnaryReactor* CallUnary(const Dispatcher& dispatcher, const Dispatcher::Entry& entry,
                                    CallbackServerContext* context, const ByteBuffer* request,
                                    ByteBuffer* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  dispatcher.Call(
      entry, IncomingOf(*context),
      [request](Message& message) { return ParseBytes(*request, message); },
      [reactor, response](const absl::Status& status, const Message& answer) {
        if (status.ok()) *response = BytesOf(answer);
        reactor->Finish(ToGrpc(status));
      });
  return reactor;
}

// One stream over gRPC. gRPC, the handler and whoever holds the stream may call from different
// threads, so everything is under one mutex. Finish is told to gRPC once, when nothing waits to be
// sent; after OnDone nothing reaches gRPC any more.
//
// To gRPC every stream is one in both directions: where the caller sends a single request, that is
// read here first.
class GrpcStream : public grpc::ServerBidiReactor<ByteBuffer, ByteBuffer>,
                   public Stream,
                   public std::enable_shared_from_this<GrpcStream> {
 public:
  GrpcStream(const Dispatcher& dispatcher, const Dispatcher::Entry& entry,
             CallbackServerContext& context)
      : dispatcher_(dispatcher), entry_(entry), context_(context), message_(entry.request->New()) {}

  void Start() {
    self_ = shared_from_this();  // Until OnDone.
    if (entry_.client_streams) {
      Open(nullptr);
    } else {
      ReadNext();
    }
  }

  void Send(const Message& message) override {
    ByteBuffer bytes = BytesOf(message);
    std::lock_guard<std::mutex> lock(mutex_);
    if (finishing_) return;
    outbox_.push_back(std::move(bytes));
    WriteNext();
  }

  void ReadNext() override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (finishing_ || reading_) return;
    reading_ = true;
    StartRead(&received_);
  }

  void Finish(const absl::Status& status) override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (finishing_) return;
      finishing_ = true;
      status_ = status;
    }
    FinishWhenSent();
  }

  void OnReadDone(bool ok) override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      reading_ = false;
      if (finishing_) return;
    }
    if (handler_ == nullptr) {
      const auto parse = [this](Message& message) { return ParseBytes(received_, message); };
      return ok ? Open(parse) : Finish(absl::CancelledError("no request came"));
    }
    if (!ok) return handler_->OnReadEnd();
    if (!ParseBytes(received_, *message_)) {
      return Finish(absl::InvalidArgumentError("the request is no message of its type"));
    }
    handler_->OnMessage(*message_);
  }

  void OnWriteDone(bool ok) override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      writing_ = false;
      outbox_.pop_front();
      if (!ok) outbox_.clear();
      WriteNext();
    }
    handler_->OnSent();
    FinishWhenSent();
  }

  void OnCancel() override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      outbox_.erase(outbox_.begin() + (writing_ ? 1 : 0), outbox_.end());
    }
    Finish(absl::CancelledError("the stream was broken off"));
  }

  void OnDone() override {
    if (handler_) handler_->OnEnd();
    handler_.reset();
    self_.reset();  // The last reference, unless the handler's work still holds one.
  }

 private:
  void Open(const Dispatcher::Parse& parse) {
    auto handler = dispatcher_.Open(entry_, IncomingOf(context_), parse);
    if (!handler.ok()) return Finish(handler.status());
    handler_ = *std::move(handler);
    handler_->OnStart(self_);
  }

  // mutex_ is held.
  void WriteNext() {
    if (writing_ || outbox_.empty()) return;
    writing_ = true;
    StartWrite(&outbox_.front());
  }

  void FinishWhenSent() {
    const std::shared_ptr<GrpcStream> alive = shared_from_this();  // OnDone may come at once.
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (!finishing_ || finished_ || !outbox_.empty()) return;
      finished_ = true;
    }
    ServerBidiReactor::Finish(ToGrpc(status_));
  }

  const Dispatcher& dispatcher_;
  const Dispatcher::Entry& entry_;
  CallbackServerContext& context_;
  const std::unique_ptr<Message> message_;  // The one being read. Used by one read at a time.
  ByteBuffer received_;
  std::shared_ptr<GrpcStream> self_;
  std::shared_ptr<StreamHandler> handler_;  // Null until the call was let in.

  std::mutex mutex_;               // Guards what follows.
  std::deque<ByteBuffer> outbox_;  // The first is being written, while writing_.
  absl::Status status_;
  bool reading_ = false;
  bool writing_ = false;
  bool finishing_ = false;  // Finish was asked for,
  bool finished_ = false;   // and told to gRPC.
};

// The methods of one Api.
class GrpcService : public grpc::Service {
 public:
  // Adds a method. The path must stay where it is: gRPC keeps the pointer.
  void Add(const Dispatcher& dispatcher, const Dispatcher::Entry& entry) {
    using grpc::internal::RpcMethod;
    paths_.push_back(absl::StrCat("/", entry.path));
    const bool is_stream = std::holds_alternative<OpenHandler>(entry.method->handler);
    AddMethod(new grpc::internal::RpcServiceMethod(
        paths_.back().c_str(), is_stream ? RpcMethod::BIDI_STREAMING : RpcMethod::NORMAL_RPC,
        nullptr));
    const int index = static_cast<int>(paths_.size()) - 1;
    if (is_stream) {
      MarkMethodRawCallback(index, new grpc::internal::CallbackBidiHandler<ByteBuffer, ByteBuffer>(
                                       [&dispatcher, &entry](CallbackServerContext* context) {
                                         auto stream = std::make_shared<GrpcStream>(
                                             dispatcher, entry, *context);
                                         stream->Start();
                                         return stream.get();
                                       }));
    } else {
      MarkMethodRawCallback(
          index, new grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>(
                     [&dispatcher, &entry](CallbackServerContext* context,
                                           const ByteBuffer* request, ByteBuffer* response) {
                       return CallUnary(dispatcher, entry, context, request, response);
                     }));
    }
  }

 private:
  std::deque<std::string> paths_;
};

}  // namespace

std::vector<std::unique_ptr<grpc::Service>> MakeGrpcServices(const Dispatcher& dispatcher) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  const Api* last = nullptr;  // The entries of one Api stand together.
  for (const Dispatcher::Entry& entry : dispatcher.entries()) {
    if (entry.api != last) services.push_back(std::make_unique<GrpcService>());
    last = entry.api;
    static_cast<GrpcService&>(*services.back()).Add(dispatcher, entry);
  }
  return services;
}

}  // namespace pathways::host
