#include "services/host/together.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/engine/store/sqlite_store.h"
#include "services/follow/bus/in_process_topic.h"
#include "services/follow/projector.h"
#include "services/host/authenticator.h"
#include "services/host/keys.h"
#include "services/host/principal.h"
#include "services/host/running_service.h"
#include "services/host/server_host.h"

namespace pathways::host {
namespace {

// What is read from files before anything starts.
struct Inputs {
  std::unique_ptr<Keyring> keyring;
  std::unique_ptr<TokenFile> tokens;
  std::vector<std::unique_ptr<engine::Domain>> domains;  // As the services.
};

// All faults of all files at once.
absl::StatusOr<Inputs> ReadInputs(TogetherPlan& plan) {
  Inputs inputs;
  std::vector<std::string> faults;
  const auto is_good = [&faults](const absl::Status& status) {
    if (!status.ok()) faults.push_back(std::string(status.message()));
    return status.ok();
  };
  auto keyring = Keyring::Load(plan.host.master_key_file);
  if (is_good(keyring.status())) inputs.keyring = *std::move(keyring);
  auto tokens = TokenFile::Load(plan.host.tokens_file);
  if (is_good(tokens.status())) inputs.tokens = std::make_unique<TokenFile>(*std::move(tokens));
  for (auto& domain : plan.domains) {
    if (is_good(domain.status())) inputs.domains.push_back(*std::move(domain));
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  return inputs;
}

}  // namespace

std::vector<Setting> TogetherSettingsTable(const std::vector<Service>& services) {
  std::vector<Setting> table = {
      {"data", "Folder of the databases and keys; made by `pathways keys init`", ""}};
  for (Setting setting : HostSettingsTable()) {
    if (setting.name == "listen") {
      setting.help = "Address of the gRPC API; loopback only, port 0 for any free one";
    } else if (setting.name == "metrics-listen") {
      setting.default_value = "127.0.0.1:0";
    } else if (setting.name == "tokens") {
      setting.help = "Token file; empty: keys/tokens in the data folder";
    } else if (setting.name == "master-key") {
      setting.help = "Master key file; empty: keys/master.key in the data folder";
    }
    table.push_back(std::move(setting));
  }
  for (const Service& service : services) {
    table.insert(table.end(), service.settings.begin(), service.settings.end());
  }
  return table;
}

absl::StatusOr<TogetherPlan> ReadPlan(std::vector<Service> services, Settings& settings) {
  TogetherPlan plan;
  plan.data_folder = settings.Text("data", Presence::kRequired);
  plan.host = ReadHostSettings(settings, Presence::kOptional);
  for (const Service& service : services) plan.domains.push_back(service.domain(settings));
  plan.services = std::move(services);
  RETURN_IF_ERROR(settings.Check());
  if (plan.host.master_key_file.empty()) {
    plan.host.master_key_file = MasterKeyFile(plan.data_folder);
  }
  if (plan.host.tokens_file.empty()) plan.host.tokens_file = TokensFile(plan.data_folder);
  return plan;
}

std::string MasterKeyFile(const std::string& data_folder) {
  return absl::StrCat(data_folder, "/keys/master.key");
}

std::string TokensFile(const std::string& data_folder) {
  return absl::StrCat(data_folder, "/keys/tokens");
}

// In order of construction: each part stands on those above it.
struct Together::Parts {
  // One of the services.
  struct Member {
    std::unique_ptr<RunningService> running;
    std::unique_ptr<follow::InProcessTopic> topic;
    // Among the services that are here.
    std::vector<Member*> follows;
    std::vector<Member*> projects;

    const Service& service() const { return running->service(); }
    ServiceCore& core() { return running->core(); }
    // Under which it notes how far it has read one of those it shows.
    std::string ShownKey(const Member& upstream) const {
      return follow::PositionKey(service().projection, upstream.service().name);
    }
  };

  absl::Status OpenStores(std::vector<std::unique_ptr<engine::Domain>> domains,
                          const base::Clock& clock, base::Logger& log, Metrics& metrics);
  // Those of `names` that are here.
  std::vector<Member*> Among(const std::vector<std::string>& names);
  // Starts nothing where a file is older than those that follow it.
  absl::Status CheckTails();
  // Makes the topics, lets each service follow its upstreams, and publishes.
  absl::Status Connect(const base::Clock& clock);

