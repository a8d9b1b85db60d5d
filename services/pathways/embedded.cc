#include "services/pathways/embedded.h"

#include <array>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/domain_adapter.h"
#include "services/eligibility/policy_file.h"
#include "services/eligibility/rpc.h"
#include "services/intake/age_band.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/rpc.h"
#include "services/intake/status_projection.h"
#include "services/pathways/service_core.h"
#include "services/referral/domain_adapter.h"
#include "services/referral/routes_file.h"
#include "services/referral/rpc.h"
#include "services/referral/views.h"
#include "services/runtime/keys.h"
#include "services/runtime/principal.h"
#include "services/runtime/projector.h"
#include "services/runtime/rpc/operations_service.h"
#include "services/runtime/rpc/server.h"
#include "services/runtime/rpc/stream_service.h"
#include "services/runtime/status_macros.h"
#include "services/runtime/timer_loop.h"

namespace pathways::cli {
namespace {

// Reads that wait for the pool, at most.
constexpr size_t kReadsWaitingMax = 1024;
// How often a store that could not write is tried again.
constexpr absl::Duration kProbeEvery = absl::Seconds(1);
constexpr int kStuckMax = 1000;

// What is read from files before anything starts.
struct Inputs {
  std::unique_ptr<runtime::Keyring> keyring;
  std::unique_ptr<runtime::TokenFile> tokens;
  eligibility::v1::PolicyPack pack;
  referral::v1::AgencyRoutes routes;
};

// All faults of all files at once.
absl::StatusOr<Inputs> ReadInputs(const EmbeddedOptions& options) {
  auto keyring = runtime::Keyring::Load(options.master_key_file);
  auto tokens = runtime::TokenFile::Load(options.tokens_file);
  auto pack = eligibility::LoadPack(options.policy_folder);
  auto routes = referral::LoadRoutes(options.agencies_file);
  std::vector<std::string> faults;
  for (const absl::Status& status :
       {keyring.status(), tokens.status(), pack.status(), routes.status()}) {
    if (!status.ok()) faults.push_back(std::string(status.message()));
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  return Inputs{*std::move(keyring), std::make_unique<runtime::TokenFile>(*std::move(tokens)),
                *std::move(pack), *std::move(routes)};
}

}  // namespace

// In order of construction: each part stands on those above it.
struct Embedded::Parts {
  Parts(const EmbeddedOptions& options, Inputs inputs, const runtime::Clock& clock,
        runtime::Metrics& metrics)
      : options(options),
        inputs(std::move(inputs)),
        clock(clock),
        metrics(metrics),
        pool(options.read_threads, kReadsWaitingMax),
        edge(*this->inputs.tokens, pool,
             [&metrics](const char* method, absl::StatusCode code, absl::Duration took) {
               metrics.CountCall(method, code, took);
             }) {}

  std::array<ServiceCore*, 3> cores() { return {intake.get(), eligibility.get(), referral.get()}; }

  absl::Status OpenStores(runtime::Logger& log);
  // Starts nothing where a file is older than those that follow it.
  absl::Status CheckTails();
  void Connect();
  void MakeServices();
  absl::Status Listen();
  // Health of each service by name.
  void SetServing(bool may_serve);
  void WatchHealth();
  void Sample();

  const EmbeddedOptions options;
  const Inputs inputs;
  const runtime::Clock& clock;
  runtime::Metrics& metrics;
  runtime::ReadPool pool;
  runtime::Edge edge;

  std::unique_ptr<ServiceCore> intake;
  std::unique_ptr<ServiceCore> eligibility;
  std::unique_ptr<ServiceCore> referral;

  const intake::StatusProjection status;
  std::unique_ptr<runtime::Projector> projector;
  std::unique_ptr<runtime::TimerLoop> timers;
  std::unique_ptr<referral::Watchers> watchers;
  std::vector<runtime::OperatedService> operated;

  std::unique_ptr<intake::IntakeRpc> intake_rpc;
  std::unique_ptr<eligibility::EligibilityRpc> eligibility_rpc;
  std::unique_ptr<referral::ReferralRpc> referral_rpc;
  std::unique_ptr<referral::AgencyRpc> agency_rpc;
  std::unique_ptr<runtime::StreamRpc> stream_rpc;
  std::unique_ptr<runtime::OperationsRpc> operations_rpc;
  std::unique_ptr<runtime::RpcServer> server;

