// Reads a fact catalogue from a folder of files (services/base/policy_pack_files.h).
#ifndef PATHWAYS_SERVICES_INTAKE_FACT_FILE_H_
#define PATHWAYS_SERVICES_INTAKE_FACT_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/type/facts.h"

namespace pathways::intake {

// Errors: those of base::FactFiles::Read; INVALID_ARGUMENT with reason INVALID_FACT_CATALOGUE and
// one line for each fault: file:line:column: field: what is wrong.
absl::StatusOr<std::shared_ptr<const type::Facts>> LoadFacts(const std::string& folder);

}  // namespace pathways::intake

#endif  // PATHWAYS_SERVICES_INTAKE_FACT_FILE_H_
