// The rows that an import refused, as a file of their own to correct and send again.
//
// Of a CSV, or, written as CSV in UTF-8, of a spreadsheet: its header and the rows of every refused
// household, with the reasons in a last column that an import ignores; a row that cannot be read
// stands there as it was written. Of NDJSON: the lines. The file holds what the rows hold, so only
// its owner may read it.
#ifndef PATHWAYS_SERVICES_CLI_REFUSED_ROWS_H_
#define PATHWAYS_SERVICES_CLI_REFUSED_ROWS_H_

#include <string>

#include "absl/status/status.h"
#include "services/cli/importer.h"

namespace pathways::cli {

// Name of the last column.
inline constexpr char kRefusedBecause[] = "refused_because";

// Reads the input again and writes its refused rows; an empty file when none is. Replaces what is
// there. UNAVAILABLE: cannot be written. The errors of ImportFile::Open when the input is not what
// it was.
absl::Status WriteRefusedRows(const ImportInput& input, const ImportSummary& summary,
                              const std::string& path);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_REFUSED_ROWS_H_
