#include "services/host/operations_methods.h"

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"
#include "services/host/pages.h"
#include "services/type/dates.h"
#include "services/type/names.h"
#include "services/type/problem.h"
#include "services/type/stream_id.h"

namespace pathways::host {
namespace {

using operations::v1::StuckCase;

constexpr int kLimitMax = 1000;
constexpr int kLimitUsual = 100;
constexpr int kHoursMax = 8760;
constexpr int kHoursUsual = 72;

constexpr char kRedriveCase[] = "RedriveCase";
constexpr char kAcknowledgeTailLoss[] = "AcknowledgeTailLoss";
const Roles kOperators = {kOperator};

using Services = std::vector<OperatedService>;

StuckCase MakeStuck(const std::string& service, const std::string& stream,
                    operations::v1::StuckKind kind, const std::string& stage, absl::Time since) {
  StuckCase stuck;
  stuck.set_service(service);
  stuck.set_name(type::CaseName(stream));
  stuck.set_kind(kind);
  stuck.set_stage(stage);
  *stuck.mutable_since() = type::TimestampOf(since);
  return stuck;
}

// Notes who asks, before anything is done.
absl::Status Note(engine::FollowStore& store, const Caller& caller, const std::string& stream) {
  ASSIGN_OR_RETURN(const engine::StreamRow row, store.ReadState(stream));
  engine::BatchWrite write;
  write.audit.push_back({caller.principal.Name(), caller.method, stream, row.version});
  ASSIGN_OR_RETURN(std::unique_ptr<engine::Batch> batch, store.Begin());
  return batch->Commit(write);
}

}  // namespace

absl::StatusOr<std::vector<StuckCase>> StuckCases(const OperatedService& service, absl::Time before,
                                                  int limit) {
  std::vector<StuckCase> stuck;
  ASSIGN_OR_RETURN(const std::vector<engine::ParkedRow> parked, service.store->ReadParked(limit));
  for (const engine::ParkedRow& row : parked) {
    stuck.push_back(MakeStuck(service.name, row.stream, operations::v1::STUCK_KIND_PARKED,
                              row.reason, row.since));
  }
  ASSIGN_OR_RETURN(const std::vector<engine::BehindRow> behind, service.store->ReadBehind(limit));
  for (const engine::BehindRow& row : behind) {
    stuck.push_back(MakeStuck(service.name, row.stream, operations::v1::STUCK_KIND_BEHIND,
                              row.upstream, row.since));
  }
  if (!service.without_progress) return stuck;
  ASSIGN_OR_RETURN(const std::vector<StuckCase> idle,
                   service.without_progress(*service.domain, *service.store, before, limit));
  for (StuckCase entry : idle) {
    entry.set_service(service.name);
    entry.set_kind(operations::v1::STUCK_KIND_NO_PROGRESS);
    stuck.push_back(std::move(entry));
  }
  return stuck;
}

namespace {

const OperatedService* Find(const Services& services, const std::string& name) {
  for (const OperatedService& service : services) {
    if (service.name == name) return &service;
  }
  return nullptr;
}

absl::Status ListStuck(const Services& services, const base::Clock& clock,
                       const operations::v1::ListStuckCasesRequest& request,
                       operations::v1::ListStuckCasesResponse& response) {
  type::Violations violations;
  const int hours = CheckPageSize(request.hours(), kHoursUsual, kHoursMax, "hours", violations);
  const int limit = CheckPageSize(request.limit(), kLimitUsual, kLimitMax, "limit", violations);
  RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
  const absl::Time before = clock.Now() - absl::Hours(hours);
  for (const OperatedService& service : services) {
    ASSIGN_OR_RETURN(const std::vector<StuckCase> stuck, StuckCases(service, before, limit));
    for (const StuckCase& entry : stuck) *response.add_cases() = entry;
  }
  return absl::OkStatus();
}

// Entries wanted of each service, of a request for a list of one service or of all.
template <typename Request>
absl::StatusOr<int> CheckList(const Services& services, const Request& request) {
  type::Violations violations;
  const int limit = CheckPageSize(request.limit(), kLimitUsual, kLimitMax, "limit", violations);
  if (!request.service().empty() && Find(services, request.service()) == nullptr) {
    violations.Add("service", "must be the name of a service of this process, or empty");
  }
  RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
  return limit;
}

absl::Status ListParked(const Services& services,
                        const operations::v1::ListParkedCasesRequest& request,
                        operations::v1::ListParkedCasesResponse& response) {
  ASSIGN_OR_RETURN(const int limit, CheckList(services, request));
  for (const OperatedService& service : services) {
    if (!request.service().empty() && request.service() != service.name) continue;
    ASSIGN_OR_RETURN(const std::vector<engine::ParkedRow> parked, service.store->ReadParked(limit));
    for (const engine::ParkedRow& row : parked) {
      auto& entry = *response.add_cases();
      entry.set_service(service.name);
      entry.set_name(type::CaseName(row.stream));
      entry.set_upstream(row.upstream);
      entry.set_number(row.number);
      entry.set_reason(row.reason);
      *entry.mutable_since() = type::TimestampOf(row.since);
    }
  }
  return absl::OkStatus();
}

absl::Status ListWithheld(const Services& services,
                          const operations::v1::ListWithheldCasesRequest& request,
                          operations::v1::ListWithheldCasesResponse& response) {
  ASSIGN_OR_RETURN(const int limit, CheckList(services, request));
  for (const OperatedService& service : services) {
    if (!request.service().empty() && request.service() != service.name) continue;
    ASSIGN_OR_RETURN(const std::vector<engine::WithheldRow> withheld,
                     service.store->ReadWithheld(limit));
    for (const engine::WithheldRow& row : withheld) {
      auto& entry = *response.add_cases();
      entry.set_service(service.name);
      entry.set_name(!type::IsCaseStream(row.stream) ? row.stream : type::CaseName(row.stream));
      entry.set_number(row.number);
      entry.set_reason(row.reason);
      *entry.mutable_since() = type::TimestampOf(row.since);
    }
  }
  return absl::OkStatus();
}

absl::Status Redrive(const Services& services, const Caller& caller,
                     const operations::v1::RedriveCaseRequest& request,
                     operations::v1::RedriveCaseResponse& response) {
  type::Violations violations;
  const OperatedService* const service = Find(services, request.service());
  if (service == nullptr) {
    violations.Add("service", "must be the name of a service of this process");
  }
  const std::optional<std::string> stream = type::ParseCaseName(request.name());
  if (!stream) violations.Add("name", "must be cases/{case}");
  RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
  RETURN_IF_ERROR(Note(*service->store, caller, *stream));
  const absl::Status cleared = service->store->ClearParked(*stream);
  if (!cleared.ok() && !absl::IsNotFound(cleared)) return cleared;
  response.set_was_parked(cleared.ok());
  if (cleared.ok() && service->wake) service->wake();
  return absl::OkStatus();
}

absl::Status AcknowledgeTailLoss(const Services& services, const Caller& caller,
                                 const operations::v1::AcknowledgeTailLossRequest& request,
                                 operations::v1::AcknowledgeTailLossResponse& response) {
  type::Violations violations;
  const OperatedService* const service = Find(services, request.service());
  if (service == nullptr) {
    violations.Add("service", "must be the name of a service of this process");
  } else if (!service->followed.contains(request.upstream())) {
    violations.Add("upstream", "must be the name of a service that this one follows");
  }
  RETURN_IF_ERROR(violations.ToStatus(kInvalidRequest));
  const type::StreamId stream{type::StreamKind::kService,
                              absl::StrCat("tail-of-", request.upstream())};
  RETURN_IF_ERROR(Note(*service->store, caller, stream.Text()));
  response.set_was_ringing(service->acknowledge_tail_loss(request.upstream()));
  return absl::OkStatus();
}

// The handler writes the audit row.
Method Audited(Method method) {
  method.audit = host::Audit::kEachCall;
  return method;
}

}  // namespace

Api OperationsApi(std::vector<OperatedService> services, const base::Clock& clock) {
  namespace v1 = operations::v1;
  const auto all = std::make_shared<const Services>(std::move(services));
  Api api{"pathways.operations.v1.OperationsService", nullptr, {}};
  api.methods.push_back(ReadMethod<v1::ListStuckCasesRequest, v1::ListStuckCasesResponse>(
      "ListStuckCases", kOperators,
      [all, &clock](const Caller&, const auto& request, auto& response) {
        return ListStuck(*all, clock, request, response);
      }));
  api.methods.push_back(ReadMethod<v1::ListParkedCasesRequest, v1::ListParkedCasesResponse>(
      "ListParkedCases", kOperators, [all](const Caller&, const auto& request, auto& response) {
        return ListParked(*all, request, response);
      }));
  api.methods.push_back(ReadMethod<v1::ListWithheldCasesRequest, v1::ListWithheldCasesResponse>(
      "ListWithheldCases", kOperators, [all](const Caller&, const auto& request, auto& response) {
        return ListWithheld(*all, request, response);
      }));
  api.methods.push_back(Audited(ReadMethod<v1::RedriveCaseRequest, v1::RedriveCaseResponse>(
      kRedriveCase, kOperators, [all](const Caller& caller, const auto& request, auto& response) {
        return Redrive(*all, caller, request, response);
      })));
  api.methods.push_back(
      Audited(ReadMethod<v1::AcknowledgeTailLossRequest, v1::AcknowledgeTailLossResponse>(
          kAcknowledgeTailLoss, kOperators,
          [all](const Caller& caller, const auto& request, auto& response) {
            return AcknowledgeTailLoss(*all, caller, request, response);
          })));
  return api;
}

}  // namespace pathways::host
