#include "services/cli/referral_commands.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/base/status_macros.h"

namespace pathways::cli {
namespace {

using referral::v1::AgencyService;
using referral::v1::Referral;
using referral::v1::ReferralService;

void ShowReferral(const Referral& shown, Output& output) {
  output.Show(
      shown,
      {FieldsOf(shown, {"name", "etag", "pathway", "agency", "attempt", "state", "stage",
                        "reason_code", "fields_to_correct", "on_hold", "hold_reason", "escalated",
                        "state_before_withdrawal", "withdrawal_refused", "policy_version",
                        "create_time", "update_time"}),
       TableOf(shown.people(), {"person_id", "relationship", "sex", "age_band", "nationalities",
                                "entry_date", "state", "refugee_claim", "needs", "answers"})});
}

template <typename Response>
void ShowReferrals(const Response& answer, Output& output) {
  output.Show(answer, {TableOf(answer.referrals(), {"name", "pathway", "agency", "state", "stage",
                                                    "on_hold", "escalated", "update_time"})});
  if (!output.is_json()) output.Print(NextPageLine(answer.next_page_token()));
}

absl::Status GetReferral(Session& session, const std::string& name, bool as_agency) {
  absl::StatusOr<Referral> answer;
  if (as_agency) {
    referral::v1::AgencyServiceGetReferralRequest request;
    request.set_name(name);
    answer = session.client.Call(&AgencyService::Stub::GetReferral, request);
  } else {
    referral::v1::GetReferralRequest request;
    request.set_name(name);
    answer = session.client.Call(&ReferralService::Stub::GetReferral, request);
  }
  if (!answer.ok()) return answer.status();
  ShowReferral(*answer, session.output);
  return absl::OkStatus();
}

// What `list` asks for.
struct ListOptions {
  std::string case_name = "cases/-";
  bool as_agency = false;
  referral::v1::ReferralState state = referral::v1::REFERRAL_STATE_UNSPECIFIED;
  Page page;
};

absl::Status ListReferrals(Session& session, const ListOptions& options) {
  if (options.as_agency) {
    referral::v1::AgencyServiceListReferralsRequest request;
    request.set_state(options.state);
    request.set_page_size(options.page.size);
    request.set_page_token(options.page.token);
    ASSIGN_OR_RETURN(const auto answer,
                     session.client.Call(&AgencyService::Stub::ListReferrals, request));
    ShowReferrals(answer, session.output);
    return absl::OkStatus();
  }
  referral::v1::ListReferralsRequest request;
  request.set_parent(options.case_name);
  request.set_page_size(options.page.size);
  request.set_page_token(options.page.token);
  ASSIGN_OR_RETURN(const auto answer,
                   session.client.Call(&ReferralService::Stub::ListReferrals, request));
  ShowReferrals(answer, session.output);
  return absl::OkStatus();
}

// Where a watch stands, and how many changes are still wanted (0: without end).
struct WatchOptions {
  std::string resume_token;
  int64_t limit = 0;
};

// Reads one stream to its end, or to the limit. `shown` counts.
absl::Status WatchOnce(Session& session, WatchOptions& options, int64_t& shown) {
  grpc::ClientContext context;
  session.client.AddHeaders(context);
  referral::v1::WatchReferralsRequest request;
  request.set_resume_token(options.resume_token);
  const auto reader = session.client.stub<AgencyService::Stub>().WatchReferrals(&context, request);
  referral::v1::WatchReferralsResponse change;
  while (reader->Read(&change)) {
    const Referral& now = change.referral();
    session.output.ShowLine(
        change, absl::StrCat(CellOf(now, "update_time"), "  ", now.name(), "  ", now.pathway(),
                             "  ", CellOf(now, "state"), now.on_hold() ? "  ON_HOLD" : "",
                             now.escalated() ? "  ESCALATED" : "", "  ", change.resume_token()));
    RETURN_IF_ERROR(session.output.Flush());
    options.resume_token = change.resume_token();
    if (++shown == options.limit) {
      context.TryCancel();
      (void)reader->Finish();  // CANCELLED, by this.
      return absl::OkStatus();
    }
  }
  const grpc::Status status = reader->Finish();
  // A service that stops may end a stream without an error; for the watch that is one.
  if (status.ok()) return ToStatus({grpc::StatusCode::UNAVAILABLE, "the service ended the watch"});
  return ToStatus(status);
}

// A stream that breaks after something came is resumed at once, as often as that happens: gRPC
// waits between the attempts of the next one, and an end is set to those.
absl::Status Watch(Session& session, WatchOptions options) {
  int64_t shown = 0;
  while (true) {
    const int64_t before = shown;
    const absl::Status status = WatchOnce(session, options, shown);
    if (status.ok()) return status;
    if (status.code() == absl::StatusCode::kUnavailable && shown > before) continue;
    if (!options.resume_token.empty()) {
      session.retry_with = absl::StrCat("--resume ", options.resume_token);
    }
    return status;
  }
}

// Adds a command that changes one referral. `fill` sets what the request has beside name, etag and
// request id. Returns the command, for options of its own.
template <typename Stub, typename Request>
CLI::App& AddAction(CLI::App& group, const CommandContextPtr& context, const std::string& name,
                    const std::string& help,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Referral*),
                    std::function<void(Request&)> fill = nullptr) {
  auto request = std::make_shared<Request>();
  auto referral_name = std::make_shared<std::string>();
  auto etag = std::make_shared<std::string>();
  CLI::App& command = AddChange(group, context, name, help, [=](Session& session) -> absl::Status {
    request->set_name(*referral_name);
    request->set_etag(*etag);
    request->set_request_id(session.request_id);
    if (fill) fill(*request);
    ASSIGN_OR_RETURN(const Referral answer, session.client.Call(method, *request));
    ShowReferral(answer, session.output);
    return absl::OkStatus();
  });
  AddReferralArgument(command, *referral_name);
  AddEtagOption(command, *etag);
  return command;
}

CLI::Option* AddReasonOption(CLI::App& command, std::string& reason) {
  return command.add_option("--reason", reason,
                            "Upper-case code, for example OUTSIDE_CAPACITY. No free text");
}

void AddReads(CLI::App& group, const CommandContextPtr& context) {
  auto name = std::make_shared<std::string>();
  auto as_agency = std::make_shared<bool>(false);
  CLI::App& get = AddCommand(group, context, "get", "Show one referral", [=](Session& session) {
    return GetReferral(session, *name, *as_agency);
  });
  AddReferralArgument(get, *name);
  get.add_flag("--as-agency", *as_agency, "Ask as the agency that the token names");

  auto options = std::make_shared<ListOptions>();
  CLI::App& list = AddCommand(group, context, "list", "List referrals",
                              [=](Session& session) { return ListReferrals(session, *options); });
  AddCaseArgument(list, options->case_name);
  list.get_option("case")->required(false)->description("Only of this case. Default: of all");
  CLI::Option* of_agency =
      list.add_flag("--as-agency", options->as_agency, "List those of the agency the token names");
  of_agency->excludes("case");
  std::map<std::string, referral::v1::ReferralState> states;
  for (int i = 1; i < referral::v1::ReferralState_ARRAYSIZE; ++i) {
    const auto state = static_cast<referral::v1::ReferralState>(i);
    states.emplace(absl::StripPrefix(referral::v1::ReferralState_Name(state), "REFERRAL_STATE_"),
                   state);
  }
  list.add_option("--state", options->state, "Only those in this state, for example SUBMITTED")
      ->transform(CLI::CheckedTransformer(states, CLI::ignore_case).description(""))
      ->type_name("STATE")
      ->needs(of_agency);
  AddPageOptions(list, options->page);

  auto watching = std::make_shared<WatchOptions>();
  CLI::App& watch =
      AddCommand(group, context, "watch", "Print each change of the agency's referrals as it comes",
                 [=](Session& session) { return Watch(session, *watching); });
  watch.add_option("--resume", watching->resume_token,
                   "Token shown last: go on after it. Default: from the first change ever");
  watch.add_option("--limit", watching->limit, "Stop after so many changes. Default: never")
      ->check(CLI::PositiveNumber);
}

void AddStaffActions(CLI::App& group, const CommandContextPtr& context) {
  AddAction(group, context, "resubmit", "Staff: send a returned referral again",
            &ReferralService::Stub::ResubmitReferral);
  AddAction(group, context, "withdraw", "Staff: withdraw, or ask the agency once it has accepted",
            &ReferralService::Stub::WithdrawReferral);
  auto reason = std::make_shared<std::string>();
  CLI::App& hold = AddAction<ReferralService::Stub, referral::v1::SetHoldRequest>(
      group, context, "hold", "Staff: ask the agency to wait", &ReferralService::Stub::SetHold,
      [reason](auto& request) {
        request.set_on_hold(true);
        request.set_reason_code(*reason);
      });
  AddReasonOption(hold, *reason)->required();
  AddAction(group, context, "release", "Staff: take their hold off a referral",
            &ReferralService::Stub::SetHold);
  auto is_cleared = std::make_shared<bool>(false);
  AddAction<ReferralService::Stub, referral::v1::SetEscalationRequest>(
      group, context, "escalate", "Staff: mark for a supervisor",
      &ReferralService::Stub::SetEscalation,
      [is_cleared](auto& request) { request.set_escalated(!*is_cleared); })
      .add_flag("--clear", *is_cleared, "Take the mark away");
}

void AddAgencyEndings(CLI::App& group, const CommandContextPtr& context) {
  auto rejected = std::make_shared<std::string>();
  CLI::App& reject = AddAction<AgencyService::Stub, referral::v1::RejectReferralRequest>(
      group, context, "reject", "Agency: do not take it", &AgencyService::Stub::RejectReferral,
      [rejected](auto& request) { request.set_reason_code(*rejected); });
  AddReasonOption(reject, *rejected)->required();
  AddAction(group, context, "complete", "Agency: it is finished",
            &AgencyService::Stub::CompleteReferral);
  auto closed = std::make_shared<std::string>();
  CLI::App& close = AddAction<AgencyService::Stub, referral::v1::CloseReferralRequest>(
      group, context, "close", "Agency: end it without an outcome",
      &AgencyService::Stub::CloseReferral,
      [closed](auto& request) { request.set_reason_code(*closed); });
  AddReasonOption(close, *closed)->required();

  struct Answer {
    bool is_granted = false;
    bool is_refused = false;
    std::string reason;
  };
  auto answer = std::make_shared<Answer>();
  CLI::App& withdrawal = AddAction<AgencyService::Stub, referral::v1::AnswerWithdrawalRequest>(
      group, context, "answer-withdrawal", "Agency: let go of it or not",
      &AgencyService::Stub::AnswerWithdrawal, [answer](auto& request) {
        request.set_granted(answer->is_granted);
        request.set_reason_code(answer->reason);
      });
  CLI::Option* reason = AddReasonOption(withdrawal, answer->reason);
  CLI::Option_group& either = *withdrawal.add_option_group("Answer");
  either.add_flag("--grant", answer->is_granted, "Let go of the referral");
  either.add_flag("--refuse", answer->is_refused, "Do not: it goes on as before; with --reason")
      ->needs(reason);
  either.require_option(1);
}

void AddAgencyActions(CLI::App& group, const CommandContextPtr& context) {
  AddAction(group, context, "receive", "Agency: it has arrived",
            &AgencyService::Stub::ReceiveReferral);
  AddAction(group, context, "accept", "Agency: take it", &AgencyService::Stub::AcceptReferral);
  auto fields = std::make_shared<std::vector<std::string>>();
  AddAction<AgencyService::Stub, referral::v1::ReturnReferralRequest>(
      group, context, "return", "Agency: ask for corrections", &AgencyService::Stub::ReturnReferral,
      [fields](auto& request) {
        for (const std::string& field : *fields) request.add_fields_to_correct(field);
      })
      .add_option("--fields", *fields, "Fields to correct, for example entry_date,needs")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->required();
  auto stage = std::make_shared<std::string>();
  AddAction<AgencyService::Stub, referral::v1::ReportStageRequest>(
      group, context, "report-stage", "Agency: say how far the work is",
      &AgencyService::Stub::ReportStage, [stage](auto& request) { request.set_stage(*stage); })
      .add_option("--stage", *stage, "Upper-case code, for example INTERVIEW_SCHEDULED")
      ->required();
  AddAgencyEndings(group, context);
}

}  // namespace

void AddReferralCommands(CLI::App& group, const CommandContextPtr& context) {
  AddReads(group, context);
  AddAgencyActions(group, context);
  AddStaffActions(group, context);
}

}  // namespace pathways::cli
