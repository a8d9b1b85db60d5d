#include "services/cli/policy_ledger_commands.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/policy_pack_files.h"
#include "services/base/status_macros.h"
#include "services/cli/ledger_commands.h"

namespace pathways::cli {
namespace {

using eligibility::v1::EligibilityService;

constexpr char kInvalidPack[] = "INVALID_POLICY_PACK";

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
  session.output.Show(*answer, {FieldsOf(*answer, {"policy_version", "cases", "whole"}),
                                TableOf(answer->cells(), {"pathway", "from", "to", "nationality",
                                                          "need", "count", "suppressed"})});
  return absl::OkStatus();
}

absl::Status ListVersions(Session& session, const Page& page) {
  eligibility::v1::ListPolicyVersionsRequest request;
  request.set_page_size(page.size);
  request.set_page_token(page.token);
  ASSIGN_OR_RETURN(const eligibility::v1::ListPolicyVersionsResponse answer,
                   session.client.Call(&EligibilityService::Stub::ListPolicyVersions, request));
  session.output.Show(answer,
                      {TableOf(answer.versions(), {"number", "version", "apply_time", "principal",
                                                   "confirmed_by", "reason_code"})});
  if (!session.output.is_json()) session.output.Print(NextPageLine(answer.next_page_token()));
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
