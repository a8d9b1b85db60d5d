#include "tests/sim/world.h"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/base/faults.h"
#include "services/base/ids.h"
#include "services/base/serialize.h"
#include "services/eligibility/domain/ledger.h"
#include "services/follow/submit.h"
#include "services/host/ledger_start.h"
#include "services/intake/domain/fact_ledger.h"
#include "services/referral/domain/routes.h"
#include "tests/sim/check.h"

namespace pathways::sim {
namespace {

constexpr int kTurns = 3000;
constexpr std::chrono::seconds kStarvedAfter{3};
constexpr int kStuckTimers = 300;
// Rounds of every step, a second apart: a case whose events its owner cannot read is tried ten
// times, with pauses of up to a minute.
constexpr int kRoundsMax = 1500;
constexpr int kRoundsOfLoss = 200;
constexpr absl::Time kStart = absl::FromUnixSeconds(1697500000);  // 2023-10-16.

// What ends a process in the middle of a step.
struct ProcessCrash {};

// The source of every random byte of the program while a World lives.
thread_local Random* random_source = nullptr;

uint32_t RandomWord() { return static_cast<uint32_t>(random_source->Next()); }
void RandomBytes(void* const buffer, const size_t size) {
  auto* bytes = static_cast<unsigned char*>(buffer);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(random_source->Next());
}

// Null: the system's again.
void SeedRandomBytes(Random* random) {
  static randombytes_implementation implementation = {
      [] { return "simulation"; }, RandomWord, nullptr, nullptr, RandomBytes, nullptr};
  random_source = random;
  randombytes_implementation* const used =
      random == nullptr ? &randombytes_sysrandom_implementation : &implementation;
  if (randombytes_set_implementation(used) != 0) std::abort();
}

// What only a service's followers meet: another one may run there, for no transaction is open.
bool IsBetweenTransactions(const std::string& point) {
  return absl::StartsWith(point, "consumer.") || absl::StartsWith(point, "puller.") ||
         absl::StartsWith(point, "relay.");
}

// The command that begins an empty ledger.
type::v1::LedgerCommand Beginning(const std::string& version, std::string content,
                                  const char* reason) {
  type::v1::LedgerCommand command;
  type::v1::ApplyVersionCommand& apply = *command.mutable_begin();
  apply.set_version(version);
  apply.set_sha256(base::Sha256Hex(content));
  apply.set_content(std::move(content));
  apply.set_principal(type::kStartPrincipal);
  apply.set_reason_code(reason);
  return command;
}

}  // namespace

World::World(uint64_t seed, const Faults& faults, const Ground& ground)
    : Surroundings(seed, faults), ground_(ground), planted_(faults), true_time_(kStart) {
  SeedRandomBytes(&random_);
  steady_ = base::SteadyTime(std::chrono::hours(1));
  base::SetSteadyNow(steady_);
  MakeServices();
  BeginLedgers();
  for (int i = 0; faults_.stuck_timers && i < kStuckTimers; ++i) {
    service("intake").store->PlantTimer({absl::StrCat(kStuck, i), "age-band", 1});
  }
  for (Place& place : places_) Start(place);
  ShareOut();
  actors_ = std::make_unique<Actors>(
      *this, ground, service("intake").store, service("referral").store,
      [this](const std::string& name, absl::Time& now) { return Find(name, now); });
  base::SetCrashHook([this](const char* name) { AtCrashPoint(name); });
}

World::~World() {
  base::SetCrashHook(nullptr);
  places_.clear();
  SeedRandomBytes(nullptr);
}

Service& World::service(const std::string& name) {
  return *std::find_if(services_.begin(), services_.end(),
                       [&](const Service& one) { return one.name == name; });
}

void World::MakeServices() {
  for (size_t i = 0; i < services_.size(); ++i) {
    Service& one = services_[i];
    one.name = ground_.services[i].name;
    one.clock = std::make_unique<base::ManualClock>(kStart);
    one.store = std::make_unique<MemoryStore>(*one.clock, one.name + "-1");
    one.topic = std::make_unique<Topic>(one.name, *this);
    Deploy(one, *ground_.services[i].domain);
  }
  for (const Ground::Kind& kind : ground_.services) {
    for (const std::string& from : kind.follows) Connect(from, kind.name, /*shows=*/false);
    for (const std::string& from : kind.projects) Connect(from, kind.name, /*shows=*/true);
  }
  if (!faults_.lost_tail) return;
  loss_.victim = &services_[static_cast<size_t>(random_.Below(3))];
  loss_.victim->journal = std::make_unique<Journal>();
  lose_at_ = kTurns / 3 + random_.Below(kTurns / 3);
  if (random_.OneIn(2)) mend_at_ = lose_at_ + 200 + random_.Below(300);
}

void World::Deploy(Service& service, const engine::Domain& domain) {
  service.releases = {std::make_unique<Release>(domain, Release::Kind{}),
                      std::make_unique<Release>(domain, Release::Kind{true, faults_.news})};
  const auto any = [this] { return static_cast<int>(random_.Below(2)); };
  if (faults_.releases) service.last_release = faults_.news ? 1 : any();
  const int first = faults_.releases ? any() : service.last_release;
  for (int replica = 0; replica < kReplicas; ++replica) {
    places_.push_back({&service, replica, first, nullptr, steady_, false, "",
                       std::make_unique<base::ManualClock>(kStart)});
  }
}

void World::Connect(const std::string& from, const std::string& to, bool shows) {
  Service& follower = service(to);
  follower.groups.push_back(std::make_unique<Group>(*service(from).topic, *this));
  Followed followed{from, follower.groups.back().get(), &service(from)};
  (shows ? follower.projects : follower.follows).push_back(followed);
}

// As each service does before it serves (services/host/ledger_start.h).
void World::BeginLedgers() {
  const type::v1::FactCatalogue& facts = ground_.facts->catalogue();
  BeginLedger("intake", type::kFactLedger,
              host::LedgerCommandOf<intake::v1::IntakeCommand>(Beginning(
                  facts.version(), base::SerializeDeterministic(facts), intake::kFirstFacts)));
  ground_.in_force->Set({ground_.facts, 1});
  const eligibility::v1::PolicyPack& pack = ground_.packs[0];
  BeginLedger("eligibility", eligibility::kPolicyLedger,
              host::LedgerCommandOf<eligibility::v1::EligibilityCommand>(Beginning(
                  pack.version(), base::SerializeDeterministic(pack), eligibility::kFirstPolicy)));
  const referral::v1::AgencyRoutes& routes = ground_.routes[0];
  BeginLedger("referral", referral::kRoutesLedger,
              host::LedgerCommandOf<referral::v1::ReferralCommand>(Beginning(
                  routes.version(), base::SerializeDeterministic(routes), referral::kFirstRoutes)));
}

void World::BeginLedger(const std::string& name, const std::string& stream,
                        const std::string& payload) {
  engine::EngineOptions options;
  options.drive = base::Drive::kSteps;
  Service& owner = service(name);
  const Faults faults = std::exchange(faults_, {});
  Session session(*owner.store, owner.journal.get(), owner.lead, *this, false);
  engine::Engine engine(owner.domain(), session, options);
  std::vector<engine::Command> commands;
  commands.push_back(
      {stream, payload, engine::RequestOrigin{"", "", "service/" + name, kBeginLedger}, {}});
  if (!follow::SubmitAll(engine, std::move(commands)).ok()) std::abort();
  faults_ = faults;
}

void World::Start(Place& place) {
  place.process = std::make_unique<Process>(*place.service, place.replica, place.release,
                                            *ground_.keyring, *this, [this](Alarm alarm) {
                                              Note(absl::StrCat("alarm ", alarm.who));
                                              alarms_.push_back(std::move(alarm));
                                            });
}

// The partitions go to those that run; a frozen one counts for a while as if it did.
void World::ShareOut() {
  for (Service& one : services_) {
    std::vector<int> replicas;
    for (const Place& place : places_) {
      if (place.service == &one && place.process && !place.is_frozen) {
        replicas.push_back(place.replica);
      }
    }
    for (const auto& group : one.groups) group->Share(replicas);
  }
}

Process* World::Find(const std::string& name, absl::Time& now) {
  std::vector<Place*> found;
  for (Place& place : places_) {
    if (place.service->name == name && place.process && !place.is_frozen) found.push_back(&place);
  }
  if (found.empty()) return nullptr;
  Place& place = *found[static_cast<size_t>(random_.Below(static_cast<int64_t>(found.size())))];
  now = place.clock->Now();
  return place.process.get();
}

void World::Pass(absl::Duration time) {
  steady_ += absl::ToChronoNanoseconds(time);
  base::SetSteadyNow(steady_);
  true_time_ += time;
  for (Service& one : services_) one.clock->Advance(time);
  for (Place& place : places_) place.clock->Advance(time);
}

void World::MoveClocks() {
  // Days pass for all of them: timers come due.
  if (random_.OneIn(100)) {
    const absl::Duration days = absl::Hours(random_.Below(48));
    true_time_ += days;
    for (Service& one : services_) one.clock->Advance(days);
    for (Place& place : places_) place.clock->Advance(days);
  }
  if (!faults_.clocks) return;
  // From true: drift, and now and then a leap, back or forth.
  const auto error = [this] {
    return random_.OneIn(4) ? absl::Minutes(random_.Below(600) - 300)
                            : absl::Milliseconds(random_.Below(4000) - 2000);
  };
  if (random_.OneIn(50)) {
    services_[static_cast<size_t>(random_.Below(3))].clock->Set(true_time_ + error());
  }
  if (random_.OneIn(50)) {
    places_[static_cast<size_t>(random_.Below(static_cast<int64_t>(places_.size())))].clock->Set(
        true_time_ + error());
  }
}

void World::AtCrashPoint(const std::string& name) {
  if (stack_.empty()) return;
  Place& place = *stack_.back();
  Note(name);
  // One whose step waits further down the stack cannot be taken away from under it.
  const bool is_safe = std::count(stack_.begin(), stack_.end(), &place) == 1;
  if (faults_.crashes && is_safe && random_.OneIn(150)) {
    crashed_at = name;
    throw ProcessCrash();
  }
  if (faults_.freezes && IsBetweenTransactions(name)) LetOthersRun();
}

void World::LetOthersRun() {
  if (stack_.size() != 1 || !random_.OneIn(3)) return;
  const int64_t steps = random_.OneIn(4) ? random_.Below(60) : random_.Below(8);
  for (int64_t i = 0; i < steps; ++i) {
    if (random_.OneIn(6)) {
      actors_->Step();
    } else {
      RunAny(/*nested=*/true);
    }
    Pass(absl::Milliseconds(random_.Below(20)));
  }
}

bool World::RunStarved() {
  for (Place& place : places_) {
    if (!place.process || place.is_frozen) continue;
    for (Process::Step& step : place.process->steps()) {
      if (steady_ - step.last_run < kStarvedAfter) continue;
      RunStep(place, step);
      return true;
    }
  }
  return false;
}

void World::RunAny(bool nested) {
  if (!nested && RunStarved()) return;
  Place& place = places_[static_cast<size_t>(random_.Below(static_cast<int64_t>(places_.size())))];
  if (!place.process || place.is_frozen) return;
  auto& steps = place.process->steps();
  Process::Step& step =
      steps[static_cast<size_t>(random_.Below(static_cast<int64_t>(steps.size())))];
  // No loop runs twice at once, and the engine's thread answers whoever waits for it already.
  if (nested && place.running == step.name) return;
  RunStep(place, step);
}

void World::RunStep(Place& place, Process::Step& step) {
  step.last_run = steady_;
  const std::string before = std::exchange(place.running, step.name);
  stack_.push_back(&place);
  base::SetSystemNow(place.clock->Now());
  Note(absl::StrCat(place.service->name, place.replica, step.name));
  bool crashed = false;
  try {
    Note(absl::StrCat(static_cast<int>(step.run().code())));
  } catch (const ProcessCrash&) {
    crashed = true;
  }
  stack_.pop_back();
  if (!stack_.empty()) base::SetSystemNow(stack_.back()->clock->Now());
  place.running = before;
  if (crashed) Crash(place);
}

void World::Crash(Place& place) {
  Note(absl::StrCat("crash ", place.service->name, place.replica));
  place.process.reset();
  place.is_frozen = false;
  place.back_at = steady_ + std::chrono::milliseconds(random_.Below(3000));
  ShareOut();
}

void World::Disturb() {
  for (Place& place : places_) {
    if (place.process && !place.is_frozen) continue;
    if (steady_ < place.back_at) continue;
    if (!place.process) Start(place);
    place.is_frozen = false;
    ShareOut();
  }
  Place& place = places_[static_cast<size_t>(random_.Below(static_cast<int64_t>(places_.size())))];
  if (faults_.crashes && place.process && random_.OneIn(150)) Crash(place);
  if (faults_.freezes && place.process && !place.is_frozen && random_.OneIn(150)) {
    place.is_frozen = true;
    place.back_at = steady_ + std::chrono::milliseconds(random_.Below(20000));
    if (random_.OneIn(2)) place.process->session().Cut();
    if (random_.OneIn(2)) ShareOut();
  }
  if (planted_.freezes && random_.OneIn(300)) ShareOut();
  if (faults_.releases && random_.OneIn(150)) Replace(place, 1 - place.release);
}

void World::Replace(Place& place, int release) {
  Note(absl::StrCat("release ", place.service->name, place.replica, release));
  place.release = release;
  if (!place.process) return;
  place.process.reset();
  Start(place);
  place.is_frozen = false;
  ShareOut();
}

void World::PlantPoison() {
  if (!unwritable.empty() || !unreadable.empty()) return;
  for (const auto& call : actors_->calls()) {
    if (!call->registers || call->stream.empty()) continue;
    if (faults_.unwritable && unwritable.empty()) {
      unwritable.insert(call->stream);
    } else if (faults_.unreadable && unreadable.empty()) {
      unreadable.insert(call->stream);
    }
  }
}

void World::LoseTail() {
  Service& victim = *loss_.victim;
  for (Place& place : places_) {
    if (place.service == &victim && place.process) Crash(place);
  }
  const auto size = static_cast<int64_t>(victim.journal->size());
  const int64_t lost = std::min(size - 1, 1 + random_.Below(60));
  Note(absl::StrCat("lost ", lost, " writes of ", victim.name));
  victim.store = victim.journal->CopyAfter(static_cast<size_t>(size - lost), *victim.clock,
                                           victim.store->Incarnation());
  victim.journal.reset();
  loss_.was_published = HasLostPublished(victim);
  loss_.position = *victim.store->LastPosition();
  loss_.ahead = FindAhead(services_, victim);
}

void World::Mend() {
  Service& victim = *loss_.victim;
  if (!loss_.was_published) return;
  for (Place& place : places_) {
    if (place.service == &victim && place.process) Crash(place);
  }
  NoteIfItWentOn();
  if (const absl::Status status = RestoreFromTopic(services_, victim); !status.ok()) {
    findings_.push_back(absl::StrCat(victim.name, " is not restored: ", status.ToString()));
  }
  loss_.ahead = FindAhead(services_, victim);
  loss_.is_mended = true;
}

void World::NoteIfItWentOn() {
  if (*loss_.victim->store->LastPosition() == loss_.position) return;
  findings_.push_back(absl::StrCat(loss_.victim->name, " went on without what it had published"));
}

void World::Turn() {
  ++turn_;
  if (loss_.victim != nullptr && turn_ == lose_at_) LoseTail();
  if (loss_.victim != nullptr && turn_ == mend_at_) Mend();
  if (random_.OneIn(8)) {
    actors_->Step();
  } else {
    RunAny(/*nested=*/false);
  }
  for (Service& one : services_) {
    if (random_.OneIn(4)) one.topic->Move();
  }
  Disturb();
  MoveClocks();
  if (faults_.unwritable || faults_.unreadable) PlantPoison();
  Pass(absl::Milliseconds(random_.Below(50)));
}

std::vector<std::string> World::Run() {
  for (int i = 0; i < kTurns; ++i) Turn();
  EndFaults();
  // Nothing brings together what another service has and this one lacks: somebody has to be told.
  const bool waits = loss_.was_published && !loss_.is_mended;
  if (waits || !loss_.ahead.empty()) {
    (void)Settle(kRoundsOfLoss);
    if (waits) NoteIfItWentOn();
    return findings_.empty() ? CheckLoss(*this) : findings_;
  }
  if (!findings_.empty()) return findings_;
  if (!Settle(kRoundsMax)) {
    const std::string waits = actors_->AreDone() ? "" : ": somebody waits for an answer";
    return {absl::StrCat("it does not settle", waits, WhatIsLeft(*this))};
  }
  return Check(*this);
}

void World::EndFaults() {
  faults_ = {};  // What is poisoned stays so.
  for (Place& place : places_) {
    if (place.release != place.service->last_release) Replace(place, place.service->last_release);
    if (!place.process) Start(place);
    place.is_frozen = false;
    place.clock->Set(true_time_);
  }
  for (Service& one : services_) {
    one.clock->Set(true_time_);
    if (random_.OneIn(2)) one.topic->RaiseLimit();
  }
  ShareOut();
  actors_->Finish();
}

bool World::Settle(int rounds_max) {
  int calm = 0;
  for (int round = 0; round < rounds_max; ++round) {
    actors_->Step();
    for (Place& place : places_) {
      for (Process::Step& step : place.process->steps()) RunStep(place, step);
    }
    for (Service& one : services_) one.topic->Move();
    Pass(absl::Seconds(1));
    // A sweep that finds something, or a timer, may come later than the last event.
    calm = IsSettled() ? calm + 1 : 0;
    if (calm > 100) return true;
  }
  return false;
}

bool World::IsSettled() { return actors_->AreDone() && WhatIsLeft(*this).empty(); }

}  // namespace pathways::sim
