// The sample day: imports a file, has the sample agencies answer, and prints what became of it.
//
// Everything goes through the gRPC API of the process itself, as desks and agencies would call it.
// Playing a day again on the same data registers nobody twice and answers nothing twice.
#ifndef PATHWAYS_SERVICES_PATHWAYS_DEMO_H_
#define PATHWAYS_SERVICES_PATHWAYS_DEMO_H_

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "services/pathways/output.h"
#include "services/pathways/serving.h"

namespace pathways::cli {

struct DemoOptions {
  std::string import_file;
  std::string answers_file;
  std::string tokens_file;  // Gets a token for the desk and for each agency that has none.
  Format format = Format::kTable;
};

// Makes the tokens a demo needs, before the process starts to serve.
absl::Status AddDemoTokens(const DemoOptions& options);

// Plays the day and prints the table. Blocks. Progress goes to `err`.
absl::Status PlayDay(Serving& serving, const DemoOptions& options, std::ostream& out,
                     std::ostream& err);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_PATHWAYS_DEMO_H_
