// Says when a service is SERVING, by the health check of gRPC.
//
// Prints "ready" and waits for a line `HOST:PORT SERVICE` on standard input; then asks that server
// for the health of that service until it is SERVING, prints "SERVING" and ends. It is started
// before the server, so that its own start is no part of what is measured.
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <condition_variable>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>

namespace pathways::bench {
namespace {

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";
constexpr std::chrono::seconds kLimit{60};

// Debian packages no messages of the health contract. HealthCheckRequest is one string, field 1;
// HealthCheckResponse is one enum, field 1, where 1 is SERVING.
grpc::ByteBuffer RequestFor(const std::string& service) {
  const std::string bytes = std::string("\x0a") + static_cast<char>(service.size()) + service;
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

bool SaysServing(const grpc::ByteBuffer& response) {
  grpc::Slice slice;
  if (!response.TrySingleSlice(&slice).ok() || slice.size() != 2) return false;
  return slice.begin()[0] == 0x08 && slice.begin()[1] == 1;
}

// One check, which waits for the connection.
bool IsServing(grpc::GenericStub& stub, const std::string& service,
               std::chrono::system_clock::time_point deadline) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(deadline);
  const grpc::ByteBuffer request = RequestFor(service);
  grpc::ByteBuffer response;
  std::mutex mutex;
  std::condition_variable answered;
  bool is_answered = false;
  bool is_ok = false;
  stub.UnaryCall(&context, kCheck, {}, &request, &response, [&](const grpc::Status& status) {
    std::lock_guard<std::mutex> lock(mutex);
    is_ok = status.ok();
    is_answered = true;
    answered.notify_one();
  });
  std::unique_lock<std::mutex> lock(mutex);
  answered.wait(lock, [&] { return is_answered; });
  return is_ok && SaysServing(response);
}

int Main() {
  // Starts gRPC's threads now.
  grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials());
  std::cout << "ready\n" << std::flush;
  std::string address;
  std::string service;
  std::cin >> address >> service;
  if (service.empty() || service.size() > 127) return 2;
  grpc::GenericStub stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  const auto deadline = std::chrono::system_clock::now() + kLimit;
  while (!IsServing(stub, service, deadline)) {
    if (std::chrono::system_clock::now() > deadline) return 1;
  }
  std::cout << "SERVING\n" << std::flush;
  return 0;
}

}  // namespace
}  // namespace pathways::bench

int main() { return pathways::bench::Main(); }
