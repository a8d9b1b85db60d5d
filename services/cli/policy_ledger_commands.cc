#include "services/cli/policy_ledger_commands.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/base/policy_pack_files.h"
#include "services/base/status_macros.h"
#include "services/cli/ledger_commands.h"

namespace pathways::cli {
namespace {

using eligibility::v1::EligibilityService;

constexpr char kInvalidPack[] = "INVALID_POLICY_PACK";
constexpr char kBeforePrefix[] = "before.";
constexpr char kCountsAreRounded[] =
    "Counts are rounded down to multiples of 5; few: fewer than 5, or a part of fewer than 10.\n";

std::string VersionName(const std::string& version) {
  if (version.empty() || absl::StartsWith(version, "policyVersions/")) return version;
  return absl::StrCat("policyVersions/", version);
}

absl::Status Propose(Session& session, const ProposeOptions& options) {
  eligibility::v1::ProposePolicyRequest request;
  ASSIGN_OR_RETURN(const base::PolicyPackFiles files, base::PolicyPackFiles::Read(options.path));
  *request.mutable_pack() = files.pack();
  FillProposing(options, session, request);
  FillCounting(options, request);
  const absl::StatusOr<type::v1::LedgerProposal> proposal =
      session.client.Call(&EligibilityService::Stub::ProposePolicy, request);
  if (!proposal.ok()) return Located(proposal.status(), kInvalidPack, files);
  ShowProposal(session, *proposal, *proposal);
  return absl::OkStatus();
}

absl::Status Proposal(Session& session) {
  ASSIGN_OR_RETURN(const eligibility::v1::GetPolicyProposalResponse answer,
                   session.client.Call(&EligibilityService::Stub::GetPolicyProposal,
                                       type::v1::GetProposalRequest()));
  ShowProposal(session, answer, answer.proposal());
  return absl::OkStatus();
}

absl::StatusOr<type::v1::LedgerVersion> Confirm(Session& session,
                                                const type::v1::ConfirmVersionRequest& request) {
  return session.client.Call(&EligibilityService::Stub::ConfirmPolicy, request);
}

absl::Status SimulatePolicy(Session& session, const std::string& folder, int seconds) {
  eligibility::v1::SimulatePolicyRequest request;
  ASSIGN_OR_RETURN(const base::PolicyPackFiles files, base::PolicyPackFiles::Read(folder));
  *request.mutable_pack() = files.pack();
  request.set_seconds_max(seconds);
  const absl::StatusOr<eligibility::v1::SimulatePolicyResponse> answer =
      session.client.Call(&EligibilityService::Stub::SimulatePolicy, request);
  if (!answer.ok()) return Located(answer.status(), kInvalidPack, files);
  session.output.Show(
      *answer,
      {FieldsOf(*answer, {"policy_version", "cases", "whole"}),
       TableOf(answer->cells(), {"pathway", "from", "to", "nationality", "need", "count"})});
  if (!session.output.is_json()) session.output.Print(kCountsAreRounded);
  return absl::OkStatus();
}

using eligibility::v1::PolicyDifference;

struct DiffOptions {
  std::vector<std::string> folders;  // One: compared with the pack in force.
  bool with_caseload = false;
  int seconds = 0;
};

std::string Unprefixed(const std::string& name, absl::string_view prefix) {
  const absl::string_view bare = absl::StripPrefix(name, prefix);
  return bare == "UNSPECIFIED" ? "none" : std::string(bare);
}

std::string ResultOf(eligibility::v1::Outcome outcome, eligibility::v1::PathwayStatus status) {
  return absl::StrCat(Unprefixed(eligibility::v1::Outcome_Name(outcome), "OUTCOME_"), " (",
                      Unprefixed(eligibility::v1::PathwayStatus_Name(status), "PATHWAY_STATUS_"),
                      ")");
}

// From what to what, and what these people then read.
std::string LinesOf(const eligibility::v1::OutcomeMove& move) {
  std::string lines = absl::StrCat("    ", move.cases(), ": ", move.pathway(), " ",
                                   ResultOf(move.from(), move.status_from()), " -> ",
                                   ResultOf(move.to(), move.status_to()));
  if (!move.criterion().empty()) {
    absl::StrAppend(&lines, ", by ", move.criterion(), " ",
                    Unprefixed(eligibility::v1::Outcome_Name(move.criterion_from()), "OUTCOME_"),
                    " -> ",
                    Unprefixed(eligibility::v1::Outcome_Name(move.criterion_to()), "OUTCOME_"));
  }
  absl::StrAppend(&lines, "\n");
  for (const eligibility::v1::ReadText& read : move.reads()) {
    absl::StrAppend(&lines, "      ", read.language(), ": ",
                    read.text().unreviewed() ? "(unreviewed) " : "", read.text().text(), "\n");
  }
  return lines;
}

// What differs as DifferenceLine has it; below it whom it reaches.
std::string LinesOf(const PolicyDifference& difference) {
  std::string lines;
  switch (difference.kind()) {
    case eligibility::v1::DIFFERENCE_KIND_ADDED:
      lines = DifferenceLine('+', difference.place(), "", difference.after());
      break;
    case eligibility::v1::DIFFERENCE_KIND_REMOVED:
      lines = DifferenceLine('-', difference.place(), difference.before(), "");
      break;
    default:
      lines = DifferenceLine('~', difference.place(), difference.before(), difference.after());
  }
  if (!difference.counted()) return lines;
  const auto told = [](int64_t count) { return count == 0 ? "few" : absl::StrCat(count); };
  absl::StrAppend(&lines, "    cases: ", told(difference.cases()),
                  "; outcome or status alters of: ", told(difference.altered()), "\n");
  for (const eligibility::v1::OutcomeMove& move : difference.moves()) lines += LinesOf(move);
  return lines;
}

// Faults of the first pack come with "before." before their field.
absl::Status LocatedOfBoth(const absl::Status& status, const base::PolicyPackFiles& before,
                           const base::PolicyPackFiles& after) {
  const Failure failure = FailureOf(status);
  if (failure.violations.empty() ||
      !absl::StartsWith(failure.violations[0].field(), kBeforePrefix)) {
    return Located(status, kInvalidPack, after);
  }
  std::vector<type::v1::FieldViolation> violations = failure.violations;
  for (type::v1::FieldViolation& violation : violations) {
    violation.set_field(std::string(absl::StripPrefix(violation.field(), kBeforePrefix)));
  }
  return WithMessage(status, before.Locate(violations));
}

absl::Status CountDifferences(Session& session, const DiffOptions& options) {
  eligibility::v1::SimulatePolicyRequest request;
  ASSIGN_OR_RETURN(const base::PolicyPackFiles before,
                   base::PolicyPackFiles::Read(options.folders.front()));
  ASSIGN_OR_RETURN(const base::PolicyPackFiles after,
                   base::PolicyPackFiles::Read(options.folders.back()));
  if (options.folders.size() > 1) *request.mutable_before() = before.pack();
  *request.mutable_pack() = after.pack();
  request.set_differences(true);
  request.set_seconds_max(options.seconds);
  const absl::StatusOr<eligibility::v1::SimulatePolicyResponse> answer =
      session.client.Call(&EligibilityService::Stub::SimulatePolicy, request);
  if (!answer.ok()) return LocatedOfBoth(answer.status(), before, after);
  session.output.Show(*answer, {FieldsOf(*answer, {"before_version", "cases", "whole"})});
  if (session.output.is_json()) return absl::OkStatus();
  session.output.Print(kCountsAreRounded);
  for (const PolicyDifference& difference : answer->differences()) {
    session.output.Print(LinesOf(difference));
  }
  if (answer->differences_left_out() > 0) {
    session.output.Print(
        absl::StrCat("and more that are not told: ", answer->differences_left_out(), "\n"));
  }
  return absl::OkStatus();
}

absl::Status ListVersions(Session& session, const Page& page) {
  eligibility::v1::ListPolicyVersionsRequest request;
  request.set_page_size(page.size);
  request.set_page_token(page.token);
  ASSIGN_OR_RETURN(const eligibility::v1::ListPolicyVersionsResponse answer,
                   session.client.Call(&EligibilityService::Stub::ListPolicyVersions, request));
  ShowVersions(session, answer);
  return absl::OkStatus();
}

// One row for each determination that changed.
Table ChangesTable(const eligibility::v1::ListPolicyChangesResponse& answer) {
  Table table{.header = {"screening", "pathway", "person_ids", "from", "to", "status_from",
                         "status_to", "criteria", "tell"}};
  for (const eligibility::v1::PolicyChange& of_case : answer.changes()) {
    for (const eligibility::v1::DeterminationChange& change : of_case.changes()) {
      std::vector<std::string>& row = table.rows.emplace_back();
      row.push_back(of_case.screening());
      for (size_t column = 1; column < table.header.size(); ++column) {
        row.push_back(CellOf(change, table.header[column]));
      }
    }
  }
  return table;
}

absl::Status ListChanges(Session& session, const std::string& version, const Page& page) {
  eligibility::v1::ListPolicyChangesRequest request;
  request.set_name(VersionName(version));
  request.set_page_size(page.size);
  request.set_page_token(page.token);
  ASSIGN_OR_RETURN(const eligibility::v1::ListPolicyChangesResponse answer,
                   session.client.Call(&EligibilityService::Stub::ListPolicyChanges, request));
  session.output.Show(
      answer, {FieldsOf(answer.version(), {"name", "number", "apply_time"}), ChangesTable(answer)});
  if (!session.output.is_json()) session.output.Print(NextPageLine(answer.next_page_token()));
  return absl::OkStatus();
}

}  // namespace

std::string DifferenceLine(char sign, const std::string& place, const std::string& before,
                           const std::string& after) {
  const char* const arrow = before.empty() || after.empty() ? "" : " -> ";
  return absl::StrCat(std::string(1, sign), " ", place, ": ", before, arrow, after, "\n");
}

void AddPolicyDiffCommand(
    CLI::App& policy, const CommandContextPtr& context,
    std::function<ExitCode(const std::string& before, const std::string& after)> compare) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App& diff = AddCommand(
      policy, context, "diff",
      "Print what differs between two packs, with the texts; on demand, how many cases each "
      "difference reaches",
      [options](Session& session) { return CountDifferences(session, *options); },
      [options, context, compare = std::move(compare)]() -> std::optional<ExitCode> {
        if (options->with_caseload) return std::nullopt;
        if (options->folders.size() < 2) {
          context->terminal.err << "name two folders, or compare with the pack in force by "
                                   "--caseload\n";
          return kExitUsage;
        }
        return compare(options->folders.front(), options->folders.back());
      });
  diff.add_option("folders", options->folders,
                  "Folder of one pack, and of the other. With --caseload the first may be left "
                  "out: the pack in force")
      ->required()
      ->expected(1, 2);
  diff.add_flag("--caseload", options->with_caseload,
                "Ask the service how many cases each difference reaches; nothing is changed");
  diff.add_option("--seconds", options->seconds, "Time to take, 1 to 60; then a sample is counted");
}

