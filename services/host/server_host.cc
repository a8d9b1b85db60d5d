#include "services/host/server_host.h"

#include <map>
#include <utility>

#include "services/base/status_macros.h"
#include "services/host/grpc/grpc_services.h"
#include "services/host/operations_methods.h"
#include "services/host/stream_methods.h"

namespace pathways::host {
namespace {

// How often a store that could not write is tried again.
constexpr absl::Duration kProbeEvery = absl::Seconds(1);
constexpr int kStuckMax = 1000;
// Reads that wait for the pool, at most.
constexpr size_t kReadsWaitingMax = 1024;
// Other services read page after page, and each waits for its answer.
constexpr int kServiceReadThreads = 1;

}  // namespace

ServerHost::ServerHost(ServerParts parts)
    : parts_(std::move(parts)),
      pool_(parts_.read_threads, kReadsWaitingMax),
      service_pool_(kServiceReadThreads, kReadsWaitingMax) {
  std::map<std::string, engine::EventReader*> stores;
  for (RunningService* service : parts_.services) {
    stores[service->service().name] = &service->core().store();
    operated_.push_back(service->Operated());
  }
  std::vector<Api> apis;
  apis.push_back(StreamApi(std::move(stores)));
  apis.push_back(OperationsApi(operated_, parts_.clock));
  for (const RunningService* service : parts_.services) {
    apis.insert(apis.end(), service->apis().begin(), service->apis().end());
  }
  dispatcher_ = std::make_unique<Dispatcher>(
      DispatcherParts{parts_.authenticator, parts_.clock, pool_, service_pool_,
                      [&metrics = parts_.metrics](const std::string& method, absl::StatusCode code,
                                                  absl::Duration took) {
                        metrics.CountCall(method, code, took);
                      }},
      std::move(apis));
  grpc_services_ = MakeGrpcServices(*dispatcher_);
}

absl::StatusOr<std::unique_ptr<ServerHost>> ServerHost::Start(const RpcOptions& options,
                                                              ServerParts parts) {
  std::unique_ptr<ServerHost> host(new ServerHost(std::move(parts)));
  std::vector<grpc::Service*> services;
  for (const auto& service : host->grpc_services_) services.push_back(service.get());
  ASSIGN_OR_RETURN(host->server_, RpcServer::Start(options, services));
  host->TellHealth(true);
  host->health_thread_ = std::thread([host = host.get()] { host->WatchHealth(); });
  host->parts_.metrics.AddSampler([host = host.get()] { host->Sample(); });
  return host;
}

ServerHost::~ServerHost() { Stop(absl::ZeroDuration()); }

void ServerHost::SetServing(const std::string& name, bool serving) {
  server_->SetServing(name, serving);
  if (parts_.health_server != nullptr) parts_.health_server->SetServing(name, serving);
}

void ServerHost::TellHealth(bool may_serve) {
  // Streams and operations read what is there also where nothing can be written.
  for (const Api& api : dispatcher_->apis()) {
    bool can_write = true;
    for (RunningService* service : parts_.services) {
      const bool is_its_own = api.engine == &service->core().engine();
      if (is_its_own) can_write = service->core().can_write();
    }
    SetServing(api.service, may_serve && can_write);
  }
  server_->SetServing("", may_serve && IsReady());
}

void ServerHost::WatchHealth() {
  while (health_.Wait(kProbeEvery)) {
    for (RunningService* service : parts_.services) service->core().ProbeWrite();
    TellHealth(server_->is_reachable());
    // The empty name of the other port says no at no other time: a store that cannot be written is
    // not mended by a restart, a port that nobody can reach is.
    if (!server_->is_reachable() && parts_.health_server != nullptr) {
      parts_.health_server->SetServing("", false);
    }
  }
  TellHealth(false);
}

void ServerHost::Sample() {
  for (RunningService* service : parts_.services) service->core().Sample();
  const absl::Time before = parts_.clock.Now() - parts_.stuck_after;
  for (const OperatedService& service : operated_) {
    if (!service.without_progress) continue;
    const auto idle = service.without_progress(*service.domain, *service.store, before, kStuckMax);
    if (idle.ok()) parts_.metrics.SetStuck(service.name, static_cast<int64_t>(idle->size()));
  }
}

bool ServerHost::IsReady() const {
  if (!server_->is_reachable()) return false;
  for (RunningService* service : parts_.services) {
    if (!service->core().can_write()) return false;
  }
  return true;
}

void ServerHost::Stop(absl::Duration drain) {
  if (stopped_) return;
  stopped_ = true;
  health_.Stop();
  if (health_thread_.joinable()) health_thread_.join();
  const auto& services = parts_.services;
  for (RunningService* service : services) service->StopLoops(Loop::Stops::kWithCalls);
  // Null where the server could not start.
  if (server_) server_->Shutdown(drain);
  pool_.Stop();
  service_pool_.Stop();
  for (RunningService* service : services) service->StopLoops(Loop::Stops::kAfterCalls);
  for (RunningService* service : services) service->core().StopFollowing();
  for (RunningService* service : services) service->core().StopEngine();
}

}  // namespace pathways::host
