#include "services/host/grpc/server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpc/health/v1/health.pb.h"
#include "services/base/address.h"
#include "services/base/status_macros.h"

namespace pathways::host {
namespace {

// Sent to idle clients, so that a laptop that went to sleep is noticed.
constexpr int kKeepaliveMilliseconds = 60'000;
constexpr int kKeepaliveTimeoutMilliseconds = 20'000;
// A client that pings more often is cut off.
constexpr int kPingMillisecondsMin = 10'000;
constexpr int kMetadataBytesMax = 16 * 1024;
// A connection that does not get through TLS and the preface in time is closed.
constexpr int kHandshakeMilliseconds = 10'000;
// Pings too many, after which a client is cut off.
constexpr int kPingStrikes = 2;
// How long the server may take to answer itself.
constexpr absl::Duration kAnswerWithin = absl::Seconds(5);

// What one port lets in.
struct Limits {
  int connections;
  int streams;  // Calls, watches and imports of one connection; what is more waits at the client.
  int message_bytes;
  // For all connections; gRPC closes some of them where it is exceeded. The bound on streams is no
  // bound for a client that does not acknowledge the server's settings: without this, two of them
  // held 560 MiB of messages that never end, and with it 100.
  int received_bytes;
  int idle_milliseconds;  // Without a call.
  // However busy: then the client is told to make a new one, for new calls; what runs may go on for
  // the grace and is cut off. A watch goes on where it was, by its token.
  int age_milliseconds;
  int grace_milliseconds;
};

constexpr int kMinute = 60'000;
constexpr int kStreamsMax = 100;
// A probe asks one thing, on a connection of its own.
constexpr Limits kHealthLimits = {.connections = 32,
                                  .streams = 4,
                                  .message_bytes = 1024,
                                  .received_bytes = 16 << 20,
                                  .idle_milliseconds = kMinute,
                                  .age_milliseconds = 10 * kMinute,
                                  .grace_milliseconds = kMinute};

Limits LimitsOf(const RpcOptions& options) {
  return {.connections = options.connections_max,
          .streams = kStreamsMax,
          .message_bytes = options.message_bytes_max,
          .received_bytes = std::max(64 << 20, 8 * options.message_bytes_max),
          .idle_milliseconds = 5 * kMinute,
          .age_milliseconds = 30 * kMinute,
          .grace_milliseconds = 5 * kMinute};
}

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
  const std::optional<base::Address> address = base::ParseAddress(listen);
  return address && base::IsLoopback(address->host);
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

// gRPC says nothing about a certificate that is none where somebody else listens for it. So it is
// shown to a server that lives for this moment.
absl::Status CheckCredentials(const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  grpc::ServerBuilder builder;
  grpc::CallbackGenericService nothing;
  builder.RegisterCallbackGenericService(&nothing);
  builder.SetOption(std::make_unique<WithoutReflection>());
  builder.AddListeningPort("127.0.0.1:0", credentials);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::UnavailableError("the certificate or its key is none");
  server->Shutdown();
  return absl::OkStatus();
}

void SetLimits(const Limits& limits, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(limits.message_bytes);
  grpc::ResourceQuota received("received");
  received.Resize(static_cast<size_t>(limits.received_bytes));
  builder.SetResourceQuota(received);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.streams);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, limits.idle_milliseconds);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, limits.age_milliseconds);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, limits.grace_milliseconds);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingMillisecondsMin);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, kPingStrikes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  // gRPC inflates a message before it looks at its size: a small one could fill the memory.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    const RpcOptions& options, const std::vector<grpc::Service*>& services) {
  const bool is_plain = options.tls.certificate.empty();
  if (is_plain && !services.empty() && !IsOnLoopback(options.listen)) {
    return absl::InvalidArgumentError(absl::StrCat(options.listen, ": without TLS only ",
                                                   base::kLoopbackHosts, " may be listened on"));
  }
  const Limits limits = services.empty() ? kHealthLimits : LimitsOf(options);
  ASSIGN_OR_RETURN(auto listener,
                   Listener::Open(options.listen, static_cast<size_t>(limits.connections)));
  std::unique_ptr<RpcServer> server(new RpcServer(options, std::move(listener)));
  RETURN_IF_ERROR(server->Serve(services));
  return server;
}

RpcServer::RpcServer(const RpcOptions& options, std::unique_ptr<Listener> listener)
    : options_(options),
      nothing_(std::make_unique<grpc::CallbackGenericService>()),
      listener_(std::move(listener)) {}

absl::Status RpcServer::Serve(const std::vector<grpc::Service*>& services) {
  grpc::EnableDefaultHealthCheckService(true);
  if (options_.reflection) {
    // Linked in by this use alone: reflection describes what is compiled into the process, and
    // gRPC's own health service brings no description.
    (void)grpc::health::v1::HealthCheckRequest::descriptor();
    // Adds it where linking alone does not; more than once does no harm.
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  }
  const bool has_tls = !options_.tls.certificate.empty();
  ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(options_.tls));
  if (has_tls) RETURN_IF_ERROR(CheckCredentials(credentials));
  grpc::ServerBuilder builder;
  SetLimits(services.empty() ? kHealthLimits : LimitsOf(options_), builder);
  if (!options_.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  for (grpc::Service* service : services) builder.RegisterService(service);
  // gRPC starts no server that has nothing but health. This one answers UNIMPLEMENTED to all else.
  if (services.empty()) builder.RegisterCallbackGenericService(nothing_.get());
  using Experimental = grpc::ServerBuilder::experimental_type;
  acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
      Experimental::ExternalConnectionType::FROM_FD, credentials);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return absl::UnavailableError(absl::StrCat(options_.listen, ": gRPC does not start"));
  }
  listener_->Start([this](int connection) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters taken;
    taken.fd = connection;
    acceptor_->HandleNewConnection(&taken);
  });
  if (!listener_->Answers(has_tls, kAnswerWithin)) {
    return absl::UnavailableError(absl::StrCat(options_.listen, ": does not answer itself"));
  }
  calls_thread_ = std::thread([this] { CallItself(); });
  return absl::OkStatus();
}

RpcServer::~RpcServer() { Shutdown(absl::ZeroDuration()); }

void RpcServer::CallItself() {
  const bool has_tls = !options_.tls.certificate.empty();
  int unanswered = 0;
  while (calls_.Wait(options_.check_every)) {
    unanswered = listener_->Answers(has_tls, kAnswerWithin) ? 0 : unanswered + 1;
    if (unanswered < kUnansweredMax) continue;
    is_reachable_ = false;
    if (options_.on_unreachable) options_.on_unreachable();
    return;
  }
}

void RpcServer::SetServing(const std::string& name, bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(name, serving);
}

void RpcServer::Shutdown(absl::Duration limit) {
  calls_.Stop();
  if (calls_thread_.joinable()) calls_thread_.join();
  // Before gRPC, which closes nothing that it is given in its stop.
  listener_->Stop();
  if (server_ == nullptr) return;
  server_->Shutdown(absl::ToChronoTime(absl::Now() + limit));
  server_->Wait();
}

}  // namespace pathways::host
