// The ledger of routes: which agency takes which pathway and what it may know, and what was so
// before; and the fact catalogue that the routes are held against.
//
// Each is one stream of referral's own, the first with one of proposals beside it, kept as
// services/type/ledger.h says. From the moment a
// version is stored every referral is made by it, in every process; a referral that was made keeps
// its agency. That the facts which an agency may be given are facts that people are asked is
// checked when routes are applied, against the catalogue as intake has told it by then.
#ifndef PATHWAYS_SERVICES_REFERRAL_DOMAIN_ROUTES_H_
#define PATHWAYS_SERVICES_REFERRAL_DOMAIN_ROUTES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pathways/referral/v1/events.pb.h"
#include "pathways/referral/v1/routes.pb.h"
#include "pathways/referral/v1/state.pb.h"
#include "services/type/ledger.h"
#include "services/type/stream.h"

namespace pathways::referral {

// Its stream; no case (services/type/stream_id.h).
inline constexpr char kRoutesLedger[] = "service/agency-routes";
inline constexpr type::LedgerKind kRoutesLedgerKind = {"ROUTES", "routeVersions/", "routing",
                                                       kRoutesLedger};
// Cause of what a new version led to; its number is the version's.
inline constexpr char kRoutesCause[] = "routes";
// Why the routes are applied that an empty ledger begins with.
inline constexpr char kFirstRoutes[] = "FIRST_ROUTES";
inline constexpr char kInvalidRoutes[] = "INVALID_ROUTES";

// INVALID_ARGUMENT with reason INVALID_ROUTES and every fault: a version or an id that is none, an
// agency, a fact or a pathway that is named twice, no pathway at all.
absl::Status CheckRoutes(const v1::AgencyRoutes& routes);

// RoutesApplied, or nothing. The command looks up the stream type::kFactLedger. Errors: those of
// type::DecideVersion and of CheckRoutes; FAILED_PRECONDITION with reason FACTS_NOT_IN_FORCE,
// naming every fact that the catalogue lacks. What an empty ledger begins with is not held against
// the catalogue, which may not have been told yet.
absl::StatusOr<std::vector<v1::ReferralEvent>> DecideRoutes(
    const type::v1::LedgerState& state, const type::v1::ApplyVersionCommand& command,
    const type::DecideContext& context);

// RoutesProposed, or nothing. Errors: those of type::DecideProposal.
absl::StatusOr<std::vector<v1::ReferralEvent>> ProposeRoutes(
    const type::v1::LedgerState& state, const type::v1::ProposeVersionCommand& command,
    absl::Time now);

// FactsNoted for what intake tells of its catalogue; INTERNAL for anything else.
absl::StatusOr<std::vector<v1::ReferralEvent>> NoteFacts(const v1::ReferralCommand& command);

// Applies one event of a ledger or of the proposals. INTERNAL when it cannot follow.
absl::Status EvolveLedger(type::v1::LedgerState& state, const v1::ReferralEvent& event,
                          const type::EventContext& context);

// The routes in force. DATA_LOSS when they cannot be read or the ledger is empty.
absl::StatusOr<v1::AgencyRoutes> RoutesInForce(const type::v1::LedgerState& state);

}  // namespace pathways::referral

#endif  // PATHWAYS_SERVICES_REFERRAL_DOMAIN_ROUTES_H_
