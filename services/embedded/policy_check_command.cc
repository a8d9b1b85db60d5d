#include "services/embedded/policy_check_command.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/exit_codes.h"
#include "services/cli/policy_ledger_commands.h"
#include "services/eligibility/decision_tables.h"
#include "services/eligibility/pack_differences.h"
#include "services/eligibility/policy_file.h"
#include "services/intake/fact_file.h"
#include "services/referral/routes_file.h"

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

// What differs is printed as + what is new, - what is gone, ~ what was and what is.
cli::ExitCode ComparePacks(const std::string& before, const std::string& after,
                           const cli::Terminal& terminal) {
  const auto one = eligibility::LoadPack(before);
  const auto other = eligibility::LoadPack(after);
  for (const auto* const pack : {&one, &other}) {
    if (!pack->ok()) terminal.err << pack->status().message() << "\n";
  }
  terminal.err.flush();
  if (!one.ok() || !other.ok()) return cli::kExitUsage;
  using Kind = eligibility::PackDifference::Kind;
  for (const eligibility::PackDifference& found : eligibility::DifferencesOf(*one, *other)) {
    const char sign = found.kind == Kind::kAdded ? '+' : found.kind == Kind::kRemoved ? '-' : '~';
    terminal.out << cli::DifferenceLine(sign, found.place, found.before, found.after);
  }
  terminal.out.flush();
  return cli::kExitOk;
}

// Every one is checked, also after one with faults. `check` says what is in a good one.
cli::ExitCode CheckEach(const std::vector<std::string>& paths, const cli::Terminal& terminal,
                        absl::StatusOr<std::string> (*check)(const std::string& path)) {
  cli::ExitCode code = cli::kExitOk;
  for (const std::string& path : paths) {
    const absl::StatusOr<std::string> found = check(path);
    if (found.ok()) {
      terminal.out << absl::StrCat(path, ": ok: ", *found, "\n");
      continue;
    }
    terminal.err << found.status().message() << "\n";
    code = cli::kExitUsage;
  }
  terminal.out.flush();
  terminal.err.flush();
  return code;
}

absl::StatusOr<std::string> CheckFacts(const std::string& folder) {
  ASSIGN_OR_RETURN(const auto facts, intake::LoadFacts(folder));
  return absl::StrCat(facts->catalogue().version(), ", ", facts->catalogue().facts_size(),
                      " facts");
}

absl::StatusOr<std::string> CheckRoutes(const std::string& file) {
  ASSIGN_OR_RETURN(const referral::v1::AgencyRoutes routes, referral::LoadRoutes(file));
  int pathways = 0;
  for (const referral::v1::Agency& agency : routes.agencies()) pathways += agency.pathways_size();
  return absl::StrCat(routes.version(), ", ", routes.agencies_size(), " agencies, ", pathways,
                      " pathways");
}

}  // namespace

void AddFactCheckCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  auto folders = std::make_shared<std::vector<std::string>>();
  CLI::App& check = *app.get_subcommand("facts")->add_subcommand(
      "check", "Check fact catalogues; needs no server");
  check.add_option("folder", *folders, "Folders of catalogues, for example policies/facts")
      ->required();
  check.callback(
      [folders, terminal, &exit_code] { exit_code = CheckEach(*folders, terminal, CheckFacts); });
}

void AddRouteCheckCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App& check = *app.get_subcommand("routes")->add_subcommand(
      "check", "Check files of routes; needs no server");
  check.add_option("file", *files, "Files of routes, for example samples/agencies.textproto")
      ->required();
  check.callback(
      [files, terminal, &exit_code] { exit_code = CheckEach(*files, terminal, CheckRoutes); });
}

void AddPolicyCheckCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  auto folders = std::make_shared<std::vector<std::string>>();
  CLI::App& check = *app.get_subcommand("policy")->add_subcommand(
      "check", "Check policy packs and run their decision tables; needs no server");
  check.add_option("folder", *folders, "Folders of packs, for example policies/current")
      ->required();
  check.callback([folders, terminal, &exit_code] { exit_code = CheckFolders(*folders, terminal); });
}

void AddPolicyDiffCommand(CLI::App& app, const cli::Terminal& terminal, int& exit_code) {
  const auto context = std::make_shared<const cli::CommandContext>(
      cli::CommandContext{.terminal = terminal, .exit_code = exit_code});
  cli::AddPolicyDiffCommand(*app.get_subcommand("policy"), context,
                            [terminal](const std::string& before, const std::string& after) {
                              return ComparePacks(before, after, terminal);
                            });
}

}  // namespace pathways::embedded