  runtime::Signal health;
  std::thread health_thread;
  bool stopped = false;
};

absl::Status Embedded::Parts::OpenStores(runtime::Logger& log) {
  const auto start = [&](const std::string& name, std::unique_ptr<runtime::Domain> domain,
                         std::unique_ptr<ServiceCore>& core) -> absl::Status {
    const runtime::EngineOptions limits{.batch_max = options.batch_max,
                                        .queue_max = options.queue_max};
    const std::string path = absl::StrCat(options.data_folder, "/", name, ".db");
    auto started = ServiceCore::Start(name, path, std::move(domain), limits, clock, log, metrics);
    if (!started.ok()) {
      return absl::Status(started.status().code(),
                          absl::StrCat(path, ": ", std::string(started.status().message())));
    }
    core = *std::move(started);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(start("intake", std::make_unique<intake::IntakeDomain>(), intake));
  RETURN_IF_ERROR(start(
      "eligibility", std::make_unique<eligibility::EligibilityDomain>(inputs.pack), eligibility));
  return start("referral", std::make_unique<referral::ReferralDomain>(inputs.routes), referral);
}

absl::Status Embedded::Parts::CheckTails() {
  RETURN_IF_ERROR(eligibility->CheckTailOf(*intake, intake->name()));
  RETURN_IF_ERROR(referral->CheckTailOf(*intake, intake->name()));
  RETURN_IF_ERROR(referral->CheckTailOf(*eligibility, eligibility->name()));
  for (ServiceCore* upstream : {eligibility.get(), referral.get()}) {
    RETURN_IF_ERROR(intake->CheckTailOf(*upstream, runtime::PositionKey(status, upstream->name())));
  }
  return absl::OkStatus();
}

void Embedded::Parts::Connect() {
  eligibility->Follow(*intake, options.sweep_every);
  referral->Follow(*intake, options.sweep_every);
  referral->Follow(*eligibility, options.sweep_every);
  projector = std::make_unique<runtime::Projector>(
      intake->store(), status,
      std::vector<runtime::ProjectionSource>{
          {eligibility->name(), eligibility->topic(), eligibility->topic()},
          {referral->name(), referral->topic(), referral->topic()}},
      options.sweep_every, intake->ReportTo("status", ""));
  eligibility->topic().OnPublish([this] { projector->Notify(); });
  referral->topic().OnPublish([this] { projector->Notify(); });
  timers = std::make_unique<runtime::TimerLoop>(
      intake->store(), intake->engine(), clock,
      [this](const runtime::TimerRow& timer) {
        return intake::ChangeAgeBand(intake->store(), *inputs.keyring, timer, clock.Now());
      },
      options.timers_every, intake->ReportTo("timers", ""));
  watchers = std::make_unique<referral::Watchers>(referral->store());
  referral->OnCommit([this] { watchers->Notify(); });
  for (ServiceCore* core : cores()) core->StartRelay();
}

void Embedded::Parts::MakeServices() {
  operated = {
      {intake->name(), &intake->store(), {}, [this] { intake->Wake(); }},
      {eligibility->name(), &eligibility->store(),
       [this](absl::Time before, int limit) {
         return eligibility::WaitingForInformation(eligibility->store(), before, limit);
       },
       [this] { eligibility->Wake(); }},
      {referral->name(), &referral->store(),
       [this](absl::Time before, int limit) {
         return referral::WaitingReferrals(referral->store(), before, limit);
       },
       [this] { referral->Wake(); }},
  };
  intake_rpc = std::make_unique<intake::IntakeRpc>(
      intake::RpcParts{edge, intake->engine(), intake->store(), *inputs.keyring, clock});
  eligibility_rpc = std::make_unique<eligibility::EligibilityRpc>(eligibility::RpcParts{
      edge, eligibility->engine(), eligibility->store(), *inputs.keyring, inputs.pack});
  const referral::RpcParts referral_parts{edge, referral->engine(), referral->store(),
                                          *inputs.keyring, *watchers};
  referral_rpc = std::make_unique<referral::ReferralRpc>(referral_parts);
  agency_rpc = std::make_unique<referral::AgencyRpc>(referral_parts);
  std::map<std::string, runtime::EventStore*> stores;
  for (ServiceCore* core : cores()) stores[core->name()] = &core->store();
  stream_rpc = std::make_unique<runtime::StreamRpc>(edge, std::move(stores));
  operations_rpc = std::make_unique<runtime::OperationsRpc>(edge, clock, operated);
}

absl::Status Embedded::Parts::Listen() {
  ASSIGN_OR_RETURN(server, runtime::RpcServer::Start(
                               {options.listen, options.reflection, options.message_bytes_max},
                               {intake_rpc.get(), eligibility_rpc.get(), referral_rpc.get(),
                                agency_rpc.get(), stream_rpc.get(), operations_rpc.get()}));
  SetServing(true);
  health_thread = std::thread([this] { WatchHealth(); });
  metrics.AddSampler([this] { Sample(); });
  return absl::OkStatus();
}

void Embedded::Parts::SetServing(bool may_serve) {
  const bool refers = may_serve && referral->can_write();
  bool all = may_serve;
  for (ServiceCore* core : cores()) all = all && core->can_write();
  server->SetServing("", all);
  server->SetServing(intake::v1::IntakeService::service_full_name(),
                     may_serve && intake->can_write());
  server->SetServing(eligibility::v1::EligibilityService::service_full_name(),
                     may_serve && eligibility->can_write());
  server->SetServing(referral::v1::ReferralService::service_full_name(), refers);
  server->SetServing(referral::v1::AgencyService::service_full_name(), refers);
  // These read what is there also where nothing can be written.
  server->SetServing(stream::v1::StreamService::service_full_name(), may_serve);
  server->SetServing(operations::v1::OperationsService::service_full_name(), may_serve);
}

void Embedded::Parts::WatchHealth() {
  while (health.Wait(kProbeEvery)) {
    for (ServiceCore* core : cores()) core->ProbeWrite();
    SetServing(true);
  }
  SetServing(false);
}

void Embedded::Parts::Sample() {
  for (ServiceCore* core : cores()) core->Sample();
  for (const runtime::OperatedService& service : operated) {
    if (!service.without_progress) continue;
    const auto idle = service.without_progress(clock.Now() - options.stuck_after, kStuckMax);
    if (idle.ok()) metrics.SetStuck(service.name, static_cast<int64_t>(idle->size()));
  }
}

Embedded::Embedded(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Embedded::~Embedded() { Stop(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<Embedded>> Embedded::Start(const EmbeddedOptions& options,
                                                          const runtime::Clock& clock,
                                                          runtime::Logger& log,
                                                          runtime::Metrics& metrics) {
  ASSIGN_OR_RETURN(Inputs inputs, ReadInputs(options));
  std::unique_ptr<Embedded> embedded(
      new Embedded(std::make_unique<Parts>(options, std::move(inputs), clock, metrics)));
  Parts& parts = *embedded->parts_;
  RETURN_IF_ERROR(parts.OpenStores(log));
  RETURN_IF_ERROR(parts.CheckTails());
  parts.Connect();
  parts.MakeServices();
  RETURN_IF_ERROR(parts.Listen());
  return embedded;
}

int Embedded::port() const { return parts_->server->port(); }

bool Embedded::IsReady() const {
  for (ServiceCore* core : parts_->cores()) {
    if (!core->can_write()) return false;
  }
  return true;
}

bool Embedded::IsSettled() const {
  Parts& parts = *parts_;
  if (!parts.eligibility->HasFollowed() || !parts.referral->HasFollowed()) return false;
  for (ServiceCore* upstream : {parts.eligibility.get(), parts.referral.get()}) {
    const auto head = upstream->store().LastPosition();
    const auto read =
        parts.intake->store().ReadPosition(runtime::PositionKey(parts.status, upstream->name()));
    if (!head.ok() || !read.ok() || read->position < *head) return false;
  }
  return true;
}

void Embedded::Stop(absl::Duration drain) {
  Parts& parts = *parts_;
  if (parts.stopped) return;
  parts.stopped = true;
  parts.health.Stop();
  if (parts.health_thread.joinable()) parts.health_thread.join();
  if (parts.watchers) parts.watchers->Stop();
  if (parts.server) parts.server->Shutdown(drain);
  parts.pool.Stop();
  if (parts.timers) parts.timers->Stop();
  if (parts.projector) parts.projector->Stop();
  for (ServiceCore* core : parts.cores()) {
    if (core != nullptr) core->StopFollowing();
  }
  for (ServiceCore* core : parts.cores()) {
    if (core != nullptr) core->StopEngine();
  }
}

}  // namespace pathways::cli
