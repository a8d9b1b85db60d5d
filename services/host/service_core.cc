#include "services/host/service_core.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/follow/lost_tail.h"
#include "services/type/problem.h"

namespace pathways::host {
namespace {

// Rows counted for a gauge, at most: more is an alarm whatever the number.
constexpr int kCountMax = 1000;
// Reason of every answer once the database was set back; the store says it too.
constexpr char kTailLost[] = "TAIL_LOST";

CommandOrigin OriginOf(const engine::Command& command) {
  if (std::holds_alternative<engine::RequestOrigin>(command.origin)) {
    return CommandOrigin::kRequest;
  }
  if (std::holds_alternative<engine::EventOrigin>(command.origin)) {
    return CommandOrigin::kEvent;
  }
  if (std::holds_alternative<engine::NewRulesOrigin>(command.origin))
    return CommandOrigin::kRulesStream;
  if (std::holds_alternative<engine::FoldOrigin>(command.origin)) return CommandOrigin::kFold;
  return CommandOrigin::kTimer;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServiceCore>> ServiceCore::Start(
    const std::string& name, std::unique_ptr<engine::EventStore> store,
    std::unique_ptr<engine::Domain> domain, engine::EngineOptions options, base::Logger& log,
    Metrics& metrics) {
  std::unique_ptr<ServiceCore> core(
      new ServiceCore(name, std::move(store), std::move(domain), log, metrics));
  ASSIGN_OR_RETURN(core->sampled_position_, core->store_->LastPosition());
  core->store_->OnCommit([core = core.get()] {
    std::lock_guard<std::mutex> lock(core->wakes_mutex_);
    for (const std::function<void()>& wake : core->wakes_) wake();
  });
  options.observe = [core = core.get()](const auto& commands, const auto& answers,
                                        const absl::Status& committed, absl::Duration took) {
    core->Observe(commands, answers, committed, took);
  };
  options.gave_up = [core = core.get()](const engine::Command& command, const absl::Status& why) {
    const auto* event = std::get_if<engine::EventOrigin>(&command.origin);
    core->log_.Error("command_given_up", {{"service", core->name_},
                                          {"upstream", event != nullptr ? event->upstream : ""},
                                          {"code", absl::StatusCodeToString(why.code())},
                                          {"what", std::string(why.message())}});
  };
  // So that the first one is a rise.
  metrics.CountDroppedTimers(name, 0);
  core->engine_ =
      std::make_unique<engine::Engine>(*core->domain_, *core->store_, std::move(options));
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

void ServiceCore::StartRelay(follow::Publisher& publisher, follow::Relay::CheckTopic check_topic,
                             std::function<void()> cancel) {
  follow::Relay::CheckTopic check;
  if (check_topic) {
    metrics_.SetOwnTailLost(name_, tail_lost_);
    check = [this, check_topic = std::move(check_topic)](follow::TopicCheck what) {
      return CheckTopic([&] { return check_topic(what); });
    };
  }
  relay_ = std::make_unique<follow::Relay>(*store_, publisher, ReportTo("relay", ""),
                                           std::move(check), std::move(cancel));
  OnCommit([relay = relay_.get()] { relay->Notify(); });
}

void ServiceCore::Follow(const Upstream& upstream, absl::Duration sweep_every) {
  upstreams_.push_back(upstream);
  consumers_.push_back(std::make_unique<follow::Consumer>(
      follow::ConsumerParts{upstream.name, upstream.logs, domain(), store(), engine(),
                            ReportTo("consumer", upstream.name)}));
  follow::PullerParts pulling{upstream.name, upstream.streams, domain(),
                              store(),       engine(),         ReportTo("puller", upstream.name)};
  pulling.found_missing = [this, name = upstream.name](int64_t cases) {
    metrics_.CountSweptMissing(name_, name, cases);
    log_.Error("sweep_found_missing", {{"service", name_}, {"upstream", name}, {"cases", cases}});
  };
  // So that the first one is a rise.
  metrics_.CountSweptMissing(name_, upstream.name, 0);
  metrics_.CountStalePosition(name_, upstream.name, 0);
  pullers_.push_back(std::make_unique<follow::Puller>(std::move(pulling), sweep_every));
  upstream.logs.OnPublish([consumer = consumers_.back().get()] { consumer->Notify(); });
  OnCommit([consumer = consumers_.back().get(), puller = pullers_.back().get()] {
    consumer->NotifyCommit();
    puller->Notify();
  });
}

void ServiceCore::KeepFolded(absl::Duration every) {
  refold_ = std::make_unique<follow::RefoldSweep>(domain(), store(), engine(),
                                                  follow::RefoldSweepOptions{.every = every},
                                                  ReportTo("folding", ""));
  refold_->Start();
}

absl::Status ServiceCore::CheckTopic(const std::function<absl::Status()>& check_topic) {
  absl::Status checked = check_topic();
  if (!absl::IsDataLoss(checked) || tail_lost_.exchange(true)) return checked;
  // Whatever is decided now takes numbers that already mean something else elsewhere.
  engine_->Refuse(type::Refuse(absl::StatusCode::kUnavailable, kTailLost,
                               "the service lost data and waits for its operator"));
  metrics_.SetOwnTailLost(name_, true);
  log_.Error("own_tail_lost", {{"service", name_}, {"what", std::string(checked.message())}});
  return checked;
}

absl::Status ServiceCore::CheckTailOf(const std::string& upstream,
                                      engine::EventStore& upstream_store,
                                      const std::string& position_key) {
  ASSIGN_OR_RETURN(const engine::Position read, store_->ReadPosition(position_key));
  ASSIGN_OR_RETURN(const int64_t head, upstream_store.LastPosition());
  if (read.incarnation != upstream_store.Incarnation() || read.position <= head) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat(upstream, ".db lost its tail: ", name_, " has read ", read.position,
                   " positions of it, and it has ", head,
                   ". Restore the files of one backup together; docs/operations.md says how"));
}

absl::StatusOr<int64_t> ServiceCore::LagOf(const Upstream& upstream) {
  int64_t lag = 0;
  for (const auto& log : upstream.logs.Logs()) {
    ASSIGN_OR_RETURN(const int64_t head, log->Head());
    ASSIGN_OR_RETURN(const engine::Position read,
                     store_->ReadPosition(follow::PositionKeyOf(upstream.name, *log)));
    const int64_t position = read.incarnation == log->Incarnation() ? read.position : 0;
    lag += std::max<int64_t>(0, head - position);
  }
  return lag;
}

bool ServiceCore::HasFollowed() {
  for (const Upstream& upstream : upstreams_) {
    const absl::StatusOr<int64_t> lag = LagOf(upstream);
    if (!lag.ok() || *lag > 0) return false;
  }
  const auto behind = store_->ReadBehind(1);
  return behind.ok() && behind->empty();
}

void ServiceCore::Wake() {
  for (const auto& puller : pullers_) puller->Notify();
}

std::set<std::string> ServiceCore::Followed() const {
  std::set<std::string> names;
  for (const Upstream& upstream : upstreams_) names.insert(upstream.name);
  return names;
}

bool ServiceCore::AcknowledgeTailLoss(const std::string& upstream) {
  std::lock_guard<std::mutex> lock(lost_mutex_);
  if (lost_.erase(upstream) == 0) return false;
  metrics_.SetUpstreamTailLost(name_, upstream, false);
  log_.Info("upstream_tail_loss_acknowledged", {{"service", name_}, {"upstream", upstream}});
  return true;
}

follow::Report ServiceCore::ReportSweepTo(const std::string& what) {
  metrics_.SetVersionStopped(name_, false);
  return [this, report = ReportTo(what, "")](const absl::Status& status) {
    metrics_.SetVersionStopped(name_, absl::IsResourceExhausted(status));
    report(status);
  };
}

follow::Report ServiceCore::ReportTo(const std::string& what, const std::string& upstream) {
  return [this, what, upstream](const absl::Status& status) {
    // Stays until somebody has looked at it: a later success does not bring back what was lost.
    const bool is_upstream_lost = follow::IsLostTail(status);
    if (is_upstream_lost) {
      std::lock_guard<std::mutex> lock(lost_mutex_);
      lost_.insert(upstream);
      metrics_.SetUpstreamTailLost(name_, upstream, true);
    }
    if (status.ok()) {
      log_.Info("recovered", {{"service", name_}, {"part", what}, {"upstream", upstream}});
      return;
    }
    log_.Error(is_upstream_lost ? "upstream_tail_lost" : "part_failed",
               {{"service", name_},
                {"part", what},
                {"upstream", upstream},
                {"code", absl::StatusCodeToString(status.code())},
                {"what", std::string(status.message())}});
  };
}

// A consumer that can read on says nothing of what a sweep has found.
void ServiceCore::Observe(const std::vector<const engine::Command*>& commands,
                          const std::vector<engine::Answer>& answers, const absl::Status& committed,
                          absl::Duration took) {
  for (size_t i = 0; i < commands.size(); ++i) {
    metrics_.CountCommand(name_, OriginOf(*commands[i]), answers[i].status.code());
    if (answers[i].is_dropped) metrics_.CountDroppedTimers(name_);
    if (!answers[i].is_stale) continue;
    metrics_.CountStalePosition(name_, std::get<engine::EventOrigin>(commands[i]->origin).upstream);
  }
  // Not the answers: a case that only another release knows is no fault of the store.
  const bool unavailable = absl::IsUnavailable(committed);
  // The database itself turned out to lack what was committed.
  if (type::ProblemOf(committed).reason() == kTailLost) {
    (void)CheckTopic([&] { return absl::DataLossError(committed.message()); });
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
  const auto other_folds = store_->CountOtherFolds(domain_->EvolveVersion());
  if (other_folds.ok()) metrics_.SetOtherFolds(name_, *other_folds);
  if (refold_) metrics_.SetUnfoldable(name_, refold_->left());
  for (const Upstream& upstream : upstreams_) {
    const absl::StatusOr<int64_t> lag = LagOf(upstream);
    if (lag.ok()) metrics_.SetConsumerLag(name_, upstream.name, *lag);
  }
}

void ServiceCore::StopFollowing() {
  for (const auto& consumer : consumers_) consumer->Stop();
  for (const auto& puller : pullers_) puller->Stop();
  if (refold_) refold_->Stop();
}

void ServiceCore::StopEngine() {
  if (engine_) engine_->Drain();
  {
    // Other processes go on committing, and whoever was woken may be gone.
    std::lock_guard<std::mutex> lock(wakes_mutex_);
    wakes_.clear();
  }
  if (relay_) relay_->Stop();
}

}  // namespace pathways::host
