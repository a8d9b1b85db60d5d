// The commands `policy check` and `policy diff`: whether policy packs can be used, and what
// differs.
//
// For whoever writes a pack: it needs no server and no token. It reads the folders, prints every
// fault as file:line:column, runs the decision tables beside each pack and names what they do not
// show. Exit code 0 when all is well, 2 when a pack has a fault.
#ifndef PATHWAYS_SERVICES_EMBEDDED_POLICY_CHECK_COMMAND_H_
#define PATHWAYS_SERVICES_EMBEDDED_POLICY_CHECK_COMMAND_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::embedded {

// Adds `check` to the group `policy` of the program.
void AddPolicyCheckCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code);

// Adds `diff` to the group `policy`: one line for each difference. Exit code 0 whatever differs, 2
// when a pack has a fault. With --caseload a service is asked, and then its exit codes count.
void AddPolicyDiffCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code);

// Adds `facts check` to the group `facts`.
void AddFactCheckCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code);

// Adds `routes check` to the group `routes`.
void AddRouteCheckCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code);

}  // namespace pathways::embedded

#endif  // PATHWAYS_SERVICES_EMBEDDED_POLICY_CHECK_COMMAND_H_
