#include "services/pathways/embedded.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/eligibility/domain_adapter.h"
#include "services/eligibility/ledger_start.h"
#include "services/eligibility/policy_file.h"
#include "services/eligibility/rpc_assembly.h"
#include "services/intake/domain_adapter.h"
#include "services/intake/rpc_assembly.h"
#include "services/intake/status_projection.h"
#include "services/referral/domain_adapter.h"
#include "services/referral/routes_file.h"
#include "services/referral/rpc_assembly.h"
#include "services/runtime/bus/in_process_topic.h"
#include "services/runtime/keys.h"
#include "services/runtime/principal.h"
#include "services/runtime/rpc/front.h"
#include "services/runtime/service_core.h"
#include "services/runtime/status_macros.h"
#include "services/runtime/store/sqlite_store.h"

namespace pathways::cli {
namespace {

// Reads that wait for the pool, at most.
constexpr size_t kReadsWaitingMax = 1024;

using runtime::InProcessTopic;
using runtime::ServiceCore;

// What is read from files before anything starts.
struct Inputs {
  std::unique_ptr<runtime::Keyring> keyring;
  std::unique_ptr<runtime::TokenFile> tokens;
  std::shared_ptr<const eligibility::Rules> rules;
  referral::v1::AgencyRoutes routes;
};

// All faults of all files at once.
absl::StatusOr<Inputs> ReadInputs(const EmbeddedOptions& options) {
  auto keyring = runtime::Keyring::Load(options.master_key_file);
  auto tokens = runtime::TokenFile::Load(options.tokens_file);
  auto rules = eligibility::LoadRules(options.policy_folder);
  auto routes = referral::LoadRoutes(options.agencies_file);
  std::vector<std::string> faults;
  for (const absl::Status& status :
       {keyring.status(), tokens.status(), rules.status(), routes.status()}) {
    if (!status.ok()) faults.push_back(std::string(status.message()));
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  return Inputs{*std::move(keyring), std::make_unique<runtime::TokenFile>(*std::move(tokens)),
                *std::move(rules), *std::move(routes)};
}

}  // namespace

// In order of construction: each part stands on those above it.
struct Embedded::Parts {
  Parts(const EmbeddedOptions& options, Inputs inputs, runtime::Metrics& metrics)
      : options(options),
        inputs(std::move(inputs)),
        pool(options.read_threads, kReadsWaitingMax),
        edge(*this->inputs.tokens, pool,
             [&metrics](const char* method, absl::StatusCode code, absl::Duration took) {
               metrics.CountCall(method, code, took);
             }) {}

  absl::Status OpenStores(const runtime::Clock& clock, runtime::Logger& log,
                          runtime::Metrics& metrics);
  // Starts nothing where a file is older than those that follow it.
  absl::Status CheckTails();
  absl::Status MakeTopics();
  // Makes the assemblies and lets each service follow its upstreams.
  void Connect(const runtime::Clock& clock);

  const EmbeddedOptions options;
  const Inputs inputs;
  runtime::ReadPool pool;
  runtime::Edge edge;

