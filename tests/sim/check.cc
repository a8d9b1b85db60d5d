#include "tests/sim/check.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/eligibility/v1/state.pb.h"
#include "pathways/intake/v1/events.pb.h"
#include "pathways/intake/v1/state.pb.h"
#include "pathways/referral/v1/events.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/intake/age_band.h"
#include "services/intake/sealing.h"
#include "services/intake/status_projection.h"
#include "services/referral/domain/decision.h"
#include "services/type/dates.h"
#include "services/type/desk.h"
#include "services/type/facts.h"
#include "services/type/stream_id.h"
#include "tests/sim/check_alarms.h"
#include "tests/sim/findings.h"
#include "tests/sim/world.h"

namespace pathways::sim {
namespace {

constexpr int kAll = 1000000;

// The cases of a store, without those that are poisoned.
std::vector<engine::StreamHead> CasesOf(const World& world, MemoryStore& store) {
  std::vector<engine::StreamHead> heads = Value(store.ReadHeads("", kAll));
  std::erase_if(heads, [&](const engine::StreamHead& head) {
    return !type::IsCaseStream(head.stream) || IsPoisoned(world, head.stream);
  });
  return heads;
}

std::vector<engine::EventRow> EventsOf(MemoryStore& store, const std::string& stream) {
  return Value(store.ReadStream(stream, 1, kAll, /*with_sealed=*/true));
}

std::string NotApplied(World& world, Service& service, const Followed& upstream) {
  for (const engine::StreamHead& head : CasesOf(world, *upstream.owner->store)) {
    const auto applied = Value(service.store->ReadApplied(upstream.name, {head.stream}));
    const auto found = applied.find(head.stream);
    const int64_t number = found == applied.end() ? 0 : found->second;
    if (number == head.version) continue;
    return absl::StrCat(": ", service.name, " has applied ", number, " of ", head.version, " of ",
                        upstream.name, ", ", head.stream);
  }
  return "";
}

std::string NotShown(World& world, Service& service, const Followed& upstream) {
  const intake::StatusProjection status;
  for (const engine::StreamHead& head : CasesOf(world, *upstream.owner->store)) {
    const auto values = Value(service.store->ReadProjections(status.Name(), {head.stream}));
    const auto found = values.find(head.stream);
    const absl::StatusOr<int64_t> folded =
        status.Folded(found == values.end() ? "" : found->second, upstream.name);
    if (folded.ok() && *folded == head.version) continue;
    return absl::StrCat(": the status lacks events of ", upstream.name, " of ", head.stream);
  }
  return "";
}

std::string NotOver(World& world, Service& service) {
  for (const engine::BehindRow& row : Value(service.store->ReadBehindOf("", {}, kAll))) {
    // Known to exist once, and lost since.
    const bool is_lost =
        world.HasLost(row.upstream) &&
        row.number > Value(world.service(row.upstream).store->ReadState(row.stream)).version;
    if (!IsPoisoned(world, row.stream) && !is_lost) {
      return absl::StrCat(": ", service.name, " is behind ", row.upstream, ", ", row.stream);
    }
  }
  if (Value(service.store->ReadWatermark()) != Value(service.store->LastPosition())) {
    return absl::StrCat(": ", service.name, " has not published all");
  }
  return "";
}

// A case that was not decided by the policies in force.
std::string NotGoverned(World& world, Service& service) {
  const engine::RulesStream& rules_stream = service.domain().StreamOfRules();
  if (rules_stream.mark.empty()) return "";
  const int64_t version = Value(service.store->ReadState(rules_stream.stream)).version;
  for (const engine::StreamHead& head : CasesOf(world, *service.store)) {
    const auto marks = Value(service.store->ReadApplied(rules_stream.mark, {head.stream}));
    const auto found = marks.find(head.stream);
    if (found != marks.end() && found->second == version) continue;
    return absl::StrCat(": ", service.name, " has not decided by the last policies, ", head.stream);
  }
  return "";
}

template <typename State>
std::string FactsAt(World& world, const std::string& service) {
  State state;
  const engine::StreamRow row = Value(world.service(service).store->ReadState(type::kFactLedger));
  if (!state.ParseFromString(row.state.open)) return "cannot be read";
  return absl::StrCat(state.ledger().versions_size(), state.ledger().content());
}

// A follower has not noted what people are asked as intake has it.
std::string NotNoted(World& world) {
  if (IsPoisoned(world, type::kFactLedger)) return "";
  const std::string told = FactsAt<intake::v1::IntakeState>(world, "intake");
  for (const auto& [service, noted] :
       {std::pair("eligibility", FactsAt<eligibility::v1::EligibilityState>(world, "eligibility")),
        std::pair("referral", FactsAt<referral::v1::ReferralCaseState>(world, "referral"))}) {
    if (noted != told) return absl::StrCat(": ", service, " has not noted the facts of intake");
  }
  return "";
}

// A case that is withheld although the bus would take it.
std::string NotReleased(Service& service) {
  for (const engine::WithheldRow& row : Value(service.store->ReadWithheld(kAll))) {
    if (service.topic->refused().contains(row.stream)) continue;
    return absl::StrCat(": ", service.name, " withholds ", row.stream);
  }
  return "";
}

std::string NotFolded(Service& service) {
  const int64_t others = Value(service.store->CountOtherFolds(service.domain().EvolveVersion()));
  return others == 0 ? "" : absl::StrCat(": ", service.name, " keeps folds of another release");
}

// A timer that is due and neither fires nor waits for its day.
std::string NotFired(World& world, Service& service) {
  const absl::Time now = service.clock->Now();
  for (const engine::TimerRow& timer : Value(service.store->ReadDueTimers(now, {}, kAll))) {
    if (IsPoisoned(world, timer.stream)) continue;
    if (absl::StartsWith(timer.stream, World::kStuck)) continue;
    if (service.name == "intake") {
      const auto due =
          intake::ChangeAgeBand(service.domain(), *service.store, world.keyring(), timer, now);
      if (due.ok() && due->not_before) continue;
    }
    return absl::StrCat(": a timer of ", service.name, " is overdue, ", timer.stream);
  }
  return "";
}

// Numbers without holes, times that do not go back, and each upstream event's effects once and in
// order.
void CheckStreams(World& world, Service& service, Findings& findings) {
  for (const engine::StreamHead& head : Value(service.store->ReadHeads("", kAll))) {
    int64_t number = 0;
    absl::Time time = absl::InfinitePast();
    std::map<std::string, int64_t> caused;
    std::set<std::string> ids;
    for (const engine::EventRow& event : EventsOf(*service.store, head.stream)) {
      if (event.number != ++number) findings.Add(service, head.stream, "numbers have a hole");
      if (event.time < time) findings.Add(service, head.stream, "times go back");
      time = event.time;
      if (!ids.insert(event.ce_id).second) findings.Add(service, head.stream, "an id twice");
      if (event.cause.number() == 0 || event.cause.service() == "policy" ||
          event.cause.service() == "routes")
        continue;
      int64_t& last = caused[event.cause.service()];
      // After a restore, upstreams tell again what was sealed.
      if (event.cause.number() < last && !world.HasLost(service.name)) {
        findings.Add(service, head.stream, "an upstream event had its effect again");
      }
      last = event.cause.number();
    }
    if (number != head.version)
      findings.Add(service, head.stream, "the head is not the last event");
  }
  for (const engine::ParkedRow& row : Value(service.store->ReadParked(kAll))) {
    if (!IsPoisoned(world, row.stream)) findings.Add(service, row.stream, "parked: " + row.reason);
  }
}

// Everything is published, each case's events in order; but for those from one on that the bus
// refuses, which somebody was told of.
void CheckPublished(World& world, Service& service, Findings& findings) {
  if (HasLostPublished(service)) {
    findings.Add(absl::StrCat(service.name, " has published what it does not have"));
  }
  for (const std::string& stream : service.topic->disordered()) {
    findings.Add(service, stream, "published before an earlier event of the case");
  }
  std::set<std::string> withheld;
  for (const engine::WithheldRow& row : Value(service.store->ReadWithheld(kAll))) {
    withheld.insert(row.stream);
  }
  for (const engine::StreamHead& head : Value(service.store->ReadHeads("", kAll))) {
    const auto refused = service.topic->refused().find(head.stream);
    const bool is_refused = refused != service.topic->refused().end();
    const int64_t last = is_refused ? refused->second - 1 : head.version;
    if (service.topic->AcknowledgedOf(head.stream) != last) {
      findings.Add(service, head.stream, "not published as far as the bus takes it");
    }
    if (is_refused && !withheld.contains(head.stream)) {
      findings.Add(service, head.stream, "refused by the bus, and not withheld");
    }
  }
  const std::string relay = absl::StrCat(service.name, "/");
  const bool is_told =
      std::any_of(world.alarms().begin(), world.alarms().end(), [&](const Alarm& alarm) {
        return absl::StartsWith(alarm.who, relay) && absl::IsFailedPrecondition(alarm.status);
      });
  if (!withheld.empty() && !is_told) {
    findings.Add(absl::StrCat(service.name, " withholds cases and tells nobody"));
  }
}

// Each accepted request has its case, once.
void CheckRequests(World& world, Findings& findings) {
  std::set<std::string> registered;
  for (const auto& call : world.actors().calls()) {
    const auto row = Value(world.service(call->service).store->ReadRequest(call->request_key));
    const bool accepted = call->answered && call->answered->ok();
    const bool forgets = world.HasLost(call->service);
    if (accepted != row.has_value() && !forgets) {
      findings.Add(absl::StrCat(call->service, ": a request was answered ",
                                call->answered->ToString(), " and is ",
                                row ? "remembered" : "not remembered"));
    }
    if (row && row->stream != call->stream && !forgets)
      findings.Add("a request is remembered for another case");
    if (row && call->registers && !registered.insert(row->stream).second) {
      findings.Add("two requests registered one case");
    }
  }
  const auto heads = Value(world.service("intake").store->ReadHeads("", kAll));
  std::set<std::string> households;
  size_t cases = 0;
  for (const engine::StreamHead& head : heads) {
    if (!type::IsCaseStream(head.stream)) continue;
    ++cases;
    if (!registered.contains(head.stream)) findings.Add("a case that nobody registered");
    intake::v1::IntakeState state;
    state.ParseFromString(Value(world.service("intake").store->ReadState(head.stream)).state.open);
    if (!state.household_key().empty() && !households.insert(state.household_key()).second) {
      findings.Add("two cases of one household");
    }
  }
  if (registered.size() > cases) findings.Add("a case that was registered is gone");
  if (world.planted().lost_tail) return;
  for (const std::string& one : world.actors().contradictions()) findings.Add(one);
}

// Each accepted request is in the audit trail, once.
void CheckAudit(World& world, Service& service, Findings& findings) {
  if (world.HasLost(service.name)) return;  // It is on no topic.
  int64_t requests = 0;
  for (const auto& call : world.actors().calls()) {
    if (call->service == service.name && call->answered->ok()) ++requests;
  }
  int64_t rows = 0;
  for (const engine::AuditRow& row : service.store->Audit()) {
    rows += row.method == kBeginLedger ? 0 : 1;
  }
  if (rows != requests) {
    findings.Add(absl::StrCat(service.name, ": ", requests, " requests were accepted, and ", rows,
                              " are in the audit trail"));
  }
}

// Nobody grows older before the day, as the clock of the store had it.
void CheckAgeBands(World& world, Findings& findings) {
  Service& service = world.service("intake");
  for (const engine::StreamHead& head : CasesOf(world, *service.store)) {
    const engine::StreamRow row = Value(service.store->ReadState(head.stream));
    intake::v1::IntakeState state;
    intake::v1::IntakeSealed sealed;
    (void)state.ParseFromString(row.state.open);
    (void)sealed.ParseFromString(row.state.sealed);
    const auto keys = Value(service.store->ReadKeys(head.stream));
    const auto identity = intake::OpenIdentity(world.keyring(), keys, sealed.people(0));
    // What is sealed is on no topic.
    if (!identity.ok() && world.HasLost("intake")) continue;
    if (!identity.ok()) {
      findings.Add(service, head.stream, "an identity cannot be opened");
      continue;
    }
    for (const engine::EventRow& stored : EventsOf(*service.store, head.stream)) {
      intake::v1::IntakeEvent event;
      (void)event.ParseFromString(stored.data);
      if (!event.has_age_band_changed()) continue;
      const absl::CivilDay day = type::DeskDay(type::PlaceOf(state.facts()), stored.time);
      if (type::BandOn(identity->date_of_birth(), day) != event.age_band_changed().age_band()) {
        findings.Add(service, head.stream, "an age band changed on another day than it should");
      }
    }
  }
}

// Everybody is screened, with the facts that intake has, and each time by the policies that were in
// force: the log is the order of all commits.
void CheckScreenings(World& world, Findings& findings) {
  Service& service = world.service("eligibility");
  Service& intake = world.service("intake");
  for (const engine::StreamHead& head : CasesOf(world, *intake.store)) {
    eligibility::v1::EligibilityState state;
    intake::v1::IntakeState registered;
    (void)state.ParseFromString(service.store->ReadState(head.stream)->state.open);
    (void)registered.ParseFromString(intake.store->ReadState(head.stream)->state.open);
    if (state.withdrawn()) {
      if (state.has_facts()) findings.Add(service, head.stream, "it keeps facts of a closed case");
    } else if (state.facts().SerializeAsString() != registered.facts().SerializeAsString()) {
      findings.Add(service, head.stream, "its facts are not intake's");
    }
    if (state.facts_lost()) findings.Add(service, head.stream, "its facts did not come back");
  }
  // A restore keeps the order of each case, and between cases only that of its batches.
  if (world.HasLost(service.name)) return;
  int64_t in_force = 0;
  for (const engine::EventRow& row : Value(service.store->ReadAfter(0, kAll))) {
    eligibility::v1::EligibilityEvent event;
    if (!event.ParseFromString(row.data)) findings.Add(service, row.stream, "cannot be read");
    if (event.has_policy_applied()) ++in_force;
    const bool is_other =
        (event.has_case_screened() && event.case_screened().policy_number() != in_force) ||
        (event.has_screening_confirmed() &&
         event.screening_confirmed().policy_number() != in_force);
    if (is_other) findings.Add(service, row.stream, "screened by policies that were replaced");
  }
}

// What referral has of a case, against what intake and eligibility tell: who is in it, and of them
// the facts that go further, none without consent. Empty: nothing is wrong.
std::string WrongAtReferral(const referral::v1::ReferralCaseState& state,
                            const type::v1::CaseFacts& facts,
                            const eligibility::v1::EligibilityState& screened) {
  if (state.withdrawn())
    return state.disclosures().empty() ? "" : "it keeps facts of a closed case";
  std::vector<std::string> ids;
  for (const auto& person : facts.people()) ids.push_back(person.person_id());
  if (absl::StrJoin(state.person_ids(), "+") != absl::StrJoin(ids, "+")) {
    return "its people are not intake's";
  }
  if (state.consent() != facts.consent()) return "its consent is not intake's";
  if (state.facts_lost()) return "its facts did not come back";
  if (!facts.consent() && state.disclosures_size() > 0) return "it has facts without consent";
  std::string handed;
  std::string taken;
  for (const auto& one : screened.disclosures()) absl::StrAppend(&handed, one.SerializeAsString());
  for (const auto& one : state.disclosures()) absl::StrAppend(&taken, one.SerializeAsString());
  if (handed != taken) return "its facts are not those that eligibility handed on";
  for (const auto& stored : state.referrals()) {
    const auto at = stored.referral().state();
    const bool is_open =
        at == referral::v1::REFERRAL_STATE_SUBMITTED || at == referral::v1::REFERRAL_STATE_RECEIVED;
    // What a screening of now does not hand on cannot come back after a restore.
    const bool is_handed_on = std::any_of(
        screened.disclosures().begin(), screened.disclosures().end(), [&](const auto& one) {
          return referral::IsAbout(one, stored.referral().pathway(), stored.person_ids());
        });
    if (is_open && is_handed_on && stored.referral().people().empty()) {
      return "an agency lost the people";
    }
  }
  return "";
}

// One referral for each pathway, people and attempt, made of the facts that were handed on.
void CheckReferrals(World& world, Findings& findings) {
  Service& service = world.service("referral");
  // By name: a service that follows fewer than it should is to be found.
  for (const std::string upstream : {"intake", "eligibility"}) {
    for (const engine::StreamHead& head : CasesOf(world, *world.service(upstream).store)) {
      const auto applied = Value(service.store->ReadApplied(upstream, {head.stream}));
      const auto found = applied.find(head.stream);
      if (found != applied.end() && found->second == head.version) continue;
      findings.Add(service, head.stream, "has not applied all of " + upstream);
    }
  }
  for (const engine::StreamHead& head : CasesOf(world, *service.store)) {
    std::set<std::tuple<std::string, std::string, int>> seen;
    for (const engine::EventRow& row : EventsOf(*service.store, head.stream)) {
      referral::v1::ReferralEvent event;
      if (!event.ParseFromString(row.data)) findings.Add(service, head.stream, "cannot be read");
      if (!event.has_referral_submitted()) continue;
      const auto& made = event.referral_submitted();
      if (!seen.emplace(made.pathway(), absl::StrJoin(made.person_ids(), "+"), made.attempt())
               .second) {
        findings.Add(service, head.stream, "two referrals of one attempt");
      }
    }
    referral::v1::ReferralCaseState state;
    intake::v1::IntakeState registered;
    (void)state.ParseFromString(service.store->ReadState(head.stream)->state.open);
    (void)registered.ParseFromString(
        world.service("intake").store->ReadState(head.stream)->state.open);
    eligibility::v1::EligibilityState screened;
    (void)screened.ParseFromString(
        world.service("eligibility").store->ReadState(head.stream)->state.open);
    const std::string fault = WrongAtReferral(state, registered.facts(), screened);
    if (!fault.empty()) findings.Add(service, head.stream, fault);
  }
}

// What is shown is a fold of what was published.
void CheckStatus(World& world, Findings& findings) {
  const intake::StatusProjection status;
  Service& service = world.service("intake");
  for (const engine::StreamHead& head : CasesOf(world, *service.store)) {
    std::string expected;
    // By name: a service that shows less than it should is to be found.
    for (const std::string upstream : {"eligibility", "referral"}) {
      for (const engine::EventRow& event : EventsOf(*world.service(upstream).store, head.stream)) {
        if (!status.Fold(expected, upstream, event).ok()) {
          findings.Add(service, head.stream, "the status cannot be folded");
        }
      }
    }
    const auto shown = Value(service.store->ReadProjections(status.Name(), {head.stream}));
    const auto found = shown.find(head.stream);
    if ((found == shown.end() ? "" : found->second) != expected) {
      findings.Add(service, head.stream, "the status is not what was published");
    }
  }
}

// A timer that was dropped comes back when its state is folded again, and is dropped again; that of
// a release is never due.
void CheckFolds(Service& service, Findings& findings) {
  const std::vector<std::string> before = service.store->FoldedRows();
  if (!engine::RebuildFolded(service.domain(), *service.store).ok()) {
    return findings.Add(absl::StrCat(service.name, " cannot be folded again"));
  }
  const std::vector<std::string> rows = service.store->FoldedRows();
  const std::set<std::string> after(rows.begin(), rows.end());
  for (const std::string& row : before) {
    if (absl::StartsWith(row, absl::StrCat("timer ", World::kStuck))) continue;
    if (!after.contains(row)) findings.Add(absl::StrCat(service.name, " folds otherwise: ", row));
  }
  const std::set<std::string> known(before.begin(), before.end());
  for (const std::string& row : after) {
    const bool may_be_dropped =
        absl::StartsWith(row, "timer") && !absl::StrContains(row, kOfRelease);
    if (!known.contains(row) && !may_be_dropped) {
      findings.Add(absl::StrCat(service.name, " folds more: ", row));
    }
  }
}

}  // namespace

std::string WhatIsLeft(World& world) {
  std::string left;
  for (Service& service : world.services()) {
    for (const Followed& upstream : service.follows) {
      if (left.empty()) left = NotApplied(world, service, upstream);
    }
    for (const Followed& upstream : service.projects) {
      if (left.empty()) left = NotShown(world, service, upstream);
    }
    if (left.empty()) left = NotOver(world, service);
    if (left.empty()) left = NotReleased(service);
    if (left.empty()) left = NotFolded(service);
    if (left.empty()) left = NotGoverned(world, service);
    if (left.empty()) left = NotNoted(world);
    if (left.empty()) left = NotFired(world, service);
  }
  return left;
}

std::vector<std::string> Check(World& world) {
  Findings findings;
  for (Service& service : world.services()) {
    CheckStreams(world, service, findings);
    CheckPublished(world, service, findings);
    CheckAudit(world, service, findings);
    CheckMissed(world, service, findings);
  }
  CheckRequests(world, findings);
  CheckAgeBands(world, findings);
  CheckScreenings(world, findings);
  CheckReferrals(world, findings);
  CheckStatus(world, findings);
  CheckAlarms(world, findings);
  CheckTails(world, findings);
  for (Service& service : world.services()) CheckFolds(service, findings);
  return findings.Take();
}

std::vector<std::string> CheckLoss(World& world) {
  Findings findings;
  CheckAlarms(world, findings);
  CheckTails(world, findings);
  return findings.Take();
}

}  // namespace pathways::sim
