// The commands about referrals, for the staff of the space and for the agencies.
//
// What staff may do (resubmit, withdraw, hold, release, escalate) is asked of ReferralService; what
// an agency may do (receive, accept, reject and so on, and watch) of AgencyService, whose token
// says which agency it is. `get` and `list` ask the one or the other by --as-agency.
#ifndef PATHWAYS_SERVICES_CLI_REFERRAL_COMMANDS_H_
#define PATHWAYS_SERVICES_CLI_REFERRAL_COMMANDS_H_

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace pathways::cli {

// Adds the commands to the group `referral`.
void AddReferralCommands(CLI::App& group, const CommandContextPtr& context);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_REFERRAL_COMMANDS_H_
