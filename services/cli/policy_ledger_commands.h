// Commands on the policy ledger: apply, simulate, versions, changes, and diff.
//
// Packs are read and checked here, so that every fault is told with its file, and checked again by
// the service.
#ifndef PATHWAYS_SERVICES_CLI_POLICY_LEDGER_COMMANDS_H_
#define PATHWAYS_SERVICES_CLI_POLICY_LEDGER_COMMANDS_H_

#include <CLI/App.hpp>
#include <functional>
#include <string>

#include "services/cli/command.h"

namespace pathways::cli {

// Adds them to the group `policy`.
void AddPolicyLedgerCommands(CLI::App& policy, const CommandContextPtr& context);

// One line of a comparison of two packs. `sign`: + for what is new, - for what is gone, ~ for what
// is another.
std::string DifferenceLine(char sign, const std::string& place, const std::string& before,
                           const std::string& after);

// Adds `diff` to the group `policy`: `compare` prints what differs between two folders; with
// --caseload the service does, with how many cases each difference reaches.
void AddPolicyDiffCommand(
    CLI::App& policy, const CommandContextPtr& context,
    std::function<ExitCode(const std::string& before, const std::string& after)> compare);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_POLICY_LEDGER_COMMANDS_H_
