// The decision tables beside a pack: reads *.cases, runs them, and says what they do not show.
//
// `pathways policy check` and the tests run them. Each file is one
// pathways.eligibility.v1.DecisionTable in protobuf text format.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_DECISION_TABLES_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_DECISION_TABLES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pathways::eligibility {

// What a check of a pack found out.
struct PolicyReport {
  std::string version;
  int pathways = 0;
  int criteria = 0;
  int tables = 0;
  int rows = 0;
  std::vector<std::string> retired_facts;  // Those that the pack looks at and nobody asks any more.
};

// Loads the pack of a folder as LoadPack does and runs its tables. Errors: those of LoadPack;
// INVALID_ARGUMENT also where there is no table, where a row gives another result than it expects,
// and where no row shows a criterion, a day or a status; one line each, file:line:column: what is
// wrong.
absl::StatusOr<PolicyReport> CheckPolicy(const std::string& folder);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_DECISION_TABLES_H_
