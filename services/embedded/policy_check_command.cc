#include "services/embedded/policy_check_command.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/cli/exit_codes.h"
#include "services/eligibility/decision_tables.h"
#include "services/intake/fact_file.h"

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
      for (const std::string& fact : report->retired_facts) {
        terminal.out << absl::StrCat(folder, ": warning: uses the fact ", fact,
                                     ", which is asked no more\n");
      }
      continue;
    }
    terminal.err << report.status().message() << "\n";
    code = cli::kExitUsage;
  }
  terminal.out.flush();
  terminal.err.flush();
  return code;
}

// Every folder is checked, also after one with faults.
cli::ExitCode CheckFacts(const std::vector<std::string>& folders, const cli::Terminal& terminal) {
  cli::ExitCode code = cli::kExitOk;
  for (const std::string& folder : folders) {
    const auto facts = intake::LoadFacts(folder);
    if (facts.ok()) {
      terminal.out << absl::StrCat(folder, ": ok: ", (*facts)->catalogue().version(), ", ",
                                   (*facts)->catalogue().facts_size(), " facts\n");
      continue;
    }
    terminal.err << facts.status().message() << "\n";
    code = cli::kExitUsage;
  }
  terminal.out.flush();
  terminal.err.flush();
  return code;
}

}  // namespace

void AddFactCheckCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  auto folders = std::make_shared<std::vector<std::string>>();
  CLI::App& check = *app.get_subcommand("facts")->add_subcommand(
      "check", "Check fact catalogues; needs no server");
  check.add_option("folder", *folders, "Folders of catalogues, for example policies/facts")
      ->required();
  check.callback([folders, terminal, &exit_code] { exit_code = CheckFacts(*folders, terminal); });
}

void AddPolicyCheckCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  auto folders = std::make_shared<std::vector<std::string>>();
  CLI::App& check = *app.get_subcommand("policy")->add_subcommand(
      "check", "Check policy packs and run their decision tables; needs no server");
  check.add_option("folder", *folders, "Folders of packs, for example policies/current")
      ->required();
  check.callback([folders, terminal, &exit_code] { exit_code = CheckFolders(*folders, terminal); });
}

}  // namespace pathways::embedded
