// The commands on the fact catalogue: propose, proposal, confirm, list, history. What checks it
// without a service is in the program (services/embedded/policy_check_command.h).
#ifndef PATHWAYS_SERVICES_CLI_FACT_COMMANDS_H_
#define PATHWAYS_SERVICES_CLI_FACT_COMMANDS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/cli/client.h"
#include "services/cli/command.h"
#include "services/type/facts.h"

namespace pathways::cli {

void AddFactCommands(CLI::App& app, const CommandContextPtr& context);

// The catalogue in force at a service. Errors of the call, and of type::Facts::Compile.
absl::StatusOr<std::shared_ptr<const type::Facts>> FactsInForceAt(Client& client);

// The catalogue of a folder; that in force at the service where `folder` is empty. Errors of
// base::FactFiles::Read and of type::Facts::Compile, with the place of each fault; of the call.
absl::StatusOr<std::shared_ptr<const type::Facts>> FactsFor(Session& session,
                                                            const std::string& folder);

}  // namespace pathways::cli

#endif  // PATHWAYS_SERVICES_CLI_FACT_COMMANDS_H_
