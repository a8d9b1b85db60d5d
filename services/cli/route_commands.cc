#include "services/cli/route_commands.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_join.h"
#include "services/base/routes_file.h"
#include "services/base/status_macros.h"
#include "services/cli/client.h"

namespace pathways::cli {
namespace {

using referral::v1::ReferralService;

struct ApplyOptions {
  std::string file;
  std::string reason;
  std::string replaces;
  bool dry_run = false;
};

absl::Status Located(const absl::Status& status, const base::RoutesFile& file) {
  const Failure failure = FailureOf(status);
  if (failure.reason != "INVALID_ROUTES" || failure.violations.empty()) return status;
  absl::Status located(status.code(), file.Locate(failure.violations));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { located.SetPayload(url, payload); });
  return located;
}

absl::Status Apply(Session& session, const ApplyOptions& options) {
  referral::v1::ApplyRoutesRequest request;
  ASSIGN_OR_RETURN(const base::RoutesFile file, base::RoutesFile::Read(options.file));
  *request.mutable_routes() = file.routes();
  request.set_reason_code(options.reason);
  request.set_replaces(options.replaces);
  request.set_validate_only(options.dry_run);
  request.set_request_id(session.request_id);
  const absl::StatusOr<type::v1::LedgerVersion> version =
      session.client.Call(&ReferralService::Stub::ApplyRoutes, request);
  if (!version.ok()) return Located(version.status(), file);
  session.output.Show(*version, {FieldsOf(*version, {"name", "number", "sha256", "bytes",
                                                     "principal", "reason_code", "apply_time"})});
  return absl::OkStatus();
}

absl::Status List(Session& session) {
  ASSIGN_OR_RETURN(
      const referral::v1::GetRoutesResponse answer,
      session.client.Call(&ReferralService::Stub::GetRoutes, referral::v1::GetRoutesRequest()));
  Table agencies{.header = {"agency", "pathways", "facts"}};
  for (const referral::v1::Agency& agency : answer.routes().agencies()) {
    agencies.rows.push_back(
        {agency.id(), absl::StrJoin(agency.pathways(), " "), absl::StrJoin(agency.facts(), " ")});
  }
  session.output.Show(answer,
                      {FieldsOf(answer.version(), {"name", "number", "apply_time"}), agencies});
  return absl::OkStatus();
}

absl::Status History(Session& session, const Page& page) {
  referral::v1::ListRouteVersionsRequest request;
  request.set_page_size(page.size);
  request.set_page_token(page.token);
  ASSIGN_OR_RETURN(const referral::v1::ListRouteVersionsResponse answer,
                   session.client.Call(&ReferralService::Stub::ListRouteVersions, request));
  session.output.Show(answer, {TableOf(answer.versions(), {"number", "version", "apply_time",
                                                           "principal", "reason_code", "sha256"})});
  if (!session.output.is_json()) session.output.Print(NextPageLine(answer.next_page_token()));
  return absl::OkStatus();
}

}  // namespace

void AddRouteCommands(CLI::App& app, const CommandContextPtr& context) {
  CLI::App& routes = AddGroup(app, "routes", "Which agency takes which pathway");
  auto options = std::make_shared<ApplyOptions>();
  CLI::App& apply = AddChange(routes, context, "apply", "Refer by these routes from now on",
                              [options](Session& session) { return Apply(session, *options); });
  apply.add_option("file", options->file, "File of the routes")->required();
  apply
      .add_option("--reason", options->reason, "Why, an upper-case code, for example AGENCY_ADDED")
      ->required();
  apply.add_option("--replaces", options->replaces,
                   "Version that must be in force now; empty: whichever is");
  apply.add_flag("--dry-run", options->dry_run, "Only check it; nothing is stored");
  AddCommand(routes, context, "list", "List the agencies with their pathways and facts",
             [](Session& session) { return List(session); });
  auto page = std::make_shared<Page>();
  AddPageOptions(AddCommand(routes, context, "history", "List the versions of the routes",
                            [page](Session& session) { return History(session, *page); }),
                 *page);
}

}  // namespace pathways::cli
