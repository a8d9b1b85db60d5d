// Commands on the policy ledger: apply, simulate, versions, changes.
//
// Packs are read and checked here, so that every fault is told with its file, and checked again by
// the service.
#ifndef PATHWAYS_SERVICES_CLI_POLICY_LEDGER_COMMANDS_H_
#define PATHWAYS_SERVICES_CLI_POLICY_LEDGER_COMMANDS_H_

#include <CLI/App.hpp>

#include "services/cli/command.h"

namespace pathways::cli {

// Adds them to the group `policy`.
void AddPolicyLedgerCommands(CLI::App& policy, const CommandContextPtr& context);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_POLICY_LEDGER_COMMANDS_H_
