// The least a gRPC server can do with a registration: take it, and send it back without identity.
//
// It has the messages of the real service, and neither checks, seals nor stores anything, so what
// it answers a second is what gRPC allows with the client and the machine at hand. Prints its port
// and serves until standard input ends.
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <iostream>
#include <memory>
#include <string>

#include "pathways/intake/v1/intake_service.grpc.pb.h"

namespace pathways::bench {
namespace {

// As long as a real name.
constexpr char kName[] = "cases/00000000-0000-4000-8000-000000000000";

class EchoService : public intake::v1::IntakeService::CallbackService {
 public:
  grpc::ServerUnaryReactor* RegisterCase(grpc::CallbackServerContext* context,
                                         const intake::v1::RegisterCaseRequest* request,
                                         intake::v1::Case* response) override {
    *response = request->case_();
    for (intake::v1::Person& person : *response->mutable_people()) person.clear_identity();
    response->set_name(kName);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int Main() {
  EchoService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  std::cout << port << '\n' << std::flush;
  std::string line;
  while (std::getline(std::cin, line)) continue;
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

}  // namespace
}  // namespace pathways::bench

int main() { return pathways::bench::Main(); }
