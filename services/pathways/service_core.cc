#include "services/pathways/service_core.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/runtime/status_macros.h"

namespace pathways::cli {
namespace {

// Rows counted for a gauge, at most: more is an alarm whatever the number.
constexpr int kCountMax = 1000;

runtime::CommandOrigin OriginOf(const runtime::Command& command) {
  if (std::holds_alternative<runtime::RequestOrigin>(command.origin)) {
    return runtime::CommandOrigin::kRequest;
  }
  if (std::holds_alternative<runtime::EventOrigin>(command.origin)) {
    return runtime::CommandOrigin::kEvent;
  }
  return runtime::CommandOrigin::kTimer;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServiceCore>> ServiceCore::Start(
    const std::string& name, const std::string& path, std::unique_ptr<runtime::Domain> domain,
    runtime::EngineOptions options, const runtime::Clock& clock, runtime::Logger& log,
    runtime::Metrics& metrics) {
  std::unique_ptr<ServiceCore> core(new ServiceCore(name, std::move(domain), log, metrics));
  ASSIGN_OR_RETURN(core->store_, runtime::SqliteStore::Open(path, clock));
  ASSIGN_OR_RETURN(const int64_t watermark, core->store_->ReadWatermark());
  ASSIGN_OR_RETURN(core->sampled_position_, core->store_->LastPosition());
  core->topic_ = std::make_unique<runtime::InProcessTopic>(*core->store_, watermark);
  core->store_->OnCommit([core = core.get()] {
    std::lock_guard<std::mutex> lock(core->wakes_mutex_);
    for (const std::function<void()>& wake : core->wakes_) wake();
  });
  options.observe = [core = core.get()](const auto& commands, const auto& answers,
                                        absl::Duration took) {
    core->Observe(commands, answers, took);
  };
  core->engine_ =
      std::make_unique<runtime::Engine>(*core->domain_, *core->store_, std::move(options));
  return core;
}

ServiceCore::~ServiceCore() {
  StopFollowing();
  StopEngine();
}

void ServiceCore::OnCommit(std::function<void()> wake) {
  std::lock_guard<std::mutex> lock(wakes_mutex_);
  wakes_.push_back(std::move(wake));
}

void ServiceCore::StartRelay() {
  relay_ = std::make_unique<runtime::Relay>(*store_, *topic_, ReportTo("relay", ""));
  OnCommit([relay = relay_.get()] { relay->Notify(); });
}

void ServiceCore::Follow(ServiceCore& upstream, absl::Duration sweep_every) {
  upstreams_.push_back(&upstream);
  const auto parts = [&](const char* what) {
    return runtime::ConsumerParts{upstream.name(),
                                  upstream.topic(),
                                  upstream.topic(),
                                  domain(),
                                  store(),
                                  engine(),
                                  ReportTo(what, upstream.name())};
  };
  consumers_.push_back(std::make_unique<runtime::Consumer>(parts("consumer")));
  pullers_.push_back(std::make_unique<runtime::Puller>(parts("puller"), sweep_every));
  upstream.topic().OnPublish([consumer = consumers_.back().get()] { consumer->Notify(); });
  OnCommit([puller = pullers_.back().get()] { puller->Notify(); });
}

absl::Status ServiceCore::CheckTailOf(ServiceCore& upstream, const std::string& position_key) {
  ASSIGN_OR_RETURN(const runtime::Position read, store_->ReadPosition(position_key));
  ASSIGN_OR_RETURN(const int64_t head, upstream.store().LastPosition());
  if (read.incarnation != upstream.store().Incarnation() || read.position <= head) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat(upstream.name(), ".db lost its tail: ", name_, " has read ", read.position,
                   " positions of it, and it has ", head,
                   ". Restore the files of one backup together; docs/operations.md says how"));
}

bool ServiceCore::HasFollowed() {
  for (ServiceCore* upstream : upstreams_) {
    const absl::StatusOr<int64_t> head = upstream->store().LastPosition();
    const absl::StatusOr<runtime::Position> read = store_->ReadPosition(upstream->name());
    if (!head.ok() || !read.ok() || read->position < *head) return false;
  }
  const auto behind = store_->ReadBehind(1);
  return behind.ok() && behind->empty();
}

void ServiceCore::Wake() {
  for (const auto& puller : pullers_) puller->Notify();
}

runtime::Report ServiceCore::ReportTo(const std::string& what, const std::string& upstream) {
  return [this, what, upstream](const absl::Status& status) {
    // Stays until the next start: a later success does not bring back what was lost.
    if (!upstream.empty() && absl::IsDataLoss(status)) {
      metrics_.SetUpstreamTailLost(name_, upstream, true);
    }
    if (status.ok()) {
      log_.Info("recovered", {{"service", name_}, {"part", what}, {"upstream", upstream}});
      return;
    }
    log_.Error(absl::IsDataLoss(status) ? "upstream_tail_lost" : "part_failed",
               {{"service", name_},
                {"part", what},
                {"upstream", upstream},
                {"code", absl::StatusCodeToString(status.code())},
                {"what", std::string(status.message())}});
  };
}

// A consumer that can read on says nothing of what a sweep has found.
void ServiceCore::Observe(const std::vector<const runtime::Command*>& commands,
                          const std::vector<runtime::Answer>& answers, absl::Duration took) {
  bool unavailable = false;
  for (size_t i = 0; i < commands.size(); ++i) {
    metrics_.CountCommand(name_, OriginOf(*commands[i]), answers[i].status.code());
    unavailable |= absl::IsUnavailable(answers[i].status);
  }
  metrics_.ObserveCommit(name_, static_cast<int64_t>(commands.size()), took);
  if (can_write_.exchange(!unavailable) != !unavailable) {
    if (unavailable) {
      log_.Error("store_cannot_write", {{"service", name_}});
    } else {
      log_.Info("store_writes_again", {{"service", name_}});
    }
  }
}

void ServiceCore::ProbeWrite() {
  if (can_write_) return;
  if (store_->ProbeWrite().ok() && !can_write_.exchange(true)) {
    log_.Info("store_writes_again", {{"service", name_}});
  }
}

void ServiceCore::Sample() {
  metrics_.SetQueueLength(name_, static_cast<int64_t>(engine_->QueueLength()));
  const absl::StatusOr<int64_t> head = store_->LastPosition();
  const absl::StatusOr<int64_t> watermark = store_->ReadWatermark();
  if (head.ok() && watermark.ok()) {
    metrics_.SetRelayLag(name_, *head - *watermark);
    metrics_.CountEvents(name_, *head - sampled_position_);
    sampled_position_ = *head;
  }
  const auto parked = store_->ReadParked(kCountMax);
  if (parked.ok()) metrics_.SetParked(name_, static_cast<int64_t>(parked->size()));
  const auto behind = store_->ReadBehind(kCountMax);
  if (behind.ok()) metrics_.SetBehind(name_, static_cast<int64_t>(behind->size()));
  for (ServiceCore* upstream : upstreams_) {
    const absl::StatusOr<int64_t> published = upstream->store().LastPosition();
    const absl::StatusOr<runtime::Position> position = store_->ReadPosition(upstream->name());
    if (published.ok() && position.ok()) {
      metrics_.SetConsumerLag(name_, upstream->name(), *published - position->position);
    }
  }
}

void ServiceCore::StopFollowing() {
  for (const auto& consumer : consumers_) consumer->Stop();
  for (const auto& puller : pullers_) puller->Stop();
}

void ServiceCore::StopEngine() {
  if (engine_) engine_->Drain();
  if (relay_) relay_->Stop();
}

}  // namespace pathways::cli
