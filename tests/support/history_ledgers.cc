#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "pathways/eligibility/v1/events.pb.h"
#include "pathways/intake/v1/events.pb.h"
#include "pathways/referral/v1/events.pb.h"
#include "pathways/type/v1/fact.pb.h"
#include "services/base/ids.h"
#include "services/eligibility/domain/ledger.h"
#include "services/referral/domain/routes.h"
#include "services/type/dates.h"
#include "services/type/facts.h"
#include "tests/support/history_view.h"

namespace pathways::testing_support {
namespace {

using type::v1::VersionApplied;
using type::v1::VersionProposed;

// Of a ledger, whichever service it is of. Neither: it is an event of a case.
struct LedgerEvent {
  std::optional<VersionApplied> applied;  // Also where a follower notes it.
  std::optional<VersionProposed> proposed;
};

LedgerEvent LedgerEventOf(const ServiceEvents& service, const engine::EventRow& row) {
  LedgerEvent of;
  if (service.view->name == "intake") {
    intake::v1::IntakeEvent event;
    event.ParseFromString(row.data);
    if (event.has_facts_applied()) of.applied = event.facts_applied().applied();
    if (event.has_facts_proposed()) of.proposed = event.facts_proposed().proposed();
  } else if (service.view->name == "eligibility") {
    eligibility::v1::EligibilityEvent event;
    event.ParseFromString(row.data);
    if (event.has_policy_applied()) of.applied = event.policy_applied().applied();
    if (event.has_policy_proposed()) of.proposed = event.policy_proposed().proposed();
    if (event.has_facts_noted()) of.applied = event.facts_noted().applied();
  } else {
    referral::v1::ReferralEvent event;
    event.ParseFromString(row.data);
    if (event.has_routes_applied()) of.applied = event.routes_applied().applied();
    if (event.has_routes_proposed()) of.proposed = event.routes_proposed().proposed();
    if (event.has_facts_noted()) of.applied = event.facts_noted().applied();
  }
  return of;
}

struct Ledger {
  const char* service;
  const type::LedgerKind& kind;
  const char* confirm;  // The method.
};

const std::array<Ledger, 3>& AllLedgers() {
  static const auto& ledgers =
      *new std::array<Ledger, 3>{{{"intake", type::kFactLedgerKind, "ConfirmFacts"},
                                  {"eligibility", eligibility::kPolicyLedgerKind, "ConfirmPolicy"},
                                  {"referral", referral::kRoutesLedgerKind, "ConfirmRoutes"}}};
  return ledgers;
}

// What officers were told is in force is there, once, in the order in which they were told.
void CheckConfirmed(const ServiceEvents& service, const Ledger& ledger, const Versions& versions,
                    const History& history, Findings& findings) {
  std::vector<std::string> told;
  for (const RecordedCall& call : history.calls()) {
    if (call.method != ledger.confirm || call.code != absl::StatusCode::kOk) continue;
    if (std::find(told.begin(), told.end(), call.name) == told.end()) told.push_back(call.name);
  }
  std::vector<std::string> in_force;
  std::set<std::string> seen;
  for (const VersionApplied& version : versions.all()) {
    const std::string name = absl::StrCat(ledger.kind.prefix, version.version());
    const bool is_told = std::find(told.begin(), told.end(), name) != told.end();
    if (is_told) in_force.push_back(name);
    if (!seen.insert(name).second && !is_told) {
      findings.Add(Fault::kDoubled, service, ledger.kind.stream, name);
    }
    if (version.sha256() != base::Sha256Hex(version.content())) {
      findings.Add(Fault::kUnexpected, service, ledger.kind.stream, "other bytes: " + name);
    }
    const bool begins = &version == &versions.all().front();
    const bool by_two =
        !version.confirmed_by().empty() && version.confirmed_by() != version.principal();
    if (begins ? !version.confirmed_by().empty() : !by_two) {
      findings.Add(Fault::kUnexpected, service, ledger.kind.stream, "not by two people: " + name);
    }
  }
  findings.Compare(service, ledger.kind.stream, told, in_force);
}

// A follower has every version of the catalogue as intake made it.
void CheckNoted(const ServiceEvents& service, const Versions& facts, Findings& findings) {
  const Versions noted(service, type::kFactLedger);
  std::vector<std::string> expected;
  std::vector<std::string> actual;
  for (const VersionApplied& version : facts.all()) {
    expected.push_back("noted " + version.version() + " " + version.sha256());
  }
  for (const VersionApplied& version : noted.all()) {
    actual.push_back("noted " + version.version() + " " + version.sha256());
  }
  findings.Compare(service, type::kFactLedger, expected, actual);
}

// Every case notes the last version: it was decided by it.
void CheckDecided(const ServiceEvents& service, const Versions& versions, Findings& findings) {
  std::vector<std::string> cases;
  for (const auto& [stream, events] : service.streams) cases.push_back(stream);
  auto marked = service.view->store->ReadApplied(service.view->domain->StreamOfRules().mark, cases);
  if (!marked.ok()) return findings.Add(Fault::kLost, service, "", "the marks cannot be read");
  for (const std::string& stream : cases) {
    const int64_t by = (*marked)[stream];
    if (by == versions.last()) continue;
    findings.Add(Fault::kLost, service, stream,
                 absl::StrCat("decided by version ", by, " of ", versions.last()));
  }
}

// No registration has an answer that the catalogue of its moment did not ask for.
void CheckAnswers(const ServiceEvents& intake, const Versions& facts, Findings& findings) {
  if (intake.view->is_restored) return;  // Between streams its log is in another order.
  std::vector<std::set<std::string>> asked(static_cast<size_t>(facts.last()) + 1);
  for (int64_t number = 1; number <= facts.last(); ++number) {
    const auto catalogue = facts.Read<type::v1::FactCatalogue>(number);
    for (const type::v1::Fact& fact : catalogue.facts()) {
      if (type::IsEmpty(fact.retired_on())) asked[static_cast<size_t>(number)].insert(fact.id());
    }
  }
  for (const auto& [stream, events] : intake.streams) {
    intake::v1::IntakeEvent event;
    event.ParseFromString(events.front().data);
    const int64_t number = facts.InForceAt(events.front().position);
    for (const auto& person : event.case_registered().facts().people()) {
      for (const auto& answer : person.answers()) {
        if (asked[static_cast<size_t>(number)].contains(answer.fact())) continue;
        findings.Add(Fault::kUnexpected, intake, stream,
                     absl::StrCat(answer.fact(), " was answered, and version ", number,
                                  " of the facts does not ask for it"));
      }
    }
  }
}

}  // namespace

Versions::Versions(const ServiceEvents& service, const std::string& ledger) {
  const auto found = service.own_streams.find(ledger);
  if (found == service.own_streams.end()) return;
  for (const engine::EventRow& row : found->second) {
    all_.push_back(LedgerEventOf(service, row).applied.value_or(VersionApplied()));
    positions_.push_back(row.position);
  }
}

int64_t Versions::InForceAt(int64_t position) const {
  return std::upper_bound(positions_.begin(), positions_.end(), position) - positions_.begin();
}

std::string LedgerAnswerOf(const ServiceEvents& service, const engine::EventRow& event) {
  const LedgerEvent of = LedgerEventOf(service, event);
  if (of.proposed) return of.proposed->proposal().digest();
  for (const Ledger& ledger : AllLedgers()) {
    if (of.applied && event.stream == ledger.kind.stream) {
      return absl::StrCat(ledger.kind.prefix, of.applied->version());
    }
  }
  return "";
}

void CheckLedgers(const AllEvents& all, const History& history, Findings& findings) {
  for (const Ledger& ledger : AllLedgers()) {
    const ServiceEvents& service = Named(all, ledger.service);
    const Versions versions(service, ledger.kind.stream);
    CheckConfirmed(service, ledger, versions, history, findings);
    if (!service.view->domain->StreamOfRules().mark.empty()) {
      CheckDecided(service, versions, findings);
    }
  }
  const Versions facts(Named(all, "intake"), type::kFactLedger);
  CheckNoted(Named(all, "eligibility"), facts, findings);
  CheckNoted(Named(all, "referral"), facts, findings);
  CheckAnswers(Named(all, "intake"), facts, findings);
}

}  // namespace pathways::testing_support
