#include "services/intake/methods.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pathways/intake/v1/intake_service.pb.h"
#include "services/base/status_macros.h"
#include "services/engine/store/key_range.h"
#include "services/host/pages.h"
#include "services/intake/domain/decide.h"
#include "services/intake/import_cases.h"
#include "services/intake/requests.h"
#include "services/intake/status_projection.h"
#include "services/type/names.h"
#include "services/type/notice.h"
#include "services/type/problem.h"

namespace pathways::intake {
namespace {

using engine::Answer;
using host::Caller;
using Change = host::Change<v1::Case>;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;

// Answers with the case as it is after the commit, without identity.
absl::Status AnswerCase(const Answer& answer, v1::Case& response) {
  ASSIGN_OR_RETURN(response, CaseOf(answer.stream, answer.row));
  return absl::OkStatus();
}

absl::Status FillPage(const MethodParts& parts, const std::string& after, int page_size,
                      v1::ListCasesResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                   parts.store.ReadList(kCasesIndex, "", after, page_size));
  for (const std::string& key : keys) {
    const std::string case_id(engine::KeyOfPlaced(key).value_or(""));
    if (case_id.empty()) return absl::DataLossError("a list entry cannot be read");
    ASSIGN_OR_RETURN(const engine::StreamRow row,
                     engine::ReadFolded(parts.domain, parts.store, case_id));
    ASSIGN_OR_RETURN(*response.add_cases(), CaseOf(case_id, row));
  }
  if (static_cast<int>(keys.size()) == page_size) {
    response.set_next_page_token(host::PlaceTokenOf(parts.store.Incarnation(), keys.back()));
  }
  return absl::OkStatus();
}

absl::Status FillStatus(engine::EventReader& store, const std::string& case_id,
                        v1::CaseStatus& response) {
  ASSIGN_OR_RETURN(const engine::StreamRow row, store.ReadState(case_id));
  if (row.version == 0) {
    return type::Refuse(absl::StatusCode::kNotFound, "CASE_NOT_FOUND", "There is no such case.");
  }
  ASSIGN_OR_RETURN(auto values, store.ReadProjections(kStatusProjection, {case_id}));
  if (!response.ParseFromString(values[case_id])) {
    return absl::DataLossError("a status cannot be read");
  }
  response.set_name(type::CaseName(case_id) + "/status");
  response.set_notice(type::kScreeningNotice);
  return absl::OkStatus();
}

absl::StatusOr<Change> RegisterCase(const MethodParts& parts, const Caller& caller,
                                    const v1::RegisterCaseRequest& request) {
  ASSIGN_OR_RETURN(auto command, RegisterCommand(request, caller.principal, parts.keyring,
                                                 parts.facts.Get(), parts.clock.Now()));
  return Change{std::move(command), AnswerCase};
}

absl::StatusOr<Change> GetCase(const MethodParts& parts, const Caller& caller,
                               const v1::GetCaseRequest& request) {
  ASSIGN_OR_RETURN(engine::Command command, ReadCommand(request, caller.principal));
  // Read before the command is made and used after the commit.
  ASSIGN_OR_RETURN(std::vector<engine::KeyRow> keys, parts.store.ReadKeys(command.stream));
  return Change{std::move(command),
                [&keyring = parts.keyring, keys = std::move(keys)](
                    const Answer& answer, v1::Case& response) -> absl::Status {
                  RETURN_IF_ERROR(AnswerCase(answer, response));
                  return AddIdentities(keyring, keys, answer.row, response);
                }};
}

absl::Status ListCases(const MethodParts& parts, const v1::ListCasesRequest& request,
                       v1::ListCasesResponse& response) {
  type::Violations violations;
  const int page_size =
      host::CheckPageSize(request.page_size(), kPageUsual, kPageMax, "page_size", violations);
  const std::optional<std::string> after =
      host::StoredKeyOfToken(request.page_token(), parts.store.Incarnation(), type::IsUuid);
  if (!after) violations.Add("page_token", host::kNotAPlaceToken);
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  return FillPage(parts, *after, page_size, response);
}

absl::StatusOr<Change> UpdateCase(const MethodParts& parts, const Caller& caller,
                                  const v1::UpdateCaseRequest& request) {
  ASSIGN_OR_RETURN(auto command,
                   UpdateCommand(request, caller.principal, parts.keyring, parts.facts.Get(),
                                 parts.domain, parts.store, parts.clock.Now()));
  return Change{std::move(command), AnswerCase};
}

absl::StatusOr<Change> WithdrawCase(const MethodParts& parts, const Caller& caller,
                                    const v1::WithdrawCaseRequest& request) {
  ASSIGN_OR_RETURN(auto command, WithdrawCommand(request, caller.principal, parts.keyring));
  return Change{std::move(command), AnswerCase};
}

absl::Status GetCaseStatus(const MethodParts& parts, const v1::GetCaseStatusRequest& request,
                           v1::CaseStatus& response) {
  type::Violations violations;
  const auto case_id = type::ParseSingletonName(request.name(), "status");
  if (!case_id) violations.Add("name", "must be cases/{case}/status");
  RETURN_IF_ERROR(violations.ToStatus(host::kInvalidRequest));
  return FillStatus(parts.store, *case_id, response);
}

}  // namespace

host::Api IntakeApi(const MethodParts& parts) {
  const host::Roles desks = {host::kRegistrar};
  const host::Roles readers = {host::kRegistrar, host::kViewer};
  host::Api api{"pathways.intake.v1.IntakeService", &parts.engine, {}};
  api.methods.push_back(host::ChangeMethod<v1::RegisterCaseRequest, v1::Case>(
      "RegisterCase", desks, [parts](const Caller& caller, const auto& request) {
        return RegisterCase(parts, caller, request);
      }));
  api.methods.push_back(host::ChangeMethod<v1::GetCaseRequest, v1::Case>(
      "GetCase", desks,
      [parts](const Caller& caller, const auto& request) {
        return GetCase(parts, caller, request);
      },
      host::Runs::kInPool));
  api.methods.push_back(host::ReadMethod<v1::ListCasesRequest, v1::ListCasesResponse>(
      "ListCases", readers, [parts](const Caller&, const auto& request, auto& response) {
        return ListCases(parts, request, response);
      }));
  api.methods.push_back(host::ChangeMethod<v1::UpdateCaseRequest, v1::Case>(
      "UpdateCase", desks,
      [parts](const Caller& caller, const auto& request) {
        return UpdateCase(parts, caller, request);
      },
      host::Runs::kInPool));
  api.methods.push_back(host::ChangeMethod<v1::WithdrawCaseRequest, v1::Case>(
      "WithdrawCase", desks, [parts](const Caller& caller, const auto& request) {
        return WithdrawCase(parts, caller, request);
      }));
  api.methods.push_back(host::ReadMethod<v1::GetCaseStatusRequest, v1::CaseStatus>(
      "GetCaseStatus", readers, [parts](const Caller&, const auto& request, auto& response) {
        return GetCaseStatus(parts, request, response);
      }));
  api.methods.push_back(host::StreamMethod<v1::ImportCasesRequest, v1::ImportCasesResponse>(
      "ImportCases", desks,
      [parts](const Caller& caller, const auto&) { return StartImport(parts, caller); }));
  AddFactMethods(parts, api);
  return api;
}

}  // namespace pathways::intake
