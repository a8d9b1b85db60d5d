#include "services/cli/fact_commands.h"

#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/policy_pack_files.h"
#include "services/base/status_macros.h"
#include "services/type/problem.h"

namespace pathways::cli {
namespace {

using intake::v1::IntakeService;

struct ApplyOptions {
  std::string folder;
  std::string reason;
  std::string replaces;
  bool dry_run = false;
};

absl::Status Located(const absl::Status& status, const base::FactFiles& files) {
  const Failure failure = FailureOf(status);
  if (failure.reason != type::kInvalidCatalogue || failure.violations.empty()) return status;
  absl::Status located(status.code(), files.Locate(failure.violations));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { located.SetPayload(url, payload); });
  return located;
}

absl::Status Apply(Session& session, const ApplyOptions& options) {
  intake::v1::ApplyFactsRequest request;
  ASSIGN_OR_RETURN(const base::FactFiles files, base::FactFiles::Read(options.folder));
  *request.mutable_catalogue() = files.catalogue();
  request.set_reason_code(options.reason);
  request.set_replaces(options.replaces);
  request.set_validate_only(options.dry_run);
  request.set_request_id(session.request_id);
  const absl::StatusOr<type::v1::LedgerVersion> version =
      session.client.Call(&IntakeService::Stub::ApplyFacts, request);
  if (!version.ok()) return Located(version.status(), files);
  session.output.Show(*version, {FieldsOf(*version, {"name", "number", "sha256", "bytes",
                                                     "principal", "reason_code", "apply_time"})});
  return absl::OkStatus();
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
  session.output.Show(answer, {TableOf(answer.versions(), {"number", "version", "apply_time",
                                                           "principal", "reason_code", "sha256"})});
  if (!session.output.is_json()) session.output.Print(NextPageLine(answer.next_page_token()));
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
  auto options = std::make_shared<ApplyOptions>();
  CLI::App& apply = AddChange(facts, context, "apply", "Ask people by this catalogue from now on",
                              [options](Session& session) { return Apply(session, *options); });
  apply.add_option("folder", options->folder, "Folder of the catalogue")->required();
  apply.add_option("--reason", options->reason, "Why, an upper-case code, for example FACT_ADDED")
      ->required();
  apply.add_option("--replaces", options->replaces,
                   "Version that must be in force now; empty: whichever is");
  apply.add_flag("--dry-run", options->dry_run, "Only check it; nothing is stored");
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
