// Takes from the process that reads a spreadsheet every right that reading does not need.
#ifndef PATHWAYS_SERVICES_CLI_READER_RIGHTS_H_
#define PATHWAYS_SERVICES_CLI_READER_RIGHTS_H_

#include <cstdint>

#include "absl/status/status.h"

namespace pathways::cli {

inline constexpr int64_t kReaderMemoryBytesMax = int64_t{1} << 30;
inline constexpr int64_t kReaderCpuSecondsMax = 60;

// From here on the process can use memory, write to standard output, and end; another system call
// kills it. It ends with its parent, leaves no core dump, and has at most so much memory and time.
// To be called once, by the only thread. UNAVAILABLE: the system does not allow it, and then
// nothing should be read. Under a sanitizer, which needs memory and calls of its own, only core
// dump, file size and time are bounded.
absl::Status GiveUpRights();

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_READER_RIGHTS_H_
