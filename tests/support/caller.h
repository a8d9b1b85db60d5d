// Calls to a served process, each one recorded in a history, and the script that tests play.
//
// A Caller is one principal's connection: no retries, so that a test sees every answer. The script
// is a small day: cases that are registered, changed, withdrawn and taken by an agency, each call
// under a request id that depends on its place in the script alone. Played again, after a crash, it
// repeats every call, as a client does that does not know what became of it. All people are
// synthetic, and their names are planted in the history.
#ifndef PATHWAYS_TESTS_SUPPORT_CALLER_H_
#define PATHWAYS_TESTS_SUPPORT_CALLER_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pathways/intake/v1/intake_service.grpc.pb.h"
#include "pathways/referral/v1/agency_service.grpc.pb.h"
#include "pathways/referral/v1/referral_service.grpc.pb.h"
#include "services/cli/client.h"
#include "tests/support/history.h"
#include "tests/support/serve_process.h"

namespace pathways::testing_support {

// Thread-safe.
class Caller {
 public:
  // `principal` is staff/desk or an agency of the folder.
  Caller(const ServeFolder& folder, const ServeProcess& process, const std::string& principal);
  Caller(int port, std::string principal, const std::string& token);

  // The same connection, whose calls end after `limit`.
  Caller WithLimit(absl::Duration limit) const;

  // Calls Stub's method, for example &intake::v1::IntakeService::Stub::GetCase. A refusal is as
  // cli::FailureOf reads it.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) const {
    grpc::ClientContext context;
    Prepare(context);
    Response response;
    Stub stub(channel_);
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return cli::ToStatus(status);
    return response;
  }
  // The same for a changing call: the answer is recorded under its method and request id.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Change(const char* name,
                                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                                  const Request& request, History& history) const {
    absl::StatusOr<Response> response = Call(method, request);
    history.Add({principal_, name, request.request_id(), response.ok() ? response->name() : "",
                 response.status().code()});
    return response;
  }

  // Token and deadline.
  void Prepare(grpc::ClientContext& context) const { Prepare(context, limit_); }
  void Prepare(grpc::ClientContext& context, absl::Duration limit) const;
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const std::string& principal() const { return principal_; }

  // Calls a method by its path with bytes as they are; the bytes of the answer.
  absl::StatusOr<std::string> CallRaw(const std::string& path, const std::string& bytes) const;
  // Health of a service by name, or of the process for an empty one.
  bool IsServing(const std::string& service) const;

 private:
  const std::string principal_;
  const std::string authorization_;
  const std::shared_ptr<grpc::Channel> channel_;
  absl::Duration limit_ = kPatience;
};

// A channel to a port, without retries.
std::shared_ptr<grpc::Channel> ChannelTo(int port);

// Request `index` of a test: one adult, whose screening facts meet the conditions of
// us-refugee-resettlement alone. The identity is planted in the history.
intake::v1::RegisterCaseRequest RegistrationOf(const std::string& test, int index,
                                               History& history);

// Plays the script to its end. UNAVAILABLE when the process went; DEADLINE_EXCEEDED when a
// referral did not come.
absl::Status PlayScript(const ServeFolder& folder, ServeProcess& process, History& history);

// Changes facts of the case of the script that nothing comes after: `state` is ISO 3166-2.
absl::Status MoveLastCase(const ServeFolder& folder, const ServeProcess& process,
                          const std::string& state, History& history);

// Waits until every event has had its effect. False: not in time, or the process ended.
bool WaitUntilSettled(const ServeFolder& folder, ServeProcess& process,
                      absl::Duration limit = kPatience);

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_CALLER_H_
