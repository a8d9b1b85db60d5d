// Registers the households of a file over ImportCases, as far as that goes.
//
// Good households are registered and bad ones are reported by line and column; neither holds up
// the other. At most `window` registrations are unanswered. What the service was too busy for is
// sent again with the same request id, a bounded number of times, and a stream that breaks is
// opened again; so is a whole import that ended early: what is registered is not registered twice.
// The progress and the stop flag are how a caller takes part; nothing is printed here.
#ifndef PATHWAYS_SERVICES_CLI_IMPORTER_H_
#define PATHWAYS_SERVICES_CLI_IMPORTER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/cli/client.h"
#include "services/cli/import_file.h"

namespace pathways::cli {

inline constexpr int kImportWindow = 256;

// More, and it is not the file that was meant.
inline constexpr int kRowErrorsMax = 100'000;

// Households with something to look at again are told up to this many; more are no exceptions.
inline constexpr size_t kWarningsMax = 10'000;

// A household of the file that has a case.
struct ImportedCase {
  int64_t line = 0;     // First line of the household.
  std::string outcome;  // new, known, changed or withdrawn.
  std::string name;     // cases/{case}.
};

struct ImportSummary {
  int64_t households = 0;              // Read from the file.
  int64_t registered = 0;              // Households registered: new and known.
  int64_t created = 0;                 // Of those, registered by this import,
  int64_t known = 0;                   // and before, with the same content.
  int64_t people = 0;                  // People of those.
  int64_t withdrawn = 0;               // Households that were registered and have withdrawn since.
  int64_t refused = 0;                 // Households refused, here or by the service.
  int64_t changed = 0;                 // Of those, registered with other content.
  std::vector<ImportedCase> cases;     // Of all that the service knows, by line.
  std::vector<RowError> errors;        // Of those, by line.
  std::vector<int64_t> refused_lines;  // All rows of those, by line.
  std::vector<RowError> warnings;      // Of good households: what to look at again, by line.
  std::vector<std::string> ignored_columns;
  // Not OK: why the rest of the file was not imported. CANCELLED: it was stopped. The other codes
  // are those of the service or of the file.
  absl::Status status;
};

struct ImportSettings {
  ImportInput input;
  std::string site;  // Whose numbers the households have. Empty: there is one site alone.
  int window = kImportWindow;
  // Sends of one household, and streams in a row that bring no answer, at most.
  int attempts_max = 8;
  // Before the second attempt; doubles up to twenty times as much.
  absl::Duration backoff = absl::Milliseconds(100);
  // Called after each household, on the calling thread. May be empty.
  std::function<void(const ImportSummary&)> progress;
  // True: send nothing more, and end once what was sent is answered. May be null.
  const std::atomic<bool>* stop = nullptr;
};

// Blocks until the end. A service that answers nothing for the client's timeout ends it, too. The
// status returned is the file's, when it cannot be opened as one of registrations.
absl::StatusOr<ImportSummary> Import(Client& client, const ImportSettings& settings);

// Reads the file to its end and sends nothing: a summary of what would be refused here. People are
// those who would be sent.
absl::StatusOr<ImportSummary> CheckFile(const ImportSettings& settings);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_IMPORTER_H_
