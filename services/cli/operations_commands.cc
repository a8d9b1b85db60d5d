#include "services/cli/operations_commands.h"

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace pathways::cli {
namespace {

using operations::v1::OperationsService;

CLI::IsMember IsService() {
  return CLI::IsMember(
      {std::string("intake"), std::string("eligibility"), std::string("referral")});
}

absl::Status ListStuck(Session& session, const operations::v1::ListStuckCasesRequest& request) {
  ASSIGN_OR_RETURN(const operations::v1::ListStuckCasesResponse answer,
                   session.client.Call(&OperationsService::Stub::ListStuckCases, request));
  session.output.Show(answer,
                      {TableOf(answer.cases(), {"service", "name", "kind", "stage", "since"})});
  return absl::OkStatus();
}

absl::Status ListParked(Session& session, const operations::v1::ListParkedCasesRequest& request) {
  ASSIGN_OR_RETURN(const operations::v1::ListParkedCasesResponse answer,
                   session.client.Call(&OperationsService::Stub::ListParkedCases, request));
  session.output.Show(
      answer,
      {TableOf(answer.cases(), {"service", "name", "upstream", "number", "reason", "since"})});
  return absl::OkStatus();
}

absl::Status ListWithheld(Session& session,
                          const operations::v1::ListWithheldCasesRequest& request) {
  ASSIGN_OR_RETURN(const operations::v1::ListWithheldCasesResponse answer,
                   session.client.Call(&OperationsService::Stub::ListWithheldCases, request));
  session.output.Show(answer,
                      {TableOf(answer.cases(), {"service", "name", "number", "reason", "since"})});
  return absl::OkStatus();
}

absl::Status Redrive(Session& session, const operations::v1::RedriveCaseRequest& request) {
  ASSIGN_OR_RETURN(const operations::v1::RedriveCaseResponse answer,
                   session.client.Call(&OperationsService::Stub::RedriveCase, request));
  session.output.Show(answer, {});
  if (!session.output.is_json()) {
    session.output.Print(absl::StrCat(request.name(), answer.was_parked()
                                                          ? " is applied again\n"
                                                          : " was not parked: nothing to do\n"));
  }
  return absl::OkStatus();
}

absl::Status Acknowledge(Session& session,
                         const operations::v1::AcknowledgeTailLossRequest& request) {
  ASSIGN_OR_RETURN(const operations::v1::AcknowledgeTailLossResponse answer,
                   session.client.Call(&OperationsService::Stub::AcknowledgeTailLoss, request));
  session.output.Show(answer, {});
  if (!session.output.is_json()) {
    session.output.Print(answer.was_ringing() ? "the alarm has ended in this process\n"
                                              : "no such alarm in this process: nothing to do\n");
  }
  return absl::OkStatus();
}

struct ListOptions {
  int hours = 72;
  int limit = 100;
  std::string service;
};

void AddLimitOption(CLI::App& command, int& limit) {
  command.add_option("--limit", limit, "At most so many of each kind")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
}

void AddStuckCommand(CLI::App& cases, const CommandContextPtr& context) {
  auto options = std::make_shared<ListOptions>();
  CLI::App& stuck =
      AddCommand(cases, context, "stuck", "List cases that are parked, behind, or moved by nobody",
                 [options](Session& session) {
                   operations::v1::ListStuckCasesRequest request;
                   request.set_hours(options->hours);
                   request.set_limit(options->limit);
                   return ListStuck(session, request);
                 });
  stuck.add_option("--hours", options->hours, "Hours without progress")
      ->check(CLI::Range(1, 8760))
      ->capture_default_str();
  AddLimitOption(stuck, options->limit);
}

void AddParkedCommands(CLI::App& parked, const CommandContextPtr& context) {
  auto options = std::make_shared<ListOptions>();
  CLI::App& list =
      AddCommand(parked, context, "list", "List parked cases", [options](Session& session) {
        operations::v1::ListParkedCasesRequest request;
        request.set_service(options->service);
        request.set_limit(options->limit);
        return ListParked(session, request);
      });
  list.add_option("--service", options->service, "intake, eligibility or referral. Default: all")
      ->check(IsService());
  AddLimitOption(list, options->limit);

  auto name = std::make_shared<std::string>();
  auto service = std::make_shared<std::string>();
  // No request id: doing it twice is the same as once.
  CLI::App& redrive =
      AddCommand(parked, context, "redrive", "Apply again what waits for a parked case",
                 [name, service](Session& session) {
                   operations::v1::RedriveCaseRequest request;
                   request.set_service(*service);
                   request.set_name(*name);
                   return Redrive(session, request);
                 });
  AddCaseArgument(redrive, *name);
  redrive.add_option("--service", *service, "intake, eligibility or referral")
      ->required()
      ->check(IsService());
}

void AddWithheldCommands(CLI::App& withheld, const CommandContextPtr& context) {
  auto options = std::make_shared<ListOptions>();
  CLI::App& list = AddCommand(withheld, context, "list", "List cases that are not published",
                              [options](Session& session) {
                                operations::v1::ListWithheldCasesRequest request;
                                request.set_service(options->service);
                                request.set_limit(options->limit);
                                return ListWithheld(session, request);
                              });
  list.add_option("--service", options->service, "intake, eligibility or referral. Default: all")
      ->check(IsService());
  AddLimitOption(list, options->limit);
}

void AddTailLossCommands(CLI::App& tail_loss, const CommandContextPtr& context) {
  auto service = std::make_shared<std::string>();
  auto upstream = std::make_shared<std::string>();
  // No request id: doing it twice is the same as once.
  CLI::App& acknowledge = AddCommand(tail_loss, context, "acknowledge",
                                     "End the alarm that one service found lost events of another",
                                     [service, upstream](Session& session) {
                                       operations::v1::AcknowledgeTailLossRequest request;
                                       request.set_service(*service);
                                       request.set_upstream(*upstream);
                                       return Acknowledge(session, request);
                                     });
  acknowledge.add_option("--service", *service, "The service that found it")
      ->required()
      ->check(IsService());
  acknowledge.add_option("--upstream", *upstream, "The service that lost events")
      ->required()
      ->check(IsService());
}

}  // namespace

void AddOperationsCommands(CLI::App& app, const CommandContextPtr& context) {
  AddStuckCommand(AddGroup(app, "cases", "Look after cases that do not move"), context);
  AddParkedCommands(AddGroup(app, "parked", "Cases that wait for an operator"), context);
  AddWithheldCommands(AddGroup(app, "withheld", "Cases whose events the bus does not take"),
                      context);
  AddTailLossCommands(AddGroup(app, "tail-loss", "The alarm that a service lost events"), context);
}

}  // namespace pathways::cli
