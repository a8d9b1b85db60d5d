#include "services/host/grpc/stream_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/status_macros.h"
#include "services/host/grpc/tls.h"

namespace pathways::host {
namespace {

// Twice the largest request that a service can be set to take (message-bytes-max), so that every
// event passes alone. A page of several ends far below (kStreamPageBytesMax).
constexpr int kMessageBytesMax = 128 << 20;

// Whatever the other side answers, the caller can only try again or raise an alarm. UNAVAILABLE is
// what may pass by itself and concerns every stream; the rest is the fault of this one.
absl::Status ToStatus(const grpc::Status& status, const std::string& service) {
  const std::string message =
      absl::StrCat("reading streams of ", service, ": ", status.error_message());
  switch (status.error_code()) {
    case grpc::StatusCode::DATA_LOSS:
      return absl::DataLossError(message);
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      // Too busy, as the service says with a reason; without one the answer was too large.
      if (!status.error_details().empty()) return absl::UnavailableError(message);
      return absl::InternalError(message);
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNIMPLEMENTED:
      return absl::InternalError(message);
    default:
      return absl::UnavailableError(message);
  }
}

engine::EventRow EventOf(const stream::v1::StreamRecord& record) {
  engine::EventRow event;
  event.stream = record.stream();
  event.number = record.number();
  event.position = record.position();
  event.ce_id = record.ce_id();
  event.type = record.type();
  event.time =
      absl::FromUnixSeconds(record.time().seconds()) + absl::Nanoseconds(record.time().nanos());
  event.cause = record.cause();
  event.data = record.data();
  event.trace = base::Trace::Parse(record.traceparent());
  return event;
}

}  // namespace

absl::StatusOr<std::unique_ptr<StreamClient>> StreamClient::Make(StreamClientOptions options) {
  ChannelTlsFiles files;
  if (!options.ca_file.empty()) {
    files = {options.ca_file, options.certificate_file, options.key_file};
  }
  ASSIGN_OR_RETURN(const auto credentials, ChannelCredentialsFor(options.address, files));
  // A headless name has an address for each replica: the reads are spread, and one that is gone is
  // passed over.
  grpc::ChannelArguments arguments;
  arguments.SetLoadBalancingPolicyName("round_robin");
  // A proxy set for the web would otherwise see every call, and the token where there is no TLS.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  auto channel = grpc::CreateCustomChannel(options.address, credentials, arguments);
  return std::unique_ptr<StreamClient>(new StreamClient(std::move(options), std::move(channel)));
}

StreamClient::StreamClient(StreamClientOptions options,
                           std::shared_ptr<grpc::ChannelInterface> channel)
    : options_(std::move(options)), stub_(stream::v1::StreamService::NewStub(channel)) {}

absl::StatusOr<std::vector<engine::EventRow>> StreamClient::ReadStream(absl::string_view stream,
                                                                       int64_t from, int limit) {
  stream::v1::ReadStreamRequest request;
  request.set_service(options_.service);
  request.set_stream(std::string(stream));
  request.set_from_number(from);
  request.set_limit(limit);
  grpc::ClientContext context;
  context.AddMetadata("authorization", absl::StrCat("Bearer ", options_.token));
  context.set_deadline(absl::ToChronoTime(absl::Now() + options_.timeout));
  stream::v1::ReadStreamResponse response;
  const grpc::Status status = stub_->ReadStream(&context, request, &response);
  if (!status.ok()) return ToStatus(status, options_.service);
  std::vector<engine::EventRow> events;
  for (const stream::v1::StreamRecord& record : response.records()) {
    if (record.stream() != request.stream() || record.number() != from) {
      return absl::InternalError("the other service answered with other events than asked for");
    }
    events.push_back(EventOf(record));
    ++from;
  }
  return events;
}

absl::StatusOr<std::vector<engine::StreamHead>> StreamClient::ReadHeads(absl::string_view after,
                                                                        int limit) {
  stream::v1::ReadHeadsRequest request;
  request.set_service(options_.service);
  request.set_after_stream(std::string(after));
  request.set_limit(limit);
  grpc::ClientContext context;
  context.AddMetadata("authorization", absl::StrCat("Bearer ", options_.token));
  context.set_deadline(absl::ToChronoTime(absl::Now() + options_.timeout));
  stream::v1::ReadHeadsResponse response;
  const grpc::Status status = stub_->ReadHeads(&context, request, &response);
  if (!status.ok()) return ToStatus(status, options_.service);
  std::vector<engine::StreamHead> heads;
  for (const stream::v1::StreamHead& head : response.heads()) {
    heads.push_back({head.stream(), head.version()});
  }
  return heads;
}

}  // namespace pathways::host
