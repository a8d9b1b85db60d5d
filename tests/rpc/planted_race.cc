// Goal: ThreadSanitizer, as `./dev tsan` sets it up, sees a race in a handler. Method: two calls at
// once add to a plain number; the test passes when the race is reported.
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <string>
#include <thread>
#include <vector>

namespace {

int answered = 0;  // Guarded by nothing.

class Adder : public grpc::ServerGenericBidiReactor {
 public:
  Adder() {
    for (int i = 0; i < 1000; ++i) ++answered;
    Finish(grpc::Status::OK);
  }
  void OnDone() override { delete this; }
};

class Service : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new Adder();
  }
};

void CallOften(int port) {
  const auto channel =
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
  for (int i = 0; i < 200; ++i) {
    grpc::ClientContext context;
    grpc::GenericStub stub(channel);
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareUnaryCall(&context, "/planted/Race", {}, &queue);
    call->StartCall();
    grpc::ByteBuffer answer;
    grpc::Status status;
    call->Finish(&answer, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
  }
}

}  // namespace

int main() {
  Service service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  const auto server = builder.BuildAndStart();
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) callers.emplace_back(CallOften, port);
  for (std::thread& caller : callers) caller.join();
  server->Shutdown();
  return answered > 0 ? 0 : 1;
}
