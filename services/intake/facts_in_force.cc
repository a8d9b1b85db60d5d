#include "services/intake/facts_in_force.h"

#include <utility>

#include "pathways/intake/v1/state.pb.h"
#include "services/base/status_macros.h"
#include "services/engine/engine.h"

namespace pathways::intake {
absl::StatusOr<type::v1::LedgerState> ReadFactLedger(const engine::Domain& domain,
                                                     engine::EventReader& store) {
  ASSIGN_OR_RETURN(const engine::StreamRow row,
                   engine::ReadFolded(domain, store, type::kFactLedger));
  v1::IntakeState state;
  if (!state.ParseFromString(row.state.open)) {
    return absl::DataLossError("the stored fact catalogue cannot be read");
  }
  return std::move(*state.mutable_ledger());
}

absl::StatusOr<FactsVersion> FactsOf(const type::v1::LedgerState& state) {
  type::v1::FactCatalogue catalogue;
  if (state.versions().empty() || !catalogue.ParseFromString(state.content())) {
    return absl::DataLossError("the fact catalogue in force cannot be read");
  }
  ASSIGN_OR_RETURN(std::shared_ptr<const type::Facts> facts,
                   type::Facts::Compile(std::move(catalogue)));
  return FactsVersion{std::move(facts), state.versions_size()};
}

}  // namespace pathways::intake
