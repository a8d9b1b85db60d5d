#include "services/cli/policy_ledger_commands.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/policy_pack_files.h"
#include "services/base/status_macros.h"

namespace pathways::cli {
namespace {

using eligibility::v1::EligibilityService;

struct ApplyOptions {
  std::string folder;
  std::string reason;
  std::string replaces;
  bool dry_run = false;
};

std::string VersionName(const std::string& version) {
  if (version.empty() || absl::StartsWith(version, "policyVersions/")) return version;
  return absl::StrCat("policyVersions/", version);
}

// What the service says of a pack, with the place in the files of each fault.
absl::Status Located(const absl::Status& status, const base::PolicyPackFiles& files) {
  const Failure failure = FailureOf(status);
  if (failure.reason != "INVALID_POLICY_PACK" || failure.violations.empty()) return status;
  absl::Status located(status.code(), files.Locate(failure.violations));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { located.SetPayload(url, payload); });
  return located;
}

absl::Status ApplyPolicy(Session& session, const ApplyOptions& options) {
  eligibility::v1::ApplyPolicyRequest request;
  ASSIGN_OR_RETURN(const base::PolicyPackFiles files, base::PolicyPackFiles::Read(options.folder));
  *request.mutable_pack() = files.pack();
  request.set_reason_code(options.reason);
  request.set_replaces(options.replaces);
  request.set_validate_only(options.dry_run);
  request.set_request_id(session.request_id);
  const absl::StatusOr<type::v1::LedgerVersion> version =
      session.client.Call(&EligibilityService::Stub::ApplyPolicy, request);
  if (!version.ok()) return Located(version.status(), files);
  session.output.Show(*version, {FieldsOf(*version, {"name", "number", "sha256", "bytes",
                                                     "principal", "reason_code", "apply_time"})});
  return absl::OkStatus();
}

absl::Status SimulatePolicy(Session& session, const std::string& folder, int seconds) {
  eligibility::v1::SimulatePolicyRequest request;
  ASSIGN_OR_RETURN(const base::PolicyPackFiles files, base::PolicyPackFiles::Read(folder));
  *request.mutable_pack() = files.pack();
  request.set_seconds_max(seconds);
  const absl::StatusOr<eligibility::v1::SimulatePolicyResponse> answer =
      session.client.Call(&EligibilityService::Stub::SimulatePolicy, request);
  if (!answer.ok()) return Located(answer.status(), files);
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
  session.output.Show(answer, {TableOf(answer.versions(), {"number", "version", "apply_time",
                                                           "principal", "reason_code", "sha256"})});
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

void AddApply(CLI::App& policy, const CommandContextPtr& context) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App& apply =
      AddChange(policy, context, "apply", "Screen every case by this pack from now on",
                [options](Session& session) { return ApplyPolicy(session, *options); });
  apply.add_option("folder", options->folder, "Folder of the pack")->required();
  apply
      .add_option("--reason", options->reason, "Why, an upper-case code, for example RULE_CHANGED")
      ->required();
  apply.add_option("--replaces", options->replaces,
                   "Version that must be in force now; empty: whichever is");
  apply.add_flag("--dry-run", options->dry_run, "Only check it; nothing is stored");
}

}  // namespace

void AddPolicyLedgerCommands(CLI::App& policy, const CommandContextPtr& context) {
  AddApply(policy, context);
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
