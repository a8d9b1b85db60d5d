// Commands of people who look at screenings: review list and decide, determination replay.
//
// A review looks at a screening; it decides no status.
#ifndef PATHWAYS_SERVICES_CLI_REVIEW_COMMANDS_H_
#define PATHWAYS_SERVICES_CLI_REVIEW_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::cli {

// Adds `review` and `determination` to the program.
void AddReviewCommands(CLI::App& app, const CommandContextPtr& context);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_REVIEW_COMMANDS_H_
