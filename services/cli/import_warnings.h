// What of a good household somebody should look at again. It is registered all the same.
//
// A default date, the same person twice, one passport in two families: each may be right, and each
// is more often a slip. Only the desk can tell.
#ifndef PATHWAYS_SERVICES_CLI_IMPORT_WARNINGS_H_
#define PATHWAYS_SERVICES_CLI_IMPORT_WARNINGS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/cli/import_file.h"

namespace pathways::cli {

class ImportWarnings {
 public:
  // What is to be looked at of a household without errors. Remembers its documents, as hashes.
  std::vector<RowError> Of(const ImportItem& item);

 private:
  // By hash of type and number: first line of the household that has it.
  absl::flat_hash_map<size_t, int64_t> documents_;
};

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_IMPORT_WARNINGS_H_
