#include "services/cli/commands.h"

#include <memory>
#include <utility>

#include "services/cli/case_commands.h"
#include "services/cli/fact_commands.h"
#include "services/cli/import_command.h"
#include "services/cli/operations_commands.h"
#include "services/cli/policy_commands.h"
#include "services/cli/referral_commands.h"
#include "services/cli/review_commands.h"
#include "services/cli/route_commands.h"

namespace pathways::cli {

void AddClientCommands(CLI::App& app, Terminal terminal, int& exit_code) {
  const auto context = std::make_shared<const CommandContext>(
      CommandContext{.terminal = std::move(terminal), .exit_code = exit_code});
  CLI::App& cases = AddGroup(app, "case", "Register, read and change cases");
  AddCaseCommands(cases, context);
  AddImportCommand(app, context);
  AddFactCommands(app, context);
  AddRouteCommands(app, context);
  AddPolicyCommands(app, context);
  AddReferralCommands(AddGroup(app, "referral", "Referrals, for staff and for agencies"), context);
  AddReviewCommands(app, context);
  AddOperationsCommands(app, context);
}

int ParseAndRun(CLI::App& app, int argc, const char* const* argv, Terminal terminal,
                const int& exit_code) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, terminal.out, terminal.err) == 0 ? kExitOk : kExitUsage;
  }
  return exit_code;
}

}  // namespace pathways::cli
