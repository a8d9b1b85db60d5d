#include "services/intake/rpc.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/intake/domain/decide.h"
#include "services/intake/requests.h"
#include "services/intake/rpc_import.h"
#include "services/intake/status_projection.h"
#include "services/runtime/rpc/pages.h"
#include "services/runtime/status_macros.h"
#include "services/type/names.h"
#include "services/type/notice.h"
#include "services/type/problem.h"

namespace pathways::intake {
namespace {

using runtime::Answer;
using runtime::Method;
using runtime::Principal;

constexpr int kPageUsual = 100;
constexpr int kPageMax = 1000;

const Method kRegisterCase{"RegisterCase", {"registrar"}};
const Method kGetCase{"GetCase", {"registrar"}};
const Method kListCases{"ListCases", {"registrar", "viewer"}};
const Method kUpdateCase{"UpdateCase", {"registrar"}};
const Method kWithdrawCase{"WithdrawCase", {"registrar"}};
const Method kGetCaseStatus{"GetCaseStatus", {"registrar", "viewer"}};

runtime::Edge::Fill FillCase(v1::Case* response) {
  return [response](const Answer& answer) -> absl::Status {
    ASSIGN_OR_RETURN(*response, CaseOf(answer.stream, answer.row));
    return absl::OkStatus();
  };
}

absl::Status FillPage(runtime::EventStore& store, const std::string& after, int page_size,
                      v1::ListCasesResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                   store.ReadList(kCasesIndex, "", after, page_size));
  for (const std::string& key : keys) {
    const std::optional<std::string> case_id = ParseCasesKey(key);
    if (!case_id) return absl::DataLossError("a list entry cannot be read");
    ASSIGN_OR_RETURN(const runtime::StreamRow row, store.ReadState(*case_id));
    ASSIGN_OR_RETURN(*response.add_cases(), CaseOf(*case_id, row));
  }
  if (static_cast<int>(keys.size()) == page_size) {
    response.set_next_page_token(runtime::PageTokenOf(keys.back()));
  }
  return absl::OkStatus();
}

absl::Status FillStatus(runtime::EventStore& store, const std::string& case_id,
                        v1::CaseStatus& response) {
  ASSIGN_OR_RETURN(const runtime::StreamRow row, store.ReadState(case_id));
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

}  // namespace

grpc::ServerUnaryReactor* IntakeRpc::RegisterCase(grpc::CallbackServerContext* context,
                                                  const v1::RegisterCaseRequest* request,
                                                  v1::Case* response) {
  return parts_.edge.Change(
      context, kRegisterCase, parts_.engine,
      [&](const Principal& principal) {
        return RegisterCommand(*request, principal, parts_.keyring, parts_.clock.Now());
      },
      FillCase(response));
}

grpc::ServerUnaryReactor* IntakeRpc::GetCase(grpc::CallbackServerContext* context,
                                             const v1::GetCaseRequest* request,
                                             v1::Case* response) {
  // Read before the command is made and used after the commit.
  auto keys = std::make_shared<std::vector<runtime::KeyRow>>();
  return parts_.edge.ReadAndChange(
      context, kGetCase, parts_.engine,
      [this, request, keys](const Principal& principal) -> absl::StatusOr<runtime::Command> {
        ASSIGN_OR_RETURN(runtime::Command command, ReadCommand(*request, principal));
        ASSIGN_OR_RETURN(*keys, parts_.store.ReadKeys(command.stream));
        return command;
      },
      [this, response, keys](const Answer& answer) -> absl::Status {
        ASSIGN_OR_RETURN(*response, CaseOf(answer.stream, answer.row));
        return AddIdentities(parts_.keyring, *keys, answer.row, *response);
      });
}

grpc::ServerUnaryReactor* IntakeRpc::ListCases(grpc::CallbackServerContext* context,
                                               const v1::ListCasesRequest* request,
                                               v1::ListCasesResponse* response) {
  return parts_.edge.Read(context, kListCases, [=, this](const Principal&) -> absl::Status {
    type::Violations violations;
    const int page_size =
        runtime::CheckPageSize(request->page_size(), kPageUsual, kPageMax, "page_size", violations);
    const std::optional<std::string> after = runtime::KeyOfPageToken(request->page_token());
    if (!after || (!after->empty() && !ParseCasesKey(*after))) {
      violations.Add("page_token", "must be a next_page_token of this list");
    }
    RETURN_IF_ERROR(violations.ToStatus(runtime::kInvalidRequest));
    return FillPage(parts_.store, *after, page_size, *response);
  });
}

grpc::ServerUnaryReactor* IntakeRpc::UpdateCase(grpc::CallbackServerContext* context,
                                                const v1::UpdateCaseRequest* request,
                                                v1::Case* response) {
  return parts_.edge.ReadAndChange(
      context, kUpdateCase, parts_.engine,
      [this, request](const Principal& principal) {
        return UpdateCommand(*request, principal, parts_.keyring, parts_.store, parts_.clock.Now());
      },
      FillCase(response));
}

grpc::ServerUnaryReactor* IntakeRpc::WithdrawCase(grpc::CallbackServerContext* context,
                                                  const v1::WithdrawCaseRequest* request,
                                                  v1::Case* response) {
  return parts_.edge.Change(
      context, kWithdrawCase, parts_.engine,
      [&](const Principal& principal) {
        return WithdrawCommand(*request, principal, parts_.keyring);
      },
      FillCase(response));
}

grpc::ServerUnaryReactor* IntakeRpc::GetCaseStatus(grpc::CallbackServerContext* context,
                                                   const v1::GetCaseStatusRequest* request,
                                                   v1::CaseStatus* response) {
  return parts_.edge.Read(context, kGetCaseStatus, [=, this](const Principal&) -> absl::Status {
    type::Violations violations;
    const auto case_id = type::ParseSingletonName(request->name(), "status");
    if (!case_id) violations.Add("name", "must be cases/{case}/status");
    RETURN_IF_ERROR(violations.ToStatus(runtime::kInvalidRequest));
    return FillStatus(parts_.store, *case_id, *response);
  });
}

grpc::ServerBidiReactor<v1::ImportCasesRequest, v1::ImportCasesResponse>* IntakeRpc::ImportCases(
    grpc::CallbackServerContext* context) {
  return StartImport(parts_, context);
}

}  // namespace pathways::intake
