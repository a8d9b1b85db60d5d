// A connection of the command line to the services, and what their refusals mean.
//
// Every call carries the token, a trace of its own and a deadline. A call that the service could
// not take (UNAVAILABLE, RESOURCE_EXHAUSTED) is sent again by gRPC itself, unchanged and so with
// the same request id, at most five times within the deadline; every changing call has a request
// id, so that is safe. What the service refuses comes back as an absl::Status that FailureOf takes
// apart; nobody parses messages.
#ifndef PATHWAYS_SERVICES_CLI_CLIENT_H_
#define PATHWAYS_SERVICES_CLI_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pathways/eligibility/v1/eligibility_service.grpc.pb.h"
#include "pathways/intake/v1/intake_service.grpc.pb.h"
#include "pathways/operations/v1/operations_service.grpc.pb.h"
#include "pathways/referral/v1/agency_service.grpc.pb.h"
#include "pathways/referral/v1/referral_service.grpc.pb.h"
#include "pathways/type/v1/problem.pb.h"
#include "services/cli/exit_codes.h"
#include "services/host/grpc/tls.h"

namespace pathways::cli {

struct ClientSettings {
  std::string address = "127.0.0.1:50051";
  std::string token;  // Empty: none is sent.
  absl::Duration timeout = absl::Seconds(10);
  host::ChannelTlsFiles tls;
};

// Why something did not work.
struct Failure {
  absl::StatusCode code = absl::StatusCode::kOk;
  bool is_from_service = false;  // False: it was found here, before or without a call.
  std::string reason;            // Stable upper-case code. Empty: the service gave none.
  std::string message;
  std::vector<type::v1::FieldViolation> violations;
  absl::Duration retry_after;  // Zero: the service did not say.
};

// What a service answered, with its google.rpc details as payload.
absl::Status ToStatus(const grpc::Status& status);

// Takes apart a status made by ToStatus, or one of this program.
Failure FailureOf(const absl::Status& status);

// NOT_FOUND and INVALID_ARGUMENT that were found here are a matter of usage.
ExitCode ExitCodeOf(const absl::Status& status);

// True for what may be sent as a token: 1 to 8192 printable ASCII characters without spaces.
bool IsToken(absl::string_view text);

// The first line of a private file (base/private_file.h), without white space around it.
// INVALID_ARGUMENT when the line is empty or cannot be a token; else the errors of ReadPrivateFile.
absl::StatusOr<std::string> ReadToken(const std::string& path);

// Thread-safe.
class Client {
 public:
  // Does not connect yet. Nothing that a client sends goes over a network in clear, so there is
  // none for an address or files that host::ChannelCredentialsFor refuses; errors as there.
  static absl::StatusOr<std::unique_ptr<Client>> Make(const ClientSettings& settings);

  // Calls a method, for example &intake::v1::IntakeService::Stub::GetCase. Blocks until the answer,
  // at most for the timeout.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    grpc::ClientContext context;
    AddHeaders(context);
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
    Response response;
    const grpc::Status status = (stub<Stub>().*method)(&context, request, &response);
    if (!status.ok()) return ToStatus(status);
    return response;
  }

  // For streams, which set no deadline of their own: the caller watches that something comes.
  template <typename Stub>
  Stub& stub() {
    return *std::get<std::unique_ptr<Stub>>(stubs_);
  }
  // The token, and a trace that begins with this call.
  void AddHeaders(grpc::ClientContext& context) const;
  // Connects if need be. False when that took too long.
  bool WaitUntilConnected(absl::Duration at_most);
  absl::Duration timeout() const { return timeout_; }

 private:
  Client(const ClientSettings& settings, std::shared_ptr<grpc::Channel> channel);

  std::string authorization_;
  absl::Duration timeout_;
  std::shared_ptr<grpc::Channel> channel_;
  std::tuple<std::unique_ptr<intake::v1::IntakeService::Stub>,
             std::unique_ptr<eligibility::v1::EligibilityService::Stub>,
             std::unique_ptr<referral::v1::ReferralService::Stub>,
             std::unique_ptr<referral::v1::AgencyService::Stub>,
             std::unique_ptr<operations::v1::OperationsService::Stub>>
      stubs_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_CLIENT_H_