  std::unique_ptr<ServiceCore> intake;
  std::unique_ptr<ServiceCore> eligibility;
  std::unique_ptr<ServiceCore> referral;
  std::unique_ptr<InProcessTopic> intake_topic;
  std::unique_ptr<InProcessTopic> eligibility_topic;
  std::unique_ptr<InProcessTopic> referral_topic;
  std::unique_ptr<intake::IntakeAssembly> intake_assembly;
  std::unique_ptr<eligibility::EligibilityAssembly> eligibility_assembly;
  std::unique_ptr<referral::ReferralAssembly> referral_assembly;
  std::unique_ptr<runtime::Front> front;
};

absl::Status Embedded::Parts::OpenStores(const runtime::Clock& clock, runtime::Logger& log,
                                         runtime::Metrics& metrics) {
  const auto start = [&](const std::string& name, std::unique_ptr<runtime::Domain> domain,
                         std::unique_ptr<ServiceCore>& core) -> absl::Status {
    const std::string path = absl::StrCat(options.data_folder, "/", name, ".db");
    auto store = runtime::SqliteStore::Open(path, clock);
    if (!store.ok()) {
      return absl::Status(store.status().code(),
                          absl::StrCat(path, ": ", std::string(store.status().message())));
    }
    const runtime::EngineOptions limits{.batch_max = options.batch_max,
                                        .queue_max = options.queue_max,
                                        .queue_bytes_max = options.queue_bytes_max};
    ASSIGN_OR_RETURN(
        core, ServiceCore::Start(name, *std::move(store), std::move(domain), limits, log, metrics));
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(start("intake", std::make_unique<intake::IntakeDomain>(), intake));
  RETURN_IF_ERROR(start(
      "eligibility", std::make_unique<eligibility::EligibilityDomain>(inputs.rules), eligibility));
  return start("referral", std::make_unique<referral::ReferralDomain>(inputs.routes), referral);
}

absl::Status Embedded::Parts::CheckTails() {
  const intake::StatusProjection status;
  RETURN_IF_ERROR(eligibility->CheckTailOf("intake", intake->store(), "intake"));
  RETURN_IF_ERROR(referral->CheckTailOf("intake", intake->store(), "intake"));
  RETURN_IF_ERROR(referral->CheckTailOf("eligibility", eligibility->store(), "eligibility"));
  for (ServiceCore* upstream : {eligibility.get(), referral.get()}) {
    RETURN_IF_ERROR(intake->CheckTailOf(upstream->name(), upstream->store(),
                                        runtime::PositionKey(status, upstream->name())));
  }
  return absl::OkStatus();
}

absl::Status Embedded::Parts::MakeTopics() {
  const auto make = [](ServiceCore& core, std::unique_ptr<InProcessTopic>& topic) -> absl::Status {
    ASSIGN_OR_RETURN(const int64_t watermark, core.store().ReadWatermark());
    topic = std::make_unique<InProcessTopic>(core.store(), watermark);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(make(*intake, intake_topic));
  RETURN_IF_ERROR(make(*eligibility, eligibility_topic));
  return make(*referral, referral_topic);
}

void Embedded::Parts::Connect(const runtime::Clock& clock) {
  const auto parts = [&](ServiceCore& core, std::vector<runtime::ProjectionSource> projected) {
    return runtime::AssemblyParts{core,
                                  edge,
                                  *inputs.keyring,
                                  clock,
                                  std::move(projected),
                                  options.sweep_every,
                                  options.timers_every};
  };
  intake_assembly = std::make_unique<intake::IntakeAssembly>(
      parts(*intake, {{"eligibility", *eligibility_topic, *eligibility_topic},
                      {"referral", *referral_topic, *referral_topic}}));
  eligibility_assembly = std::make_unique<eligibility::EligibilityAssembly>(
      parts(*eligibility, {}), options.rescreen_per_second);
  referral_assembly = std::make_unique<referral::ReferralAssembly>(parts(*referral, {}));
  eligibility->Follow({"intake", *intake_topic, *intake_topic}, options.sweep_every);
  referral->Follow({"intake", *intake_topic, *intake_topic}, options.sweep_every);
  referral->Follow({"eligibility", *eligibility_topic, *eligibility_topic}, options.sweep_every);
  intake->StartRelay(*intake_topic);
  eligibility->StartRelay(*eligibility_topic);
  referral->StartRelay(*referral_topic);
}

Embedded::Embedded(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Embedded::~Embedded() { Stop(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<Embedded>> Embedded::Start(const EmbeddedOptions& options,
                                                          const runtime::Clock& clock,
                                                          runtime::Logger& log,
                                                          runtime::Metrics& metrics) {
  ASSIGN_OR_RETURN(Inputs inputs, ReadInputs(options));
  std::unique_ptr<Embedded> embedded(
      new Embedded(std::make_unique<Parts>(options, std::move(inputs), metrics)));
  Parts& parts = *embedded->parts_;
  RETURN_IF_ERROR(parts.OpenStores(clock, log, metrics));
  RETURN_IF_ERROR(parts.CheckTails());
  RETURN_IF_ERROR(eligibility::BeginLedger(*parts.eligibility, parts.inputs.rules->pack(), log));
  RETURN_IF_ERROR(parts.MakeTopics());
  parts.Connect(clock);
  runtime::RpcOptions rpc;
  rpc.listen = options.listen;
  rpc.reflection = options.reflection;
  rpc.message_bytes_max = options.message_bytes_max;
  rpc.connections_max = options.connections_max;
  rpc.on_unreachable = options.on_unreachable;
  ASSIGN_OR_RETURN(
      parts.front,
      runtime::Front::Start(rpc, {parts.edge,
                                  clock,
                                  metrics,
                                  {{parts.intake.get(), parts.intake_assembly.get()},
                                   {parts.eligibility.get(), parts.eligibility_assembly.get()},
                                   {parts.referral.get(), parts.referral_assembly.get()}},
                                  options.stuck_after,
                                  nullptr}));
  return embedded;
}

int Embedded::port() const { return parts_->front->port(); }

bool Embedded::IsReady() const { return parts_->front->IsReady(); }

bool Embedded::IsAlive() const { return parts_->front->IsAlive(); }

bool Embedded::IsSettled() const {
  Parts& parts = *parts_;
  if (!parts.eligibility->HasFollowed() || !parts.referral->HasFollowed()) return false;
  const intake::StatusProjection status;
  for (ServiceCore* upstream : {parts.eligibility.get(), parts.referral.get()}) {
    const auto head = upstream->store().LastPosition();
    const auto read =
        parts.intake->store().ReadPosition(runtime::PositionKey(status, upstream->name()));
    if (!head.ok() || !read.ok() || read->position < *head) return false;
  }
  return true;
}

void Embedded::Stop(absl::Duration drain) {
  if (parts_->front) parts_->front->Stop(drain);
}

}  // namespace pathways::cli
