#include "services/runtime/rpc/server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpc/health/v1/health.pb.h"
#include "services/runtime/address.h"
#include "services/runtime/status_macros.h"

namespace pathways::runtime {
namespace {

// Sent to idle clients, so that a laptop that went to sleep is noticed.
constexpr int kKeepaliveMilliseconds = 60'000;
constexpr int kKeepaliveTimeoutMilliseconds = 20'000;
// A client that pings more often is cut off.
constexpr int kPingMillisecondsMin = 10'000;
constexpr int kMetadataBytesMax = 16 * 1024;
// Calls, watches and imports of one connection; what is more waits at the client.
constexpr int kStreamsMax = 1024;
constexpr char kReflection[] = "proto_server_reflection";  // Name of gRPC's plugin.

// The reflection library adds its plugin to every builder of a process that links it. This takes it
// out again.
class WithoutReflection : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == kReflection; });
  }
};

bool IsOnLoopback(const std::string& listen) {
  const std::optional<Address> address = ParseAddress(listen);
  return address && IsLoopback(address->host);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(const TlsFiles& tls) {
  RETURN_IF_ERROR(CheckTlsFiles(tls));
  if (tls.certificate.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  ASSIGN_OR_RETURN(pair.private_key, ReadTlsKey(tls.key));
  ASSIGN_OR_RETURN(pair.cert_chain, ReadCertificates(tls.certificate));
  options.pem_key_cert_pairs.push_back(std::move(pair));
  if (!tls.client_ca.empty()) {
    ASSIGN_OR_RETURN(options.pem_root_certs, ReadCertificates(tls.client_ca));
    options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    const RpcOptions& options, const std::vector<grpc::Service*>& services) {
  const bool is_plain = options.tls.certificate.empty();
  if (is_plain && !services.empty() && !IsOnLoopback(options.listen)) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.listen, ": without TLS only ", kLoopbackHosts, " may be listened on"));
  }
  grpc::EnableDefaultHealthCheckService(true);
  if (options.reflection) {
    // Linked in by this use alone: reflection describes what is compiled into the process, and
    // gRPC's own health service brings no description.
    (void)grpc::health::v1::HealthCheckRequest::descriptor();
    // Adds it where linking alone does not; more than once does no harm.
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  }
  int port = 0;
  grpc::ServerBuilder builder;
  // Without it a second process on the same port "starts" too, and takes half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingMillisecondsMin);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsMax);
  if (!options.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  builder.SetMaxReceiveMessageSize(options.message_bytes_max);
  ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(options.tls));
  builder.AddListeningPort(options.listen, credentials, &port);
  for (grpc::Service* service : services) builder.RegisterService(service);
  // gRPC starts no server that has nothing but health. This one answers UNIMPLEMENTED to all else.
  auto nothing = std::make_unique<grpc::CallbackGenericService>();
  if (services.empty()) builder.RegisterCallbackGenericService(nothing.get());
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::UnavailableError(absl::StrCat(options.listen, ": cannot listen; is it in use?"));
  }
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(nothing), std::move(server), port));
}

RpcServer::~RpcServer() { Shutdown(absl::ZeroDuration()); }

void RpcServer::SetServing(const std::string& name, bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(name, serving);
}

void RpcServer::Shutdown(absl::Duration limit) {
  server_->Shutdown(absl::ToChronoTime(absl::Now() + limit));
  server_->Wait();
}

}  // namespace pathways::runtime
