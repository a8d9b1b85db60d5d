#include "services/cli/case_commands.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/cli/fact_commands.h"
#include "services/cli/person_fields.h"

namespace pathways::cli {
namespace {

using intake::v1::Case;
using intake::v1::IntakeService;

void ShowCase(const Case& shown, Output& output) {
  output.Show(
      shown,
      {FieldsOf(shown, {"name", "etag", "state", "consent", "register_time", "update_time"}),
       TableOf(shown.people(), {"person_id", "identity.given_names", "identity.first_surname",
                                "identity.second_surname", "identity.date_of_birth", "relationship",
                                "sex", "age_band", "nationalities", "entry_date", "state",
                                "refugee_claim", "needs", "answers"})});
}

absl::Status Register(Session& session, const std::string& path, const std::string& site) {
  intake::v1::RegisterCaseRequest request;
  request.set_site(site);
  RETURN_IF_ERROR(ReadJson(path, *request.mutable_case_()));
  request.set_request_id(session.request_id);
  ASSIGN_OR_RETURN(const Case answer,
                   session.client.Call(&IntakeService::Stub::RegisterCase, request));
  ShowCase(answer, session.output);
  return absl::OkStatus();
}

absl::StatusOr<Case> ReadCase(Session& session, const std::string& name) {
  intake::v1::GetCaseRequest request;
  request.set_name(name);
  return session.client.Call(&IntakeService::Stub::GetCase, request);
}

absl::Status Get(Session& session, const std::string& name) {
  ASSIGN_OR_RETURN(const Case answer, ReadCase(session, name));
  ShowCase(answer, session.output);
  return absl::OkStatus();
}

absl::Status List(Session& session, const Page& page) {
  intake::v1::ListCasesRequest request;
  request.set_page_size(page.size);
  request.set_page_token(page.token);
  ASSIGN_OR_RETURN(const intake::v1::ListCasesResponse answer,
                   session.client.Call(&IntakeService::Stub::ListCases, request));
  session.output.Show(answer, {TableOf(answer.cases(), {"name", "state", "people", "consent",
                                                        "register_time", "update_time"})});
  if (!session.output.is_json()) session.output.Print(NextPageLine(answer.next_page_token()));
  return absl::OkStatus();
}

// Enums are names in this message: outcomes and states are shown without their prefix all the same.
Table WithoutPrefix(Table table, const std::string& prefix) {
  for (std::vector<std::string>& row : table.rows) {
    for (std::string& cell : row) {
      if (cell.compare(0, prefix.size(), prefix) == 0) cell.erase(0, prefix.size());
    }
  }
  return table;
}

absl::Status Status(Session& session, const std::string& name) {
  intake::v1::GetCaseStatusRequest request;
  request.set_name(absl::StrCat(name, "/status"));
  ASSIGN_OR_RETURN(const intake::v1::CaseStatus answer,
                   session.client.Call(&IntakeService::Stub::GetCaseStatus, request));
  session.output.Show(
      answer, {WithoutPrefix(TableOf(answer.outcomes(), {"pathway", "person_ids", "outcome",
                                                         "missing_facts", "policy_version"}),
                             "OUTCOME_"),
               WithoutPrefix(TableOf(answer.referrals(),
                                     {"referral", "pathway", "person_ids", "agency", "state",
                                      "stage", "reason_code", "on_hold", "fields_to_correct"}),
                             "REFERRAL_STATE_")});
  return absl::OkStatus();
}

absl::Status Withdraw(Session& session, const std::string& name, const std::string& etag) {
  intake::v1::WithdrawCaseRequest request;
  request.set_name(name);
  request.set_etag(etag);
  request.set_request_id(session.request_id);
  ASSIGN_OR_RETURN(const Case answer,
                   session.client.Call(&IntakeService::Stub::WithdrawCase, request));
  ShowCase(answer, session.output);
  return absl::OkStatus();
}

struct UpdateOptions {
  std::string name;
  std::string etag;
  std::string file;
  std::vector<std::string> mask;
  std::string consent;  // Empty, yes or no.
  std::string person;   // Empty: none.
  std::vector<std::string> assignments;
};

// The one person to change, with the fields that are given; all others stay as they are.
absl::Status SetFields(Session& session, const UpdateOptions& options,
                       intake::v1::UpdateCaseRequest& request) {
  std::shared_ptr<const type::Facts> facts;
  if (std::any_of(options.assignments.begin(), options.assignments.end(), IsOfAnswer)) {
    ASSIGN_OR_RETURN(facts, FactsFor(session, ""));
  }
  intake::v1::Person& person = *request.mutable_case_()->add_people();
  person.set_person_id(options.person);
  for (const std::string& assignment : options.assignments) {
    ASSIGN_OR_RETURN(const std::string path, SetPersonField(assignment, facts.get(), person));
    request.mutable_update_mask()->add_paths(absl::StrCat("people.*.", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<intake::v1::UpdateCaseRequest> UpdateOf(Session& session,
                                                       const UpdateOptions& options) {
  intake::v1::UpdateCaseRequest request;
  Case& changed = *request.mutable_case_();
  if (!options.file.empty()) {
    RETURN_IF_ERROR(ReadJson(options.file, changed));
    for (const std::string& path : options.mask) request.mutable_update_mask()->add_paths(path);
  } else if (!options.person.empty()) {
    RETURN_IF_ERROR(SetFields(session, options, request));
  }
  if (!options.consent.empty()) {
    changed.set_consent(options.consent == "yes");
    request.mutable_update_mask()->add_paths("consent");
  }
  changed.set_name(options.name);
  if (!options.etag.empty()) changed.set_etag(options.etag);
  request.set_request_id(session.request_id);
  return request;
}

absl::Status Update(Session& session, const UpdateOptions& options) {
  ASSIGN_OR_RETURN(const intake::v1::UpdateCaseRequest request, UpdateOf(session, options));
  ASSIGN_OR_RETURN(const Case answer,
                   session.client.Call(&IntakeService::Stub::UpdateCase, request));
  ShowCase(answer, session.output);
  return absl::OkStatus();
}

void AddUpdateCommand(CLI::App& group, const CommandContextPtr& context) {
  auto options = std::make_shared<UpdateOptions>();
  CLI::App& update =
      AddChange(group, context, "update", "Change a case: from a file, or single fields",
                [options](Session& session) { return Update(session, *options); });
  AddCaseArgument(update, options->name);
  AddEtagOption(update, options->etag);
  CLI::Option_group& change = *update.add_option_group("Change", "One of them at least");
  CLI::Option* file = change.add_option("--file", options->file, "The case as JSON, with --mask");
  CLI::Option* mask =
      update
          .add_option("--mask", options->mask,
                      "What of the file to take: people, consent, people.*.identity, or one field, "
                      "for example people.*.identity.phone")
          ->delimiter(',')
          ->allow_extra_args(false)
          ->needs(file);
  file->needs(mask);
  change.add_option("--consent", options->consent, "New consent: yes or no")
      ->check(CLI::IsMember({std::string("yes"), std::string("no")}))
      ->excludes(file);
  CLI::Option* person =
      change.add_option("--person", options->person, "Person to change: p1")->excludes(file);
  CLI::Option* set =
      update
          .add_option("--set", options->assignments,
                      "field=value of that person, for example entry_date=2023-06-01, "
                      "answers.job_offer=yes or identity.phone=+525550001111; may be repeated")
          ->allow_extra_args(false)
          ->needs(person);
  person->needs(set);
  change.require_option(1, 0);
}

}  // namespace

void AddCaseCommands(CLI::App& group, const CommandContextPtr& context) {
  auto path = std::make_shared<std::string>();
  auto site = std::make_shared<std::string>();
  CLI::App& registration =
      AddChange(group, context, "register", "Register one case from a JSON file",
                [=](Session& session) { return Register(session, *path, *site); });
  registration.add_option("file", *path, "The case, a pathways.intake.v1.Case as protobuf JSON")
      ->required();
  registration.add_option(
      "--site", *site, "Code of the site whose household number it has; none where there is one");

  auto read = std::make_shared<std::string>();
  AddCaseArgument(AddCommand(group, context, "get", "Show a case with identity; it is on record",
                             [read](Session& session) { return Get(session, *read); }),
                  *read);

  auto page = std::make_shared<Page>();
  AddPageOptions(AddCommand(group, context, "list", "List cases, without identity",
                            [page](Session& session) { return List(session, *page); }),
                 *page);

  auto asked = std::make_shared<std::string>();
  AddCaseArgument(AddCommand(group, context, "status", "Show where a case stands on every pathway",
                             [asked](Session& session) { return Status(session, *asked); }),
                  *asked);

  AddUpdateCommand(group, context);

  auto withdrawn = std::make_shared<std::string>();
  auto etag = std::make_shared<std::string>();
  CLI::App& withdraw =
      AddChange(group, context, "withdraw", "Withdraw a case and what was referred",
                [=](Session& session) { return Withdraw(session, *withdrawn, *etag); });
  AddCaseArgument(withdraw, *withdrawn);
  AddEtagOption(withdraw, *etag);
}

}  // namespace pathways::cli
