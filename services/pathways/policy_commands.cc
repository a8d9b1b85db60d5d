#include "services/pathways/policy_commands.h"

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/runtime/status_macros.h"

namespace pathways::cli {
namespace {

using eligibility::v1::EligibilityService;

// One row per criterion, so that each outcome is seen with its reason and source.
void ShowScreening(const eligibility::v1::Screening& screening, Output& output) {
  Table reasons{.header = {"pathway", "person_ids", "criterion", "outcome", "reason", "citation"}};
  for (const eligibility::v1::Determination& determination : screening.determinations()) {
    for (const eligibility::v1::CriterionResult& criterion : determination.criteria()) {
      reasons.rows.push_back({determination.pathway(), CellOf(determination, "person_ids"),
                              criterion.criterion(), CellOf(criterion, "outcome"),
                              criterion.reason(), criterion.citation()});
    }
  }
  output.Show(screening,
              {FieldsOf(screening, {"name", "etag", "based_on", "screen_time", "withdrawn"}),
               TableOf(screening.determinations(),
                       {"pathway", "person_ids", "outcome", "missing_facts", "policy_version"}),
               reasons});
}

absl::Status Screen(Session& session, const std::string& name) {
  eligibility::v1::ScreenCaseRequest request;
  request.set_name(absl::StrCat(name, "/screening"));
  request.set_request_id(session.request_id);
  ASSIGN_OR_RETURN(const eligibility::v1::Screening screening,
                   session.client.Call(&EligibilityService::Stub::ScreenCase, request));
  ShowScreening(screening, session.output);
  return absl::OkStatus();
}

absl::Status GetScreening(Session& session, const std::string& name) {
  eligibility::v1::GetScreeningRequest request;
  request.set_name(absl::StrCat(name, "/screening"));
  ASSIGN_OR_RETURN(const eligibility::v1::Screening screening,
                   session.client.Call(&EligibilityService::Stub::GetScreening, request));
  ShowScreening(screening, session.output);
  return absl::OkStatus();
}

absl::Status ListPolicies(Session& session) {
  ASSIGN_OR_RETURN(const eligibility::v1::ListPathwaysResponse answer,
                   session.client.Call(&EligibilityService::Stub::ListPathways,
                                       eligibility::v1::ListPathwaysRequest()));
  session.output.Show(answer, {FieldsOf(answer, {"policy_version", "title"}),
                               TableOf(answer.pathways(), {"id", "title", "unit", "criteria"})});
  return absl::OkStatus();
}

absl::Status ShowPolicy(Session& session, const std::string& id) {
  eligibility::v1::GetPathwayRequest request;
  request.set_name(absl::StartsWith(id, "pathways/") ? id : absl::StrCat("pathways/", id));
  ASSIGN_OR_RETURN(const eligibility::v1::Pathway pathway,
                   session.client.Call(&EligibilityService::Stub::GetPathway, request));
  session.output.Show(
      pathway,
      {FieldsOf(pathway, {"id", "title", "unit"}),
       TableOf(pathway.criteria(), {"id", "confidence", "source_date", "when_met", "citation"})});
  return absl::OkStatus();
}

}  // namespace

void AddPolicyCommands(CLI::App& app, const CommandContextPtr& context) {
  auto screened = std::make_shared<std::string>();
  AddCaseArgument(
      AddChange(app, context, "screen", "Screen a case again with the policies in force",
                [screened](Session& session) { return Screen(session, *screened); }),
      *screened);

  CLI::App& screening = AddGroup(app, "screening", "Read screenings");
  auto name = std::make_shared<std::string>();
  AddCaseArgument(AddCommand(screening, context, "get", "Show what a case was screened as, and why",
                             [name](Session& session) { return GetScreening(session, *name); }),
                  *name);

  CLI::App& policy = AddGroup(app, "policy", "The pathways, with their conditions and sources");
  AddCommand(policy, context, "list", "List the pathways in force", ListPolicies);
  auto id = std::make_shared<std::string>();
  AddCommand(policy, context, "show", "Show one pathway with its criteria and citations",
             [id](Session& session) { return ShowPolicy(session, *id); })
      .add_option("pathway", *id, "Pathway id, for example us-refugee-resettlement")
      ->required();
}

}  // namespace pathways::cli
