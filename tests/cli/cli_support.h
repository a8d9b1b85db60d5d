// A server that answers any unary or server-streaming call with what a test laid out, and a way to
// run a command against it as a user would.
//
// It stands for the services at the edge under test: requests are recorded as text together with
// the token they came with. It listens on a free port of loopback. Thread-safe.
#ifndef PATHWAYS_TESTS_CLI_CLI_SUPPORT_H_
#define PATHWAYS_TESTS_CLI_CLI_SUPPORT_H_

#include <google/protobuf/message.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/support/status.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "google/rpc/error_details.pb.h"

namespace pathways::cli {

inline constexpr char kCase[] = "cases/11111111-2222-4333-8444-555555555555";
inline constexpr char kCaseId[] = "11111111-2222-4333-8444-555555555555";
inline constexpr char kRequestId[] = "99999999-2222-4333-8444-555555555555";

// A refusal with details, as the services send it.
grpc::Status Refusal(grpc::StatusCode code, const std::string& reason,
                     const std::vector<std::pair<std::string, std::string>>& violations = {});

class FakeServices : public grpc::CallbackGenericService {
 public:
  explicit FakeServices(const std::shared_ptr<grpc::ServerCredentials>& credentials =
                            grpc::InsecureServerCredentials());
  ~FakeServices() override;

  const std::string& address() const { return address_; }

  // The next call of the method (its name alone) is answered so; calls that nothing is laid out
  // for are answered with an empty message.
  void Answer(const std::string& method, const google::protobuf::Message& message);
  void Answer(const std::string& method, const grpc::Status& status);
  void AnswerStream(const std::string& method,
                    const std::vector<const google::protobuf::Message*>& messages,
                    const grpc::Status& status);

  // "Method {request in text form}" of each call, and the authorization of the last one.
  std::vector<std::string> calls() const;
  std::string authorization() const;
  // The header of each call, as sent.
  std::vector<std::string> traceparents() const;

 private:
  class Call;
  struct Reply {
    std::vector<std::string> messages = {""};
    grpc::Status status;
  };

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;
  Reply Take(const std::string& path, const grpc::ByteBuffer& request,
             const std::string& authorization, const std::string& traceparent);

  mutable std::mutex mutex_;
  std::map<std::string, std::deque<Reply>> replies_;
  std::vector<std::string> calls_;
  std::string authorization_;
  std::vector<std::string> traceparents_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

struct Ran {
  int exit_code = 0;
  std::string out;
  std::string err;
};

// Runs `pathways` with the arguments. The address is added to them.
Ran RunCli(const std::string& address, std::vector<std::string> arguments,
           const std::string& token = "");

}  // namespace pathways::cli

#endif  // PATHWAYS_TESTS_CLI_CLI_SUPPORT_H_
