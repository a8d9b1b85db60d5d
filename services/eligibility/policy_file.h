// The files that hold a policy pack.
//
// A pack is a folder of files *.textproto, each a part of one pathways.eligibility.v1.PolicyPack in
// protobuf text format. The files of calendars/ and of messages/{es,ht,en}/ beside that folder,
// which packs share, are part of each pack too, as far as it refers to them. What comes of it needs
// no file any more. A fault stops the start: nobody is screened with half a pack.
#ifndef PATHWAYS_SERVICES_ELIGIBILITY_POLICY_FILE_H_
#define PATHWAYS_SERVICES_ELIGIBILITY_POLICY_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pathways/eligibility/v1/policy.pb.h"
#include "services/eligibility/domain/rules.h"

namespace pathways::eligibility {

// Reads the files in order of their names, each at most 1 MiB, checks the whole with CheckPack and
// each text as a pattern, and leaves out shared calendars and texts that the pack does not use. The
// same files give the same bytes. Errors: NOT_FOUND (the folder cannot be read or holds no file),
// INVALID_ARGUMENT (every fault, one per line: file:line:column: what is wrong).
absl::StatusOr<v1::PolicyPack> LoadPack(const std::string& folder);

// The files that LoadPack reads, in its order. Empty: the folder holds none.
std::vector<std::string> PackFiles(const std::string& folder);

// LoadPack, compiled.
absl::StatusOr<std::shared_ptr<const Rules>> LoadRules(const std::string& folder);

}  // namespace pathways::eligibility

#endif  // PATHWAYS_SERVICES_ELIGIBILITY_POLICY_FILE_H_
