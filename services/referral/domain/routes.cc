#include "services/referral/domain/routes.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/type/facts.h"
#include "services/type/names.h"
#include "services/type/problem.h"

namespace pathways::referral {
namespace {

using Events = std::vector<v1::ReferralEvent>;

using Strings = google::protobuf::RepeatedPtrField<std::string>;

constexpr char kIdForm[] = "must be 1 to 64 characters a-z, 0-9 and -";

// Adds a fault for each entry that is no id, or is in `seen` already.
template <typename IsGood>
void CheckEntries(const std::string& field, const Strings& entries, const IsGood& is_good,
                  absl::string_view form, std::set<std::string>& seen,
                  type::Violations& violations) {
  for (int i = 0; i < entries.size(); ++i) {
    const std::string at = absl::StrCat(field, "[", i, "]");
    if (!is_good(entries[i])) {
      violations.Add(at, form);
    } else if (!seen.insert(entries[i]).second) {
      violations.Add(at, "is named already");
    }
  }
}

absl::StatusOr<v1::AgencyRoutes> CheckedRoutes(const type::v1::ApplyVersionCommand& command) {
  v1::AgencyRoutes routes;
  type::Violations violations;
  if (!routes.ParseFromString(command.content()) || routes.version() != command.version()) {
    violations.Add("routes", "cannot be read");
  }
  absl::Status status = violations.ToStatus("INVALID_REQUEST");
  if (status.ok()) status = CheckRoutes(routes);
  if (!status.ok()) return status;
  return routes;
}

// The ids of the facts that are in force, as intake has told them; none when it has told of none.
absl::StatusOr<std::set<std::string>> FactsIn(const type::DecideContext& context) {
  const auto ledger = type::LedgerFound<v1::ReferralCaseState>(context.found, type::kFactLedger);
  if (!ledger.ok()) return ledger.status();
  type::v1::FactCatalogue catalogue;
  if (!catalogue.ParseFromString(ledger->content())) {
    return absl::DataLossError("the stored fact catalogue cannot be read");
  }
  std::set<std::string> ids;
  for (const type::v1::Fact& fact : catalogue.facts()) ids.insert(fact.id());
  return ids;
}

absl::Status CheckAgainst(const std::set<std::string>& facts, const v1::AgencyRoutes& routes) {
  std::set<std::string> unknown;
  for (const v1::Agency& agency : routes.agencies()) {
    for (const std::string& fact : agency.facts()) {
      if (!facts.contains(fact)) unknown.insert(fact);
    }
  }
  if (unknown.empty()) return absl::OkStatus();
  return type::Refuse(absl::StatusCode::kFailedPrecondition, "FACTS_NOT_IN_FORCE",
                      absl::StrCat("the fact catalogue in force lacks these facts of the routes; "
                                   "apply the catalogue first: ",
                                   absl::StrJoin(unknown, ", ")));
}

}  // namespace

absl::Status CheckRoutes(const v1::AgencyRoutes& routes) {
  type::Violations violations;
  if (!type::IsId(routes.version())) violations.Add("version", kIdForm);
  std::set<std::string> agencies;
  std::set<std::string> pathways;
  bool has_pathway = false;
  for (int i = 0; i < routes.agencies_size(); ++i) {
    const v1::Agency& agency = routes.agencies(i);
    const std::string at = absl::StrCat("agencies[", i, "]");
    if (!type::IsId(agency.id())) {
      violations.Add(at + ".id", kIdForm);
    } else if (!agencies.insert(agency.id()).second) {
      violations.Add(at + ".id", "has an entry already");
    }
    has_pathway = has_pathway || agency.pathways_size() > 0;
    CheckEntries(at + ".pathways", agency.pathways(), type::IsId, kIdForm, pathways, violations);
    std::set<std::string> facts;
    CheckEntries(at + ".facts", agency.facts(), type::IsFactId,
                 "must be the id of a fact, for example job_offer", facts, violations);
  }
  if (!has_pathway) violations.Add("agencies", "take no pathway: nobody would be referred");
  return violations.ToStatus(kInvalidRoutes);
}

absl::StatusOr<Events> DecideRoutes(const type::v1::LedgerState& state,
                                    const type::v1::ApplyVersionCommand& command,
                                    const type::DecideContext& context) {
  const bool begins = command.confirmed_by().empty();
  if (begins && state.versions_size() > 0) return Events();
  // Bytes that are too many are not read.
  const bool is_small = command.content().size() <= type::kLedgerContentBytesMax;
  const absl::StatusOr<v1::AgencyRoutes> routes =
      is_small ? CheckedRoutes(command) : absl::StatusOr<v1::AgencyRoutes>(v1::AgencyRoutes());
  if (!routes.ok()) return routes.status();
  const auto applied = type::DecideVersion(kRoutesLedgerKind, state, command);
  if (!applied.ok()) return applied.status();
  if (!*applied) return Events();
  if (!begins) {
    const absl::StatusOr<std::set<std::string>> facts = FactsIn(context);
    if (!facts.ok()) return facts.status();
    absl::Status status = CheckAgainst(*facts, *routes);
    if (!status.ok()) return status;
  }
  v1::ReferralEvent event;
  event.set_case_id(kRoutesLedger);
  *event.mutable_routes_applied()->mutable_applied() = **applied;
  return Events{std::move(event)};
}

absl::StatusOr<Events> ProposeRoutes(const type::v1::LedgerState& state,
                                     const type::v1::ProposeVersionCommand& command,
                                     absl::Time now) {
  auto proposed = type::DecideProposal(kRoutesLedgerKind, state, command, now);
  if (!proposed.ok()) return proposed.status();
  if (!*proposed) return Events();
  v1::ReferralEvent event;
  event.set_case_id(type::ProposalsOf(kRoutesLedgerKind));
  *event.mutable_routes_proposed()->mutable_proposed() = **std::move(proposed);
  return Events{std::move(event)};
}

absl::StatusOr<Events> NoteFacts(const v1::ReferralCommand& command) {
  if (!command.intake_event().event().has_facts_applied()) {
    return absl::InternalError("a case's command for the fact catalogue");
  }
  v1::ReferralEvent event;
  event.set_case_id(type::kFactLedger);
  *event.mutable_facts_noted()->mutable_applied() =
      command.intake_event().event().facts_applied().applied();
  return Events{std::move(event)};
}

absl::Status EvolveLedger(type::v1::LedgerState& state, const v1::ReferralEvent& event,
                          const type::EventContext& context) {
  if (event.case_id() != context.stream) return absl::InternalError("an event of another stream");
  if (context.stream == kRoutesLedger && event.has_routes_applied()) {
    return type::EvolveLedger(kRoutesLedgerKind, state, event.routes_applied().applied(), context);
  }
  if (context.stream == type::kFactLedger && event.has_facts_noted()) {
    return type::EvolveLedger(type::kFactLedgerKind, state, event.facts_noted().applied(), context);
  }
  if (context.stream == type::ProposalsOf(kRoutesLedgerKind) && event.has_routes_proposed()) {
    type::EvolveProposal(state, event.routes_proposed().proposed(), context);
    return absl::OkStatus();
  }
  return absl::InternalError("an event of another stream in a ledger");
}

absl::StatusOr<v1::AgencyRoutes> RoutesInForce(const type::v1::LedgerState& state) {
  v1::AgencyRoutes routes;
  if (state.versions().empty() || !routes.ParseFromString(state.content())) {
    return absl::DataLossError("the routes in force cannot be read");
  }
  return routes;
}

}  // namespace pathways::referral
