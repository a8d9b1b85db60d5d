#include "services/embedded/policy_check_command.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/cli/exit_codes.h"
#include "services/eligibility/decision_tables.h"

namespace pathways::embedded {
namespace {

// Every folder is checked, also after one with faults.
cli::ExitCode CheckFolders(const std::vector<std::string>& folders, const cli::Terminal& terminal) {
  cli::ExitCode code = cli::kExitOk;
  for (const std::string& folder : folders) {
    const absl::StatusOr<eligibility::PolicyReport> report = eligibility::CheckPolicy(folder);
    if (report.ok()) {
      terminal.out << absl::StrCat(folder, ": ok: ", report->version, ", ", report->pathways,
                                   " pathways, ", report->criteria, " criteria, ", report->rows,
                                   " rows in ", report->tables, " tables\n");
      continue;
    }
    terminal.err << report.status().message() << "\n";
    code = cli::kExitUsage;
  }
  terminal.out.flush();
  terminal.err.flush();
  return code;
}

}  // namespace

void AddPolicyCheckCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  auto folders = std::make_shared<std::vector<std::string>>();
  CLI::App& check = *app.get_subcommand("policy")->add_subcommand(
      "check", "Check policy packs and run their decision tables; needs no server");
  check.add_option("folder", *folders, "Folders of packs, for example policies/current")
      ->required();
  check.callback([folders, terminal, &exit_code] { exit_code = CheckFolders(*folders, terminal); });
}

}  // namespace pathways::embedded
