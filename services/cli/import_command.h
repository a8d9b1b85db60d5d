// The command `import`: registers a file of households and reports what was refused.
//
// It shows the progress while it runs, the refused rows as a table and, with --report, as CSV, and
// what became of the file at the end. A row is named by its line, a fault by its column, and never
// by its value. Ctrl-C stops it once what was sent is answered; a second one ends the program.
#ifndef PATHWAYS_SERVICES_CLI_IMPORT_COMMAND_H_
#define PATHWAYS_SERVICES_CLI_IMPORT_COMMAND_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::cli {

// Adds `import` to the program.
void AddImportCommand(CLI::App& app, const CommandContextPtr& context);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_IMPORT_COMMAND_H_
