#include "services/cli/fact_commands.h"

#include <utility>

#include "services/base/policy_pack_files.h"
#include "services/base/status_macros.h"
#include "services/cli/ledger_commands.h"
#include "services/type/problem.h"

namespace pathways::cli {
namespace {

using intake::v1::IntakeService;

absl::Status Propose(Session& session, const ProposeOptions& options) {
  intake::v1::ProposeFactsRequest request;
  ASSIGN_OR_RETURN(const base::FactFiles files, base::FactFiles::Read(options.path));
  *request.mutable_catalogue() = files.catalogue();
  FillProposing(options, session, request);
  const absl::StatusOr<type::v1::LedgerProposal> proposal =
      session.client.Call(&IntakeService::Stub::ProposeFacts, request);
  if (!proposal.ok()) return Located(proposal.status(), type::kInvalidCatalogue, files);
  ShowProposal(session, *proposal, *proposal);
  return absl::OkStatus();
}

absl::Status Proposal(Session& session) {
  ASSIGN_OR_RETURN(
      const intake::v1::GetFactsProposalResponse answer,
      session.client.Call(&IntakeService::Stub::GetFactsProposal, type::v1::GetProposalRequest()));
  ShowProposal(session, answer, answer.proposal());
  return absl::OkStatus();
}

absl::StatusOr<type::v1::LedgerVersion> Confirm(Session& session,
                                                const type::v1::ConfirmVersionRequest& request) {
  return session.client.Call(&IntakeService::Stub::ConfirmFacts, request);
}

std::string NameIn(const type::v1::Fact& fact, const std::string& language) {
  for (const type::v1::FactWords& words : fact.words()) {
    if (words.language() == language) return words.name();
  }
  return "";
}

absl::Status List(Session& session, const std::string& language) {
  ASSIGN_OR_RETURN(
      const intake::v1::GetFactsResponse answer,
      session.client.Call(&IntakeService::Stub::GetFacts, intake::v1::GetFactsRequest()));
  Table facts{.header = {"fact", "name", "kind", "scope", "storage", "setting", "retired_on"}};
  for (const type::v1::Fact& fact : answer.catalogue().facts()) {
    facts.rows.push_back({fact.id(), NameIn(fact, language), CellOf(fact, "kind"),
                          CellOf(fact, "scope"), CellOf(fact, "storage"), CellOf(fact, "setting"),
                          CellOf(fact, "retired_on")});
  }
  session.output.Show(answer,
                      {FieldsOf(answer.version(), {"name", "number", "apply_time"}), facts});
  return absl::OkStatus();
}

absl::Status History(Session& session, const Page& page) {
  intake::v1::ListFactVersionsRequest request;
  request.set_page_size(page.size);
  request.set_page_token(page.token);
  ASSIGN_OR_RETURN(const intake::v1::ListFactVersionsResponse answer,
                   session.client.Call(&IntakeService::Stub::ListFactVersions, request));
  ShowVersions(session, answer);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const type::Facts>> FactsInForceAt(Client& client) {
  ASSIGN_OR_RETURN(intake::v1::GetFactsResponse answer,
                   client.Call(&IntakeService::Stub::GetFacts, intake::v1::GetFactsRequest()));
  return type::Facts::Compile(std::move(*answer.mutable_catalogue()));
}

absl::StatusOr<std::shared_ptr<const type::Facts>> FactsFor(Session& session,
                                                            const std::string& folder) {
  if (folder.empty()) return FactsInForceAt(session.client);
  ASSIGN_OR_RETURN(const base::FactFiles files, base::FactFiles::Read(folder));
  auto facts = type::Facts::Compile(files.catalogue());
  const type::v1::Problem problem = type::ProblemOf(facts.status());
  if (problem.violations().empty()) return facts;
  return absl::InvalidArgumentError(files.Locate(problem.violations()));
}

void AddFactCommands(CLI::App& app, const CommandContextPtr& context) {
  CLI::App& facts = AddGroup(app, "facts", "What people are asked");
  AddLedgerCommands(facts, context,
                    {.propose_help = "Propose what people are asked",
                     .confirm_help = "Ask people by the catalogue that another officer proposed",
                     .path_name = "folder",
                     .path_help = "Folder of the catalogue",
                     .reason_example = "FACT_ADDED",
                     .counts = false},
                    Propose, Proposal, Confirm);
  auto language = std::make_shared<std::string>("en");
  AddCommand(facts, context, "list", "List the facts in force",
             [language](Session& session) { return List(session, *language); })
      .add_option("--language", *language, "Language of the names: es, ht or en")
      ->capture_default_str();
  auto page = std::make_shared<Page>();
  AddPageOptions(AddCommand(facts, context, "history", "List the versions of the catalogue",
                            [page](Session& session) { return History(session, *page); }),
                 *page);
}

}  // namespace pathways::cli
