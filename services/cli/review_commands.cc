#include "services/cli/review_commands.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace pathways::cli {
namespace {

using eligibility::v1::EligibilityService;

struct Decision {
  std::string name;
  eligibility::v1::ReviewDeterminationRequest request;
};

// One row for each determination that waits, with what a first reviewer said.
Table WaitingTable(const eligibility::v1::ListReviewsResponse& answer) {
  Table table{
      .header = {"screening", "etag", "pathway", "person_ids", "outcome", "verdict", "opinions"}};
  for (const eligibility::v1::WaitingReview& waiting : answer.reviews()) {
    for (const eligibility::v1::Determination& determination : waiting.determinations()) {
      std::vector<std::string> row = {waiting.screening(),
                                      waiting.etag(),
                                      determination.pathway(),
                                      CellOf(determination, "person_ids"),
                                      CellOf(determination, "outcome"),
                                      "",
                                      ""};
      for (const eligibility::v1::Review& review : waiting.opinions()) {
        if (review.evaluated().SerializeAsString() != determination.SerializeAsString()) continue;
        row[5] = CellOf(review, "verdict");
        row[6] = absl::StrCat(review.opinions_size());
      }
      table.rows.push_back(row);
    }
  }
  return table;
}

absl::Status ListReviews(Session& session, const Page& page) {
  eligibility::v1::ListReviewsRequest request;
  request.set_page_size(page.size);
  request.set_page_token(page.token);
  ASSIGN_OR_RETURN(const eligibility::v1::ListReviewsResponse answer,
                   session.client.Call(&EligibilityService::Stub::ListReviews, request));
  session.output.Show(answer, {WaitingTable(answer)});
  if (!session.output.is_json()) session.output.Print(NextPageLine(answer.next_page_token()));
  return absl::OkStatus();
}

absl::Status Decide(Session& session, Decision& decision) {
  decision.request.set_name(absl::StrCat(decision.name, "/screening"));
  decision.request.set_request_id(session.request_id);
  ASSIGN_OR_RETURN(
      const eligibility::v1::Screening screening,
      session.client.Call(&EligibilityService::Stub::ReviewDetermination, decision.request));
  session.output.Show(
      screening, {FieldsOf(screening, {"name", "etag", "screen_time"}),
                  TableOf(screening.determinations(),
                          {"pathway", "person_ids", "outcome", "review_required", "reviewed"})});
  return absl::OkStatus();
}

absl::Status Replay(Session& session, const std::string& name, int64_t number) {
  eligibility::v1::ReplayScreeningRequest request;
  request.set_name(absl::StrCat(name, "/screening"));
  request.set_number(number);
  ASSIGN_OR_RETURN(const eligibility::v1::ReplayScreeningResponse answer,
                   session.client.Call(&EligibilityService::Stub::ReplayScreening, request));
  session.output.Show(answer,
                      {FieldsOf(answer, {"number", "policy_version", "recorded_evaluator_version",
                                         "evaluator_version", "same_bytes", "same_outcomes"}),
                       TableOf(answer.recorded(), {"pathway", "person_ids", "outcome"}),
                       TableOf(answer.replayed(), {"pathway", "person_ids", "outcome"})});
  if (!answer.same_outcomes()) session.exit_code = kExitFailed;
  return absl::OkStatus();
}

void AddDecide(CLI::App& review, const CommandContextPtr& context) {
  using eligibility::v1::Outcome;
  using eligibility::v1::ReviewVerdict;
  static const auto& verdicts = *new std::map<std::string, ReviewVerdict>{
      {"confirm", eligibility::v1::REVIEW_VERDICT_CONFIRM},
      {"override", eligibility::v1::REVIEW_VERDICT_OVERRIDE},
      {"refuse", eligibility::v1::REVIEW_VERDICT_REFUSE}};
  static const auto& outcomes = *new std::map<std::string, Outcome>{
      {"meets", eligibility::v1::OUTCOME_MEETS},
      {"does-not-meet", eligibility::v1::OUTCOME_DOES_NOT_MEET},
      {"needs-information", eligibility::v1::OUTCOME_NEEDS_INFORMATION}};
  auto decision = std::make_shared<Decision>();
  eligibility::v1::ReviewDeterminationRequest& request = decision->request;
  CLI::App& decide =
      AddChange(review, context, "decide",
                "Say what you make of a determination; refuse and override take a second reviewer",
                [decision](Session& session) { return Decide(session, *decision); });
  AddCaseArgument(decide, decision->name);
  decide
      .add_option_function<std::string>(
          "verdict",
          [&request](const std::string& word) { request.set_verdict(verdicts.at(word)); },
          "confirm, override or refuse")
      ->required()
      ->check(CLI::IsMember({"confirm", "override", "refuse"}));
  decide
      .add_option_function<std::string>(
          "--pathway", [&request](const std::string& id) { request.set_pathway(id); }, "Pathway id")
      ->required();
  decide
      .add_option_function<std::vector<std::string>>(
          "--persons",
          [&request](const std::vector<std::string>& ids) {
            for (const std::string& id : ids) request.add_person_ids(id);
          },
          "Person ids of the unit, for example p1,p2")
      ->required()
      ->delimiter(',');
  decide
      .add_option_function<std::string>(
          "--outcome",
          [&request](const std::string& word) { request.set_outcome(outcomes.at(word)); },
          "With override: meets, does-not-meet or needs-information")
      ->check(CLI::IsMember({"meets", "does-not-meet", "needs-information"}));
  decide
      .add_option_function<std::string>(
          "--reason", [&request](const std::string& code) { request.set_reason_code(code); },
          "Why, an upper-case code, for example PAPERS_SEEN")
      ->required();
  decide.add_option_function<std::string>(
      "--etag", [&request](const std::string& etag) { request.set_etag(etag); },
      "etag of the screening that you looked at");
}

}  // namespace

void AddReviewCommands(CLI::App& app, const CommandContextPtr& context) {
  CLI::App& review = AddGroup(app, "review", "What no machine may settle");
  auto page = std::make_shared<Page>();
  AddPageOptions(AddCommand(review, context, "list", "List the cases that wait for reviewers",
                            [page](Session& session) { return ListReviews(session, *page); }),
                 *page);
  AddDecide(review, context);
  CLI::App& determination = AddGroup(app, "determination", "Past determinations");
  auto name = std::make_shared<std::string>();
  auto number = std::make_shared<int64_t>(0);
  CLI::App& replay = AddCommand(determination, context, "replay",
                                "Screen a past screening again from what is recorded, and compare",
                                [=](Session& session) { return Replay(session, *name, *number); });
  AddCaseArgument(replay, *name);
  replay.add_option("--number", *number, "Number of the case's event; left out: the last one");
}

}  // namespace pathways::cli
