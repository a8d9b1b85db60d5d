// From what was written of a policy pack to the pack that cases are screened by.
//
// The files are those of services/base/policy_pack_files.h; a pack also comes with a request, from
// whoever read them. Both become one form here, so that the same policies have the same bytes
// however they came, and are checked here alone. What comes of it needs no file any more. A fault
// stops the start: nobody is screened with half a pack.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_POLICY_FILE_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_POLICY_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "services/eligibility/domain/rules.h"

namespace pathways::eligibility {

// Checks a whole pack with CheckPack and each text as a pattern, leaves out shared calendars,
// sources, facts and texts that it does not use, and puts its texts in order. Twice is as once.
// INVALID_ARGUMENT with reason INVALID_POLICY_PACK and every fault.
absl::StatusOr<v1::PolicyPack> CheckedPack(v1::PolicyPack pack);

// CheckedPack of a folder; the same files give the same bytes. Errors: those of PolicyPackFiles,
// and those of CheckedPack with one line for each fault: file:line:column: field: what is wrong.
absl::StatusOr<v1::PolicyPack> LoadPack(const std::string& folder);

// LoadPack, compiled.
absl::StatusOr<std::shared_ptr<const Rules>> LoadRules(const std::string& folder);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_POLICY_FILE_H_
