#include "services/intake/facts_in_force.h"

#include <utility>

#include "services/base/status_macros.h"

namespace pathways::intake {

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
