// The file that holds a policy pack.
//
// Protobuf text format of pathways.eligibility.v1.PolicyPack, read once at start-up from a folder
// of policies/. A fault in it stops the start: nobody is screened with half a pack.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_POLICY_FILE_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_POLICY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "pathways/eligibility/v1/policy.pb.h"

namespace pathways::eligibility {

// Reads folder/pack.textproto, at most 1 MiB, and checks it with CheckPack. Errors: NOT_FOUND (it
// cannot be read), INVALID_ARGUMENT (every fault, one per line: file:line:column and what is wrong
// where it cannot be parsed, else file, field and what is wrong, with CheckPack's problem
// attached).
absl::StatusOr<v1::PolicyPack> LoadPack(const std::string& folder);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_POLICY_FILE_H_
