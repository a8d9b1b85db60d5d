#include "services/runtime/rpc/front.h"

#include <map>
#include <utility>

#include "services/runtime/status_macros.h"

namespace pathways::runtime {
namespace {

// How often a store that could not write is tried again.
constexpr absl::Duration kProbeEvery = absl::Seconds(1);
constexpr int kStuckMax = 1000;

}  // namespace

Front::Front(FrontParts parts) : parts_(std::move(parts)) {
  std::map<std::string, EventStore*> stores;
  for (const FrontService& service : parts_.services) {
    stores[service.core->name()] = &service.core->store();
    operated_.push_back(service.assembly->Operated());
    operated_.back().followed = service.core->Followed();
    operated_.back().acknowledge_tail_loss = [core = service.core](const std::string& upstream) {
      return core->AcknowledgeTailLoss(upstream);
    };
  }
  streams_ = std::make_unique<StreamRpc>(parts_.edge, std::move(stores));
  operations_ = std::make_unique<OperationsRpc>(parts_.edge, parts_.clock, operated_);
}

absl::StatusOr<std::unique_ptr<Front>> Front::Start(const RpcOptions& options, FrontParts parts) {
  std::unique_ptr<Front> front(new Front(std::move(parts)));
  std::vector<grpc::Service*> rpcs = {front->streams_.get(), front->operations_.get()};
  for (const FrontService& service : front->parts_.services) {
    for (grpc::Service* rpc : service.assembly->Rpcs()) rpcs.push_back(rpc);
  }
  ASSIGN_OR_RETURN(front->server_, RpcServer::Start(options, rpcs));
  front->TellHealth(true);
  front->health_thread_ = std::thread([front = front.get()] { front->WatchHealth(); });
  front->parts_.metrics.AddSampler([front = front.get()] { front->Sample(); });
  return front;
}

Front::~Front() { Stop(absl::ZeroDuration()); }

void Front::SetServing(const std::string& name, bool serving) {
  server_->SetServing(name, serving);
  if (parts_.health_server != nullptr) parts_.health_server->SetServing(name, serving);
}

void Front::TellHealth(bool may_serve) {
  for (const FrontService& service : parts_.services) {
    for (const std::string& name : service.assembly->HealthNames()) {
      SetServing(name, may_serve && service.core->can_write());
    }
  }
  server_->SetServing("", may_serve && IsReady());
  // These read what is there also where nothing can be written.
  SetServing(stream::v1::StreamService::service_full_name(), may_serve);
  SetServing(operations::v1::OperationsService::service_full_name(), may_serve);
}

void Front::WatchHealth() {
  while (health_.Wait(kProbeEvery)) {
    for (const FrontService& service : parts_.services) service.core->ProbeWrite();
    TellHealth(server_->is_reachable());
    // The empty name of the other port says no at no other time: a store that cannot be written is
    // not mended by a restart, a port that nobody can reach is.
    if (!server_->is_reachable() && parts_.health_server != nullptr) {
      parts_.health_server->SetServing("", false);
    }
  }
  TellHealth(false);
}

void Front::Sample() {
  for (const FrontService& service : parts_.services) service.core->Sample();
  for (const OperatedService& service : operated_) {
    if (!service.without_progress) continue;
    const auto idle = service.without_progress(parts_.clock.Now() - parts_.stuck_after, kStuckMax);
    if (idle.ok()) parts_.metrics.SetStuck(service.name, static_cast<int64_t>(idle->size()));
  }
}

bool Front::IsReady() const {
  if (!server_->is_reachable()) return false;
  for (const FrontService& service : parts_.services) {
    if (!service.core->can_write()) return false;
  }
  return true;
}

void Front::Stop(absl::Duration drain) {
  if (stopped_) return;
  stopped_ = true;
  health_.Stop();
  if (health_thread_.joinable()) health_thread_.join();
  for (const FrontService& service : parts_.services) service.assembly->EndStreams();
  // Null where the server could not start.
  if (server_) server_->Shutdown(drain);
  parts_.edge.pool().Stop();
  for (const FrontService& service : parts_.services) service.assembly->Stop();
  for (const FrontService& service : parts_.services) service.core->StopFollowing();
  for (const FrontService& service : parts_.services) service.core->StopEngine();
}

}  // namespace pathways::runtime