void AddPolicyLedgerCommands(CLI::App& policy, const CommandContextPtr& context) {
  AddLedgerCommands(policy, context,
                    {.propose_help = "Propose what cases are screened by",
                     .confirm_help = "Screen every case by the pack that another officer proposed",
                     .path_name = "folder",
                     .path_help = "Folder of the pack",
                     .reason_example = "RULE_CHANGED"},
                    Propose, Proposal, Confirm);
  auto folder = std::make_shared<std::string>();
  auto seconds = std::make_shared<int>(0);
  CLI::App& simulate =
      AddCommand(policy, context, "simulate", "Count what a pack would change; nothing is changed",
                 [=](Session& session) { return SimulatePolicy(session, *folder, *seconds); });
  simulate.add_option("folder", *folder, "Folder of the pack")->required();
  simulate.add_option("--seconds", *seconds, "Time to take, 1 to 60; then a sample is counted");
  auto versions = std::make_shared<Page>();
  AddPageOptions(
      AddCommand(policy, context, "versions", "List the versions of the policy ledger",
                 [versions](Session& session) { return ListVersions(session, *versions); }),
      *versions);
  auto page = std::make_shared<Page>();
  auto version = std::make_shared<std::string>();
  CLI::App& changes =
      AddCommand(policy, context, "changes", "List the cases whose outcome a version changed",
                 [=](Session& session) { return ListChanges(session, *version, *page); });
  changes.add_option("--version", *version, "The version; empty: the one in force");
  AddPageOptions(changes, *page);
}

}  // namespace pathways::cli
