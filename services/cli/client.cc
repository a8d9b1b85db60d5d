#include "services/cli/client.h"

#include <google/protobuf/util/time_util.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "services/base/private_file.h"
#include "services/base/status_macros.h"
#include "services/base/trace.h"
#include "services/type/problem.h"

namespace pathways::cli {
namespace {

// Payload of a status that came from a service: a serialised google.rpc.Status, or nothing.
constexpr char kDetails[] = "type.googleapis.com/google.rpc.Status";

// A page of a thousand cases of many people is larger than gRPC's 4 MiB.
constexpr int kMessageBytesMax = 64 * 1024 * 1024;
// A hundred bad fields with their descriptions, and as much again for the encoding.
constexpr int kMetadataBytesMax = 256 * 1024;
constexpr size_t kTokenBytesMax = 8192;
constexpr size_t kTokenFileBytesMax = 64 * 1024;

// Retries are gRPC's: it waits between attempts, stops at the deadline and heeds push-back.
constexpr char kServiceConfig[] = R"json({"methodConfig": [{
  "name": [{}],
  "retryPolicy": {
    "maxAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]
  }
}]})json";

std::shared_ptr<grpc::Channel> Connect(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  // A service names up to a hundred bad fields, and a refusal travels as metadata, of which gRPC
  // takes 8 KiB unless it is told.
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  // A proxy set for the web would otherwise see every call, those to loopback too.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Without it a watch over a dead connection waits for ever. Less than five minutes is more often
  // than servers allow by default.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 360'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

void ReadDetail(const google::protobuf::Any& detail, Failure& failure) {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  google::rpc::RetryInfo retry;
  if (detail.UnpackTo(&info)) {
    failure.reason = info.reason();
  } else if (detail.UnpackTo(&bad_request)) {
    for (const auto& found : bad_request.field_violations()) {
      type::v1::FieldViolation& violation = failure.violations.emplace_back();
      violation.set_field(found.field());
      violation.set_description(found.description());
    }
  } else if (detail.UnpackTo(&retry)) {
    failure.retry_after = absl::Nanoseconds(
        google::protobuf::util::TimeUtil::DurationToNanoseconds(retry.retry_delay()));
  }
}

}  // namespace

absl::Status ToStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  result.SetPayload(kDetails, absl::Cord(status.error_details()));
  return result;
}

Failure FailureOf(const absl::Status& status) {
  Failure failure{.code = status.code(), .message = std::string(status.message())};
  if (const auto details = status.GetPayload(kDetails)) {
    failure.is_from_service = true;
    google::rpc::Status parsed;
    if (!parsed.ParseFromString(std::string(*details))) return failure;
    for (const google::protobuf::Any& detail : parsed.details()) ReadDetail(detail, failure);
    return failure;
  }
  const type::v1::Problem problem = type::ProblemOf(status);
  failure.reason = problem.reason();
  failure.violations = {problem.violations().begin(), problem.violations().end()};
  return failure;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  const bool is_from_service = status.GetPayload(kDetails).has_value();
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return is_from_service ? kExitRefused : kExitUsage;
    case absl::StatusCode::kNotFound:
      return is_from_service ? kExitNotFound : kExitUsage;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitNotAllowed;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case absl::StatusCode::kResourceExhausted:
      return is_from_service ? kExitUnreachable : kExitUsage;
    default:
      return kExitFailed;
  }
}

// What a header may not hold would end the program inside gRPC.
bool IsToken(absl::string_view text) {
  return !text.empty() && text.size() <= kTokenBytesMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadPrivateFile(path, kTokenFileBytesMax));
  std::string token(absl::StripAsciiWhitespace(text.substr(0, text.find('\n'))));
  if (!IsToken(token)) {
    return absl::InvalidArgumentError(absl::StrCat("the first line of ", path, " is not a token"));
  }
  return token;
}

absl::StatusOr<std::unique_ptr<Client>> Client::Make(const ClientSettings& settings) {
  ASSIGN_OR_RETURN(const auto credentials,
                   host::ChannelCredentialsFor(settings.address, settings.tls));
  return std::unique_ptr<Client>(new Client(settings, Connect(settings.address, credentials)));
}

Client::Client(const ClientSettings& settings, std::shared_ptr<grpc::Channel> channel)
    : authorization_(settings.token.empty() ? "" : absl::StrCat("Bearer ", settings.token)),
      timeout_(settings.timeout),
      channel_(std::move(channel)),
      stubs_(intake::v1::IntakeService::NewStub(channel_),
             eligibility::v1::EligibilityService::NewStub(channel_),
             referral::v1::ReferralService::NewStub(channel_),
             referral::v1::AgencyService::NewStub(channel_),
             operations::v1::OperationsService::NewStub(channel_)) {}

bool Client::WaitUntilConnected(absl::Duration at_most) {
  return channel_->WaitForConnected(absl::ToChronoTime(absl::Now() + at_most));
}

void Client::AddHeaders(grpc::ClientContext& context) const {
  if (!authorization_.empty()) context.AddMetadata("authorization", authorization_);
  context.AddMetadata(base::kTraceparent, base::Trace::New().Format());
}

}  // namespace pathways::cli
