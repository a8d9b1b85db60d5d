#include "services/cli/route_commands.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "services/base/routes_file.h"
#include "services/base/status_macros.h"
#include "services/cli/client.h"
#include "services/cli/ledger_commands.h"

namespace pathways::cli {
namespace {

using referral::v1::ReferralService;

absl::Status Propose(Session& session, const ProposeOptions& options) {
  referral::v1::ProposeRoutesRequest request;
  ASSIGN_OR_RETURN(const base::RoutesFile files, base::RoutesFile::Read(options.path));
  *request.mutable_routes() = files.routes();
  FillProposing(options, session, request);
  FillCounting(options, request);
  const absl::StatusOr<type::v1::LedgerProposal> proposal =
      session.client.Call(&ReferralService::Stub::ProposeRoutes, request);
  if (!proposal.ok()) return Located(proposal.status(), "INVALID_ROUTES", files);
  ShowProposal(session, *proposal, *proposal);
  return absl::OkStatus();
}

absl::Status Proposal(Session& session) {
  ASSIGN_OR_RETURN(const referral::v1::GetRoutesProposalResponse answer,
                   session.client.Call(&ReferralService::Stub::GetRoutesProposal,
                                       type::v1::GetProposalRequest()));
  ShowProposal(session, answer, answer.proposal());
  return absl::OkStatus();
}

absl::StatusOr<type::v1::LedgerVersion> Confirm(Session& session,
                                                const type::v1::ConfirmVersionRequest& request) {
  return session.client.Call(&ReferralService::Stub::ConfirmRoutes, request);
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
  ShowVersions(session, answer);
  return absl::OkStatus();
}

}  // namespace

void AddRouteCommands(CLI::App& app, const CommandContextPtr& context) {
  CLI::App& routes = AddGroup(app, "routes", "Which agency takes which pathway");
  AddLedgerCommands(routes, context,
                    {.propose_help = "Propose which agency takes which pathway",
                     .confirm_help = "Refer by the routes that another officer proposed",
                     .path_name = "file",
                     .path_help = "File of the routes",
                     .reason_example = "AGENCY_ADDED"},
                    Propose, Proposal, Confirm);
  AddCommand(routes, context, "list", "List the agencies with their pathways and facts",
             [](Session& session) { return List(session); });
  auto page = std::make_shared<Page>();
  AddPageOptions(AddCommand(routes, context, "history", "List the versions of the routes",
                            [page](Session& session) { return History(session, *page); }),
                 *page);
}

}  // namespace pathways::cli
