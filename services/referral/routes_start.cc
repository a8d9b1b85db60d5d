#include "services/referral/routes_start.h"

#include <utility>

#include "pathways/referral/v1/state.pb.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/engine/engine.h"
#include "services/host/ledger_start.h"
#include "services/referral/domain/routes.h"

namespace pathways::referral {

absl::Status BeginRoutes(host::ServiceCore& core, const v1::AgencyRoutes& routes,
                         base::Logger& log) {
  host::LedgerStart start;
  start.stream = kRoutesLedger;
  start.setting = "agencies";
  start.version = routes.version();
  start.content = base::SerializeDeterministic(routes);
  start.reason_code = kFirstRoutes;
  start.command = [](const type::v1::ApplyVersionCommand& apply) {
    v1::ReferralCommand command;
    *command.mutable_apply_routes() = apply;
    return base::SerializeDeterministic(command);
  };
  start.read = [&core] { return ReadRoutesLedger(core.domain(), core.store()); };
  return host::BeginLedger(core, start, log).status();
}

absl::StatusOr<type::v1::LedgerState> ReadRoutesLedger(const engine::Domain& domain,
                                                       engine::EventReader& store) {
  ASSIGN_OR_RETURN(const engine::StreamRow row, engine::ReadFolded(domain, store, kRoutesLedger));
  v1::ReferralCaseState state;
  if (!state.ParseFromString(row.state.open)) {
    return absl::DataLossError("the stored routes cannot be read");
  }
  return std::move(*state.mutable_ledger());
}

}  // namespace pathways::referral
