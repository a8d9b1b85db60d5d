#include "services/intake/fact_ledger_start.h"

#include <utility>

#include "pathways/intake/v1/state.pb.h"
#include "services/base/serialize.h"
#include "services/base/status_macros.h"
#include "services/host/ledger_start.h"
#include "services/intake/domain/fact_ledger.h"

namespace pathways::intake {

absl::Status BeginFactLedger(host::ServiceCore& core, const type::Facts& facts,
                             FactsInForce& in_force, base::Logger& log) {
  host::LedgerStart start;
  start.stream = type::kFactLedger;
  start.setting = "facts";
  start.version = facts.catalogue().version();
  start.content = base::SerializeDeterministic(facts.catalogue());
  start.reason_code = kFirstFacts;
  start.command = host::LedgerCommandOf<v1::IntakeCommand>;
  start.read = [&core] {
    return host::ReadLedger<v1::IntakeState>(core.domain(), core.store(), type::kFactLedger);
  };
  ASSIGN_OR_RETURN(const type::v1::LedgerState ledger, host::BeginLedger(core, start, log));
  if (ledger.versions().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(FactsVersion version, FactsOf(ledger));
  in_force.Set(std::move(version));
  return absl::OkStatus();
}

}  // namespace pathways::intake
