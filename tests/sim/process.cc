#include "tests/sim/process.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/faults.h"
#include "services/intake/age_band.h"
#include "tests/sim/loss.h"

namespace pathways::sim {
namespace {

constexpr absl::Duration kSweepEvery = absl::Seconds(30);
// The ends of the topic are compared by a thread, which a simulation does not have.
constexpr std::chrono::hours kNever{1000};
constexpr absl::Duration kTimersEvery = absl::Seconds(1);

}  // namespace

Process::Process(Service& service, int replica, int release, const host::Keyring& keyring,
                 Surroundings& around, std::function<void(Alarm)> alarm)
    : service_(service),
      domain_(*service.releases[static_cast<size_t>(release)]),
      around_(around),
      name_(absl::StrCat(service.name, "/", replica)),
      alarm_(std::move(alarm)) {
  // Poison is for who follows: who registers a case has committed it.
  session_ = std::make_unique<Session>(*service.store, service.journal.get(), service.lead, around,
                                       /*fails_unwritable=*/!service.follows.empty());
  session_->OnMark([this](const engine::BehindRow& row) { NoteMissed(row); });
  engine::EngineOptions options;
  options.drive = base::Drive::kSteps;
  options.batch_max = 8;
  options.gave_up = [this](const engine::Command&, const absl::Status& why) {
    alarm_({absl::StrCat(name_, " gave up"), why, 0});
  };
#ifdef PATHWAYS_FAULTS
  if (base::MutantActive("publish_before_commit")) {
    options.publish_early = [&topic = *service.topic](const engine::BatchWrite& write) {
      for (const engine::StreamWrite& stream : write.streams) (void)topic.Publish(stream.events);
    };
  }
#endif
  engine_ = std::make_unique<engine::Engine>(domain_, *session_, std::move(options));
  steps_.push_back({"engine", [this] {
                      engine_->RunOnce();
                      return absl::OkStatus();
                    }});
  (void)CheckTail();  // Told.
  relay_ = std::make_unique<follow::Relay>(
      *session_, *service.topic, ReportTo("relay"),
      [this](follow::TopicCheck) {
        const absl::Status checked = CheckTail();
        service_.losses_seen_by_relay += absl::IsDataLoss(checked);
        return checked;
      },
      nullptr, kNever, base::Drive::kSteps);
  steps_.push_back({"relay", [this] { return relay_->Step().status(); }});
  for (const Followed& upstream : service.follows) Follow(upstream, replica);
  if (!service.projects.empty()) Project(replica);
  StartTimers(keyring);
  refold_ = std::make_unique<follow::RefoldSweep>(domain_, *session_, *engine_,
                                                  follow::RefoldSweepOptions{.every = kSweepEvery},
                                                  ReportTo("folding"));
  steps_.push_back({"folding", [this] { return refold_->Step(); }});
}

// As services/follow/tail_check.h compares, and services/host/service_core.h stops.
absl::Status Process::CheckTail() {
  if (PATHWAYS_MUTANT("no_tail_check") || !HasLostPublished(service_)) return absl::OkStatus();
  const absl::Status lost = absl::DataLossError("the store lost events that were published");
  alarm_({absl::StrCat(name_, " own tail"), lost, 0});
  engine_->Refuse(absl::UnavailableError("the service lost data and waits for its operator"));
  return lost;
}

follow::Report Process::ReportTo(const std::string& part) {
  return [this, part](const absl::Status& status) {
    if (!status.ok()) alarm_({absl::StrCat(name_, " ", part), status, 0});
  };
}

void Process::Follow(const Followed& upstream, int replica) {
  logs_.push_back(upstream.group->LogsOf(replica));
  streams_.push_back(std::make_unique<Streams>(upstream.owner->store, around_));
  consumers_.push_back(std::make_unique<follow::Consumer>(
      follow::ConsumerParts{.upstream = upstream.name,
                            .logs = *logs_.back(),
                            .domain = domain_,
                            .store = *session_,
                            .engine = *engine_,
                            .report = ReportTo(absl::StrCat("consumer of ", upstream.name)),
                            .drive = base::Drive::kSteps}));
  follow::PullerParts parts{.upstream = upstream.name,
                            .streams = *streams_.back(),
                            .domain = domain_,
                            .store = *session_,
                            .engine = *engine_,
                            .report = ReportTo(absl::StrCat("puller of ", upstream.name)),
                            .drive = base::Drive::kSteps};
  parts.found_missing = [this, name = upstream.name](int64_t cases) {
    alarm_({absl::StrCat(name_, " sweep of ", name), absl::OkStatus(), cases});
  };
  pullers_.push_back(std::make_unique<follow::Puller>(std::move(parts), kSweepEvery));
  steps_.push_back({"consumer of " + upstream.name,
                    [consumer = consumers_.back().get()] { return consumer->Step().status(); }});
  steps_.push_back({"puller of " + upstream.name,
                    [puller = pullers_.back().get()] { return puller->Step().status(); }});
}

void Process::NoteMissed(const engine::BehindRow& row) {
  const auto state = service_.store->ReadState(row.stream);
  if (!state->parked_reason.empty() || state->behind.contains(row.upstream)) return;
  const auto applied = state->applied.find(row.upstream);
  const int64_t number = applied == state->applied.end() ? 0 : applied->second.number;
  for (const Followed& upstream : service_.follows) {
    if (upstream.name != row.upstream) continue;
    const Lack why = upstream.group->WhyLacking(*service_.store, row.stream, number);
    service_.missed.push_back({row.upstream, row.stream, why});
  }
}

void Process::Project(int replica) {
  std::vector<follow::ProjectionSource> sources;
  for (const Followed& upstream : service_.projects) {
    logs_.push_back(upstream.group->LogsOf(replica));
    streams_.push_back(std::make_unique<Streams>(upstream.owner->store, around_));
    sources.push_back({upstream.name, *logs_.back(), *streams_.back()});
  }
  projector_ = std::make_unique<follow::Projector>(
      *session_, status_, std::move(sources), kSweepEvery, ReportTo("status"), base::Drive::kSteps);
  steps_.push_back({"status", [this] { return projector_->Step().status(); }});
}

void Process::StartTimers(const host::Keyring& keyring) {
  follow::TimerLoop::DueOf due_of;
  if (service_.name == "intake") {
    due_of = [this, &keyring](const engine::TimerRow& timer, absl::Time now) {
      return intake::ChangeAgeBand(domain_, *session_, keyring, timer, now);
    };
  } else if (!domain_.StreamOfRules().mark.empty()) {
    due_of = [this](const engine::TimerRow&, absl::Time) {
      return follow::TimerLoop::Due{domain_.StreamOfRules().command, 0};
    };
    sweep_ = std::make_unique<follow::NewRulesSweep>(
        domain_, *session_, *engine_,
        follow::NewRulesSweepOptions{.drive = base::Drive::kSteps, .every = kSweepEvery},
        ReportTo("rescreening"));
    steps_.push_back({"rescreening", [this] { return sweep_->Step(); }});
  } else {
    return;
  }
  timers_ =
      std::make_unique<follow::TimerLoop>(*session_, *engine_, std::move(due_of), kTimersEvery,
                                          ReportTo("timers"), base::Drive::kSteps);
  steps_.push_back({"timers", [this] { return timers_->Step().status(); }});
}

}  // namespace pathways::sim