  const TogetherPlan plan;  // Without the domains.
  std::unique_ptr<Keyring> keyring;
  std::unique_ptr<TokenFile> tokens;
  std::unique_ptr<TokenAuthenticator> authenticator;
  std::vector<std::unique_ptr<Member>> members;  // As the services.
  std::unique_ptr<ServerHost> server;
};

absl::Status Together::Parts::OpenStores(std::vector<std::unique_ptr<engine::Domain>> domains,
                                         const base::Clock& clock, base::Logger& log,
                                         Metrics& metrics) {
  for (size_t i = 0; i < plan.services.size(); ++i) {
    const std::string path = absl::StrCat(plan.data_folder, "/", plan.services[i].name, ".db");
    auto store = engine::SqliteStore::Open(path, clock);
    if (!store.ok()) {
      return absl::Status(store.status().code(),
                          absl::StrCat(path, ": ", std::string(store.status().message())));
    }
    auto member = std::make_unique<Member>();
    ASSIGN_OR_RETURN(member->running,
                     RunningService::Start(plan.services[i], *std::move(store),
                                           std::move(domains[i]), plan.host.engine, log, metrics));
    members.push_back(std::move(member));
  }
  for (const auto& member : members) {
    member->follows = Among(member->service().follows);
    member->projects = Among(member->service().projects);
  }
  return absl::OkStatus();
}

std::vector<Together::Parts::Member*> Together::Parts::Among(
    const std::vector<std::string>& names) {
  std::vector<Member*> found;
  for (const std::string& name : names) {
    for (const auto& member : members) {
      if (member->service().name == name) found.push_back(member.get());
    }
  }
  return found;
}

absl::Status Together::Parts::CheckTails() {
  for (const auto& member : members) {
    for (Member* upstream : member->follows) {
      const std::string& name = upstream->service().name;
      RETURN_IF_ERROR(member->core().CheckTailOf(name, upstream->core().store(), name));
    }
    for (Member* upstream : member->projects) {
      RETURN_IF_ERROR(member->core().CheckTailOf(upstream->service().name, upstream->core().store(),
                                                 member->ShownKey(*upstream)));
    }
  }
  return absl::OkStatus();
}

absl::Status Together::Parts::Connect(const base::Clock& clock) {
  for (const auto& member : members) {
    engine::EventStore& store = member->core().store();
    ASSIGN_OR_RETURN(const int64_t watermark, store.ReadWatermark());
    member->topic = std::make_unique<follow::InProcessTopic>(store, watermark);
  }
  for (const auto& member : members) {
    std::vector<follow::ProjectionSource> projected;
    for (Member* upstream : member->projects) {
      projected.push_back({upstream->service().name, *upstream->topic, *upstream->topic});
    }
    std::vector<Upstream> followed;
    for (Member* upstream : member->follows) {
      followed.push_back({upstream->service().name, *upstream->topic, *upstream->topic});
    }
    member->running->Connect(*keyring, clock, std::move(projected), followed, plan.host.sweep_every,
                             plan.host.timers_every);
  }
  for (const auto& member : members) member->core().StartRelay(*member->topic);
  return absl::OkStatus();
}

Together::Together(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Together::~Together() { Stop(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<Together>> Together::Start(TogetherPlan plan,
                                                          const base::Clock& clock,
                                                          base::Logger& log, Metrics& metrics) {
  ASSIGN_OR_RETURN(Inputs inputs, ReadInputs(plan));
  std::unique_ptr<Together> together(
      new Together(std::unique_ptr<Parts>(new Parts{std::move(plan)})));
  Parts& parts = *together->parts_;
  parts.keyring = std::move(inputs.keyring);
  parts.tokens = std::move(inputs.tokens);
  parts.authenticator = std::make_unique<TokenAuthenticator>(*parts.tokens);
  RETURN_IF_ERROR(parts.OpenStores(std::move(inputs.domains), clock, log, metrics));
  RETURN_IF_ERROR(parts.CheckTails());
  for (const auto& member : parts.members) {
    const Service& service = member->service();
    if (service.prepare) RETURN_IF_ERROR(service.prepare(member->core(), log));
  }
  RETURN_IF_ERROR(parts.Connect(clock));
  std::vector<RunningService*> running;
  for (const auto& member : parts.members) running.push_back(member->running.get());
  ASSIGN_OR_RETURN(
      parts.server,
      ServerHost::Start(parts.plan.host.rpc,
                        {*parts.authenticator, clock, metrics, std::move(running),
                         parts.plan.host.read_threads, parts.plan.host.stuck_after, nullptr}));
  return together;
}

int Together::port() const { return parts_->server->port(); }

const std::vector<Api>& Together::apis() const { return parts_->server->dispatcher().apis(); }

bool Together::IsReady() const { return parts_->server->IsReady(); }

bool Together::IsAlive() const { return parts_->server->IsAlive(); }

bool Together::IsSettled() const {
  for (const auto& member : parts_->members) {
    if (!member->core().HasFollowed()) return false;
    for (Parts::Member* upstream : member->projects) {
      const auto head = upstream->core().store().LastPosition();
      const auto read = member->core().store().ReadPosition(member->ShownKey(*upstream));
      if (!head.ok() || !read.ok() || read->position < *head) return false;
    }
  }
  return true;
}

void Together::Stop(absl::Duration drain) {
  if (parts_->server) parts_->server->Stop(drain);
  // Also where the server could not start; again, it does nothing.
  for (const auto& member : parts_->members) member->running->StopLoops(Loop::Stops::kWithCalls);
  for (const auto& member : parts_->members) member->running->StopLoops(Loop::Stops::kAfterCalls);
  for (const auto& member : parts_->members) member->core().StopFollowing();
  for (const auto& member : parts_->members) member->core().StopEngine();
}

}  // namespace pathways::host
